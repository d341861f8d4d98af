"""Facts about the learner that the institution declares."""

from __future__ import annotations

from random import Random

import pytest
from tests.worked import attempt

from credrules.decisions import Outcome
from credrules.engines.plain import declared_fact
from credrules.plan import Kind, Node
from credrules.records import Learner, Record
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
