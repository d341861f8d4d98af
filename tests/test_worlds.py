"""What is unknown of a learner and decides what is asked: every way in which it may turn out, and no other."""

from __future__ import annotations

import pytest
from tests.worked import AS_OF, INSTITUTION

from credrules import Affiliation, Learner, Record
from credrules.decisions import Outcome
from credrules.engines.plain_worlds import in_common, not_asked, worlds
from credrules.plan import make_plan
from credrules.rule_files import load

MET, AWAITING, PENDING, UNDETERMINED, UNMET = sorted(Outcome, reverse=True)
FACTS = "facts: { standing: [good, probation], campus: [north], major: any }\n"


@pytest.fixture
def plan(tmp_path):
    """A program that asks something more of whoever has one of these values, for each of the lists given."""

    def make(fact, *asked, more="", otherwise=""):
        (tmp_path / "programs").mkdir()
        (tmp_path / "institution.yaml").write_text(INSTITUTION + FACTS)
        choices = "".join(
            f"  - {{ if: {{ learner.{fact}: [{values}]{more} }}, then: STA 50{number}{otherwise}, id: if-{number} }}\n"
            for number, values in enumerate(asked)
        )
        (tmp_path / "programs" / "p.yaml").write_text(
            "program: p\ntitle: P\neffective: 2025-01-01\ncredit-bearing: true\n"
            f"requirements:\n  - STA 509\n{choices}awards:\n  - issuer: badges\n"
        )
        return make_plan(load(tmp_path)).programs[0]

    return make


def learner(affiliation=Affiliation.HOME, **facts):
    known = {name: frozenset(values) for name, values in facts.items()}
    return Record(learner=Learner(learner_id="L1", affiliation=affiliation), facts=known, admissions=())


@pytest.mark.parametrize(
    ("fact", "asked", "record", "ways"),
    [
        ("affiliation", ["home", "outside"], learner(None), ["yn", "ny"]),
        ("affiliation", ["home", "outside"], learner(), ["yn"]),
        ("affiliation", ["home, outside"], learner(None), ["y"]),
        ("major", ["cs", "math"], learner(), ["yy", "yn", "ny", "nn"]),
        ("major", ["cs", "cs, math"], learner(), ["yy", "ny", "nn"]),
        ("major", ["cs", "math"], learner(major=["cs"]), ["yn"]),
        ("major", ["cs", "none"], learner(major=[]), ["ny"]),
        ("major", ["cs", "none"], learner(), ["yn", "ny", "nn"]),
        ("major", ["cs, none", "math, none"], learner(), ["yy", "yn", "ny", "nn"]),
        ("major", ["none"], learner(), ["y", "n"]),
        ("standing", ["good", "probation"], learner(), ["yy", "yn", "ny", "nn"]),
        ("standing", ["good", "none"], learner(), ["yn", "ny", "nn"]),
        ("standing", ["good", "none, probation"], learner(), ["yy", "yn", "ny"]),
        ("campus", ["none", "north"], learner(), ["yn", "ny"]),
        ("standing", ["good", "probation"], learner(standing=["odd", "good"]), ["yy", "yn"]),
        ("standing", ["good", "probation"], learner(standing=["odd"]), ["yy", "yn", "ny", "nn"]),
        ("standing", ["good", "none"], learner(standing=["odd"]), ["yn", "nn"]),
        ("standing", ["good", "good, probation"], learner(standing=["odd"]), ["yy", "ny", "nn"]),
        ("standing", ["good", "good, probation"], learner(standing=["odd", "probation"]), ["yy", "ny"]),
    ],
)
def test_a_fact_may_turn_out_in_every_way_that_is_possible(plan, fact, asked, record, ways):
    values = [frozenset(one.split(", ")) for one in asked]

    found = worlds(plan(fact, *asked), record, AS_OF)

    assert sorted("".join("ny"[world[f"learner.{fact}", one]] for one in values) for world in found) == sorted(ways)


def test_without_anything_that_depends_on_the_learner_there_is_one_world(plan):
    assert worlds(plan("major"), learner(), AS_OF) == [{}]


@pytest.mark.parametrize(
    ("otherwise", "holds", "left_out"),
    [
        ("", True, set()),
        ("", False, {"sta-500"}),
        (", else: STA 508", True, {"sta-508"}),
        (", else: STA 508", False, {"sta-500"}),
    ],
)
def test_the_branch_that_is_not_asked_is_left_out(plan, otherwise, holds, left_out):
    made = plan("major", "cs", otherwise=otherwise)
    (fork,) = made.forks
    conditions = dict.fromkeys(fork.asks, holds is not fork.turned)

    assert {made.nodes[index].id for index in not_asked(made, conditions)} == left_out


@pytest.mark.parametrize(
    ("otherwise", "left_out"), [("", [set(), {"sta-500"}]), (", else: STA 508", [{"sta-508"}, {"sta-500"}])]
)
def test_a_branch_is_left_out_where_any_one_of_several_conditions_fails(plan, otherwise, left_out):
    made = plan("major", "cs", more=", learner.standing: good", otherwise=otherwise)
    (fork,) = made.forks
    first, second = fork.asks

    def without(*holds):
        turned = {index: so is not fork.turned for index, so in zip((first, second), holds, strict=True)}
        return {made.nodes[index].id for index in not_asked(made, turned)}

    assert [without(True, True), without(True, False)] == left_out
    assert without(False, True) == without(False, False) == without(True, False)


@pytest.mark.parametrize(
    ("outcomes", "common"),
    [
        ([MET], MET),
        ([UNMET], UNMET),
        ([MET, PENDING], PENDING),
        ([AWAITING, MET], AWAITING),
        ([MET, UNMET], UNDETERMINED),
        ([UNMET, UNDETERMINED], UNDETERMINED),
        ([UNMET, UNMET], UNMET),
        ([PENDING, UNDETERMINED], UNDETERMINED),
    ],
)
def test_what_is_so_in_every_world_is_the_least_and_unmet_only_where_all_are(outcomes, common):
    assert in_common(outcomes) is common
