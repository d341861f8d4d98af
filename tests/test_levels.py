"""The lower level for a near miss: awarded in place of the higher one, and never both."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.life import claims, declines, installed, rules

from credrules import Attempt, Course, CredentialHeld, CredentialStatus, Record, Term
from credrules.attestations import Word
from credrules.pipeline import run
from credrules.plan import make_plan
from credrules.testing import FakeIssuer, sample_record

DAY = date(2026, 6, 1)
GOLD = "requirements: [STA 501, STA 502]\n"
SILVER = "lower-of: gold\nclaim: required\nrequirements: [STA 501]\n"
BRONZE = "lower-of: silver\nclaim: required\nrequirements: [STA 500]\n"
OPEN = Term(date(2026, 5, 26), date(2026, 8, 14), "2026-summer", "summer 2026")


@pytest.fixture
def decide(tmp_path):
    def decide(grades, *words, awarded=(), extra=(), **parts):
        installation = installed(tmp_path, rules(tmp_path, gold=GOLD, silver=SILVER, bronze=BRONZE), [])
        record = sample_record("L001", grades, **parts)
        record = Record(
            **{**{name: getattr(record, name) for name in record.__slots__}, "attempts": record.attempts + tuple(extra)}
        )
        word = Word(tuple(words), conferred=frozenset(awarded))
        decided = installation.decider.decide(record, word, DAY, everyone=True)
        assert decided.disagreements == ()
        return {one.program: one for one in decided.decisions}

    return decide


ASKED = (claims("2026-05-30", "silver"), claims("2026-05-30", "bronze"))


@pytest.mark.parametrize(
    ("grades", "gold", "silver", "because"),
    [
        ({"STA 501": "A", "STA 502": "A"}, "met", "unmet", "higher-within-reach"),
        ({"STA 501": "A"}, "unmet", "met", "higher-missed"),
        ({"STA 501": "A", "STA 502": "C"}, "unmet", "met", "higher-missed"),
        ({"STA 502": "A"}, "unmet", "unmet", "higher-missed"),
        ({"STA 501": "A", "STA 502": "??"}, "undetermined", "undetermined", "higher-unknown"),
        ({"STA 502": "??"}, "unmet", "unmet", "higher-missed"),
    ],
)
def test_the_lower_one_is_awarded_only_where_the_higher_one_is_out_of_reach(decide, grades, gold, silver, because):
    found = decide(grades, *ASKED)

    assert str(found["gold"].outcome) == gold
    assert str(found["silver"].outcome) == silver
    assert found["silver"].reason.parts[-1].because == because


def test_work_in_progress_keeps_the_higher_one_within_reach(decide):
    attempt = Attempt(attempt_id="1", course=Course("STA", "502"), term=OPEN)

    found = decide({"STA 501": "A"}, *ASKED, extra=(attempt,))

    assert (str(found["gold"].outcome), str(found["silver"].outcome)) == ("pending", "unmet")
    assert found["silver"].reason.text == "gold is pending, so this one is not awarded in its place."


def test_the_lower_one_waits_until_the_learner_asks_for_it(decide):
    assert str(decide({"STA 501": "A"})["silver"].outcome) == "awaiting"


def test_who_declines_the_higher_one_may_have_the_lower_one(decide):
    found = decide({"STA 501": "A", "STA 502": "A"}, *ASKED, declines("2026-05-30", "gold"))

    assert (str(found["gold"].outcome), str(found["silver"].outcome)) == ("unmet", "met")


def test_once_the_lower_one_is_awarded_the_higher_one_is_not_and_the_reason_says_so(decide):
    found = decide({"STA 501": "A", "STA 502": "A"}, *ASKED, awarded=["silver"])

    assert (str(found["gold"].outcome), str(found["silver"].outcome)) == ("unmet", "met")
    assert found["gold"].reason.because == "lower-held"
    assert found["gold"].reason.text == "silver was awarded in its place, and both are never awarded."
    assert found["gold"].earned_on is None


def test_once_the_higher_one_is_awarded_the_lower_one_is_not_whatever_becomes_of_a_grade(decide):
    found = decide({"STA 501": "A", "STA 502": "C"}, *ASKED, awarded=["gold"])

    assert (str(found["gold"].outcome), str(found["silver"].outcome)) == ("unmet", "unmet")
    assert found["silver"].reason.parts[-1].because == "higher-held"


def test_a_higher_one_that_the_records_hold_counts_as_awarded(decide):
    held = (CredentialHeld(code="gold", status=CredentialStatus.ACTIVE),)

    assert str(decide({"STA 501": "A"}, *ASKED, credentials=held)["silver"].outcome) == "unmet"


def test_of_three_levels_none_is_awarded_beside_the_highest(decide):
    found = decide({"STA 500": "A", "STA 501": "A", "STA 502": "A"}, *ASKED)

    assert {name: str(one.outcome) for name, one in found.items()} == {
        "gold": "met",
        "silver": "unmet",
        "bronze": "unmet",
    }
    assert str(decide({"STA 500": "A"}, *ASKED)["bronze"].outcome) == "met"


def test_levels_are_decided_together_whichever_of_them_is_run(tmp_path):
    made = rules(tmp_path, gold=GOLD, silver=SILVER, bronze=BRONZE, other="requirements: [STA 501]\n")

    for name in ("gold", "silver", "bronze"):
        assert [one.program.id for one in make_plan(made, [name]).programs] == ["bronze", "gold", "silver"]
    assert [one.program.id for one in make_plan(made, ["other"]).programs] == ["other"]


COURSES = st.dictionaries(st.sampled_from(["STA 500", "STA 501", "STA 502"]), st.sampled_from(["A", "C", "??", None]))
STEPS = st.tuples(COURSES, st.sets(st.sampled_from(["gold", "silver", "bronze"]), min_size=1))
WORDS = st.lists(st.tuples(st.sampled_from(["gold", "silver", "bronze"]), st.booleans()), max_size=4)
FAILURES = st.lists(st.sampled_from(["", "unavailable", "lost", "unreached", "refuse", "break"]), max_size=4)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(STEPS, min_size=1, max_size=5), WORDS, FAILURES)
def test_never_both_whatever_is_run_in_whatever_order_and_whatever_the_issuer_does(
    tmp_path_factory, steps, words, fails
):
    folder = tmp_path_factory.mktemp("levels")
    made = rules(folder, gold=GOLD, silver=SILVER, bronze=BRONZE)
    issuer = FakeIssuer("badges", [*fails])
    said = [claims(DAY, "silver"), claims(DAY, "bronze")]
    said += [(declines if no else claims)(DAY, name) for name, no in words if no or name != "gold"]
    for number, (grades, only) in enumerate([*steps, steps[0]]):
        record = sample_record("L001", grades)
        installation = installed(folder, made, [record], only=only, issuers={"badges": issuer}, engine=None)
        with installation.ledger() as ledger:
            ledger.attest(*said[number : number + 1] if number else said[:1])
        run(installation, DAY + timedelta(days=number))

    assert len(issuer.issued) <= 1


def test_the_lowest_waits_while_the_highest_is_within_reach_though_the_one_between_was_declined(decide):
    under_way = Attempt(
        attempt_id="x", course=Course.parse("STA 502"), term=OPEN, registered_on=DAY - timedelta(days=6)
    )
    found = decide({"STA 500": "A", "STA 501": "A"}, declines("2026-05-30", "silver"), ASKED[1], extra=(under_way,))

    assert [str(found[name].outcome) for name in ("gold", "silver", "bronze")] == ["pending", "unmet", "unmet"]
    assert found["bronze"].reason.parts[-1].because == "higher-within-reach"


def test_a_program_that_is_no_level_is_decided_beside_them_as_ever(tmp_path):
    rule_set = rules(tmp_path, gold=GOLD, silver=SILVER, other="requirements: [STA 501]\n")
    decider = installed(tmp_path, rule_set, []).decider
    record = sample_record("L001", {"STA 501": "A"})

    found = {one.program: one for one in decider.decide(record, Word(), DAY, everyone=True).decisions}

    assert str(found["other"].outcome) == "met"
    assert all(part.node != "instead-of" for part in found["other"].reason.parts)
