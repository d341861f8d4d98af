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
from credrules.engines.durable_kept import DurableProgram
from credrules.engines.plain import PlainEngine
from credrules.following import Follower
from credrules.plan import make_plan
from credrules.records import Attempt, Course, Learner, Record, Term
from credrules.rule_files import load
from credrules.testing.random_cases import random_case, random_record

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


def _something_happens(random, learner):
    """An attempt arrives, is replaced by another one, or is withdrawn."""
    ids = sorted(learner.attempts)
    if ids and random.random() < 0.3:
        return learner.withdraw(random.choice(ids))
    return learner.put(_attempt(random))
