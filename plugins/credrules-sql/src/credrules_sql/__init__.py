"""Student records from a database, by queries that its administrator can review."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from credrules import Problem, hookimpl
from credrules.connecting import Connection, Question
from credrules.errors import SettingsError
from credrules_sql.profiles import load_profile
from credrules_sql.queries import parse_queries
from credrules_sql.recognising import look
from credrules_sql.records import SqlRecords, Understanding
from credrules_sql.settings import SqlSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from credrules import Section, StudentRecords
    from credrules_sql.queries import Query

__all__ = ["SqlRecords", "SqlSettings", "records_from"]


@hookimpl
def credrules_student_records(settings: Section) -> Iterator[StudentRecords]:
    if settings.plugin == "sql":
        yield records_from(settings.read(SqlSettings), Path(settings.where).parent)


@hookimpl
def credrules_connections() -> Iterator[Connection]:
    yield Connection(
        "sql",
        "a database",
        [
            Question("url", "Its address, as in postgresql+psycopg://reader@db.university.example/sis"),
            Question("password", "Where the password is kept: env:NAME or file:PATH", secret=True, needed=False),
        ],
        look,
    )


def records_from(settings: SqlSettings, folder: Path) -> SqlRecords:
    """The source that the settings describe. Raises SettingsError with every problem in the file of queries."""
    settings = settings.with_profile()
    url = settings.sqlalchemy_url(folder)
    problems: list[Problem] = []
    queries = _queries_of(settings, url.get_backend_name(), problems)
    if problems:
        raise SettingsError(problems)
    understanding = Understanding(
        parameters=settings.parameters,
        values=settings.values,
        emails=settings.emails,
        partial=settings.partial,
        binary=settings.order == "binary",
        page=settings.page,
        timeout=settings.timeout,
    )
    return SqlRecords(url, queries, understanding)


def _queries_of(settings: SqlSettings, backend: str, problems: list[Problem]) -> dict[str, Query]:
    """The profile's, without what is left out and with what the institution has put in its place."""
    if settings.profile is None and settings.queries is None:
        message = "name a `profile`, or a file of `queries`, in the table [records]."
        problems.append(Problem("credrules.toml", 0, message))
    profile = load_profile(settings.profile).queries(backend) if settings.profile else {}
    own = _queries_in(settings.queries, problems) if settings.queries else {}
    return {entity: query for entity, query in profile.items() if entity not in settings.without} | own


def _queries_in(path: Path, problems: list[Problem]) -> dict[str, Query]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        problems.append(Problem(str(path), 0, f"cannot be read: {getattr(error, 'strerror', 'it is not UTF-8')}."))
        return {}
    return parse_queries(text, path.name, problems)
