"""Whose tables a database has: a profile fits where every one of its SELECTs can be run. No row is read."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import inspect

from credrules import RecordsError
from credrules.connecting import Profile, Question, Seen
from credrules_sql.connecting import make_engine, snapshot
from credrules_sql.paging import Source
from credrules_sql.profiles import load_profile, profile_names
from credrules_sql.settings import SqlSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import URL

    from credrules import Section
    from credrules_sql.profiles import Profile as VendorsTables
    from credrules_sql.queries import Query

SHOWN = 30
"""The most tables that are listed with their columns; a system of a university has thousands."""

QUERIES = Question("queries", "The file with your own SELECTs (the README of credrules-sql says how to write it)")


def look(section: Section) -> Seen:
    """Which profiles fit. Where none does, what tables there are. Raises RecordsError where it cannot be reached."""
    settings = section.read(SqlSettings)
    if settings.profile or settings.queries:
        return Seen()
    url = settings.sqlalchemy_url(Path(section.where).parent)
    with snapshot(make_engine(url), settings.timeout):
        pass  # it can be reached, so that what fails from here on is the SELECT
    fitting, nearly = [], []
    for profile in map(load_profile, profile_names()):
        queries = profile.queries(url.get_backend_name())
        faults = list(_faults(url, queries, settings.timeout))
        if not faults:
            because = f"all {len(queries)} of its SELECTs can be run here"
            fitting.append(Profile(profile.name, {"profile": profile.name}, because))
        elif len(faults) < len(queries):
            nearly.append(_nearly(profile, len(queries), faults))
    if fitting:
        return Seen(fitting, nearly)
    return Seen((), [*nearly, *_tables(url, settings.timeout)], [QUERIES])


def _nearly(profile: VendorsTables, queries: int, faults: list[str]) -> str:
    return (
        f"{profile.title}: {len(faults)} of {queries} SELECTs cannot be run ({'; '.join(faults)}). If it is "
        f'this system, set profile = "{profile.name}", and have the rest granted or leave it out with `without`.'
    )


def _faults(url: URL, queries: dict[str, Query], seconds: int) -> Iterator[str]:
    """The SELECTs that this database cannot run, each tried in a transaction of its own: a failure ends one."""
    for entity, query in queries.items():
        parameters = {name: date.today() if name == "as_of" else "" for name in query.parameters}  # noqa: DTZ011  no row is read
        try:
            with snapshot(make_engine(url), seconds) as connection:
                connection.execute(Source(query, (), parameters, binary=True).header())
        except RecordsError as error:
            yield f"{entity}: {error.problems[0].message}"


def _tables(url: URL, seconds: int) -> Iterator[str]:
    with snapshot(make_engine(url), seconds) as connection:
        inspector = inspect(connection)
        names = sorted({*inspector.get_table_names(), *inspector.get_view_names()})
        yield f"No profile fits. Tables and views that the account sees: {len(names)}."
        for name in names[:SHOWN]:
            yield f"  {name} ({', '.join(str(column['name']) for column in inspector.get_columns(name))})"
        if len(names) > SHOWN:
            yield f"  ... and {len(names) - SHOWN} more"
