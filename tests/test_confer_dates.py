"""Met is one fact, conferred another: the day on which an award is due."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.life import claims, installed, rules

from credrules import Term
from credrules.attestations import Word
from credrules.decisions import Outcome, decision_digest
from credrules.life_cycle import LifeCycle
from credrules.pipeline import run
from credrules.testing import sample_record

EARNED = date(2025, 12, 19)  # the last day of the sample record's term
PROGRAM = 'confer: { on: ["08-31", "01-31", "05-31"] }\nrequirements: [STA 501]\n'
DAYS = ((1, 31), (5, 31), (8, 31))


def day(text):
    return date.fromisoformat(text)


def decided(installation, as_of, *words):
    record = sample_record("L001", {"STA 501": "A"})
    return installation.decider.decide(record, Word(words), as_of, everyone=True).decisions[0]


@pytest.mark.parametrize(
    ("earned", "conferred"),
    [
        ("2026-01-01", "2026-01-31"),
        ("2026-01-31", "2026-01-31"),
        ("2026-02-01", "2026-05-31"),
        ("2026-08-31", "2026-08-31"),
        ("2026-09-01", "2027-01-31"),
        ("2026-12-31", "2027-01-31"),
    ],
)
def test_it_is_conferred_on_the_first_of_the_days_on_or_after_the_day_it_was_earned(earned, conferred):
    assert LifeCycle(confer_on=DAYS).conferral(day(earned), None) == day(conferred)


@pytest.mark.parametrize(
    ("claimed", "conferred"),
    [
        ("2026-04-01", "2026-05-31"),  # before everything was met
        ("2026-05-20", "2026-05-31"),
        ("2026-06-09", "2026-08-31"),  # the thirtieth day, but after the day of conferral
        ("2026-06-10", "2026-08-31"),  # too late for May, and in time for August
        ("2026-09-10", "2027-01-31"),
    ],
)
def test_a_claim_in_time_is_conferred_on_the_first_day_after_both(claimed, conferred):
    life = LifeCycle(claim=True, claim_within=30, confer_on=DAYS)

    assert life.conferral(day("2026-05-10"), day(claimed)) == day(conferred)


def test_a_late_claim_waits_for_the_day_after_the_one_that_it_was_late_for():
    life = LifeCycle(claim=True, claim_within=30, confer_on=DAYS)

    assert life.conferral(day("2026-02-10"), day("2026-03-12")) == day("2026-05-31")  # the thirtieth day
    assert life.conferral(day("2026-02-10"), day("2026-03-13")) == day("2026-08-31")
    assert LifeCycle(claim=True, confer_on=DAYS).conferral(day("2026-02-10"), day("2026-05-01")) == day("2026-05-31")


@given(
    st.dates(date(2000, 1, 1), date(2099, 12, 31)),
    st.none() | st.integers(-400, 400),
    st.integers(0, 90),
    st.sets(st.dates(date(2001, 1, 1), date(2001, 12, 31)), max_size=4),
)
def test_a_day_of_conferral_is_one_of_the_days_and_never_before_anything_that_it_waits_for(earned, after, within, days):
    claimed = None if after is None else earned + timedelta(days=after)
    life = LifeCycle(claim=True, claim_within=within, confer_on=tuple(sorted((one.month, one.day) for one in days)))

    found = life.conferral(earned, claimed)

    assert found >= max(earned, claimed or earned)
    assert not days or (found.month, found.day) in life.confer_on
    assert found - max(earned, claimed or earned) < timedelta(days=2 * 366)
    if claimed is None or not within or claimed <= earned + timedelta(days=within):
        assert found == life.on_or_after(max(earned, claimed or earned))


def test_until_the_day_of_conferral_it_is_met_and_nothing_is_owed(tmp_path):
    installation = installed(tmp_path, rules(tmp_path, p=PROGRAM), [sample_record("L001", {"STA 501": "A"})])

    before = run(installation, day("2026-01-30"))
    with installation.ledger() as ledger:
        waiting = ledger.tally()[0]
    on = run(installation, day("2026-01-31"))
    with installation.ledger() as ledger:
        over = ledger.tally()[0]
    after = run(installation, day("2026-02-01"))

    assert before.programs["p"].outcomes == {Outcome.MET: 1}
    assert before.programs["p"].to_confer == {day("2026-01-31"): 1}
    assert [one.new_awards for one in (before, on, after)] == [0, 1, 0]
    assert on.new_decisions == 0  # the decision is the same: only the day has come
    assert (waiting.met, waiting.to_confer, waiting.next_conferral) == (1, 1, day("2026-01-31"))
    assert (over.to_confer, over.next_conferral, over.conferred) == (0, None, 1)


def test_the_award_bears_the_day_of_conferral_however_late_it_is_run(tmp_path):
    installation = installed(
        tmp_path, rules(tmp_path, p=PROGRAM), [sample_record("L001", {"STA 501": "A"})], issuers=()
    )
    run(installation, day("2026-04-12"))

    with installation.ledger() as ledger:
        award = next(ledger.outstanding()).award

    assert (award.earned_on, award.conferred_on, award.awarded_on) == (EARNED, day("2026-01-31"), day("2026-01-31"))


def test_the_decision_says_on_which_day_it_is_conferred_and_why_that_is_a_later_one(tmp_path):
    text = "claim: { within: { days: 30 } }\n" + PROGRAM
    installation = installed(tmp_path, rules(tmp_path, p=text), [])

    in_time = decided(installation, day("2026-06-01"), claims("2026-01-10"))
    late = decided(installation, day("2026-06-01"), claims("2026-01-20"))
    later = decided(installation, day("2026-06-01"), claims("2026-03-20"))

    assert in_time.reason.parts[-1].text == "Everything was met on 2025-12-19. It is conferred on 2026-01-31."
    assert late.confers_on == day("2026-05-31")
    assert late.reason.parts[-1].because == "claim-late"
    assert late.reason.parts[-1].text == (
        "Everything else was met on 2025-12-19, and the learner asked for it on 2026-01-20: more than 30 days later. "
        "It is conferred on 2026-05-31, not on 2026-01-31."
    )
    assert later.reason.parts[-1].text.endswith("It is conferred on 2026-05-31.")


def test_a_claim_without_days_of_conferral_puts_the_award_off_until_it_was_made(tmp_path):
    installation = installed(tmp_path, rules(tmp_path, p="claim: required\nrequirements: [STA 501]\n"), [])

    asked = decided(installation, day("2026-06-01"), claims("2026-05-30"))

    assert (asked.earned_on, asked.confers_on) == (EARNED, day("2026-05-30"))


def test_what_is_conferred_at_once_is_known_by_the_digest_that_it_always_had(tmp_path):
    plain = decided(installed(tmp_path, rules(tmp_path, p="requirements: [STA 501]\n"), []), day("2026-06-01"))

    assert plain.confers_on is None
    assert plain.conferral == EARNED
    later = decided(installed(tmp_path, rules(tmp_path, p=PROGRAM), []), day("2026-06-01"))
    assert decision_digest(later) != decision_digest(plain)


def test_work_in_progress_has_no_day_of_conferral(tmp_path):
    installation = installed(tmp_path, rules(tmp_path, p=PROGRAM), [])
    term = Term(date(2026, 1, 26), date(2026, 5, 15), "2026-spring", "spring 2026")
    record = sample_record("L001", {"STA 501": None})
    attempt = record.attempts[0]
    open_ = [type(attempt)(attempt_id="1", course=attempt.course, term=term)]

    found = installation.decider.decide(
        sample_record("L001", attempts=tuple(open_)), Word(), day("2026-03-01"), everyone=True
    ).decisions[0]

    assert (found.outcome, found.conferral) == (Outcome.PENDING, None)


def test_a_program_that_says_nothing_of_it_asks_for_no_claim_and_none_is_late():
    assert not LifeCycle().claim
    assert LifeCycle(claim=True, confer_on=DAYS).conferral(day("2026-01-01"), day("2026-05-20")) == day("2026-05-31")


def test_a_late_claim_is_conferred_on_the_very_next_of_the_days():
    life = LifeCycle(claim=True, claim_within=5, confer_on=((5, 31), (6, 1)))

    assert life.conferral(day("2026-05-20"), day("2026-05-28")) == day("2026-06-01")


def test_at_the_end_of_the_calendar_there_is_no_later_day():
    assert LifeCycle(confer_on=((1, 31),)).on_or_after(day("9999-02-01")) == date.max


def test_what_is_not_met_has_no_last_day(tmp_path):
    text = "expires: { years: 1 }\nrequirements: [STA 501]\n"
    installation = installed(tmp_path, rules(tmp_path, shown=text), [])
    record = sample_record("L001", {})

    decision = installation.decider.decide(record, Word(), date(2026, 6, 1), everyone=True).decisions[0]

    assert (decision.outcome, decision.expires_on) == (Outcome.UNMET, None)
