"""Made-up work that is no course: what is asked for, what was done, and when it had to be done."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from credrules.records import Activity, MilestoneStatus
from credrules.rules import Average, Group, LearnerIs, MilestoneDone, Repeats
from credrules.timing import Timing
from credrules.work import Amount, Chosen, Measure, Scored, Scores, WorkDone

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from credrules.rules import Requirement

TODAY = date(2026, 11, 1)
CODES = ("service", "quiz", "exam")
CATEGORIES = ("campus", "city", "abroad")
DAYS = [TODAY + timedelta(days=days) for days in (-900, -500, -320, -320, -200, -100, -40, -1, 0, 30, 90)]


def random_work(random: Random, **common: Any) -> WorkDone:
    kind = random.random()
    if kind < 0.5:
        return WorkDone(**common, work=_amount(random))
    stands = random.choice([Repeats.BEST, Repeats.LATEST])
    parts: tuple[Scored, ...] = (Scored(random.choice(CODES)),)
    if kind < 0.65:
        code = random.choice(CODES)
        parts = tuple(Scored(code, category) for category in random.sample(CATEGORIES, random.randint(1, 3)))
    elif kind < 0.8:
        weights = random.choice([(60_000, 40_000), (20_000, 50_000, 30_000)])
        parts = tuple(Scored(code, None, weight) for code, weight in zip(CODES, weights, strict=False))
    weighted = len({part.code for part in parts}) > 1
    need = random.choice([40_000, 60_000, 80_000])
    return WorkDone(**common, work=Scores(need=need, top=100_000, parts=parts, stands=stands, weighted=weighted))


def _amount(random: Random) -> Amount:
    chosen = Chosen(
        frozenset(random.sample(CODES, random.choice([0, 1, 2]))),
        frozenset(random.sample(CATEGORIES, random.choice([0, 0, 1, 2]))),
    )
    if chosen == Chosen():
        chosen = Chosen(frozenset({"service"}))
    measure = random.choice(list(Measure))
    ceilings = {
        category: random.choice([0, 2000, 8000]) for category in random.sample(CATEGORIES, random.choice([0, 0, 2]))
    }
    return Amount(
        measure=measure,
        need=random.choice([1000, 2000, 3000] if measure is Measure.EVENTS else [2500, 6000, 11_000]),
        among=chosen,
        ceilings=tuple(sorted(ceilings.items())),
        categories=random.choice([0, 0, 2, 3]),
        weights=(("quiz", 500), ("service", 2000)) if measure is Measure.EVENTS and random.random() < 0.4 else (),
    )


def with_times(random: Random, parts: Sequence[Requirement]) -> tuple[Requirement, ...]:
    """The same requirements; some of them now wait for an earlier one or have to be done in time."""
    earlier: list[str] = []
    return tuple(_with_time(random, part, earlier) for part in parts)


def _with_time(random: Random, requirement: Requirement, earlier: list[str]) -> Requirement:
    if isinstance(requirement, Group):
        parts = tuple(_with_time(random, part, earlier) for part in requirement.parts)
        return replace(requirement, parts=parts)
    if isinstance(requirement, WorkDone) or (isinstance(requirement, MilestoneDone) and not requirement.attested_by):
        requirement = replace(requirement, timing=_timing(random, earlier) if random.random() < 0.5 else None)
    if not isinstance(requirement, Average | LearnerIs):
        earlier.append(requirement.id)
    return requirement


def _timing(random: Random, earlier: list[str]) -> Timing:
    since = random.choice(earlier) if earlier and random.random() < 0.3 else None
    period = since is not None or random.random() < 0.3
    days = random.choice([0, 90, 200]) if period else 0
    renews = random.choice(["", "", "", "badge"])
    return Timing(
        after=random.choice(earlier) if earlier and random.random() < 0.5 else None,
        by=random.choice(DAYS) if random.random() < 0.4 else None,
        days=days,
        months=random.choice([6, 12]) if period and not days else 0,
        since=since,
        renews=renews,
        term=random.choice([6, 12, 24]) if renews else 0,
    )


def ordinary_activities() -> tuple[Activity, ...]:
    """Enough of everything, a year ago."""
    return tuple(
        Activity(
            activity_id=f"{code}-{category}",
            code=code,
            status=MilestoneStatus.COMPLETE,
            category=category,
            on=TODAY - timedelta(days=320 - 40 * number),
            hours=Decimal(4),
            points=Decimal(4),
            score=Decimal(90),
        )
        for number, code in enumerate(CODES)
        for category in CATEGORIES
    )


def random_activities(random: Random) -> tuple[Activity, ...]:
    statuses = [MilestoneStatus.COMPLETE] * 6
    return tuple(
        Activity(
            activity_id=f"v{number}",
            code=random.choice([*CODES, "another"]),
            status=random.choice([None, *MilestoneStatus, *statuses]),
            category=random.choice([None, "elsewhere", *CATEGORIES, *CATEGORIES]),
            on=random.choice([None, *DAYS]),
            hours=random.choice([None, Decimal("0.5"), Decimal(3), Decimal(8)]),
            points=random.choice([None, Decimal(0), Decimal(3), Decimal(8)]),
            score=random.choice([None, Decimal(30), Decimal(60), Decimal(85), Decimal(150)]),
        )
        for number in range(random.randint(0, 8))
    )
