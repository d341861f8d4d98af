"""Awards through the Credly emulator with faults of every kind, by workers that are killed (SIGKILL) at random.

The workers are processes on one PostgreSQL ledger; whenever the emulator has issued so many badges, one of them is
killed and another started. A share of all calls (--faults) goes wrong, in every way that the emulator knows: cut,
silent or wrong, before or after it has acted. The template lets a learner have several badges, so that nothing but the
ledger keeps a second one from being issued (--one-each for Credly's own rule behind it), and lists show a badge a
moment late. What each side knows of an award that is not one badge is printed.

Figures, counted in the emulator's own books: awards (owed), kills, doubled, lost; also unmatched (receipts that are not
that of the learner's badge), hits (calls that a kill cut short, between intent and receipt), calls, faults, seconds.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pydantic import SecretStr
from sqlalchemy import create_engine, text

import credrules_credly.line
from benchmarks.credly import ORGANIZATION, TEMPLATE, TOKEN, Emulator, audit, emulator, owe
from credrules.ledger import Ledger
from credrules.patience import Patience
from credrules.testing.databases import database
from credrules.workers import Manner, Worker
from credrules_credly import Account, CredlyIssuer, Line

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator

LEASE = 2.0
TIMEOUT = 0.6
LAG = 0.3  # seconds until lists show a badge
SETTLING = 3.0  # far above the time for which a call can be under way, or a badge unlisted
KINDS: dict[str, dict[str, object]] = {
    "drop-before": {},
    "drop-after": {},
    "hang-before": {"seconds": 0.8},
    "hang-after": {"seconds": 0.8},
    "slow": {"seconds": 0.2},
    "429": {"retry_after": "0"},
    "500-before": {},
    "500-after": {},
    "502": {},
    "503": {},
    "redirect": {},
    "truncated": {},
    "malformed": {},
    "wrong-shape": {},
    "wrong-badge": {"on": "issue"},
    "deep": {},
    "huge": {},
}
CUT_SHORT = """
SELECT count(*) FROM (
    SELECT event, lead(at) OVER (PARTITION BY award_id ORDER BY id) - at AS wait FROM outbox
) AS events WHERE event = 'intent' AND wait >= make_interval(secs => :lease)
"""


def options(parser: ArgumentParser) -> None:
    parser.add_argument("--awards", type=int, default=600)
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--faults", type=float, default=0.3, help="the share of calls that go wrong")
    parser.add_argument("--one-each", action="store_true", help="let Credly refuse a second badge of one learner")
    parser.add_argument("--seed", type=int, default=20261124)


def measure(asked: Namespace) -> dict[str, object]:
    began = time.perf_counter()
    with database() as url, emulator("--seed", str(asked.seed)) as credly:
        owe(url, asked.awards, **({} if asked.one_each else {"duplicates": "allowed"}))
        credly.tell("settings", {"lag": LAG})
        if not asked.one_each:
            allow_several(credly)
        credly.tell("faults", faults(asked.faults))
        with crew(url, credly.url, asked.workers, asked.seed) as workers:
            kills = kill_at_random(workers, credly, asked)
            until_all_is_done(url)
        told = credly.tell("books")
        return {
            **(figures := audit(url, told)),
            "kills": kills,
            "lost": figures["lost"] + figures["unmatched"],
            "hits": hits(url),
            "calls": sum(told["calls"].values()),
            "faults": sum(told["faults"].values()),
            "seconds": round(time.perf_counter() - began, 1),
        }


def allow_several(credly: Emulator) -> None:
    credly.tell("templates", {"id": TEMPLATE, "name": "Data Analytics", "allow_duplicate_badges": True})


def faults(share: float) -> list[dict[str, object]]:
    """Each kind as often as any other, so that together they are this share of all calls."""
    chance = 1 - (1 - share) ** (1 / len(KINDS))
    return [{"do": kind, "times": None, "chance": chance, **more} for kind, more in KINDS.items()]


@dataclass
class Crew:
    """Worker processes, forked from this one, which has imported everything."""

    ledger: str
    credly: str
    seed: int
    alive: list[int] = field(default_factory=list)
    started: int = 0

    def hire(self) -> None:
        self.started += 1
        child = os.fork()
        if child == 0:
            try:
                be_a_worker(self.ledger, self.credly, self.seed + self.started)
                os._exit(0)
            except BaseException as error:
                print(f"a worker failed: {error!r}", file=sys.stderr, flush=True)
                os._exit(3)
        self.alive.append(child)

    def end(self, worker: int, how: signal.Signals) -> int:
        """The status with which it ended."""
        self.alive.remove(worker)
        os.kill(worker, how)
        return os.waitpid(worker, 0)[1]


@contextmanager
def crew(ledger: str, credly: str, size: int, seed: int) -> Iterator[Crew]:
    crew = Crew(ledger, credly, seed)
    try:
        for _ in range(size):
            crew.hire()
        yield crew
        if any(crew.end(worker, signal.SIGTERM) for worker in list(crew.alive)):
            raise RuntimeError("a worker did not stop cleanly")
    finally:
        for worker in list(crew.alive):
            crew.end(worker, signal.SIGKILL)


def be_a_worker(ledger: str, credly: str, seed: int) -> None:
    credrules_credly.line.FIRST_WAIT = 0.02
    line = Line(credly, SecretStr(TOKEN), timeout=TIMEOUT)
    issuer = CredlyIssuer("credly", Account(line, ORGANIZATION), settling=SETTLING)
    patience = Patience(first=0.2, longest=5.0, most_calls=1000, longest_rest=2.0, chance=random.Random(seed))
    with Ledger.open(ledger) as books:
        worker = Worker(books, {"credly": issuer}, Manner(lease=LEASE, poll=0.1, at_once=4, patience=patience))
        signal.signal(signal.SIGTERM, lambda *_: worker.stop())
        worker.work()


def kill_at_random(workers: Crew, credly: Emulator, asked: Namespace) -> int:
    """Kill one whenever the emulator's books have grown to a length that was drawn beforehand."""
    chance = random.Random(asked.seed)
    marks = sorted(chance.uniform(0, 0.95 * asked.awards) for _ in range(asked.kills))
    for kills, mark in enumerate(marks, start=1):
        while credly.tell("issued")["issued"] < mark:
            time.sleep(0.02)
        time.sleep(chance.uniform(0, 0.05))
        workers.end(chance.choice(workers.alive), signal.SIGKILL)
        workers.hire()
        if kills % 25 == 0:
            print(f"{kills} kills, {credly.tell('issued')['issued']} badges", flush=True)
    return len(marks)


def until_all_is_done(url: str) -> None:
    with Ledger.open(url) as ledger:
        while ledger.waiting():
            time.sleep(0.2)


def hits(url: str) -> int:
    engine = create_engine(url)
    with engine.connect() as connection:
        found = connection.scalar(text(CUT_SHORT), {"lease": LEASE})
    engine.dispose()
    return int(found or 0)
