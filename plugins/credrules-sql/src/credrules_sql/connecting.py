"""The connection: one read-only snapshot of the database, and its failures in words that give nothing away."""

from __future__ import annotations

import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from credrules import Problem, RecordsError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import URL, Connection, Engine

_MARIADB = (
    "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
    "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
)
_BEGIN = {
    "postgresql": ("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", "SET LOCAL statement_timeout = '{seconds}s'"),
    "mysql": ("SET SESSION max_execution_time = {milliseconds}", *_MARIADB),
    "mariadb": ("SET SESSION max_statement_time = {seconds}", *_MARIADB),
    "sqlite": ("PRAGMA query_only = ON", "BEGIN"),
    # These two are checked by compiled statements only.
    "oracle": ("ALTER SESSION SET NLS_SORT = BINARY NLS_COMP = BINARY", "SET TRANSACTION READ ONLY"),
    "mssql": ("SET TRANSACTION ISOLATION LEVEL SNAPSHOT",),
}
"""What begins a snapshot in which nothing can be written."""

_AUTOCOMMIT = frozenset({"postgresql", "mysql", "mariadb", "sqlite"})
"""Where the transaction is begun by the statements above, and not by the driver."""

_EXTRAS = {
    "postgresql": "postgresql",
    "mysql": "mariadb",
    "mariadb": "mariadb",
    "oracle": "oracle",
    "mssql": "sqlserver",
}


def make_engine(url: URL) -> Engine:
    """An engine that pools nothing. Raises RecordsError where there is no such dialect or driver."""
    try:
        engine = create_engine(url, poolclass=NullPool, hide_parameters=True)
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        extra = _EXTRAS.get(url.get_backend_name())
        advice = f"Run `pip install 'credrules-sql[{extra}]'`." if extra else "Install its dialect for SQLAlchemy."
        raise RecordsError([Problem(_shown(url), 0, f"cannot be reached: {error}. {advice}")]) from None
    except ArgumentError:
        message = "the driver takes no such address. Correct `url`; SQLite has neither a host nor a `password`."
        raise RecordsError([Problem(_shown(url), 0, message)]) from None
    if engine.dialect.driver == "psycopg":
        event.listen(engine, "connect", _keep_days_that_python_has_not)
    return engine


def _keep_days_that_python_has_not(connection: Any, _record: object) -> None:
    """psycopg cannot load 'infinity' and would give up the whole page; as text it is one learner's fault."""
    from psycopg import DataError  # noqa: PLC0415  only where the driver is this one
    from psycopg.types import datetime as loaders  # noqa: PLC0415

    def lenient(loader: Any) -> Any:
        class Lenient(loader):  # type: ignore[misc]
            def load(self, data: Any) -> Any:
                try:
                    return super().load(data)
                except DataError:
                    return bytes(data).decode()

        return Lenient

    driver = getattr(connection, "driver_connection", connection)
    driver.adapters.register_loader("date", lenient(loaders.DateLoader))
    driver.adapters.register_loader("timestamp", lenient(loaders.TimestampLoader))
    driver.adapters.register_loader("timestamptz", lenient(loaders.TimestamptzLoader))


@contextmanager
def snapshot(engine: Engine, seconds: int) -> Iterator[Connection]:
    """A connection on which every statement sees the same moment, and which cannot write.

    Raises RecordsError for whatever the database does not do.
    """
    path = engine.url.database
    if engine.dialect.name == "sqlite" and path and path != ":memory:" and not Path(path).is_file():
        raise RecordsError([Problem(path, 0, "there is no such database. Correct `url` in the table [records].")])
    backend = engine.dialect.name
    if backend == "mysql" and getattr(engine.dialect, "is_mariadb", False):
        backend = "mariadb"
    options = {"isolation_level": "AUTOCOMMIT"} if backend in _AUTOCOMMIT else {}
    try:
        with engine.connect().execution_options(**options) as connection:
            if backend == "mysql" and getattr(connection.dialect, "is_mariadb", False):
                backend = "mariadb"  # known only from the first connection on
            for statement in _BEGIN.get(backend, ()):
                filled = statement.format(seconds=seconds, milliseconds=seconds * 1000)
                connection.exec_driver_sql(filled)
            try:
                yield connection
            finally:
                if backend in _AUTOCOMMIT and not connection.invalidated:
                    _roll_back(connection)
    except SQLAlchemyError as error:
        raise RecordsError([Problem(_shown(engine.url), 0, explained(error, engine.url))]) from None


def _roll_back(connection: Connection) -> None:
    try:
        connection.exec_driver_sql("ROLLBACK")
    except SQLAlchemyError:
        connection.invalidate()  # it is gone; what happened to it is being raised already


def explained(error: SQLAlchemyError, url: URL) -> str:
    """The driver's own words, without what they quote of the data, and without the password."""
    original = getattr(error, "orig", None) or error
    words = str(original.args[-1] if original.args else original).strip() or type(original).__name__
    first = words.splitlines()[0]
    statement = getattr(error, "statement", None) or ""
    known = set(re.findall(r"[\w.]+", f"{statement} {url.host} {url.username} {url.database}"))
    shown = re.sub(r"'([^']*)'|\"([^\"]*)\"", lambda m: m[0] if (m[1] or m[2]) in known else "'…'", first)
    if url.password:
        shown = shown.replace(str(url.password), "***")
    return f"the database says: {shown}"


def _shown(url: URL) -> str:
    return url.set(password=None).render_as_string(hide_password=True)
