"""What is asked may depend on the learner: worked by hand, and decided by both engines."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.worked import AS_OF, INSTITUTION, NOW, attempt

from credrules import Affiliation, Learner, Record
from credrules.attestations import Word
from credrules.deciding import Decider
from credrules.engines.durable import DurableEngine
from credrules.plan import make_plan
from credrules.records import Milestone, MilestoneStatus
from credrules.rule_files import load

FACTS = "facts: { standing: [good, probation], major: any }\n"
CS, ART, NOTHING = {"major": frozenset({"cs"})}, {"major": frozenset({"art"})}, {"major": frozenset()}
A, B = attempt("STA 501", "A"), attempt("STA 502", "A")

LEAF = "  - STA 501\n  - learner: { major: [cs, math] }"
IF = "  - STA 501\n  - if: { learner.major: [cs, math] }\n    then: STA 502"
IF_ELSE = f"{IF}\n    else: STA 503"
ANY = "  - any:\n    - if: { learner.major: [cs, math] }\n      then: STA 501\n    - STA 502"


@pytest.mark.parametrize(
    ("requirements", "attempts", "facts", "expected"),
    [
        (LEAF, [A], CS, "met"),
        (LEAF, [A], ART, "unmet"),
        (LEAF, [A], NOTHING, "unmet"),
        (LEAF, [A], {}, "undetermined"),
        (LEAF, [], {}, "unmet"),
        (IF, [A, B], CS, "met"),
        (IF, [A], CS, "unmet"),
        (IF, [A], ART, "met"),  # nothing more is asked
        (IF, [A], {}, "undetermined"),
        (IF, [A, B], {}, "met"),  # with it or without
        (IF, [A, attempt("STA 502", None, NOW)], {}, "pending"),  # pending at least
        (IF_ELSE, [A, B], CS, "met"),
        (IF_ELSE, [A, B], ART, "unmet"),
        (IF_ELSE, [A, attempt("STA 503", "B")], ART, "met"),
        (IF_ELSE, [A, B], {}, "undetermined"),
        (IF_ELSE, [A], {}, "unmet"),  # neither is there
        (IF_ELSE, [A, B, attempt("STA 503", "B")], {}, "met"),
        (IF_ELSE, [A, B, attempt("STA 503", None, NOW)], {}, "pending"),
        (ANY, [A], CS, "met"),
        (ANY, [A], ART, "unmet"),  # an alternative for others is none
        (ANY, [], ART, "unmet"),
        (ANY, [B], ART, "met"),
        (ANY, [A], {}, "undetermined"),
        (ANY, [A, B], {}, "met"),
    ],
)
def test_what_depends_on_the_learner(outcome, requirements, attempts, facts, expected):
    assert outcome(requirements, attempts, rules=FACTS, facts=facts) == expected


def test_two_ifs_that_exclude_each_other_are_not_both_thought_to_fail(outcome):
    """Whatever the major is, one of the two is asked, and it is there."""
    requirements = (
        "  - any:\n"
        "    - { if: { learner.affiliation: home }, then: STA 501 }\n"
        "    - { if: { learner.affiliation: outside }, then: STA 502 }"
    )

    assert outcome(requirements, [A, B], affiliation=None) == "met"
    assert outcome(requirements, [A], affiliation=None) == "undetermined"


def test_branches_of_which_one_is_asked_may_both_use_a_course(outcome):
    requirements = (
        "  - if: { learner.major: cs }\n    then: STA 501\n    else: { choose: 1, of: [STA 501, STA 502] }\n  - STA 503"
    )
    third = attempt("STA 503", "A")

    assert outcome(requirements, [A, third], rules=FACTS, facts={}) == "met"


def test_a_branch_that_is_not_asked_takes_no_course_from_what_is(decide):
    """STA 501 would go to the first in the file, where that were asked."""
    requirements = (
        "  - { if: { learner.major: cs }, then: STA 501, else: STA 509, id: own }\n"
        "  - { choose: 1, of: [STA 501, STA 508], id: one }\n"
        "  - STA 510"
    )

    assert decide(requirements, [A], facts=ART)["one"] == "met"
    assert decide(requirements, [A], facts=CS)["one"] == "unmet"
    assert decide(requirements, [A], facts={})["one"] == "undetermined"


def test_several_facts_must_all_hold(outcome):
    requirements = IF.replace("{ learner.major: [cs, math] }", "{ learner.major: cs, learner.standing: probation }")
    probation, good = frozenset({"probation"}), frozenset({"good"})

    assert outcome(requirements, [A], rules=FACTS, facts={**CS, "standing": probation}) == "unmet"
    assert outcome(requirements, [A], rules=FACTS, facts={**CS, "standing": good}) == "met"
    assert outcome(requirements, [A], rules=FACTS, facts={"standing": good}) == "met"
    assert outcome(requirements, [A], rules=FACTS, facts={"standing": probation}) == "undetermined"
    assert outcome(requirements, [A], rules=FACTS, facts={"standing": frozenset({"odd"}), **CS}) == "undetermined"


def test_otherwise_is_asked_where_any_one_of_several_facts_does_not_hold(outcome):
    requirements = IF_ELSE.replace(
        "{ learner.major: [cs, math] }", "{ learner.major: cs, learner.standing: probation }"
    )
    probation, good = frozenset({"probation"}), frozenset({"good"})
    other = [A, attempt("STA 503", "A")]

    assert outcome(requirements, other, rules=FACTS, facts={**CS, "standing": good}) == "met"
    assert outcome(requirements, other, rules=FACTS, facts={**ART, "standing": probation}) == "met"
    assert outcome(requirements, other, rules=FACTS, facts={**ART, "standing": good}) == "met"
    assert outcome(requirements, other, rules=FACTS, facts={**CS, "standing": probation}) == "unmet"


def test_a_plan_says_of_one_fact_that_it_does_not_hold_and_of_several_that_one_of_them_does_not(plan):
    several = IF_ELSE.replace("cs, math] }", "cs, math], learner.standing: probation }")

    def unless(requirements):
        return {node.id.partition("/")[2]: node.title for node in plan(requirements).nodes if "/unless" in node.id}

    assert unless(IF_ELSE) == {"unless-learner.major": "The learner's major is not cs or math"}
    assert unless(several) == {
        "unless": "A condition does not hold",
        "unless-learner.major": "The learner's major is not cs or math",
        "unless-learner.standing": "The learner's standing is not probation",
    }


def test_what_is_not_asked_is_not_waited_for(outcome):
    requirements = (
        "  - if: { learner.affiliation: outside }\n    then: { milestone: visit, id: visit }\n"
        "  - { milestone: paper, after: visit }"
    )
    paper = Milestone(code="paper", status=MilestoneStatus.COMPLETE, completed_on=AS_OF)

    assert outcome(requirements, milestones=(paper,)) == "met"
    assert outcome(requirements, milestones=(paper,), affiliation=Affiliation.OUTSIDE) == "unmet"


@pytest.mark.parametrize(
    ("requirements", "facts", "because", "text"),
    [
        (IF, ART, "does-not-apply", "Does not apply: The learner's major is art."),
        (IF, CS, "condition-holds", "The learner's major is cs. So 'STA 502 with B or better' is asked: it is unmet."),
        (
            IF,
            {},
            "condition-unknown",
            "The records do not tell the learner's major. So it is not known whether 'STA 502 with B or better' is "
            "asked, and the outcome depends on it.",
        ),
        (
            IF_ELSE,
            ART,
            "condition-fails",
            "The learner's major is art. So 'STA 503 with B or better' is asked: it is unmet.",
        ),
        (
            ANY,
            ART,
            "no-alternative",
            "The learner's major is art. So this is no way to complete it.",
        ),
    ],
)
def test_the_reason_says_which_branch_is_asked_and_why(decided, requirements, facts, because, text):
    reason = next(one for one in decided(requirements, [A], facts=facts).reason.walk() if one.node.startswith("if-"))

    assert (reason.because, reason.text) == (because, text)


@pytest.fixture
def plan_of(tmp_path):
    def make(requirements):
        folder = tmp_path / "rules"
        (folder / "programs").mkdir(parents=True, exist_ok=True)
        (folder / "institution.yaml").write_text(INSTITUTION + FACTS)
        (folder / "programs" / "p.yaml").write_text(
            "program: p\ntitle: P\neffective: 2025-01-01\ncredit-bearing: true\n"
            f"requirements:\n{requirements}\nawards:\n  - issuer: badges\n"
        )
        return make_plan(load(folder))

    return make


@pytest.fixture
def plan(plan_of):
    return lambda requirements: plan_of(requirements).programs[0]


@pytest.fixture
def decided(plan_of):
    """The decision on one program by both engines, with its reasons."""

    def run(requirements, attempts, **parts):
        plan = plan_of(requirements)
        learner = Learner(learner_id="L1", affiliation=Affiliation.HOME)
        record = replace(Record(learner=learner, attempts=tuple(attempts), admissions=()), **parts)
        result = Decider(plan, DurableEngine(plan)).decide(record, Word(), AS_OF, everyone=True)
        assert result.disagreements == ()
        return result.decisions[0]

    return run


@pytest.fixture
def decide(decided):
    def run(*asked, **parts):
        return {one.node: str(one.outcome) for one in decided(*asked, **parts).reason.walk()}

    return run
