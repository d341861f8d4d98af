"""What is unknown of work that is no course: whatever it turns out to be, nobody was told too much before."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from random import Random

import pytest

from credrules.decisions import Outcome
from credrules.engines.plain import PlainEngine
from credrules.records import MilestoneStatus
from credrules.testing.random_cases import random_case
from credrules.testing.random_work import CATEGORIES, DAYS, TODAY

OVER = [day for day in DAYS if day <= TODAY]
AMOUNTS = [Decimal(amount) for amount in (0, 1, 4, 30)]


@pytest.mark.parametrize("block", range(4))
def test_whatever_an_unknown_turns_out_to_be_met_stays_met_and_unmet_stays_unmet(block):
    decided = 0
    for seed in range(block * 150, (block + 1) * 150):
        random = Random(seed)
        case = random_case(random)
        before = PlainEngine(case.plan).outcomes(case.record, case.word, case.as_of)
        for _ in range(3):
            record = found_out(case.record, random)
            after = PlainEngine(case.plan).outcomes(record, case.word, case.as_of)
            for program, was, is_ in zip(case.plan.programs, before, after, strict=True):
                for node in program.nodes:
                    if (node.work or node.timing) and was[node.index] in (Outcome.MET, Outcome.UNMET):
                        assert is_[node.index] is was[node.index], f"seed {seed}, {node.id}"
                        decided += 1
    assert decided


def found_out(record, random):
    """The record with everything that was unknown of the learner's work filled in somehow."""
    return replace(
        record,
        activities=record.activities and tuple(activity(one, random) for one in record.activities),
        milestones=record.milestones and tuple(milestone(one, random) for one in record.milestones),
    )


def activity(one, random):
    status, day = status_and_day(one.status, one.on, random)
    marked = status in (MilestoneStatus.COMPLETE, MilestoneStatus.FAILED)
    return replace(
        one,
        status=status,
        on=day,
        category=one.category or random.choice([*CATEGORIES, "elsewhere"]),
        hours=random.choice(AMOUNTS) if one.hours is None else one.hours,
        points=random.choice(AMOUNTS) if one.points is None else one.points,
        score=score(one.score, random) if marked else one.score,
    )


def score(known, random):
    return known if known is not None and known <= 100 else random.choice([Decimal(0), Decimal(50), Decimal(90)])


def milestone(one, random):
    status, day = status_and_day(one.status, one.completed_on, random)
    return replace(one, status=status, completed_on=day)


def status_and_day(status, day, random):
    """What is over was over by today; what is under way may be planned for later."""
    status = status or random.choice(list(MilestoneStatus))
    return status, day or random.choice(DAYS if status is MilestoneStatus.IN_PROGRESS else OVER)
