"""Courses that are one course under several codes: renumbered, listed under two subjects, or passed by an exam."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from credrules.records import Attempt, Course


class EquivalenceKind(StrEnum):
    RENUMBERED = "renumbered"
    CROSS_LISTED = "cross-listed"
    EXAM = "exam"


@dataclass(frozen=True, slots=True, kw_only=True)
class Equivalence:
    """Attempts in a term that starts within the dates are attempts at the last of `courses`, by any of its codes."""

    courses: tuple[Course, ...]
    kind: EquivalenceKind
    since: date | None = None
    until: date | None = None

    def covers(self, attempt: Attempt) -> bool | None:
        """Whether an attempt at one of the courses is within the dates; None where its term is not known."""
        if self.since is None and self.until is None:
            return True
        if attempt.term is None:
            return None
        day = attempt.term.starts
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)

    def overlaps(self, other: Equivalence) -> bool:
        """Whether some day is within the dates of both."""
        return not (
            (self.until is not None and other.since is not None and self.until < other.since)
            or (other.until is not None and self.since is not None and other.until < self.since)
        )

    def between(self, taken: Course, asked: Course) -> str:
        """'now STA 501': what a course that was taken is to one that is asked for."""
        if self.kind is EquivalenceKind.RENUMBERED:
            later = self.courses.index(asked) > self.courses.index(taken)
            return f"{'now' if later else 'formerly'} {asked}"
        return f"{'also listed as' if self.kind is EquivalenceKind.CROSS_LISTED else 'taken for'} {asked}"


@dataclass(frozen=True, slots=True)
class Identity:
    """Which course an attempt is one at, and the codes that it goes by."""

    course: Course
    names: frozenset[Course]
    doubtful: bool = False  # its term is not known, so that it may go by its own code only
    equivalence: Equivalence | None = None

    @property
    def unsure(self) -> bool:
        """Whether it may be one attempt with others, which cannot be told."""
        return self.doubtful and self.equivalence is not None and self.equivalence.courses[-1] != self.course


def lists_by_course(equivalents: Iterable[Equivalence]) -> dict[Course, tuple[Equivalence, ...]]:
    found: dict[Course, tuple[Equivalence, ...]] = {}
    for one in equivalents:
        for course in one.courses:
            found[course] = (*found.get(course, ()), one)
    return found


def identity(attempt: Attempt, equivalents: Iterable[Equivalence]) -> Identity:
    """The course that an attempt is one at. `equivalents` are those that have its course."""
    perhaps: Equivalence | None = None
    for one in equivalents:
        covered = one.covers(attempt)
        if covered:
            return Identity(one.courses[-1], frozenset(one.courses), equivalence=one)
        if covered is None:
            perhaps = perhaps or one
    if perhaps:
        return Identity(attempt.course, frozenset(perhaps.courses), doubtful=True, equivalence=perhaps)
    return Identity(attempt.course, frozenset({attempt.course}))
