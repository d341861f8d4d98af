"""Workers: whoever dies, stops or is too late, each award is issued once; what cannot be is laid aside for a person."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from tests.test_issuing import BlindIssuer, badge, owe

from credrules.errors import LedgerError, OutcomeUnknown, Refused, Unavailable
from credrules.issuing import Came, Clerk, Done, Health, Issued, issue_outstanding
from credrules.ledger import Hold, Ledger
from credrules.patience import Patience
from credrules.testing import FakeIssuer
from credrules.workers import Manner, Worker

LEARNERS = [f"L{number:03}" for number in range(12)]
KEYS = [badge(learner).key for learner in LEARNERS]
KEY = KEYS[0]
ME, YOU = Hold(1, 60), Hold(2, 60)


class Hand:
    """A clock that goes when it is told to."""

    def __init__(self):
        self.now = datetime(2026, 5, 20, 12, tzinfo=UTC)

    def __call__(self):
        return self.now

    def goes(self, seconds):
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock():
    return Hand()


@pytest.fixture
def ledger(url, clock):
    with Ledger.open(url, clock=clock) as ledger:
        yield ledger


@pytest.fixture
def server(url):
    if url.startswith("sqlite"):
        pytest.skip("one worker at a time has a ledger in a file")
    return url


def clerk(ledger, hold=ME, **patience):
    return Clerk(ledger, hold, Patience(chance=random.Random(1), **patience))


def states(ledger):
    return {state.key: state.state for state in ledger.award_states()}


def one_by_one(ledger, issuer, hold=ME, **patience):
    """Carry out what is due, as a worker would."""
    return [
        clerk(ledger, hold, **patience).carry_out(issuer, task).came
        for task in ledger.claim(hold, issuers=[issuer.name])
    ]


@dataclass
class LateIssuer(FakeIssuer):
    """One that shows what it has issued only after a while."""

    clock: Hand = field(default_factory=Hand)
    settling: float = 30.0
    shown_from: dict = field(default_factory=dict)

    def issue(self, award):
        self.shown_from[award.key] = self.clock.now + timedelta(seconds=20)
        return super().issue(award)

    def find(self, award):
        shown = self.shown_from.get(award.key)
        return super().find(award) if shown and shown <= self.clock.now else None


@dataclass
class BusyIssuer(FakeIssuer):
    """One that may be called from several threads at once."""

    at_once: int = 4
    guard: threading.Lock = field(default_factory=threading.Lock)

    def issue(self, award):
        with self.guard:
            return super().issue(award)


# Who has what in hand.


def test_what_one_has_in_hand_no_other_gets(ledger, server):
    owe(ledger, *map(badge, LEARNERS))

    mine, yours = ledger.claim(ME, 5), ledger.claim(YOU)

    assert [one.award.key for one in [*mine, *yours]] == KEYS
    assert ledger.claim(ME) == ledger.claim(YOU) == []


def test_claims_that_are_made_at_the_same_moment_pass_each_other_by(server):
    with Ledger.open(server) as ledger:
        owe(ledger, *map(badge, LEARNERS))
        together = threading.Barrier(4)
        claimed = []

        def claim(number):
            together.wait()
            while some := ledger.claim(Hold(number, 60), 1):
                claimed.extend(one.award.key for one in some)

        threads = [threading.Thread(target=claim, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert sorted(claimed) == KEYS


def test_what_a_dead_worker_had_in_hand_is_taken_over_after_a_while(ledger, clock, server):
    owe(ledger, badge("L000"))
    ledger.claim(ME)
    clock.goes(59)

    assert ledger.claim(YOU) == []
    clock.goes(1)
    assert [one.award.key for one in ledger.claim(YOU)] == [KEY]


def test_a_worker_that_lives_keeps_what_it_has_however_slow_it_is(ledger, clock, server):
    owe(ledger, badge("L000"))
    with Ledger.open(server, clock=clock) as slow:
        with slow.holding(60) as hold:
            slow.claim(hold)
            clock.goes(100_000)
            assert ledger.claim(YOU) == []

        assert [one.award.key for one in ledger.claim(YOU)] == [KEY]


def test_a_worker_that_is_no_longer_seen_to_live_claims_nothing_more(ledger, server):
    owe(ledger, *map(badge, LEARNERS))
    kill = "SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_database ON oid = database"
    with ExitStack() as stack:
        hold = stack.enter_context(ledger.holding(60))
        with Ledger.open(server) as other, other._engine.connect() as connection:
            connection.exec_driver_sql(f"{kill} WHERE locktype = 'advisory' AND datname = current_database()")

        with pytest.raises(LedgerError, match="cannot be used"):
            ledger.claim(hold, 1)


def test_whose_award_was_taken_over_notes_nothing_of_it(ledger, clock, server):
    """It would seem to be said of the call of the other."""
    owe(ledger, badge("L000"))
    [task] = ledger.claim(ME)
    issuer = FakeIssuer(failures=["unreached"])
    issue = issuer.issue

    def overtaken(award):
        clock.goes(61)
        assert len(ledger.claim(YOU)) == 1
        ledger.intend(KEY, YOU)
        return issue(award)

    issuer.issue = overtaken
    clerk(ledger).carry_out(issuer, task)
    clock.goes(61)

    assert [one.call for one in ledger.claim(Hold(3, 60))] == ["intent"]


def test_who_is_too_late_makes_no_call(ledger, clock, server):
    owe(ledger, badge("L000"))
    [task] = ledger.claim(ME)
    clock.goes(61)
    ledger.claim(YOU)
    issuer = FakeIssuer()

    assert clerk(ledger).carry_out(issuer, task) == Done(Came.LOST, Health.WELL)
    assert issuer.calls == 0
    assert states(ledger) == {KEY: "owed"}


def test_in_a_file_whatever_a_dead_worker_held_is_free_at_once(ledger, url):
    if not url.startswith("sqlite"):
        pytest.skip("on a server it may be alive")
    owe(ledger, badge("L000"))
    ledger.claim(ME)

    assert [one.award.key for one in ledger.claim(YOU)] == [KEY]


def test_a_worker_that_dies_in_the_middle_of_a_call_leaves_it_to_be_looked_up(ledger, clock):
    owe(ledger, *map(badge, LEARNERS[:2]))
    issuer = FakeIssuer()
    for task in ledger.claim(ME):
        ledger.intend(task.award.key, ME)
    issuer.issued.append(KEY)  # the first call arrived, the second did not; then the worker was killed

    clock.goes(61)

    assert one_by_one(ledger, issuer, YOU) == [Came.ADOPTED, Came.ISSUED]
    assert issuer.issued == KEYS[:2]


def test_what_is_no_longer_owed_is_taken_out_when_somebody_comes_to_it(ledger):
    owe(ledger, *map(badge, LEARNERS[:3]))
    ledger.drop(KEYS[0], "Kay", "Given on paper.")
    ledger.refuse(KEYS[1], "The template is archived.")

    assert [one.award.key for one in ledger.claim(ME, 1)] == [KEYS[2]]
    assert [(one.due, one.held, one.later) for one in ledger.waiting()] == [(0, 1, 0)]


def test_a_run_leaves_alone_what_a_worker_has_in_hand(ledger, server):
    owe(ledger, *map(badge, LEARNERS[:3]))
    ledger.claim(YOU, 1)
    issuer = FakeIssuer()

    assert issue_outstanding(ledger, {"fake": issuer}) == Issued(issued=2)
    assert issuer.issued == KEYS[1:3]


# When.


def test_what_failed_waits_longer_each_time(ledger, clock):
    owe(ledger, badge("L000"))
    issuer = FakeIssuer(failures=["unavailable"] * 3)
    waits = []
    for _ in range(3):
        assert one_by_one(ledger, issuer) == [Came.POSTPONED]
        [waiting] = ledger.waiting()
        waits.append(waiting.next_in)
        assert ledger.claim(ME) == []
        clock.goes(waiting.next_in)

    assert [5 <= 2 * waits[0] <= 10, 10 <= 2 * waits[1] <= 20, 20 <= 2 * waits[2] <= 40] == [True] * 3
    assert one_by_one(ledger, issuer) == [Came.ISSUED]


def test_waits_are_drawn_by_a_chance_that_can_be_given():
    def drawn(seed):
        patience = Patience(chance=random.Random(seed))
        return [patience.until_next(tries) for tries in (1, 2, 3, 50)]

    assert drawn(1) == drawn(1) != drawn(2)
    assert max(drawn(1)) <= 3600


def test_an_issuer_that_shows_late_what_it_has_issued_is_not_asked_twice(ledger, clock):
    owe(ledger, badge("L000"))
    issuer = LateIssuer(clock=clock, failures=["lost"])
    came = one_by_one(ledger, issuer)
    while issuer.calls < 2 and states(ledger) == {KEY: "in doubt"}:
        clock.goes(7)
        came += one_by_one(ledger, issuer)

    assert came == [Came.IN_DOUBT, Came.ADOPTED]
    assert issuer.issued == [KEY]


def test_a_call_that_was_cut_short_settles_only_from_when_it_is_known_to_be_over(ledger, clock):
    """Whoever made it may have made it at the last moment before the hold ran out."""
    owe(ledger, badge("L000"))
    issuer = LateIssuer(clock=clock)
    [task] = ledger.claim(ME)
    ledger.intend(KEY, ME)
    clock.goes(59)
    issuer.issue(task.award)
    clock.goes(2)

    came = one_by_one(ledger, issuer, YOU)
    clock.goes(18)
    came += one_by_one(ledger, issuer, YOU)
    clock.goes(12)
    came += one_by_one(ledger, issuer, YOU)

    assert came == [Came.IN_DOUBT, Came.ADOPTED]
    assert issuer.issued == [KEY]


def test_what_is_not_found_after_the_settling_time_was_never_issued_and_is_issued(ledger, clock):
    owe(ledger, badge("L000"))
    issuer = LateIssuer(clock=clock, failures=["unreached"])

    came = one_by_one(ledger, issuer)
    clock.goes(29)
    came += one_by_one(ledger, issuer)
    clock.goes(2)
    came += one_by_one(ledger, issuer)

    assert came == [Came.IN_DOUBT, Came.ISSUED]
    assert issuer.issued == [KEY]


def test_a_run_that_is_impatient_does_not_hurry_what_has_to_settle(ledger, clock):
    owe(ledger, badge("L000"))
    issuer = LateIssuer(clock=clock, failures=["lost"])

    first = issue_outstanding(ledger, {"fake": issuer})
    second = issue_outstanding(ledger, {"fake": issuer})
    clock.goes(21)

    assert (first, second) == (Issued(in_doubt=1), Issued(in_doubt=1))
    assert issue_outstanding(ledger, {"fake": issuer}) == Issued(adopted=1)
    assert issuer.calls == 1


# Issuers that are left alone.


def test_an_issuer_that_cannot_be_reached_rests_for_every_worker_and_longer_each_time(ledger, clock):
    patience = Patience(chance=random.Random(1))

    def down(failures):
        return patience.rest_for(failures, down=True)

    rests = [ledger.failed("fake", down).seconds for _ in range(5)]

    assert [0.25 * 2**n <= rest <= 0.5 * 2**n for n, rest in enumerate(rests)] == [True] * 5
    assert ledger.rest_of("fake").failures == 5
    assert ledger.rest_of("other").seconds is None
    ledger.well("fake")
    assert ledger.rest_of("fake").seconds is None


def test_when_the_rest_is_over_one_worker_tries_and_the_others_wait(ledger, clock):
    ledger.failed("fake", lambda failures: 10.0)
    during = ledger.trial("fake", 60)
    clock.goes(10)

    assert [during, ledger.trial("fake", 60), ledger.trial("fake", 60)] == [False, True, False]
    assert ledger.rest_of("fake").seconds == 60


def test_a_lost_answer_or_two_are_no_reason_to_leave_an_issuer_alone():
    patience = Patience()

    assert [patience.rest_for(failures, down=False) is None for failures in range(1, 7)] == [True] * 4 + [False] * 2


def test_a_worker_leaves_an_issuer_alone_that_is_down_and_goes_on_with_the_others(ledger):
    owe(ledger, *map(badge, LEARNERS), *(badge(learner, "other") for learner in LEARNERS))
    issuer, other = FakeIssuer(failures=["unavailable"] * 50), FakeIssuer(name="other")

    done = Worker(ledger, {"fake": issuer, "other": other}, Manner(once=True)).work()

    assert done == Issued(issued=12, postponed=1)
    assert issuer.calls == 1
    assert [(one.issuer, one.due, one.held, one.later) for one in ledger.waiting()] == [("fake", 11, 0, 1)]


# Dead letters.


def test_an_award_on_which_call_after_call_comes_to_nothing_is_laid_aside(ledger, clock):
    owe(ledger, badge("L000"))
    issuer = FakeIssuer(failures=["unreached"] * 50)
    came = []
    while ledger.waiting():
        came += one_by_one(ledger, issuer, most_calls=4)
        clock.goes(3600)

    [letter] = ledger.dead_letters()
    assert came == [Came.IN_DOUBT] * 3 + [Came.REFUSED]
    assert letter.detail == "Given up after 4 calls. The last: OutcomeUnknown: The line went quiet."

    ledger.retry(KEY, "Kay")
    assert one_by_one(ledger, issuer, most_calls=4) == [Came.IN_DOUBT]  # it has four calls again


def test_an_issuer_that_is_away_for_days_costs_no_award(ledger, clock):
    owe(ledger, badge("L000"))
    issuer = FakeIssuer(failures=["unavailable"] * 50)
    for _ in range(50):
        one_by_one(ledger, issuer)
        clock.goes(3600)

    assert ledger.dead_letters() == []
    assert one_by_one(ledger, issuer) == [Came.ISSUED]


# Taking back.


@dataclass
class Grudging(FakeIssuer):
    """One whose `revoke` fails as it is told to."""

    grudges: list = field(default_factory=list)

    def revoke(self, receipt, reason):
        if self.grudges:
            raise self.grudges.pop(0)
        super().revoke(receipt, reason)


def issued(ledger, issuer):
    owe(ledger, badge("L000"))
    assert one_by_one(ledger, issuer) == [Came.ISSUED]


def test_what_is_to_be_taken_back_is_taken_back_once_by_a_worker(ledger):
    issuer = Grudging()
    issued(ledger, issuer)
    receipt = ledger.receipt(KEY)

    ledger.ask_revocation(KEY, "It was awarded by mistake.", "Kay")
    ledger.ask_revocation(KEY, "It was awarded by mistake.", "Kay")
    asked = states(ledger)

    assert one_by_one(ledger, issuer) == [Came.REVOKED]
    assert one_by_one(ledger, issuer) == []
    assert (asked, states(ledger)) == ({KEY: "revoking"}, {KEY: "revoked"})
    assert issuer.revoked == [KEY]
    assert ledger.receipt(KEY) == receipt


@pytest.mark.parametrize("grudge", [Unavailable("Not now."), OutcomeUnknown("Quiet."), KeyError("a fault")])
def test_taking_back_is_repeated_until_it_is_done(ledger, clock, grudge):
    issuer = Grudging(grudges=[grudge])
    issued(ledger, issuer)
    ledger.ask_revocation(KEY, "It was awarded by mistake.", "Kay")

    first = one_by_one(ledger, issuer)
    clock.goes(10)

    assert first in ([Came.POSTPONED], [Came.IN_DOUBT])
    assert one_by_one(ledger, issuer) == [Came.REVOKED]


def test_a_worker_that_dies_while_it_takes_back_leaves_that_to_another(ledger, clock):
    issuer = Grudging()
    issued(ledger, issuer)
    ledger.ask_revocation(KEY, "It was awarded by mistake.", "Kay")
    [task] = ledger.claim(ME)
    ledger.intend(KEY, ME, task.action)
    issuer.revoke(task.receipt, task.reason)
    clock.goes(61)

    assert one_by_one(ledger, issuer, YOU) == [Came.REVOKED]
    assert issuer.revoked == [KEY]


def test_an_issuer_that_takes_nothing_back_leaves_a_dead_letter(ledger):
    issuer = Grudging(grudges=[Refused("A printed line is corrected by a later one."), Refused("No.")])
    issued(ledger, issuer)
    ledger.ask_revocation(KEY, "It was awarded by mistake.", "Kay")
    one_by_one(ledger, issuer)

    [letter] = ledger.dead_letters()
    assert (letter.state, letter.detail) == ("not revoked", "Refused: A printed line is corrected by a later one.")

    ledger.retry(KEY, "Kay")
    assert one_by_one(ledger, issuer) == [Came.REFUSED]
    ledger.drop(KEY, "Kay", "The registrar corrects it.")
    assert (states(ledger), ledger.dead_letters()) == ({KEY: "issued"}, [])


def test_only_what_was_issued_can_be_taken_back(ledger):
    owe(ledger, badge("L000"))

    with pytest.raises(LedgerError, match="is owed: only what was issued can be taken back"):
        ledger.ask_revocation(KEY, "It was awarded by mistake.", "Kay")


# Workers as a whole.


def test_two_workers_share_the_work_and_every_award_is_issued_once(server):
    issuer = BusyIssuer(failures=["lost", "unreached", "", "break"] * 2)
    manner = Manner(poll=0.02, patience=Patience(first=0.02, rest=0.01, longest_rest=0.05))
    with Ledger.open(server) as first, Ledger.open(server) as second:
        owe(first, *map(badge, LEARNERS))
        workers = [Worker(ledger, {"fake": issuer}, manner) for ledger in (first, second)]
        threads = [threading.Thread(target=worker.work) for worker in workers]
        for thread in threads:
            thread.start()
        while first.waiting():
            threading.Event().wait(0.02)
        for worker in workers:
            worker.stop()
        for thread in threads:
            thread.join()

        assert states(first) == dict.fromkeys(KEYS, "issued")
    assert Counter(issuer.issued) == Counter(KEYS)
    assert sum(worker.counted.issued + worker.counted.adopted for worker in workers) == len(KEYS)


def test_a_worker_that_is_stopped_finishes_the_call_in_hand_and_gives_the_rest_back(ledger):
    owe(ledger, *map(badge, LEARNERS))
    issuer = FakeIssuer()
    worker = Worker(ledger, {"fake": issuer})
    issue = issuer.issue

    def stopped_meanwhile(award):
        worker.stop()
        return issue(award)

    issuer.issue = stopped_meanwhile

    assert worker.work() == Issued(issued=1)
    assert issuer.issued == KEYS[:1]
    assert [(one.due, one.held) for one in ledger.waiting()] == [(11, 0)]


def test_a_worker_whose_ledger_fails_ends_and_says_so(ledger, monkeypatch):
    owe(ledger, badge("L000"))

    def gone(*_):
        raise LedgerError("The ledger cannot be used: the server closed the connection.")

    monkeypatch.setattr(ledger, "receive", gone)

    with pytest.raises(LedgerError, match="the server closed the connection"):
        Worker(ledger, {"fake": FakeIssuer()}, Manner(once=True)).work()
    assert states(ledger) == {KEY: "in doubt"}


def test_a_call_may_take_as_long_as_it_likes(server):
    with Ledger.open(server) as ledger, Ledger.open(server) as other:
        owe(ledger, badge("L000"))
        issuer = FakeIssuer()
        seen = []
        issue = issuer.issue

        def slowly(award):
            threading.Event().wait(0.9)
            seen.extend(other.claim(YOU))
            return issue(award)

        issuer.issue = slowly
        Worker(ledger, {"fake": issuer}, Manner(once=True, lease=0.5)).work()

        assert seen == []
        assert states(ledger) == {KEY: "issued"}


def test_in_a_file_there_is_one_worker_and_no_run_beside_it(ledger, url):
    if not url.startswith("sqlite"):
        pytest.skip("on a server there may be many")
    with Ledger.open(url) as other, ledger.at_work():
        for place in (other.at_work, other.exclusively):
            with pytest.raises(LedgerError, match="Another run is at work"), place():
                pytest.fail("both were let in")


def test_tables_are_not_changed_under_a_worker(ledger, url):
    with (
        ledger.at_work(),
        ledger.holding(60),
        pytest.raises(LedgerError, match="at work on this ledger"),
    ):
        Ledger.migrate(url)
    Ledger.migrate(url)


# Two that decide on one learner.

DECIDE = """
import sys
from datetime import date
from credrules.ledger import Ledger
from credrules.testing import sample_award, sample_decision
with Ledger.open(sys.argv[1]) as ledger:
    run = ledger.begin(date(2026, 5, 20), "f" * 64, {}, ("plain",))
    print("ready", flush=True)
    sys.stdin.readline()
    ledger.record(run, [sample_decision("L000")], [sample_award("L000", "fake")])
"""


def test_two_processes_that_decide_on_one_learner_at_the_same_instant_owe_one_award(url):
    pair = [
        subprocess.Popen([sys.executable, "-c", DECIDE, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for process in pair:
        assert process.stdout.readline() == "ready\n"
    for process in pair:
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in pair:
        process.communicate()
        assert process.returncode == 0

    with Ledger.open(url) as ledger:
        issuer = FakeIssuer()
        assert issue_outstanding(ledger, {"fake": issuer}) == Issued(issued=1)
        assert issue_outstanding(ledger, {"fake": issuer}) == Issued()
        assert len(ledger.history("L000", "data-analytics")) == 1
    assert issuer.issued == [KEY]


def test_what_cannot_be_looked_up_now_is_looked_up_later(ledger, clock):
    owe(ledger, badge("L000"))
    issuer = BlindIssuer(failures=["lost"], blindness=Unavailable("Not now."))
    came = one_by_one(ledger, issuer)
    clock.goes(10)
    came += one_by_one(ledger, issuer)
    issuer.blindness = None
    clock.goes(20)

    assert came == [Came.IN_DOUBT, Came.IN_DOUBT]
    assert one_by_one(ledger, issuer) == [Came.ADOPTED]
    assert issuer.calls == 1
