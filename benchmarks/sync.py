"""Random histories of a source, synchronised while it is written to and fails: the end must be that of a full reading.

Grades, holds and learners are written, changed and deleted, some without a stamp, some with one that is hours off, some
to come into effect on a later day; the source is down, breaks off, ends early or answers with nobody; synchronisations
and runs are killed and begun again. Each history is that of one source: the fake system, CSV files, a database whose
queries all have stamps, or one where only some do (both on SQLite); every twentieth is on PostgreSQL, where one is
reached.

Figures: histories, differences (histories whose end was not that of a full reading, or not quiet), by source how many,
synchronisations, refused (synchronisations that changed nothing, as the source could not be believed), killed, seconds.
"""

from __future__ import annotations

import os
import secrets
import tempfile
import time
from collections import Counter
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from sqlalchemy import create_engine, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from benchmarks.campuses import CsvCampus, SqlCampus
from credrules.testing.histories import FakeCampus, History

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator

    from credrules.testing.histories import Campus

SOURCES = ("fake", "csv", "sql", "sql, partly stamped")
POSTGRESQL = "postgresql"


def options(parser: ArgumentParser) -> None:
    parser.add_argument("--histories", type=int, default=100)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0, help="the first seed; each history has its own")
    parser.add_argument("--processes", type=int, default=2)


def measure(asked: Namespace) -> dict[str, object]:
    started = time.perf_counter()
    total: Counter[str] = Counter()
    server = _server()
    with get_context("spawn").Pool(asked.processes) as pool:
        seeds = range(asked.seed, asked.seed + asked.histories)
        for found in pool.imap_unordered(lived, [(seed, asked.steps, server) for seed in seeds], chunksize=5):
            total += found
    return {
        "histories": asked.histories,
        "differences": total["differences"],
        "sources": {name: total[name] for name in (*SOURCES, POSTGRESQL) if total[name]},
        **{name: total[name] for name in ("synchronisations", "refused", "killed")},
        "seconds": round(time.perf_counter() - started, 1),
    }


def lived(asked: tuple[int, int, str]) -> Counter[str]:
    """One history from its beginning to its end."""
    seed, steps, server = asked
    name = POSTGRESQL if server and seed % 20 == 19 else SOURCES[seed % len(SOURCES)]
    with tempfile.TemporaryDirectory(prefix="credrules-sync-") as folder, _campus(name, Path(folder), server) as campus:
        history = History(Random(seed), campus, Path(folder, "sync.db"))
        for _ in range(steps):
            history.step()
        same = history.finish()
        history.close()
    if not same:
        print(f"the history of seed {seed}, of {name}, does not end as a full reading does", flush=True)
    return Counter(
        {
            "differences": int(not same),
            name: 1,
            "synchronisations": history.synchronisations,
            "refused": history.refused,
            "killed": history.killed,
        }
    )


@contextmanager
def _campus(name: str, folder: Path, server: str) -> Iterator[Campus]:
    if name == "fake":
        yield FakeCampus()
    elif name == "csv":
        yield CsvCampus(folder)
    elif name == POSTGRESQL:
        with _database(server, f"credrules_sync_{secrets.token_hex(6)}") as url:
            yield SqlCampus(make_url(url))
    else:
        path = folder / "sis.db"
        path.touch()
        yield SqlCampus(make_url(f"sqlite:///{path}"), holds_are_stamped=name == "sql")


def _server() -> str:
    """The server that is named in the environment, or runs here; '' where none is reached."""
    url = os.environ.get("CREDRULES_TEST_POSTGRES_URL", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres")
    try:
        with create_engine(url, poolclass=NullPool).connect():
            pass
    except (SQLAlchemyError, ImportError):
        print("No PostgreSQL is reached; the histories are those of the other sources.", flush=True)
        return ""
    return url


@contextmanager
def _database(server: str, name: str) -> Iterator[str]:
    """A database of one history's own."""
    engine = create_engine(server, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    try:
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
