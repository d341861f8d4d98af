"""The meaning of work that is no course: what the activities of a record come to, for one requirement.

An activity is worth what its status says: complete, handed in (a person's word is missing), under way, or unknown. A
requirement has the highest outcome at which everything worth at least as much is enough for it. What is unknown may be
anything: at `undetermined` an unknown amount or score is as much as there can be, and at the others nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from credrules.decisions import Outcome
from credrules.records import MilestoneStatus
from credrules.rules import Repeats
from credrules.work import WHOLE, Amount, Measure, Scores

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from credrules.records import Activity
    from credrules.work import Scored

MET, AWAITING, PENDING, UNDETERMINED, UNMET = sorted(Outcome, reverse=True)
ABOVE_UNMET = (MET, AWAITING, PENDING, UNDETERMINED)

_WORTH = {
    MilestoneStatus.COMPLETE: MET,
    MilestoneStatus.SUBMITTED: AWAITING,
    MilestoneStatus.IN_PROGRESS: PENDING,
    MilestoneStatus.FAILED: UNMET,
    None: UNDETERMINED,
}


@dataclass(frozen=True, slots=True)
class Done:
    """An activity that a requirement looks at, and what it is worth to it.

    `unsure` where it is unknown whether it counts at all. What failed is UNMET: it may have a score, and is no more.
    """

    activity: Activity
    level: Outcome
    unsure: bool = False


def done(activities: Iterable[Activity], as_of: date) -> list[Done]:
    """Activities as they stood on `as_of`: what is dated later is still to be done."""
    result = []
    for activity in sorted(activities, key=lambda one: one.activity_id):
        level = _WORTH[activity.status]
        if activity.on and activity.on > as_of and activity.status is not None:
            level = PENDING
        result.append(Done(activity, level))
    return result


@dataclass(frozen=True, slots=True)
class Window:
    """The days on which a requirement may be done, both ends included; None where there is no such end.

    `known` is False where a day that it hangs on is unknown. `at_most` is the outcome of what has to come before.
    """

    first: date | None = None
    last: date | None = None
    known: bool = True
    at_most: Outcome = MET

    def admits(self, level: Outcome, on: date | None, as_of: date) -> bool | None:
        """Whether something was, or can still be, done in time; None where that is unknown.

        What is under way will be done today at the earliest, and later where it is planned for later. What is done was
        done by today, on whatever day. Of what may be either, only that is certain which holds for both.
        """
        if not self.known:
            return None
        can_be = self.last is None or max(on or as_of, as_of) <= self.last
        if level is PENDING:
            return can_be
        if level is UNDETERMINED:
            was = self._was(on, as_of)
            return was if was is can_be else None
        return self._was(on, as_of)

    def _was(self, on: date | None, as_of: date) -> bool | None:
        if on is None:
            return True if self.first is None and (self.last is None or as_of <= self.last) else None
        return (self.first is None or self.first <= on) and (self.last is None or on <= self.last)


def in_time(items: Iterable[Done], window: Window, as_of: date) -> tuple[list[Done], list[Done]]:
    """Those that were done in time or may have been; and the others."""
    kept, missed = [], []
    for item in items:
        admitted = window.admits(item.level, item.activity.on, as_of)
        if admitted is False:
            missed.append(item)
        else:
            kept.append(Done(item.activity, item.level, unsure=admitted is None))
    return kept, missed


def looked_at(work: Amount | Scores, activity: Activity) -> bool:
    """Whether a requirement has anything to do with an activity."""
    if isinstance(work, Amount):
        return work.among.admits(activity) is not False
    return any(_belongs(part, activity) is not False for part in work.parts)


def outcome_of(work: Amount | Scores, items: Sequence[Done]) -> Outcome:
    return amount(work, items) if isinstance(work, Amount) else scores(work, items)


def first_day(work: Amount | Scores, items: Sequence[Done]) -> date | None:
    """The first day by which what was done was enough; None where something unknown may have made it an earlier one."""
    over = [item for item in items if item.level not in (AWAITING, PENDING)]
    certain = [item for item in over if item.level is not UNDETERMINED and not item.unsure and item.activity.on]
    day = _first_day(work, certain, MET)
    return day if day == _first_day(work, over, UNDETERMINED) else None


def _first_day(work: Amount | Scores, items: Sequence[Done], level: Outcome) -> date | None:
    """What has no day is taken to have been there from the first."""
    for day in sorted({item.activity.on or date.min for item in items}):
        if outcome_of(work, [item for item in items if (item.activity.on or date.min) <= day]) >= level:
            return day
    return None


# Amounts.


def amount(work: Amount, items: Sequence[Done]) -> Outcome:
    for level in ABOVE_UNMET:
        total, span = tally(work, items, level)
        if total >= work.need and span >= work.categories:
            return level
    return UNMET


def tally(work: Amount, items: Sequence[Done], level: Outcome) -> tuple[int, int]:
    """What everything that is worth at least so much comes to, and from how many categories.

    An unknown category is one of its own, without a ceiling.
    """
    counted = [one for item in items if (one := _counting(work, item)) and one.level >= level]
    sums: dict[str, int] = {}
    for one in counted:
        if one.category is not None:
            sums[one.category] = sums.get(one.category, 0) + one.size
    ceilings = dict(work.ceilings)
    sums = {category: min(total, ceilings.get(category, total)) for category, total in sums.items()}
    unknown = [one.size for one in counted if one.category is None and one.size]
    span = sum(total > 0 for total in sums.values()) + len(unknown)
    if work.among.categories:
        span = min(span, len(work.among.categories))
    return sum(sums.values()) + sum(unknown), span


@dataclass(frozen=True, slots=True)
class _Counting:
    level: Outcome
    size: int
    category: str | None


def _counting(work: Amount, item: Done) -> _Counting | None:
    admitted = work.among.admits(item.activity)
    if admitted is False or item.level is UNMET:
        return None
    size = measured(work, item.activity)
    by_category = bool(work.ceilings or work.categories)
    unknown = admitted is None or size is None or (by_category and item.activity.category is None)
    level = UNDETERMINED if unknown or item.unsure else item.level
    return _Counting(level, work.need if size is None else size, item.activity.category)


def measured(work: Amount, activity: Activity) -> int | None:
    """How much an activity comes to, in thousandths, before any ceiling."""
    if work.measure is Measure.EVENTS:
        return dict(work.weights).get(activity.code, 1000)
    value = activity.hours if work.measure is Measure.HOURS else activity.points
    return None if value is None else int(value * 1000)


# Scores.


def scores(work: Scores, items: Sequence[Done]) -> Outcome:
    for level in ABOVE_UNMET:
        reached = [(part.weight, score_of(work, part, items, level)) for part in work.parts]
        if work.weighted:
            if sum(weight * score for weight, score in reached) >= work.need * WHOLE:
                return level
        elif all(score >= work.need for _, score in reached):
            return level
    return UNMET


def score_of(work: Scores, part: Scored, items: Sequence[Done], level: Outcome) -> int:
    """The most that is certain of a part's score at MET; at lower levels with what may yet come of open work."""
    marked, unsure, open_ = _tries(work, part, items)
    if work.stands is Repeats.LATEST:
        edge = max((day for day, _ in marked if day), default=None)
        marked = [(day, score) for day, score in marked if day is None or day == edge]
        unsure = [(day, score) for day, score in unsure if day is None or edge is None or day >= edge]
        possible = [score for _, score in marked + unsure]
        low = min((score or 0 for score in possible), default=0) if marked else 0
    else:
        low = max((score or 0 for _, score in marked), default=0)
        possible = [score for _, score in marked + unsure]
    if any(one >= level for one in open_):
        return work.top
    if level > UNDETERMINED:
        return low
    return max((work.top if score is None else score for score in possible), default=low)


def is_certain(work: Scores, part: Scored, items: Sequence[Done]) -> bool:
    """Whether a part's score is one that somebody gave, and not the nothing that is certain of an unknown one."""
    marked, unsure, _ = _tries(work, part, items)
    return bool(marked) and not unsure and all(score is not None for _, score in marked)


_Tries = list[tuple[date | None, int | None]]
"""Days and scores, None where they are unknown."""


def _tries(work: Scores, part: Scored, items: Sequence[Done]) -> tuple[_Tries, _Tries, list[Outcome]]:
    """The tries at a part: those that are marked, those of which it is unknown whether they count, and the open ones.

    A try that was failed counts nothing where a score is asked for, whatever was marked; a weighted mean takes its
    score like any other.
    """
    marked: _Tries = []
    unsure: _Tries = []
    open_: list[Outcome] = []
    for item in items:
        belongs = _belongs(part, item.activity)
        if belongs is False:
            continue
        over = item.level in (MET, UNMET)
        if belongs is None or item.unsure or item.level is UNDETERMINED:
            unsure.append((item.activity.on, _score(work, item) if over else None))
            open_ += [] if over else [UNDETERMINED]  # what may be open may not be displaced either
        elif over:
            marked.append((item.activity.on, _score(work, item)))
        else:
            open_.append(item.level)
    return marked, unsure, open_


def _belongs(part: Scored, activity: Activity) -> bool | None:
    if activity.code != part.code:
        return False
    if part.criterion is None:
        return True
    return None if activity.category is None else activity.category == part.criterion


def _score(work: Scores, item: Done) -> int | None:
    """A score in thousandths; None where there is none, or where it is above the highest that there is."""
    if item.level is UNMET and not work.weighted:
        return 0
    if item.activity.score is None:
        return None
    score = int(item.activity.score * 1000)
    return score if score <= work.top else None
