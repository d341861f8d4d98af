"""What rules ask of work that is no course: amounts and scores.

Amounts and scores are integers in thousandths, as grades and credits are.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from credrules.rules import Repeats, Requirement

if TYPE_CHECKING:
    from credrules.records import Activity
    from credrules.timing import Timing

WHOLE = 100_000
"""The weights of a weighted score together: 100, in thousandths."""


class Measure(StrEnum):
    HOURS = "hours"
    POINTS = "points"
    EVENTS = "events"


@dataclass(frozen=True, slots=True)
class Chosen:
    """Activities by their codes, by their categories, or by both. An empty part asks nothing."""

    codes: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()

    def admits(self, activity: Activity) -> bool | None:
        """Whether an activity is one of these; None where its category, which is asked for, is unknown."""
        if self.codes and activity.code not in self.codes:
            return False
        if not self.categories:
            return True
        return None if activity.category is None else activity.category in self.categories


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """At least `need` of a measure, from at least so many categories, no category counting for more than its ceiling.

    An event counts as 1, or as its code's weight.
    """

    measure: Measure
    need: int
    among: Chosen
    ceilings: tuple[tuple[str, int], ...] = ()
    categories: int = 0
    weights: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Scored:
    """What is scored: an activity, or one criterion of it. `weight` is its part of WHOLE."""

    code: str
    criterion: str | None = None
    weight: int = WHOLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Each of `parts` reaches `need` of `top`; or, where `weighted`, their weighted mean does."""

    need: int
    top: int
    parts: tuple[Scored, ...]
    stands: Repeats = Repeats.BEST  # or LATEST
    weighted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkDone(Requirement):
    """Work that is no course, as activities in the record tell of it. It claims no course."""

    work: Amount | Scores
    timing: Timing | None = None
