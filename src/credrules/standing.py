"""What has become of an attempt by a given day, by the institution's grade scale."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

from credrules.equivalents import identity
from credrules.records import Basis, Registration

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from credrules.equivalents import Equivalence, Identity
    from credrules.records import Attempt, Course, Record
    from credrules.rules import GradeScale, Selection

    Equivalences = tuple[Equivalence, ...]


class Stage(Enum):
    GRADED = "graded"  # has grade points
    PASSED = "passed"  # has a passing grade without points
    FAILED = "failed"  # has a grade without points that does not pass
    IN_PROGRESS = "in-progress"
    INCOMPLETE = "incomplete"
    NOT_REPORTED = "not-reported"  # the term is over and there is no grade
    UNREADABLE = "unreadable"  # has a symbol that the scale does not have
    DROPPED = "dropped"
    WITHDRAWN = "withdrawn"
    WAITLISTED = "waitlisted"
    PLANNED = "planned"
    AUDITED = "audited"


GONE = frozenset({Stage.DROPPED, Stage.WITHDRAWN, Stage.WAITLISTED, Stage.PLANNED, Stage.AUDITED})
"""Neither counts, nor may come to count, nor displaces another attempt."""

FINAL = frozenset({Stage.GRADED, Stage.PASSED, Stage.FAILED, Stage.UNREADABLE})
"""Has a grade, so that it can displace another attempt where the latest or the first one stands."""

_GONE_BY_REGISTRATION = {
    Registration.DROPPED: Stage.DROPPED,
    Registration.WITHDRAWN: Stage.WITHDRAWN,
    Registration.WAITLISTED: Stage.WAITLISTED,
    Registration.PLANNED: Stage.PLANNED,
}


@dataclass(frozen=True, slots=True)
class Standing:
    """An attempt as it stood on a day. `points` are thousandths of a point, where the stage is GRADED."""

    attempt: Attempt
    stage: Stage
    points: int | None = None
    symbol: str | None = None
    equal: Identity | None = None  # None: it is an attempt at its own course and no other

    @property
    def course(self) -> Course:
        return self.equal.course if self.equal else self.attempt.course

    @property
    def names(self) -> frozenset[Course]:
        """The codes that the course goes by."""
        return self.equal.names if self.equal else frozenset({self.attempt.course})

    @property
    def unsure(self) -> bool:
        """Whether it may be a repeat of another course, which cannot be told."""
        return self.equal is not None and self.equal.unsure

    def is_in(self, selection: Selection, record: Record, as_of: date) -> bool | None:
        """Whether it belongs to a selection, under any of its course's codes; None where that cannot be told."""
        if self.equal is None:
            return selection.admits(self.attempt, record, as_of)
        admitted = selection.admits(self.attempt, record, as_of, self.names)
        if self.equal.doubtful and selection.admits(self.attempt, record, as_of) is not admitted:
            return None
        return admitted


def stand_as(attempt: Attempt, scale: GradeScale, as_of: date, equivalents: Mapping[Course, Equivalences]) -> Standing:
    """The same, knowing which courses are one."""
    standing = stand(attempt, scale, as_of)
    found = equivalents.get(attempt.course)
    return replace(standing, equal=identity(attempt, found)) if found else standing


def stand(attempt: Attempt, scale: GradeScale, as_of: date) -> Standing:
    """An attempt as it stood on `as_of`: what is dated later has not happened yet."""
    gone = _GONE_BY_REGISTRATION.get(attempt.registration)
    if gone:
        return Standing(attempt, gone)
    if attempt.basis in (Basis.AUDIT, Basis.NON_GRADED):
        return Standing(attempt, Stage.AUDITED)
    if attempt.registered_on and attempt.registered_on > as_of:
        return Standing(attempt, Stage.PLANNED)
    if attempt.grade is None or (attempt.graded_on and attempt.graded_on > as_of):
        under_way = attempt.term is not None and attempt.term.ends >= as_of
        return Standing(attempt, Stage.IN_PROGRESS if under_way else Stage.NOT_REPORTED)
    return _graded(attempt, attempt.grade, scale, as_of)


def _graded(attempt: Attempt, symbol: str, scale: GradeScale, as_of: date) -> Standing:
    default = scale.incomplete_default(symbol)
    if default is not None:
        final = attempt.lapses_to or default
        if not final or attempt.lapses_on is None or attempt.lapses_on > as_of:
            return Standing(attempt, Stage.INCOMPLETE, symbol=symbol)
        symbol = final
    if symbol in scale.points:
        return Standing(attempt, Stage.GRADED, scale.points[symbol], symbol)
    if symbol in scale.withdrawn:
        return Standing(attempt, Stage.WITHDRAWN, symbol=symbol)
    if symbol in scale.passing:
        return Standing(attempt, Stage.PASSED, symbol=symbol)
    return Standing(attempt, Stage.FAILED if symbol in scale.not_passing else Stage.UNREADABLE, symbol=symbol)


def rank(standing: Standing) -> tuple[object, ...]:
    """The stated order in which equally sure work is used: better, then earlier, then by the source's key."""
    points = standing.points if standing.points is not None else -1
    term = standing.attempt.term
    return -points, term is None, term.starts if term else 0, standing.attempt.attempt_id
