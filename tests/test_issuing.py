"""Issuing: every award once, whatever fails, whoever crashes, and however often it is run again."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests import ledgers

from credrules.awards import Receipt
from credrules.decisions import Outcome
from credrules.errors import LedgerError, OutcomeUnknown, Refused, Unavailable
from credrules.issuing import Issued, issue_outstanding
from credrules.ledger import Ledger
from credrules.testing import FakeIssuer, sample_award, sample_decision

DAY = date(2026, 5, 20)
LEARNERS = ("L001", "L002", "L003")


def badge(learner, issuer="fake"):
    return sample_award(learner, issuer)


KEYS = [badge(learner).key for learner in LEARNERS]


def record(ledger, decisions, awards):
    ledger.record(ledger.begin(DAY, "f" * 64, {}, ("plain",)), decisions, awards)


def owe(ledger, *awards):
    learners = dict.fromkeys(award.recipient.learner_id for award in awards)
    record(ledger, [sample_decision(learner) for learner in learners], awards)


@pytest.fixture
def ledger(url):
    with Ledger.open(url) as ledger:
        yield ledger


@pytest.fixture(scope="module")
def empty_file(tmp_path_factory):
    """An empty ledger in a file, to be copied: making one takes longer than a short history does."""
    with ledgers.template("sqlite", tmp_path_factory.mktemp("empty")) as url:
        yield url


@dataclass
class BlindIssuer(FakeIssuer):
    """One whose `find` fails while there is something in `blindness`."""

    blindness: Exception | None = None

    def find(self, award):
        if self.blindness:
            raise self.blindness
        return super().find(award)


def states(ledger):
    return [state.state for state in ledger.award_states()]


def details(ledger):
    return [state.detail for state in ledger.award_states()]


def test_running_twice_issues_once(ledger):
    owe(ledger, *map(badge, LEARNERS))
    issuer = FakeIssuer()

    first = issue_outstanding(ledger, {"fake": issuer})
    second = issue_outstanding(ledger, {"fake": issuer})

    assert (first, second) == (Issued(issued=3), Issued())
    assert issuer.issued == KEYS
    assert states(ledger) == ["issued"] * 3


def test_an_intent_is_in_the_ledger_before_the_call(ledger):
    owe(ledger, badge("L001"))
    issuer = FakeIssuer()
    seen = []

    def issue(award):
        seen.extend(states(ledger))
        return FakeIssuer.issue(issuer, award)

    issuer.issue = issue
    issue_outstanding(ledger, {"fake": issuer})

    assert seen == ["in doubt"]


def test_what_is_refused_waits_for_a_person_and_the_others_go_on(ledger):
    owe(ledger, *map(badge, LEARNERS))
    issuer = FakeIssuer(failures=["refuse"])

    assert issue_outstanding(ledger, {"fake": issuer}) == Issued(issued=2, refused=1)
    assert issue_outstanding(ledger, {"fake": issuer}) == Issued()
    assert details(ledger)[0] == "Refused: The template is archived."

    ledger.retry(KEYS[0], "Kay")
    assert issue_outstanding(ledger, {"fake": issuer}) == Issued(issued=1)
    assert issuer.doubled == []


def test_an_issuer_that_cannot_be_reached_is_left_alone_until_the_next_run(ledger):
    owe(ledger, *map(badge, LEARNERS), badge("L001", "other"))
    issuer, other = FakeIssuer(failures=["", "unavailable"]), FakeIssuer(name="other")

    assert issue_outstanding(ledger, {"fake": issuer, "other": other}) == Issued(issued=2, postponed=2)
    assert issuer.calls == 2
    assert states(ledger) == ["issued", "unavailable", "owed", "issued"]

    assert issue_outstanding(ledger, {"fake": issuer, "other": other}) == Issued(issued=2)
    assert issuer.issued == KEYS


def test_an_answer_that_was_lost_is_looked_up_at_once(ledger):
    owe(ledger, badge("L001"), badge("L002"))
    issuer = FakeIssuer(failures=["lost"])

    assert issue_outstanding(ledger, {"fake": issuer}) == Issued(issued=1, adopted=1)
    assert issuer.doubled == []


def test_what_is_not_found_at_once_stays_in_doubt_until_the_next_run_has_looked(ledger):
    owe(ledger, badge("L001"), badge("L002"))
    issuer = FakeIssuer(failures=["unreached"])

    assert issue_outstanding(ledger, {"fake": issuer}) == Issued(issued=1, in_doubt=1)
    assert issue_outstanding(ledger, {"fake": issuer}) == Issued(issued=1)
    assert sorted(issuer.issued) == KEYS[:2]


@pytest.mark.parametrize("blindness", [Unavailable("No."), Refused("No."), OutcomeUnknown("No."), KeyError("No.")])
def test_what_cannot_be_looked_up_stays_in_doubt(ledger, blindness):
    owe(ledger, badge("L001"))
    issuer = BlindIssuer(failures=["lost"], blindness=blindness)

    assert issue_outstanding(ledger, {"fake": issuer}) == Issued(in_doubt=1)
    assert issue_outstanding(ledger, {"fake": issuer}) == Issued(in_doubt=1)
    assert states(ledger) == ["in doubt"]

    issuer.blindness = None
    assert issue_outstanding(ledger, {"fake": issuer}) == Issued(adopted=1)
    assert issuer.doubled == []


def test_what_is_in_doubt_is_counted_as_that_while_its_issuer_is_left_alone(ledger):
    owe(ledger, *map(badge, LEARNERS))
    for key in KEYS[:2]:
        ledger.intend(key)
    issuer = BlindIssuer(blindness=Unavailable("Not now."))

    assert issue_outstanding(ledger, {"fake": issuer}) == Issued(in_doubt=2, postponed=1)
    assert issuer.calls == 0


@pytest.mark.parametrize("failure", ["refuse", "unavailable"])
def test_an_award_is_looked_up_before_any_second_call(ledger, failure):
    """Issuers have been wrong about what they did not do."""
    owe(ledger, badge("L001"))
    issuer = FakeIssuer(failures=[failure])
    issue_outstanding(ledger, {"fake": issuer})
    issuer.issued.append(KEYS[0])
    if failure == "refuse":
        ledger.retry(KEYS[0], "Kay")

    assert issue_outstanding(ledger, {"fake": issuer}) == Issued(adopted=1)
    assert issuer.calls == 1


def test_giving_an_award_in_doubt_up_and_taking_it_up_again_does_not_double_it(ledger):
    owe(ledger, badge("L001"))
    issuer = BlindIssuer(failures=["lost"], blindness=Unavailable("Not now."))
    issue_outstanding(ledger, {"fake": issuer})

    ledger.drop(KEYS[0], "Kay", "It takes too long.")
    ledger.retry(KEYS[0], "Kay")
    issuer.blindness = None

    assert issue_outstanding(ledger, {"fake": issuer}) == Issued(adopted=1)
    assert issuer.doubled == []


def test_a_fault_of_the_plugin_leaves_the_award_in_doubt_and_the_issuer_alone(ledger):
    owe(ledger, *map(badge, LEARNERS))
    issuer = BlindIssuer(failures=["break"], blindness=Unavailable("Not now."))

    assert issue_outstanding(ledger, {"fake": issuer}) == Issued(in_doubt=1, postponed=2)
    assert details(ledger)[0] == "the issuer failed with KeyError"  # its text may name somebody

    issuer.blindness = None
    assert issue_outstanding(ledger, {"fake": issuer}) == Issued(issued=2, adopted=1)
    assert issuer.doubled == []


@pytest.mark.parametrize("answer", [None, "issued", Receipt(award_key=KEYS[2], issuer="fake", reference="R1")])
def test_an_answer_that_is_no_receipt_for_the_award_is_no_answer(ledger, answer):
    owe(ledger, *map(badge, LEARNERS))
    issuer = FakeIssuer()
    issuer.issue = lambda award: answer

    assert issue_outstanding(ledger, {"fake": issuer}) == Issued(in_doubt=1, postponed=2)
    assert details(ledger)[0] == "the issuer's answer is no receipt for this award"

    del issuer.issue
    issuer.find = lambda award: answer or "none"
    assert issue_outstanding(ledger, {"fake": issuer}) == Issued(in_doubt=1, postponed=2)
    assert states(ledger) == ["in doubt", "owed", "owed"]


def test_an_award_for_an_issuer_that_is_not_configured_stays_owed(ledger):
    owe(ledger, badge("L001", "elsewhere"), badge("L001"))

    assert issue_outstanding(ledger, {"fake": FakeIssuer()}) == Issued(issued=1, unconfigured=1)
    assert states(ledger) == ["owed", "issued"]


def test_an_award_that_the_latest_decision_does_not_owe_is_not_issued(ledger):
    owe(ledger, badge("L001"), badge("L002"))
    issuer = FakeIssuer(failures=["unavailable"])
    issue_outstanding(ledger, {"fake": issuer})

    record(ledger, [sample_decision("L001", Outcome.UNMET), sample_decision("L002")], [badge("L002")])
    issue_outstanding(ledger, {"fake": issuer})

    assert issuer.issued == [KEYS[1]]
    assert states(ledger) == ["lapsed", "issued"]


def test_an_award_in_doubt_is_looked_up_though_it_is_no_longer_owed(ledger):
    owe(ledger, badge("L001"), badge("L002"))
    for key in KEYS[:2]:
        ledger.intend(key)
    record(ledger, [sample_decision("L001", Outcome.UNMET), sample_decision("L002", Outcome.UNMET)], [])
    issuer = FakeIssuer(issued=[KEYS[0]])

    assert issue_outstanding(ledger, {"fake": issuer}) == Issued(adopted=1)
    assert states(ledger) == ["issued", "lapsed"]
    assert issuer.calls == 0


def test_progress_counts_every_award_once(ledger):
    owe(ledger, *map(badge, LEARNERS))
    progress = []

    issue_outstanding(ledger, {"fake": FakeIssuer(failures=["unavailable"])}, on_progress=progress.append)

    assert progress == [1, 1, 1]


# Crashes.

SUICIDAL = """
import os, signal, sys
from credrules import Receipt
from credrules.issuing import issue_outstanding
from credrules.ledger import Ledger

url, books, moment = sys.argv[1:]

def die():
    os.kill(os.getpid(), signal.SIGKILL)

class Issuer:
    name = "fake"
    calls = 0
    def find(self, award):
        raise AssertionError("nothing was tried before")
    def issue(self, award):
        self.calls += 1
        if self.calls == 2 and moment == "before":
            die()
        with open(books, "a") as lines:
            print(award.key, file=lines)
        if self.calls == 2 and moment == "after":
            die()
        return Receipt(award_key=award.key, issuer="fake", reference=award.key)

with Ledger.open(url) as ledger, ledger.exclusively():
    issue_outstanding(ledger, {"fake": Issuer()}, on_progress=lambda _: moment == "between" and die())
"""


@pytest.mark.parametrize(("moment", "left"), [("before", 2), ("after", 1), ("between", 2)])
def test_a_process_killed_in_the_middle_of_issuing_doubles_and_loses_nothing(tmp_path, moment, left):
    url, books = f"sqlite:///{tmp_path / 'ledger.db'}", tmp_path / "books.txt"
    with Ledger.open(url) as ledger:
        owe(ledger, *map(badge, LEARNERS))

    killed = subprocess.run([sys.executable, "-c", SUICIDAL, url, str(books), moment], check=False)
    assert killed.returncode == -signal.SIGKILL
    issuer = FakeIssuer(issued=books.read_text().split())
    with Ledger.open(url) as ledger, ledger.exclusively():
        result = issue_outstanding(ledger, {"fake": issuer})

    assert result.issued == left
    assert sorted(issuer.issued) == KEYS


class PowerCut(BaseException):
    """The process is gone."""


class Fragile:
    """Something whose power fails before or after one of the calls made to it."""

    def __init__(self, thing, instants, cut_at):
        self._thing, self._instants, self._cut_at = thing, instants, cut_at

    def _instant(self):
        if next(self._instants) == self._cut_at:
            raise PowerCut

    def __getattr__(self, name):
        method = getattr(self._thing, name)

        def call(*args, **named):
            self._instant()
            answer = method(*args, **named)
            self._instant()
            return answer

        return call


runs = st.tuples(
    st.just("run"),
    st.lists(st.sampled_from(["", "refuse", "unavailable", "lost", "unreached", "break"]), max_size=4),
    st.none() | st.sampled_from([Unavailable("No."), Refused("No."), OutcomeUnknown("No."), KeyError("No.")]),
    st.none() | st.integers(0, 24),
)
by_hand = st.tuples(st.sampled_from(["retry", "drop", "lapse", "owe"]), st.sampled_from(LEARNERS))
NUMBERS = count()


@settings(max_examples=30, deadline=None)
@given(st.lists(runs | by_hand, max_size=8))
def test_whatever_fails_and_whoever_crashes_every_award_is_issued_once(tmp_path_factory, empty_file, history):
    issuer = BlindIssuer()
    folder = tmp_path_factory.mktemp(f"history-{next(NUMBERS)}")
    with ledgers.copied("sqlite", folder, empty_file) as url, Ledger.open(url) as ledger:
        owe(ledger, *map(badge, LEARNERS))
        for what, *how in history:
            if what == "run":
                run_and_perhaps_crash(ledger, issuer, *how)
            else:
                by_a_person(ledger, what, *how)
            assert issuer.doubled == []

        # At last the office takes up what was laid aside, the service is well again, and the run is repeated.
        for learner in LEARNERS:
            by_a_person(ledger, "owe", learner)
            by_a_person(ledger, "retry", learner)
        for _ in range(2):
            run_and_perhaps_crash(ledger, issuer, [], None, None)

        assert Counter(issuer.issued) == Counter(KEYS)
        assert {key: ledger.receipt(key).reference for key in KEYS} == {key: f"fake:{key}" for key in KEYS}
        assert list(ledger.outstanding()) == []


def run_and_perhaps_crash(ledger, issuer, failures, blindness, cut_at):
    issuer.failures, issuer.blindness = list(failures), blindness
    lapsed = {state.key for state in ledger.award_states() if state.state == "lapsed"}
    before = list(issuer.issued)
    instants = count()
    try:
        with ledger.exclusively():
            issue_outstanding(
                Fragile(ledger, instants, cut_at),
                {"fake": Fragile(issuer, instants, cut_at)},
            )
    except PowerCut:
        pass
    assert not lapsed & set(issuer.issued[len(before) :])


def by_a_person(ledger, what, learner):
    key = badge(learner).key
    with suppress(LedgerError):  # what was issued is past both; what waits needs no retry
        if what == "retry":
            ledger.retry(key, "Kay")
        elif what == "drop":
            ledger.drop(key, "Kay", "It takes too long.")
        elif what == "lapse":
            record(ledger, [sample_decision(learner, Outcome.UNMET)], [])
        else:
            owe(ledger, badge(learner))
