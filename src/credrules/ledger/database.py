"""Connections: SQLite by default, PostgreSQL in production; the tables made and brought up to date by Alembic."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import filelock
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, event, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import StaticPool

from credrules.errors import LedgerError, NoLedger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import URL, Connection, Engine

BUSY_SECONDS = 30
"""How long a command waits for another's transaction; a run commits after every batch."""

CONNECTIONS = 12
"""Kept open for the next use: a worker's threads want one each, a moment at a time."""

_RUN_LOCK = 0x6372_6564  # PostgreSQL's advisory lock of a run: 'cred'
_TABLES_LOCK = 0x6372_6565  # the one under which tables are made
_WORK_LOCK = 0x6372_6566  # the one that workers share, and that changes of the tables want alone
_RECORD_LOCK = 0x6372_6567  # the one of whoever records decisions
_WORKERS = 0x6372_6568  # and the class of those that workers have, each by its number


def connect(url: str, *, create: bool) -> Engine:
    """An engine on an up-to-date ledger. Raises LedgerError; its text never holds a password."""
    address = _parsed(url)
    engine = _engine(address, create=create)
    try:
        with explained(engine):
            _check(engine, create=create)
    except BaseException:
        engine.dispose()
        raise
    return engine


def in_memory() -> Engine:
    """An engine on a ledger that is empty and kept nowhere."""
    engine = create_engine("sqlite+pysqlite://", poolclass=StaticPool, hide_parameters=True)
    _upgrade(engine)
    return engine


def migrate(url: str) -> None:
    """Bring an older ledger up to date. Raises LedgerError, also while a run is at work on it."""
    engine = _engine(_parsed(url), create=True)
    try:
        with explained(engine), only_run(engine), no_worker(engine):
            _upgrade(engine)
    finally:
        engine.dispose()


@contextmanager
def explained(engine: Engine) -> Iterator[None]:
    """Turn what the database says into a LedgerError: the first line, which holds no value of any row."""
    try:
        yield
    except SQLAlchemyError as error:
        raise LedgerError(f"The ledger {shown(engine.url)} cannot be used: {_first_line(error)}.") from None


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction that writes."""
    with explained(engine), engine.execution_options(writes=True).begin() as connection:
        yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    with explained(engine), engine.connect() as connection:
        yield connection


def shown(address: URL) -> str:
    """The URL without what may be secret in it: the password, and the query, which may hold one too."""
    return address.set(drivername=address.get_backend_name(), query={}).render_as_string(hide_password=True)


def _parsed(url: str) -> URL:
    try:
        address = make_url(url)
    except (ArgumentError, ValueError):  # ValueError is a port that is no number
        raise LedgerError("The setting 'ledger' is no database URL; one looks like sqlite:///credrules.db.") from None
    backend = address.get_backend_name()
    if backend == "postgresql":
        return address.set(drivername="postgresql+psycopg")
    if backend != "sqlite":
        raise LedgerError(f"The ledger {shown(address)} is neither SQLite nor PostgreSQL.")
    if not address.database or address.database == ":memory:" or address.database.startswith("file:"):
        raise LedgerError(f"The ledger {shown(address)} names no file; one looks like sqlite:///credrules.db.")
    return address.set(drivername="sqlite+pysqlite")


def _engine(address: URL, *, create: bool) -> Engine:
    if address.get_backend_name() == "sqlite":
        _prepare_file(Path(address.database or ""), create=create)
    try:
        # Parameters hold names and e-mail addresses, and errors reach logs.
        engine = create_engine(address, hide_parameters=True, pool_size=CONNECTIONS)
    except ImportError:
        raise LedgerError("A ledger in PostgreSQL needs its driver: pip install 'credrules[postgresql]'.") from None
    if address.get_backend_name() == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        event.listen(engine, "connect", _set_up_postgresql)
    return engine


def _prepare_file(path: Path, *, create: bool) -> None:
    if path.exists():
        return
    if not create:
        raise NoLedger(f"There is no ledger at {path} yet. The first `credrules run` makes it.")
    try:
        # Names and e-mail addresses will be in it: its owner's alone, unless the owner decides otherwise.
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    except OSError as error:
        raise LedgerError(f"The ledger {path} cannot be made: {error.strerror}. Does its folder exist?") from None


def _set_up_sqlite(connection: Any, _: object) -> None:
    # Transactions are begun by us, below: the driver's own would begin only at the first write.
    connection.isolation_level = None
    # FULL, so that an intent is on disk before a badge leaves: with WAL that is one sync a commit, and it holds when
    # the power fails and not only when the process does.
    for pragma in (f"busy_timeout={BUSY_SECONDS * 1000}", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
    _use_wal(connection)


def _use_wal(connection: Any) -> None:
    # The first switch to WAL is the one thing that SQLite's busy timeout does not cover; later ones change nothing.
    patience = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > patience:
                raise
            time.sleep(0.05)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads before it writes fails at once, without waiting, where somebody wrote in between; one
    # that is immediate waits its turn before it reads.
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _set_up_postgresql(connection: Any, _: object) -> None:
    # What FULL is to SQLite: a commit that the server may still lose is no intent.
    connection.execute(
        "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
    )
    # A machine that is gone without a word is known to be gone after a minute, and not after two hours.
    for setting, seconds in (("tcp_keepalives_idle", 30), ("tcp_keepalives_interval", 10), ("tcp_keepalives_count", 3)):
        connection.execute(f"SET {setting} = {seconds}")
    connection.commit()


def _check(engine: Engine, *, create: bool) -> None:
    """Make the tables where there are none and `create` allows it; refuse what is not of this version."""
    with engine.connect() as connection:
        current = _revision(connection)
    if current is None and create:
        _upgrade(engine)
    elif current is None:
        raise NoLedger(f"There is no ledger in {shown(engine.url)} yet. The first `credrules run` makes it.")
    elif current != _script().get_current_head():
        _refuse_newer(engine, current)
        raise LedgerError(f"The ledger {shown(engine.url)} was made by an older credrules. Run `credrules migrate`.")


def _upgrade(engine: Engine) -> None:
    """To the newest revision, in one transaction: two that start at once wait for each other, and a crash leaves none.

    Raises LedgerError.
    """
    with writing(engine) as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _TABLES_LOCK})
        _refuse_newer(engine, _revision(connection))
        config = _alembic()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _refuse_newer(engine: Engine, current: str | None) -> None:
    if current is not None and current not in {revision.revision for revision in _script().walk_revisions()}:
        raise LedgerError(f"The ledger {shown(engine.url)} was made by a newer credrules. Install that one.")


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _script() -> ScriptDirectory:
    return ScriptDirectory.from_config(_alembic())


def _alembic() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _first_line(error: Exception) -> str:
    return str(getattr(error, "orig", None) or error).splitlines()[0].rstrip(".")


@contextmanager
def only_run(engine: Engine) -> Iterator[Callable[[], None]]:
    """Hold the one place at the ledger that a run takes; it is free again when the process ends, however it ends.

    Yields what to call before anything that only the holder may do: it raises LedgerError where the place was lost.
    Raises LedgerError, without waiting, where another run holds it.
    """
    lock = _file_lock(engine) if engine.dialect.name == "sqlite" else _server_lock(engine, _RUN_LOCK, _TAKEN)
    with lock as still_held:
        yield still_held


_TAKEN = "Another run is at work on this ledger. Wait for it to end, then run again; nothing was done."


@contextmanager
def _file_lock(engine: Engine) -> Iterator[Callable[[], None]]:
    lock = filelock.FileLock(f"{engine.url.database}.lock")
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        raise LedgerError(_TAKEN) from None
    except OSError as error:
        raise LedgerError(f"The ledger's lock {lock.lock_file} cannot be used: {error.strerror}.") from None
    try:
        yield lambda: None  # the system takes it from nobody who lives
    finally:
        lock.release()


@contextmanager
def _server_lock(engine: Engine, number: int, taken: str) -> Iterator[Callable[[], None]]:
    """Raises LedgerError, saying `taken`, where another has the lock of this number, or a share in it."""
    lock = {"lock": number}
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not connection.scalar(text("SELECT pg_try_advisory_lock(:lock)"), lock):
            raise LedgerError(taken)

        def still_held() -> None:
            with explained(engine):  # the server takes the lock back when the connection breaks
                connection.execute(text("SELECT 1"))

        try:
            yield still_held
        finally:
            with suppress(SQLAlchemyError):  # where the connection is gone, so is the lock
                connection.execute(text("SELECT pg_advisory_unlock(:lock)"), lock)


def forget_removed(engine: Engine) -> None:
    """Leave nothing readable of what was removed: in SQLite's file and log. A server does so by its own VACUUM."""
    if engine.dialect.name != "sqlite":
        return
    connection = engine.raw_connection()  # in no transaction, which the others are begun with
    try:
        for order in ("VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
            connection.cursor().execute(order)
    except sqlite3.Error as error:
        message = f"It is erased, but may be readable in the file still: {error}. Run VACUUM on {shown(engine.url)}."
        raise LedgerError(message) from None
    finally:
        connection.close()


def inserting(connection: Connection, table: Any) -> Any:
    """An insert into a table, in the database's own words, so that it may say what to do where the row is there."""
    return (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(table)


def one_at_a_time(connection: Connection) -> None:
    """Wait until no other transaction records decisions, so that two that decide on one learner record it once.

    On SQLite whoever writes has waited already.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _RECORD_LOCK})


@contextmanager
def one_worker(engine: Engine, number: int) -> Iterator[Callable[[], None]]:
    """Be connected to a server as the worker of this number, for as long as the process and the connection live.

    Yields what to call to see whether that is still so: it raises LedgerError. Raises LedgerError where the tables are
    being changed. On SQLite there is nothing to be seen by others.
    """
    if engine.dialect.name == "sqlite":
        yield lambda: None
        return
    with explained(engine), engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        me = {"work": _WORK_LOCK, "class": _WORKERS, "number": number}
        if not connection.scalar(text("SELECT pg_try_advisory_lock_shared(:work)"), me):
            raise LedgerError("The ledger is being brought up to date. Start again when that is done.")
        connection.execute(text("SELECT pg_advisory_lock(:class, :number)"), me)
        alone = threading.Lock()

        def still_connected() -> None:
            with alone, explained(engine):
                connection.execute(text("SELECT 1"))

        try:
            yield still_connected
        finally:
            with suppress(SQLAlchemyError):  # where the connection is gone, so are the locks
                connection.execute(text("SELECT pg_advisory_unlock_all()"))


def connected(connection: Connection) -> list[int]:
    """The numbers of the workers that are connected to this database now."""
    query = (
        "SELECT objid::int FROM pg_locks WHERE locktype = 'advisory' AND classid = :class AND objsubid = 2 AND granted"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    return list(connection.scalars(text(query), {"class": _WORKERS}))


@contextmanager
def no_worker(engine: Engine) -> Iterator[None]:
    """Have no worker beside. Raises LedgerError where there is one. On SQLite a worker holds the place of a run."""
    if engine.dialect.name == "sqlite":
        yield
        return
    taken = "Workers are at work on this ledger. Stop them first, then migrate; nothing was done."
    with _server_lock(engine, _WORK_LOCK, taken):
        yield
