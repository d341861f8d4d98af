"""Awards a second through the Credly emulator, which takes 50 ms for an answer and keeps to a rate limit.

One worker, on PostgreSQL where there is one and else on SQLite, at the pace that the settings say, a little below the
limit (--pace, as a share of it): at the limit itself every late request would be one too many.

Figures: awards, awards_per_second, limit_per_second, share_of_limit (at least 0.9), too_many (answers 429), seconds,
ledger.
"""

from __future__ import annotations

import tempfile
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

from pydantic import SecretStr

from benchmarks.credly import ORGANIZATION, TOKEN, audit, emulator, owe
from credrules.ledger import Ledger
from credrules.testing.databases import database, server
from credrules.workers import Manner, Worker
from credrules_credly import Account, CredlyIssuer, Line

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def options(parser: ArgumentParser) -> None:
    parser.add_argument("--awards", type=int, default=1200)
    parser.add_argument("--limit", type=int, default=2400, help="requests a minute that the emulator allows")
    parser.add_argument("--latency", type=float, default=0.05, help="seconds before every answer")
    parser.add_argument("--pace", type=float, default=0.98, help="the share of the limit that is asked for")
    parser.add_argument("--at-once", type=int, default=8)
    parser.add_argument("--sqlite", action="store_true")


def measure(asked: Namespace) -> dict[str, object]:
    on_server = not asked.sqlite and server() is not None
    limits = ["--limit", str(asked.limit), "--window", "60", "--latency", str(asked.latency)]
    with ExitStack() as stack:
        url = stack.enter_context(database()) if on_server else on_file(stack)
        credly = stack.enter_context(emulator(*limits))
        owe(url, asked.awards)
        line = Line(credly.url, SecretStr(TOKEN), requests_per_minute=asked.limit * asked.pace)
        issuer = CredlyIssuer("credly", Account(line, ORGANIZATION))
        with Ledger.open(url) as ledger:
            began = time.perf_counter()
            Worker(ledger, {"credly": issuer}, Manner(once=True, at_once=asked.at_once)).work()
            seconds = time.perf_counter() - began
        told = credly.tell("books")
        figures = audit(url, told)
    if told["issued"] != asked.awards or figures["doubled"] or figures["lost"] or figures["unmatched"]:
        raise RuntimeError(f"not every award is one badge: {figures}")
    return {
        "awards": told["issued"],
        "awards_per_second": round(told["issued"] / seconds, 1),
        "limit_per_second": round(asked.limit / 60, 1),
        "share_of_limit": round(told["issued"] / seconds / (asked.limit / 60), 3),
        "too_many": sum(told["calls"].values()) - told["issued"] - 1,  # but for one look at the templates
        "seconds": round(seconds, 1),
        "ledger": "postgresql" if on_server else "sqlite",
    }


def on_file(stack: ExitStack) -> str:
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="credrules-throughput-"))
    return f"sqlite:///{folder}/ledger.db"
