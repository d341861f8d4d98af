"""A followed learner stands as if decided afresh, whatever arrived, changed or was withdrawn in which order."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from credrules.attestations import Word
from credrules.deciding import Decider
from credrules.engines.durable_following import DurableFollower
from credrules.engines.durable_kept import DurableProgram
from credrules.engines.plain import PlainEngine
from credrules.following import Follower
from credrules.plan import make_plan
from credrules.records import Attempt, Course, Learner, Record, Term
from credrules.rule_files import load
from credrules.rules import Moment
from credrules.testing.random_cases import STANDINGS, random_case, random_record

RULES = Path(__file__).parents[1] / "rules"
AS_OF = date(2026, 11, 2)
TERM = Term(date(2026, 1, 26), date(2026, 5, 15), "2026-spring", "spring 2026")


@settings(max_examples=300, deadline=None)
@given(st.integers(min_value=0))
def test_a_followed_learner_stands_as_if_decided_afresh(seed):
    random = Random(seed)
    case = random_case(random)
    learner = Follower(case.plan).follow(case.record, case.word, case.as_of)

    for _ in range(6):
        moved = _something_happens(random, learner)

        fresh = Decider(case.plan, None).decide(learner.record, case.word, case.as_of, everyone=True)
        assert [learner.decision(one.program) for one in fresh.decisions] == list(fresh.decisions)
        assert {one.program for one in moved} <= {one.program for one in fresh.decisions}


@settings(max_examples=150, deadline=None)
@given(st.integers(min_value=0))
def test_durable_follows_to_the_outcomes_of_the_whole_record(seed):
    random = Random(seed)
    case = random_case(random)
    kept = [
        DurableProgram(case.plan, program).follow(case.record, case.word, case.as_of) for program in case.plan.programs
    ]

    for _ in range(4):
        attempt = _attempt(random)
        for one in kept:
            one.put(attempt)

        plain = PlainEngine(case.plan).outcomes(kept[0].record, case.word, case.as_of)
        assert [one.outcomes for one in kept] == list(plain)


@settings(max_examples=60, deadline=None)
@given(st.integers(min_value=0))
def test_durable_follows_all_programs_at_once_to_the_outcomes_of_the_whole_record(seed):
    random = Random(seed)

    _follow_on_durable(random, random_case(random), times=4)


@settings(max_examples=60, deadline=None)
@given(st.integers(min_value=0))
def test_durable_follows_along_the_ways_up_from_a_grade_to_the_outcomes_of_the_whole_record(seed):
    random = Random(seed)
    case = _case_with_ways(random)
    assert DurableFollower(case.plan).local

    _follow_on_durable(random, case, times=20)


def test_reasons_that_nothing_has_moved_are_the_same_objects_as_before():
    plan = make_plan(load(RULES))
    learner = Follower(plan).follow(Record(learner=Learner(learner_id="L1")), Word(), AS_OF)
    before = {(one.program, one.version): one.reason for one in learner.kept}

    moved = learner.put(Attempt(attempt_id="a1", course=Course("CSE", "574"), term=TERM, grade="A"))

    for one in learner.kept:
        if one not in moved:
            assert one.reason is before[one.program, one.version]
    program = next(one for one in moved if one.program == "data-analytics")
    now = program.reason
    known = {id(reason) for reason in before[program.program, program.version].walk()}
    assert {reason.node for reason in now.walk() if id(reason) not in known} >= {"conferral", "requirements", "cse-574"}
    assert any(id(reason) in known for reason in now.walk())


def _attempt(random):
    attempts = ()
    while not attempts:
        attempts = random_record(random).attempts
    attempt = random.choice(attempts)
    return replace(attempt, attempt_id=f"new-{random.randint(0, 10**6)}") if random.random() < 0.8 else attempt


def _follow_on_durable(random, case, times):
    learner = DurableFollower(case.plan).follow(case.record, case.word, case.as_of)
    for _ in range(times):
        learner.put(_attempt_or_change(random, learner))

        plain = PlainEngine(case.plan).outcomes(learner.record, case.word, case.as_of)
        assert [tuple(learner.outcomes(number)) for number in range(len(plain))] == list(plain)


def _case_with_ways(random):
    """Rules under which a grade moves what claims it and what is above that, and a learner who has done little yet."""
    while True:
        case = random_case(random)
        if not case.plan.equivalents and any(_has_ways(program) for program in case.plan.programs):
            facts = {"standing": frozenset(random.choice(STANDINGS))}
            return replace(
                case,
                record=replace(case.record, attempts=case.record.attempts[:2], facts=facts),
                word=replace(case.word, exceptions=()),
            )


def _has_ways(program):
    selections = [way.selection for node in program.nodes for way in node.ways]
    return not (
        program.limits
        or program.tests
        or program.time_limit
        or any(
            (node.moment is Moment.REGISTRATION or node.after is not None or node.since is not None)
            for node in program.nodes
        )
        or any(one.completed or one.toward for one in selections)
    )


def _attempt_or_change(random, learner):
    """A new attempt, or one that is there with something else in it."""
    if learner.attempts and random.random() < 0.5:
        old = learner.attempts[random.choice(sorted(learner.attempts))]
        new = _attempt(random)
        return replace(new, attempt_id=old.attempt_id, course=old.course if random.random() < 0.8 else new.course)
    return _attempt(random)


def _something_happens(random, learner):
    """An attempt arrives, is replaced by another one, or is withdrawn."""
    ids = sorted(learner.attempts)
    if ids and random.random() < 0.3:
        return learner.withdraw(random.choice(ids))
    return learner.put(_attempt(random))
