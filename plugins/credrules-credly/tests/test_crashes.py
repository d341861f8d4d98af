"""Workers that are killed while they issue, at a service that fails as well: every award is one badge in the end."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from collections import Counter
from datetime import date

import pytest

from credrules.ledger import Ledger
from credrules.testing import sample_award, sample_decision
from credrules_credly.request import award_reference

from .conftest import ORGANIZATION, TEMPLATE, TOKEN, start, stop

KILLS = 100
STEPS = 14  # of one award there are six, and two more for the templates
DAY = date(2026, 5, 20)

# One worker after another, as a run that is started again; each is a process of its own, and is killed (SIGKILL) at a
# step that the test names: before or after it writes to the ledger, before or after it speaks to Credly. They are
# forked from one that has imported everything, for 100 starts of Python would take a minute.
WORKER = f"""
import os, signal, sys
import credrules_credly.line
from pydantic import SecretStr
from credrules.issuing import issue_outstanding
from credrules.ledger import Ledger
from credrules_credly import Account, CredlyIssuer, Line

def mortal(thing, name):
    act = getattr(thing, name)
    def step():
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
    def acting(*given, **named):
        step()
        done = act(*given, **named)
        step()
        return done
    setattr(thing, name, acting)

url, ledger = sys.argv[1:]
credrules_credly.line.FIRST_WAIT = 0.01
line = Line(url, SecretStr("{TOKEN}"), timeout=0.25)
mortal(line._client, "send")
issuer = CredlyIssuer("credly", Account(line, "{ORGANIZATION}"))
books = Ledger.open(ledger)
for name in ("intend", "receive", "doubt", "postpone"):
    mortal(books, name)
left = 0
list(books.outstanding())
for word in sys.stdin:
    left = int(word)
    books.close()  # of its connections: none is shared with a child
    child = os.fork()
    if child == 0:
        issue_outstanding(books, {{"credly": issuer}})
        os._exit(0)
    _, status = os.waitpid(child, 0)
    print(os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0, flush=True)
"""

FAULTS = [
    {"do": "hang-after", "on": "issue", "times": None, "chance": 0.03, "seconds": 0.3},
    {"do": "hang-before", "on": "issue", "times": None, "chance": 0.01, "seconds": 0.3},
    {"do": "drop-after", "on": "issue", "times": None, "chance": 0.12},
    {"do": "drop-before", "on": "issue", "times": None, "chance": 0.06},
    {"do": "500-after", "on": "issue", "times": None, "chance": 0.06},
    {"do": "truncated", "on": "issue", "times": None, "chance": 0.06},
    {"do": "429", "on": "issue", "times": None, "chance": 0.05, "retry_after": "0"},
    {"do": "drop-before", "on": "list", "times": None, "chance": 0.05},
]


@pytest.fixture
def emulator():
    emulator = start("--seed", "20261124", "--latency", "0.004")
    yield emulator
    stop(emulator)


def owe(books, awards):
    decisions = [sample_decision(award.recipient.learner_id) for award in awards]
    books.record(books.begin(DAY, "f" * 64, {}, ("plain",)), decisions, awards)


def test_runs_that_are_killed_a_hundred_times_give_every_learner_one_badge(emulator, tmp_path):
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    chance = random.Random(20261124)
    emulator.tell("faults", FAULTS)
    kills = owed = 0
    nursery = subprocess.Popen(
        [sys.executable, "-c", WORKER, emulator.url, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with Ledger.open(url) as books:
        while kills < KILLS or any(state.receipt is None for state in books.award_states()):
            if kills >= owed:  # so that there is work until the last kill
                owe(
                    books,
                    [
                        sample_award(f"L{n:03}", "credly", options={"template": TEMPLATE})
                        for n in range(owed, owed + 10)
                    ],
                )
                owed += 10
            nursery.stdin.write(f"{chance.randint(1, STEPS) if kills < KILLS else 0}\n")
            nursery.stdin.flush()
            kills += int(nursery.stdout.readline()) == signal.SIGKILL
        receipts = {state.key: state.receipt.reference for state in books.award_states()}
    nursery.stdin.close()
    assert nursery.wait(30) == 0
    nursery.stdout.close()

    told = emulator.tell("books")
    assert told["calls"]["list"] >= KILLS // 4  # so that many died with a call whose outcome nobody knew
    badges = {award_reference_of(badge): badge["id"] for badge in told["badges"]}
    assert kills >= KILLS
    assert told["issued"] == len(told["badges"]) == len(badges) == owed >= KILLS
    assert {award_reference(key): reference for key, reference in receipts.items()} == badges
    assert set(Counter(badge["earner"] for badge in told["badges"]).values()) == {1}
    assert told["faults"]["hang-after"] >= 1
    assert told["faults"]["drop-after"] >= 3


def award_reference_of(badge):
    [own] = [item["description"] for item in badge["evidence"] if item["name"] == "Award reference"]
    return own
