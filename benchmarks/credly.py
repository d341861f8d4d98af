"""The Credly emulator, in a process of its own, and awards that are owed to made-up learners: what benchmarks share."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, select

from credrules.ledger import Ledger, tables
from credrules.testing import sample_award, sample_decision
from credrules_credly.request import award_reference

if TYPE_CHECKING:
    from collections.abc import Iterator

EMULATOR = Path(__file__).resolve().parents[1] / "plugins" / "credrules-credly" / "emulator"
ORGANIZATION = "e0000000-0000-4000-8000-000000000001"
TEMPLATE = "b0000000-0000-4000-8000-000000000001"
TOKEN = "a-token-for-the-emulator"  # noqa: S105  of no use anywhere else
DAY = date(2026, 5, 20)
BATCH = 500


@dataclass
class Emulator:
    url: str

    def tell(self, what: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        address = f"{self.url.removesuffix('/v1')}/control/{what}"
        request = urllib.request.Request(address, data=data)  # noqa: S310  on this machine
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310  on this machine
            return json.load(answer)


@contextmanager
def emulator(*arguments: str) -> Iterator[Emulator]:
    command = [sys.executable, "-m", "credly_emulator", "--token", TOKEN, *arguments]
    environment = {**os.environ, "PYTHONPATH": str(EMULATOR)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout
        try:
            yield Emulator(process.stdout.readline().strip())
        finally:
            process.terminate()


def owe(url: str, learners: int, **options: str) -> None:
    """A badge to each of so many learners, in a new ledger."""
    with Ledger.open(url) as ledger:
        run = ledger.begin(DAY, "f" * 64, {}, ("plain",))
        for start in range(0, learners, BATCH):
            ids = [f"L{number:05}" for number in range(start, min(start + BATCH, learners))]
            awards = [sample_award(one, "credly", options={"template": TEMPLATE, **options}) for one in ids]
            ledger.record(run, [sample_decision(one) for one in ids], awards)


def audit(url: str, told: dict[str, Any]) -> dict[str, int]:
    """The emulator's own books, held against what the ledger owes and what it believes to have received."""
    with Ledger.open(url) as ledger:
        states = ledger.award_states()
    badges: Counter[str] = Counter(_reference(badge) for badge in told["badges"])
    ids = {_reference(badge): badge["id"] for badge in told["badges"]}
    owed = {award_reference(state.key): state for state in states}
    received = {key: state.receipt.reference for key, state in owed.items() if state.receipt}
    for wrong in [key for key in owed if badges[key] != 1]:
        print_history(url, owed[wrong].key, [one for one in told["badges"] if _reference(one) == wrong])
    return {
        "awards": len(owed),
        "doubled": sum(times - 1 for times in badges.values()),
        "lost": len(owed.keys() - badges.keys()),
        "unmatched": sum(received.get(key) != ids.get(key) for key in owed.keys() | badges.keys()),
    }


def print_history(url: str, key: str, badges: list[dict[str, Any]]) -> None:
    """What each side knows of an award that is not one badge."""
    print(f"{key}: badges made at {[badge['created_at'] for badge in badges]}")
    query = (
        select(tables.outbox.c.at, tables.outbox.c.event, tables.outbox.c.detail)
        .join(tables.awards, tables.awards.c.id == tables.outbox.c.award_id)
        .where(tables.awards.c.key == key)
        .order_by(tables.outbox.c.id)
    )
    engine = create_engine(url)
    with engine.connect() as connection:
        for row in connection.execute(query):
            print(f"  {row.at} {row.event} {row.detail}")
    engine.dispose()


def _reference(badge: dict[str, Any]) -> str:
    [own] = [item["description"] for item in badge["evidence"] if item["name"] == "Award reference"]
    return str(own)
