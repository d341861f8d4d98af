"""`run` killed (SIGKILL) at random instants and started again: every award issued once, none lost.

The issuer keeps books of its own that outlive the run: a line for every time it acts, written before it answers, so
that a second issue of the same award shows. It is slow on purpose, so that kills hit it in the act. Badges are signed
files and transcript notes lines of a file as well, by the real plugins, on the real SQLite ledger.

Figures: kills, runs, awards (owed), doubled, lost, hits (kills that left a call without an answer).
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.pipeline import prepared
from credrules import pipeline, settings
from credrules.installation import Installation, assemble
from credrules.testing.population import AS_OF

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from credrules.awards import Award, Receipt


def options(parser: ArgumentParser) -> None:
    parser.add_argument("--kills", type=int, default=25)
    parser.add_argument("--learners", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)


def measure(asked: Namespace) -> dict[str, object]:
    folder = Path(tempfile.mkdtemp(prefix="credrules-kill-"))
    dice = random.Random(asked.seed)
    kills = runs = hits = 0
    owed: Counter[str] = Counter()
    doubled = lost = 0
    whole = 2.0
    try:
        place = 0
        while kills < asked.kills:  # a new population whenever one has been awarded to the end
            where = folder / str(place)
            place += 1
            path = prepared(where, asked.learners)
            finished = False
            while not finished:
                delay = dice.uniform(0, 1.2 * whole) if kills < asked.kills else None
                started = time.perf_counter()
                finished = run_for(path, where, delay)
                if finished:  # what a whole run takes here, from which the next instants are drawn
                    whole = time.perf_counter() - started
                runs += 1
                kills += not finished
                hits += in_doubt(path) if not finished else 0
            results = audit(path, where)
            owed["awards"] += results["awards"]
            doubled += results["doubled"]
            lost += results["lost"]
            print(f"{kills} kills so far: {results}", flush=True)
            shutil.rmtree(where)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return {
        "kills": kills,
        "runs": runs,
        "awards": owed["awards"],
        "doubled": doubled,
        "lost": lost,
        "hits": hits,
    }


@dataclass
class Journal:
    """Stands before a real issuer and keeps its books: one line for every time that something was really issued."""

    inner: object
    books: Path

    def __post_init__(self) -> None:
        self.name = self.inner.name  # type: ignore[attr-defined]  # an Issuer

    def check(self) -> list[str]:
        return []

    def find(self, award: Award) -> Receipt | None:
        lines = self.books.read_text(encoding="utf-8").splitlines() if self.books.exists() else []
        if json.dumps(award.key) not in lines:
            return None
        return self.inner.issue(award)  # type: ignore[attr-defined,no-any-return]  # harmless the second time

    def issue(self, award: Award) -> Receipt:
        time.sleep(random.random() / 400)
        with self.books.open("ab", buffering=0) as file:
            file.write(json.dumps(award.key).encode() + b"\n")
        time.sleep(random.random() / 400)
        return self.inner.issue(award)  # type: ignore[attr-defined,no-any-return]


def journaled(path: Path, folder: Path) -> Installation:
    installation = assemble(settings.load(path))
    issuers = {name: Journal(issuer, folder / f"{name}.books") for name, issuer in installation.issuers.items()}
    return Installation(**{**vars(installation), "issuers": issuers})


def run_for(path: Path, folder: Path, seconds: float | None) -> bool:
    """Run in a process of its own and kill it after so long; True where it had finished before."""
    child = os.fork()
    if child == 0:
        try:
            pipeline.run(journaled(path, folder), AS_OF)
            os._exit(0)
        except BaseException as error:
            print(f"the run failed: {error!r}", file=sys.stderr)
            os._exit(3)
    if seconds is not None:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) != 0:
        raise RuntimeError("a run failed that was not killed")
    return os.WIFEXITED(status)


def in_doubt(path: Path) -> int:
    with assemble(settings.load(path)).ledger() as ledger:
        return sum(state.state == "in doubt" for state in ledger.award_states(unissued=True))


def audit(path: Path, folder: Path) -> dict[str, int]:
    """What the issuers' books say, against what the ledger owes; the badges and the notes are counted as well."""
    with assemble(settings.load(path)).ledger() as ledger:
        states = ledger.award_states()
    keys = {state.key for state in states}
    books: Counter[str] = Counter()
    for file in folder.glob("*.books"):
        books.update(json.loads(line) for line in file.read_text(encoding="utf-8").splitlines())
    badges = len(list((folder / "out" / "badges").glob("*.json")))
    notes = len((folder / "out" / "transcript" / "transcript-notes.csv").read_text(encoding="utf-8").splitlines()) - 1
    unreceived = sum(state.receipt is None for state in states)
    return {
        "awards": len(keys),
        "doubled": sum(times - 1 for times in books.values()),
        "lost": len(keys - books.keys()) + unreceived + abs(badges + notes - len(keys)),
        "badges": badges,
        "notes": notes,
    }
