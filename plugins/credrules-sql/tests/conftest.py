from __future__ import annotations

import csv
import io
import sqlite3
import sys
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import create_engine, event, make_url
from sqlalchemy.engine import Engine
from sqlalchemy.pool import NullPool

from credrules import RecordsError, Section
from credrules.rows.layouts import ALL
from credrules_sql import SqlSettings, records_from

sys.path.insert(0, str(Path(__file__).parent))
from servers import database_on

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import URL

    from credrules import Record
    from credrules_sql import SqlRecords

EVERYTHING = "\n".join(f"-- entity: {layout.entity}\nSELECT * FROM {layout.entity};" for layout in ALL)


@dataclass
class Campus:
    """A database with some tables, and what credrules.toml says of it; to be changed by a test and then read."""

    url: URL
    folder: Path
    queries: str = EVERYTHING
    settings: dict[str, Any] = field(default_factory=dict)

    def run(self, *statements: str) -> None:
        engine = create_engine(self.url, poolclass=NullPool)
        with engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    @property
    def source(self) -> SqlRecords:
        values = {"url": self.url.render_as_string(hide_password=True), **self.settings}
        if self.queries:
            self.folder.joinpath("records.sql").write_text(self.queries, encoding="utf-8")
            values["queries"] = "records.sql"
        section = Section("records", "sql", values, where=str(self.folder / "credrules.toml"))
        return records_from(section.read(SqlSettings), self.folder)

    def read(self, *learners: str, size: int = 500) -> tuple[dict[str, Record], dict[str, list[str]]]:
        """Who has a record; and who is set aside, with the problems as they are printed."""
        batches = list(self.source.batches(learners or None, size=size))
        records = {record.learner.learner_id: record for batch in batches for record in batch.records}
        return records, {a.learner_id: [str(p) for p in a.problems] for b in batches for a in b.set_aside}

    def records(self, *learners: str, size: int = 500) -> dict[str, Record]:
        """Everybody, where nobody is set aside."""
        records, aside = self.read(*learners, size=size)
        assert aside == {}
        return records

    def refusal(self) -> list[str]:
        """Why the database cannot be read at all."""
        with pytest.raises(RecordsError) as refused:
            list(self.source.batches())
        return [str(problem) for problem in refused.value.problems]


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[URL]:
    with database_on("postgresql") as url:
        yield url


@pytest.fixture(scope="session")
def mariadb_url() -> Iterator[URL]:
    with database_on("mariadb") as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def url(request, tmp_path) -> URL:
    return url_of(request, request.param, tmp_path)


@pytest.fixture(params=["sqlite", "postgresql"])
def vendor_url(request, tmp_path) -> URL:
    """Where the queries for vendors' tables run."""
    return url_of(request, request.param, tmp_path)


def url_of(request: Any, server: str, tmp_path: Path) -> URL:
    if server == "sqlite":
        path = tmp_path / "campus.db"
        path.touch()
        return make_url(f"sqlite:///{path}")
    found: URL = request.getfixturevalue(f"{server}_url")
    return found


@pytest.fixture
def campus(url: URL, tmp_path: Path) -> Iterator[Campus]:
    """The rows that the CSV plugin shows as its example, in tables of their own."""
    campus = Campus(url, tmp_path)
    with cleared(campus):
        campus.run(*(statement for layout in ALL for statement in example_of(layout.entity, url)))
        yield campus


@pytest.fixture
def empty(url: URL, tmp_path: Path) -> Iterator[Campus]:
    campus = Campus(url, tmp_path)
    with cleared(campus):
        yield campus


@pytest.fixture
def vendor(vendor_url: URL, tmp_path: Path) -> Iterator[Campus]:
    campus = Campus(vendor_url, tmp_path, queries="")
    event.listen(Engine, "connect", _teach_concat)
    try:
        with cleared(campus):
            yield campus
    finally:
        event.remove(Engine, "connect", _teach_concat)


def _teach_concat(connection: Any, _record: object) -> None:
    """SQLite has CONCAT only from 3.44 on."""
    if isinstance(connection, sqlite3.Connection):
        connection.create_function("concat", -1, lambda *parts: "".join(str(p) for p in parts if p is not None))


class cleared:
    """Drops every table that a test has made in the database of this run."""

    def __init__(self, campus: Campus) -> None:
        self._campus = campus

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        from sqlalchemy import MetaData

        engine = create_engine(self._campus.url, poolclass=NullPool)
        metadata = MetaData()
        metadata.reflect(engine)
        metadata.drop_all(engine)


TYPES = {
    "credits_attempted": "numeric(6,3)",
    "credits_earned": "numeric(6,3)",
    "credits": "numeric(6,3)",
    "hours": "numeric(9,3)",
    "points": "numeric(9,3)",
    "score": "numeric(9,3)",
    **dict.fromkeys(
        [
            "registered_on",
            "graded_on",
            "lapses_on",
            "completed_on",
            "earned_on",
            "expires_on",
            "starts",
            "ends",
            "since",
            "until",
            "from",
            "on",
        ],
        "date",
    ),
}


def example_of(entity: str, url: URL) -> tuple[str, str]:
    example = resources.files("credrules_csv") / "example" / f"{entity}.csv"
    header, *rows = csv.reader(io.StringIO(example.read_text(encoding="utf-8")))
    on_sqlite = url.get_backend_name() == "sqlite"  # its numeric is a float
    quote = "`" if url.get_backend_name() == "mariadb" else '"'
    columns = [f"{quote}{name}{quote}" for name in header]
    kinds = ["varchar(100)" if on_sqlite else TYPES.get(name, "varchar(100)") for name in header]
    create = ", ".join(f"{name} {kind}" for name, kind in zip(columns, kinds, strict=True))
    values = [f"({', '.join(sql(cell) for cell in row)})" for row in rows]
    return f"CREATE TABLE {entity} ({create})", f"INSERT INTO {entity} VALUES {', '.join(values)}"


def sql(cell: object) -> str:
    if cell is None or cell == "":
        return "NULL"
    return "'" + str(cell).replace("'", "''") + "'"
