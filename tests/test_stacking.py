"""Programs that ask for one another, or exclude one another, within a single run."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from tests.life import installed
from tests.worked import INSTITUTION

from credrules.decisions import Outcome
from credrules.pipeline import run
from credrules.records import Milestone, MilestoneStatus, Record
from credrules.rule_files import load
from credrules.testing import sample_record
from credrules.testing.population import AS_OF, population

TODAY = date(2026, 6, 1)

CHANGED_BY_AWARDS = {"L00218", "L00234", "L00428"}
"""Of the made-up population: a lower level awarded, a lower level beside the higher one, and a renewal awarded."""

LEVELS = {
    "level-1": "requirements:\n  - milestone: one",
    "level-2": "requirements:\n  - credential: level-1\n  - milestone: two",
    "level-3": "requirements:\n  - credential: level-2\n  - milestone: three",
}


@pytest.fixture
def install(tmp_path):
    def make(programs, *records):
        folder = tmp_path / "rules" / "programs"
        folder.mkdir(parents=True)
        (folder.parent / "institution.yaml").write_text(INSTITUTION)
        for name, rules in programs.items():
            (folder / f"{name}.yaml").write_text(
                f"program: {name}\ntitle: {name}\neffective: 2025-01-01\ncredit-bearing: false\n"
                f"{rules}\nawards:\n  - issuer: badges\n"
            )
        return installed(tmp_path, load(folder.parent), records, issuers=("badges",))

    return make


def learner(name="L1", **done):
    """A learner and the milestones that are done, each with its day of May."""
    milestones = tuple(
        Milestone(code=code, status=MilestoneStatus.COMPLETE, completed_on=date(2026, 5, day))
        for code, day in done.items()
    )
    return Record(learner=sample_record(name, {}).learner, milestones=milestones, credentials=())


def badges(installation):
    return [key.split("/")[2] for key in installation.issuers["badges"].issued]


def test_levels_that_stack_are_awarded_in_one_run_and_the_next_finds_nothing_new(install):
    installation = install(LEVELS, learner(one=1, two=2, three=3))

    first = run(installation, TODAY)
    again = run(installation, TODAY)

    assert badges(installation) == ["level-1", "level-2", "level-3"]
    assert (first.new_awards, first.issued.issued) == (3, 3)
    assert (again.new_decisions, again.new_awards, again.issued.issued) == (0, 0, 0)


def test_the_table_of_a_run_counts_a_learner_once_as_decided_last(install):
    report = run(install(LEVELS, learner("L1", one=1, two=2), learner("L2", one=1)), TODAY)

    assert (report.learners, report.decisions) == (2, 6)
    assert report.programs["level-1"].outcomes == {Outcome.MET: 2}
    assert report.programs["level-2"].outcomes == {Outcome.MET: 1}


def test_a_level_waits_while_the_one_below_could_not_be_issued(install):
    installation = install(LEVELS, learner(one=1, two=2))
    installation.issuers["badges"].failures = ["unavailable"]

    assert run(installation, TODAY).issued.postponed == 1
    assert badges(installation) == []
    run(installation, TODAY)
    assert badges(installation) == ["level-1", "level-2"]


@pytest.mark.parametrize(("old", "new", "awarded"), [(1, 2, "old"), (2, 1, "new"), (1, 1, "new")])
def test_of_two_that_exclude_each_other_the_one_earned_first_is_awarded_alone(install, old, new, awarded):
    programs = {
        "old": "requirements:\n  - milestone: a\nexcludes: [new]",
        "new": "requirements:\n  - milestone: b\nexcludes: [old]",
    }
    installation = install(programs, learner(a=old, b=new))

    report = run(installation, TODAY)

    assert badges(installation) == [awarded]
    assert sorted(str(outcome) for one in report.programs.values() for outcome in one.outcomes) == ["met", "unmet"]
    assert run(installation, TODAY).new_decisions == 0


def test_nothing_is_awarded_beside_what_it_excludes_though_that_is_still_to_be_issued(install):
    programs = {
        "a-small-one": "requirements:\n  - milestone: small\nexcludes: [the-large-one]",
        "the-large-one": "requirements:\n  - milestone: large",
    }
    installation = install(programs, learner(small=1, large=2))
    installation.issuers["badges"].failures = ["unavailable"]

    run(installation, TODAY)
    assert badges(installation) == []
    run(installation, TODAY)
    assert badges(installation) == ["the-large-one"]


RING = {
    "first": "requirements:\n  - milestone: a\nexcludes: [second]",
    "second": "requirements:\n  - milestone: b\nexcludes: [third]",
    "third": "requirements:\n  - milestone: c\nexcludes: [first]",
}


@pytest.mark.parametrize(
    ("done", "awarded"),
    [
        ({"a": 1, "b": 2, "c": 3}, ["first"]),
        ({"a": 3, "b": 2, "c": 1}, ["third"]),
        ({"a": 2, "b": 2, "c": 2}, ["first"]),
        ({"b": 2, "c": 2}, ["second"]),
        ({"c": 2}, ["third"]),
    ],
)
def test_of_three_that_exclude_each_other_in_a_ring_the_one_earned_first_is_awarded_alone(install, done, awarded):
    installation = install(RING, learner(**done))

    run(installation, TODAY)
    again = run(installation, TODAY)

    assert badges(installation) == awarded
    assert again.new_decisions == 0


def test_of_four_in_a_ring_those_that_do_not_stand_next_to_each_other_are_awarded_together(install):
    ring = {
        name: f"requirements:\n  - milestone: {name}\nexcludes: [{other}]"
        for name, other in zip("pqrs", "qrsp", strict=True)
    }
    installation = install(ring, learner(p=1, q=2, r=3, s=4))

    run(installation, TODAY)

    assert badges(installation) == ["p", "r"]


def test_whoever_is_not_awarded_one_of_a_ring_is_told_which_other_one_is_held(install):
    installation = install(RING, learner(a=1, b=2))
    run(installation, TODAY)

    with installation.ledger_to_read() as ledger:
        word = ledger.word_of(["L1"], installation.decider.uses_of)["L1"]
    decided = installation.decider.decide(learner(a=1, b=2), word, TODAY).decisions
    second = next(one for one in decided if one.program == "second")

    assert second.outcome is Outcome.UNMET
    assert any("first" in reason.text for reason in second.reason.walk() if reason.node == "excludes")


def test_a_ring_of_exclusions_is_said_once_and_one_of_which_all_name_each_other_is_not(install):
    doubts = install(RING).rule_set.doubts

    assert len(doubts) == 1
    assert str(doubts[0]).startswith(
        "rules/programs/second.yaml:1: 'first' is not awarded beside 'second', 'second' is not awarded beside 'third' "
        "and 'third' is not awarded beside 'first': they exclude each other in a ring."
    )


def test_programs_that_all_name_each_other_are_in_no_doubt(install):
    every = {
        name: f"requirements:\n  - milestone: {name}\nexcludes: [{', '.join(sorted(set('pqr') - {name}))}]"
        for name in "pqr"
    }

    assert install(every).rule_set.doubts == ()


def test_a_second_run_over_the_shipped_programs_finds_nothing_new(tmp_path):
    """Renewals begin a new term once one is awarded, a lower level names the higher one: all within the first run."""
    rule_set = load(Path("rules"))
    people = [one for one in population(rule_set, 428) if one.record.learner.learner_id in CHANGED_BY_AWARDS]
    issuers = sorted({spec.issuer for program in rule_set.programs for spec in program.awards})
    records = [person.record for person in people]
    installation = installed(tmp_path, rule_set, records, issuers=issuers, engine=None)
    with installation.ledger() as ledger:
        ledger.attest(*(one for person in people for one in person.attestations))

    first = run(installation, AS_OF)
    again = run(installation, AS_OF)

    renewed = [key for issuer in installation.issuers.values() for key in issuer.issued if "renewal" in key]
    assert renewed
    assert first.new_awards > len(renewed)
    assert (again.new_decisions, again.new_awards, again.issued.issued) == (0, 0, 0)
    assert {name: one.outcomes for name, one in first.programs.items()} == {
        name: one.outcomes for name, one in again.programs.items()
    }
