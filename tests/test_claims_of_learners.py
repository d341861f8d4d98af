"""What the learner wants: credentials that have to be asked for, and those that are declined."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.life import claims, declines, installed, rules, says

from credrules.attestations import CLAIM, DECLINE, Word, standing, wish
from credrules.case_files import check_cases
from credrules.decisions import Outcome
from credrules.pipeline import run
from credrules.testing import sample_record

DAY = date(2026, 6, 1)
PROGRAM = "claim: required\nrequirements: [STA 501]\n"


@pytest.fixture
def decide(tmp_path):
    def decide(text, *words, grade="A"):
        installation = installed(tmp_path, rules(tmp_path, p=text), [])
        record = sample_record("L001", {"STA 501": grade})
        word = standing(list(words), [])
        decided = installation.decider.decide(record, word, DAY, everyone=True)
        assert decided.disagreements == ()
        return decided.decisions[0]

    return decide


def reasons(decision):
    return {reason.node: reason for reason in decision.reason.walk()}


def test_a_credential_that_has_to_be_asked_for_waits_for_the_learner(decide):
    decision = decide(PROGRAM)

    assert decision.outcome is Outcome.AWAITING
    assert reasons(decision)["claim"].because == "claim-awaited"
    assert reasons(decision)["claim"].text == (
        "The learner has not asked for the credential yet. It is awarded once the learner asks the office for it."
    )


def test_a_claim_completes_it_and_changes_nothing_about_the_day_on_which_it_was_earned(decide):
    decision = decide(PROGRAM, claims("2026-05-30"))

    assert decision.outcome is Outcome.MET
    assert decision.earned_on == date(2025, 12, 19)
    assert reasons(decision)["claim"].text == "Ada Sample asked for the credential on 2026-05-30."


def test_a_claim_does_not_stand_in_for_a_requirement(decide):
    assert decide(PROGRAM, claims("2026-05-30"), grade="C").outcome is Outcome.UNMET


def test_who_declines_is_awarded_nothing_and_the_reason_says_so(decide):
    decision = decide("requirements: [STA 501]\n", declines("2026-05-30"))

    assert decision.outcome is Outcome.UNMET
    assert decision.earned_on is None
    assert decision.reason.because == "declined"
    assert reasons(decision)["sta-501"].outcome is Outcome.MET
    assert reasons(decision)["declined"].text == (
        "Ada Sample declined the credential on 2026-05-30. "
        "Nothing is awarded, whatever is met, until that is taken back."
    )


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([declines("2026-05-30"), declines("2026-05-31", withdrawn=True)], Outcome.AWAITING),
        ([declines("2026-05-30"), claims("2026-05-31")], Outcome.MET),
        ([claims("2026-05-30"), declines("2026-05-31")], Outcome.UNMET),
        ([claims("2026-05-30"), claims("2026-05-31", withdrawn=True)], Outcome.AWAITING),
        ([claims("2026-05-30"), declines("2026-05-31"), declines("2026-06-01", withdrawn=True)], Outcome.AWAITING),
        ([declines("2026-05-30", "another")], Outcome.AWAITING),
    ],
)
def test_the_later_word_stands_until_it_is_taken_back(decide, words, expected):
    assert decide(PROGRAM, *words).outcome is expected


@given(st.lists(st.tuples(st.sampled_from([CLAIM, DECLINE]), st.booleans()), max_size=8))
def test_of_claim_and_refusal_at_most_one_stands_and_it_is_the_last_that_was_not_taken_back(said):
    stands = None
    for statement, withdrawn in said:
        if not withdrawn:
            stands = statement
        elif stands == statement:
            stands = None

    word = standing([says(statement, DAY, withdrawn=withdrawn) for statement, withdrawn in said], [])

    assert len(word.attestations) == (stands is not None)
    found = wish(word, "p")
    assert (found.statement if found else None) == stands


def test_what_is_declined_is_not_issued_and_may_be_taken_up_again(tmp_path):
    installation = installed(
        tmp_path, rules(tmp_path, p="requirements: [STA 501]\n"), [sample_record("L001", {"STA 501": "A"})]
    )
    with installation.ledger() as ledger:
        ledger.attest(declines(DAY))
    declined = run(installation, DAY)
    with installation.ledger() as ledger:
        ledger.attest(declines(DAY, withdrawn=True))
    taken_up = run(installation, DAY)

    assert (declined.new_awards, taken_up.new_awards) == (0, 1)
    assert installation.issuers["badges"].issued == ["uni/L001/p/badges"]


def test_an_award_that_is_declined_before_it_left_does_not_leave(tmp_path):
    made = rules(tmp_path, p="requirements: [STA 501]\n")
    records = [sample_record("L001", {"STA 501": "A"})]
    run(installed(tmp_path, made, records, issuers=()), DAY)  # owed, and nobody to issue it
    installation = installed(tmp_path, made, records)
    with installation.ledger() as ledger:
        ledger.attest(declines(DAY))

    run(installation, DAY)

    assert installation.issuers["badges"].issued == []
    with installation.ledger() as ledger:
        assert [one.state for one in ledger.award_states()] == ["lapsed"]


def test_declining_what_was_issued_takes_nothing_back(tmp_path):
    records = [sample_record("L001", {"STA 501": "A"})]
    installation = installed(tmp_path, rules(tmp_path, p="requirements: [STA 501]\n"), records)
    run(installation, DAY)
    with installation.ledger() as ledger:
        ledger.attest(declines(DAY))

    run(installation, DAY)

    with installation.ledger() as ledger:
        assert [one.state for one in ledger.award_states()] == ["issued"]


def test_a_case_says_what_is_awarded(tmp_path):
    made = rules(tmp_path, p=PROGRAM)
    case = """\
cases:
  - name: {name}
    as-of: 2026-06-01
    given:
      attempts: [{{ course: STA 501, grade: A, term: fall 2025 }}]
      {wish}: 2026-05-30
    expect: {{ outcome: {outcome}, awards: [{awards}] }}
"""
    path = Path(tmp_path / "rules" / "programs" / "p.cases.yaml")
    faults = []
    for wish_, outcome, awards in (
        ("claimed", "met", "badges"),
        ("declined", "unmet", ""),
        ("claimed", "met", ""),
        ("declined", "unmet", "badges"),
    ):
        path.write_text(case.format(name="A wish", wish=wish_, outcome=outcome, awards=awards))
        faults += [result.faults for result in check_cases(tmp_path / "rules", made, None)]

    assert faults == [
        (),
        (),
        ("the awards owed should be none; they are badges",),
        ("the awards owed should be badges; they are none",),
    ]


def test_nobody_but_the_learner_has_a_wish():
    assert wish(Word(), "p") is None
