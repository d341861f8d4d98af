"""What productions cannot say of work that is no course: sums under ceilings, the score that stands, and days.

The rules engine's own: it is written without a look at the plain engine, so that their agreement means something.
Whether a sum or a score is enough, and which activities belong where, is left to productions.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from credrules.decisions import Outcome
from credrules.plan import CLAIMS
from credrules.records import MilestoneStatus
from credrules.rules import Repeats
from credrules.work import WHOLE, Amount, Chosen, Measure

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from credrules.plan import ProgramPlan
    from credrules.records import Activity
    from credrules.work import Scores

MET, AWAITING, PENDING, UNDETERMINED, UNMET = sorted(Outcome, reverse=True)
BUCKETS = 64
LIMIT = 2**31 - 2
UNKNOWN = "?"

Tests = tuple[tuple[str, str, int | str], ...]

_STATES = {
    MilestoneStatus.COMPLETE.value: MET,
    MilestoneStatus.SUBMITTED.value: AWAITING,
    MilestoneStatus.IN_PROGRESS.value: PENDING,
    MilestoneStatus.FAILED.value: UNMET,
    UNKNOWN: UNDETERMINED,
}


# Which node has to wait for which.


@dataclass(frozen=True, slots=True)
class Waits:
    """The order in which nodes of work are derived, as waves of (node, the place that it is derived at).

    What hangs on claims is derived late. Before that it has a place of its own, past all nodes, where it is derived as
    if nothing kept it from being in time: its ceiling, by which courses are shared out.
    """

    early: tuple[tuple[tuple[int, int], ...], ...]
    late: tuple[tuple[tuple[int, int], ...], ...]
    ceiling: Mapping[int, int]
    program_of_ceilings: list[int]
    end: int

    def places(self, node: int) -> list[int]:
        return [node, self.ceiling[node]] if node in self.ceiling else [node]


def waits(programs: Sequence[ProgramPlan], offsets: Sequence[int]) -> Waits:
    depth: dict[int, int] = {}
    ceiling: dict[int, int] = {}
    program_of = []
    for number, (offset, program) in enumerate(zip(offsets, programs, strict=False)):
        for node in program.nodes:
            if not node.work and not node.timing:
                continue
            at = offset + node.index
            before = [index for index in (node.after, node.since) if index is not None]
            depth[at] = max((depth.get(offset + index, -1) + 1 for index in before), default=0)
            if any(program.nodes[index].kind in CLAIMS or offset + index in ceiling for index in before):
                ceiling[at] = offsets[-1] + len(ceiling)
                program_of.append(number)
    deepest = range(max(depth.values(), default=-1) + 1)
    early = tuple(tuple((at, ceiling.get(at, at)) for at in depth if depth[at] == step) for step in deepest)
    late = tuple(tuple((at, at) for at in depth if depth[at] == step and at in ceiling) for step in deepest)
    return Waits(early, tuple(filter(None, late)), ceiling, program_of, offsets[-1] + len(ceiling))


@dataclass(frozen=True, slots=True)
class Period:
    """The days on which something may be done. `clear` is False where one of them hangs on a day that is unknown."""

    begins: date | None = None
    ends: date | None = None
    clear: bool = True
    ceiling: Outcome = MET

    def starting(self, day: date) -> Period:
        return replace(self, begins=day if self.begins is None else max(self.begins, day))

    def until(self, day: date) -> Period:
        return replace(self, ends=day if self.ends is None else min(self.ends, day))

    def extended(self, day: date) -> Period:
        return self if self.ends is None else replace(self, ends=max(self.ends, day))

    def unclear(self) -> Period:
        return replace(self, clear=False)

    def capped(self, outcome: Outcome) -> Period:
        return replace(self, ceiling=min(self.ceiling, outcome))

    def allows(self, level: Outcome, day: date | None, today: date) -> bool | None:
        """Whether it is in time; None where nobody can tell."""
        if not self.clear:
            return None
        soonest = today if day is None or day < today else day
        not_too_late = not (self.ends and soonest > self.ends)
        if level is PENDING:
            return not_too_late
        if level is UNDETERMINED and not_too_late:
            return None
        if day is not None:
            return not (self.begins and day < self.begins) and not (self.ends and day > self.ends)
        open_ended = self.begins is None and (self.ends is None or today <= self.ends)
        return True if open_ended else None


# What the productions say of an activity, and of what was made of all of them.


def sought(work: Amount | Scores) -> tuple[Chosen, ...]:
    """What activities a requirement asks for: a sum for one selection, scores for one each."""
    if isinstance(work, Amount):
        return (work.among,)
    return tuple(
        Chosen(frozenset({part.code}), frozenset({part.criterion} if part.criterion else ())) for part in work.parts
    )


def state_tests(chosen: Sequence[Chosen]) -> Iterator[tuple[Tests, tuple[object, ...]]]:
    """The conditions under which an activity is one of a selection, surely or perhaps, and those of how it stands."""
    for one in chosen:
        codes: list[Tests] = [
            (("wb", "==", zlib.crc32(code.encode()) % BUCKETS), ("work", "==", code)) for code in sorted(one.codes)
        ]
        categories: list[Tests] = [(("category", "==", name),) for name in sorted(one.categories)]
        for code in codes or [()]:
            for category in categories or [()]:
                yield (*code, *category), ("work", one, True)
            if categories:
                yield (*code, ("category", "==", UNKNOWN)), ("work", one, False)
    for state, level in _STATES.items() if chosen else ():
        yield (("state", "==", state),), ("state", level)


def work_tests(work: Amount | Scores | None) -> tuple[Tests, int]:
    """What must hold of the facts about a node, and of how many of them."""
    if work is None:
        return (), 1
    if isinstance(work, Amount):
        span: Tests = (("span", ">=", work.categories),) if work.categories else ()
        return (("total", ">=", work.need), *span), 1
    if work.weighted:
        return (("total", ">=", 0),), 1
    return (("score", ">=", work.need),), len(work.parts)


# What is made of an activity.


@dataclass(frozen=True, slots=True)
class Deed:
    """An activity by what was derived of it: how it stands, whether it is in time, and what it belongs to."""

    activity: Activity
    level: Outcome
    timely: bool
    sure: frozenset[Chosen]
    unsure: frozenset[Chosen]


def deed_facts(work: Amount | Scores, deeds: Sequence[Deed] | None, step: Outcome) -> list[dict[str, int | str]]:
    """The facts at one outcome. Without deeds, where the source cannot tell of any, they are enough."""
    if deeds is None:
        if isinstance(work, Amount):
            return [{"total": work.need, "span": work.categories}]
        return [{"total": 0}] if work.weighted else [{"score": work.need} for _ in work.parts]
    if not deeds:
        return []
    if isinstance(work, Amount):
        total, span = _sum(work, deeds, step)
        return [{"total": min(total, LIMIT), "span": span}] if total else []
    reached = [_score(work, one, deeds, step) for one in sought(work)]
    if not work.weighted:
        return [{"score": score} for score in reached]
    margin = sum(part.weight * score for part, score in zip(work.parts, reached, strict=True)) - work.need * WHOLE
    return [{"total": max(-LIMIT, min(LIMIT, margin))}]


def day_enough(work: Amount | Scores, deeds: Sequence[Deed]) -> date | None:
    """The first day by which enough was complete. None where it may have been an earlier one, for all that is known."""
    sure: dict[date, list[Deed]] = {deed.activity.on: [] for deed in deeds if deed.activity.on}
    maybe: dict[date | None, list[Deed]] = {None: []}
    for deed in deeds:
        if deed.level in (PENDING, AWAITING):
            continue
        maybe.setdefault(deed.activity.on, []).append(deed)
        if deed.activity.on and deed.timely and deed.level is not UNDETERMINED:
            sure[deed.activity.on].append(deed)
    if _suffices(work, maybe[None], UNDETERMINED):
        return None
    seen: list[Deed] = []
    perhaps = list(maybe[None])
    for day in sorted(sure):
        seen += sure[day]
        perhaps += maybe.get(day, [])
        if _suffices(work, seen, MET):
            return day
        if _suffices(work, perhaps, UNDETERMINED):
            return None
    return None


def _suffices(work: Amount | Scores, deeds: Sequence[Deed], step: Outcome) -> bool:
    tests, count = work_tests(work)
    facts = deed_facts(work, deeds, step)
    return sum(all(int(fact[name]) >= int(least) for name, _, least in tests) for fact in facts) >= count


def _sum(work: Amount, deeds: Sequence[Deed], step: Outcome) -> tuple[int, int]:
    """The total under the ceilings, and from how many categories it comes. One that is unknown may be any other."""
    room = dict(work.ceilings)
    categories: set[str] = set()
    total = nameless = 0
    for deed in deeds:
        if deed.level is UNMET:
            continue
        category = deed.activity.category
        size = _size(work, deed.activity)
        clear = deed.timely and work.among in deed.sure and size is not None
        if category is None and (work.ceilings or work.categories):
            clear = False
        if (deed.level if clear else UNDETERMINED) < step:
            continue
        part = work.need if size is None else size
        if category in room:
            part = min(part, room[category])
            room[category] -= part
        total += part
        if category is None:
            nameless += 1 if part else 0
        elif part:
            categories.add(category)
    span = len(categories) + nameless
    return total, min(span, len(work.among.categories)) if work.among.categories else span


def _size(work: Amount, activity: Activity) -> int | None:
    if work.measure is Measure.EVENTS:
        return next((weight for code, weight in work.weights if code == activity.code), 1000)
    amount = activity.hours if work.measure is Measure.HOURS else activity.points
    return int(amount * 1000) if amount is not None else None


def _score(work: Scores, wanted: Chosen, deeds: Sequence[Deed], step: Outcome) -> int:
    """What can be reached at an outcome in one of the things that are scored."""
    least, most = _standing(work, wanted, deeds)
    for deed in deeds:
        if wanted not in deed.sure | deed.unsure or deed.level in (MET, UNMET):
            continue
        still_open = deed.level if deed.timely and wanted in deed.sure else UNDETERMINED
        if still_open >= step:
            return work.top
    return most if step is UNDETERMINED else least


def _standing(work: Scores, wanted: Chosen, deeds: Sequence[Deed]) -> tuple[int, int]:
    """The least and the most that the standing score may be, of what is marked and of what may be."""
    tries = [
        (deed.activity.on, deed.timely and wanted in deed.sure and deed.level is not UNDETERMINED, _mark(work, deed))
        for deed in deeds
        if wanted in deed.sure | deed.unsure
        if deed.level in (MET, UNMET) or deed.level is UNDETERMINED or not deed.timely or wanted in deed.unsure
    ]
    latest = work.stands is Repeats.LATEST
    if latest:
        last = max((day for day, sure, _ in tries if sure and day), default=None)
        tries = [one for one in tries if one[0] is None or last is None or one[0] >= last]
    most = max((high for _, _, (_, high) in tries), default=0)
    sure_ones = [low for _, sure, (low, _) in tries if sure]
    if not sure_ones:
        return 0, most
    return (min(low for _, _, (low, _) in tries) if latest else max(sure_ones)), most


def _mark(work: Scores, deed: Deed) -> tuple[int, int]:
    """The least and the most that a try may have been given."""
    if deed.level not in (MET, UNMET):
        return 0, work.top
    score = deed.activity.score
    if deed.level is UNMET and not work.weighted:
        return 0, 0
    marked = None if score is None else int(score * 1000)
    return (0, work.top) if marked is None or marked > work.top else (marked, marked)
