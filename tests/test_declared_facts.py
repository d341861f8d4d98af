"""Facts about the learner that the institution declares."""

from __future__ import annotations

from datetime import date
from random import Random

import pytest
from tests.worked import attempt

from credrules.decisions import Outcome
from credrules.engines.plain import declared_fact
from credrules.facts import declared, possible_values
from credrules.plan import Kind, Node
from credrules.records import Admission, AdmissionKind, Affiliation, Learner, Record
from credrules.rules import Place
from credrules.testing.random_cases import random_case


def asked(*, negated: bool = False) -> Node:
    return Node(
        index=0,
        id="standing",
        title="",
        kind=Kind.FACT,
        place=Place("a", 1),
        fact="learner.standing",
        values=frozenset({"good"}),
        among=frozenset({"good", "probation", "none"}),
        negated=negated,
    )


@pytest.mark.parametrize(
    ("values", "outcome", "negation"),
    [
        ({"good"}, Outcome.MET, Outcome.UNMET),
        ({"good", "probation"}, Outcome.MET, Outcome.UNMET),
        ({"probation"}, Outcome.UNMET, Outcome.MET),
        (set(), Outcome.UNMET, Outcome.MET),
        ({"odd"}, Outcome.UNDETERMINED, Outcome.UNDETERMINED),
        (None, Outcome.UNDETERMINED, Outcome.UNDETERMINED),
    ],
)
def test_only_a_known_and_declared_value_decides(values: set[str] | None, outcome: Outcome, negation: Outcome) -> None:
    facts = None if values is None else {"standing": frozenset(values)}
    record = Record(learner=Learner(learner_id="L1"), facts=facts)

    assert declared_fact(asked(), record) is outcome
    assert declared_fact(asked(negated=True), record) is negation


DAY, BEFORE, AFTER = date(2026, 4, 1), date(2026, 3, 31), date(2026, 4, 2)
ANY_ADMISSION = {"degree", "non-degree", "none"}
DEGREE, NON_DEGREE = AdmissionKind.DEGREE, AdmissionKind.NON_DEGREE


@pytest.mark.parametrize(
    ("admissions", "on_the_day", "ever"),
    [
        (None, ANY_ADMISSION, ANY_ADMISSION),
        ([], {"none"}, {"none"}),
        ([(DEGREE, DAY, None)], {"degree"}, {"degree", "none"}),
        ([(DEGREE, AFTER, None)], {"none"}, {"degree", "none"}),
        ([(DEGREE, BEFORE, DAY)], {"degree"}, {"degree", "none"}),
        ([(DEGREE, BEFORE, BEFORE)], {"none"}, {"degree", "none"}),
        ([(DEGREE, BEFORE, None), (NON_DEGREE, DAY, None)], {"non-degree"}, ANY_ADMISSION),
        ([(NON_DEGREE, DAY, None), (DEGREE, BEFORE, None)], {"non-degree"}, ANY_ADMISSION),
        (
            [(DEGREE, BEFORE, None), (NON_DEGREE, BEFORE, None)],
            {"degree", "non-degree"},
            ANY_ADMISSION,
        ),
        ([(DEGREE, BEFORE, None), (NON_DEGREE, AFTER, None)], {"degree"}, ANY_ADMISSION),
    ],
)
def test_the_newest_admission_of_a_day_is_the_one(admissions, on_the_day, ever):
    known = None if admissions is None else tuple(Admission(kind=a, since=b, until=c) for a, b, c in admissions)
    record = Record(learner=Learner(learner_id="L1"), admissions=known)

    assert possible_values("learner.admission", record, DAY) == on_the_day
    assert possible_values("learner.admission", record, None) == ever


def test_an_affiliation_that_is_not_known_may_be_any():
    def possible(affiliation):
        learner = Learner(learner_id="L1", affiliation=affiliation)
        return possible_values("learner.affiliation", Record(learner=learner, admissions=()), DAY)

    assert possible(Affiliation.OUTSIDE) == {"outside"}
    assert possible(None) == {"home", "outside"}


@pytest.mark.parametrize(
    ("facts", "known"),
    [
        (None, None),
        ({}, None),
        ({"standing": frozenset()}, {"none"}),
        ({"standing": frozenset({"good"})}, {"good"}),
    ],
)
def test_a_fact_that_is_missing_is_unknown_and_an_empty_one_is_none(facts, known):
    assert declared("learner.standing", Record(learner=Learner(learner_id="L1"), facts=facts)) == known


def test_the_random_cases_ask_for_declared_facts() -> None:
    plans = [random_case(Random(seed)).plan for seed in range(20)]

    assert any(node.fact == "learner.standing" for plan in plans for one in plan.programs for node in one.nodes)


RULE = """
facts: { standing: [good, probation], major: any }
rules:
  - id: standing
    for: conferral
    when: { learner.major: CSE }
    require: { learner.standing: [good] }
    otherwise: See the dean.
"""


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"major": {"CSE"}, "standing": {"good"}}, "met"),
        ({"major": {"CSE"}, "standing": {"probation"}}, "unmet"),
        ({"major": {"CSE"}, "standing": set()}, "unmet"),
        ({"major": {"CSE"}}, "undetermined"),
        ({"major": {"ART"}, "standing": {"probation"}}, "met"),
        ({"major": {"ART", "CSE"}, "standing": {"probation"}}, "unmet"),
        ({"major": set(), "standing": {"probation"}}, "met"),
        ({"standing": {"probation"}}, "undetermined"),
        ({"standing": {"good"}}, "met"),
        (None, "undetermined"),
    ],
)
def test_a_rule_that_asks_for_declared_facts(outcome, facts, expected):
    known = None if facts is None else {name: frozenset(values) for name, values in facts.items()}

    assert outcome("  - course: STA 501", [attempt("STA 501", "A")], rules=RULE, facts=known) == expected
