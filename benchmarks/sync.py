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

import tempfile
import time
from collections import Counter
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from sqlalchemy import make_url

from benchmarks.campuses import CsvCampus, SqlCampus
from credrules.testing.databases import database, server
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
    reached = server() is not None
    if not reached:
        print("No PostgreSQL is reached; the histories are those of the other sources.", flush=True)
    with get_context("spawn").Pool(asked.processes) as pool:
        seeds = range(asked.seed, asked.seed + asked.histories)
        for found in pool.imap_unordered(lived, [(seed, asked.steps, reached) for seed in seeds], chunksize=5):
            total += found
    return {
        "histories": asked.histories,
        "differences": total["differences"],
        "sources": {name: total[name] for name in (*SOURCES, POSTGRESQL) if total[name]},
        **{name: total[name] for name in ("synchronisations", "refused", "killed")},
        "seconds": round(time.perf_counter() - started, 1),
    }


def lived(asked: tuple[int, int, bool]) -> Counter[str]:
    """One history from its beginning to its end."""
    seed, steps, reached = asked
    name = POSTGRESQL if reached and seed % 20 == 19 else SOURCES[seed % len(SOURCES)]
    with tempfile.TemporaryDirectory(prefix="credrules-sync-") as folder, _campus(name, Path(folder)) as campus:
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
def _campus(name: str, folder: Path) -> Iterator[Campus]:
    if name == "fake":
        yield FakeCampus()
    elif name == "csv":
        yield CsvCampus(folder)
    elif name == POSTGRESQL:
        with database() as url:
            yield SqlCampus(make_url(url))
    else:
        path = folder / "sis.db"
        path.touch()
        yield SqlCampus(make_url(f"sqlite:///{path}"), holds_are_stamped=name == "sql")
