"""What an attempt is worth, by its signature: its profile, and what had happened to it by the day of the decision.

The plain engine's own functions are asked, once for each signature, with an attempt that stands for all that have it.
So there is one place where it is decided what a grade is worth, and it is not this one.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from credrules.engines.columnar.encoding import NO_DAY, attempt_of
from credrules.engines.columnar.needed import np
from credrules.engines.plain import barred, worth
from credrules.records import Course, Learner, Origin, Record, Term
from credrules.standing import FINAL, Stage, stand

if TYPE_CHECKING:
    from collections.abc import Mapping

    from credrules.engines.columnar.encoding import Encoder
    from credrules.engines.columnar.sheet import Sheet
    from credrules.records import Attempt
    from credrules.rules import GradeScale
    from credrules.standing import Standing

    Array = np.ndarray[Any, np.dtype[Any]]

UNDER_WAY, REGISTERED_LATER, GRADED_LATER, LAPSED = 1, 2, 4, 8
FLAGS = 16
SURE, UNSURE, DISPLACES = 0, 1, 2
UNGRADED, GRADED = 1, 2  # of what may count, and so may displace another attempt where the latest or the first stands
CERTAIN, UNCERTAIN = 1, 2
NO_POINTS = -1
EPOCH = date(1970, 1, 1)
_NOBODY = Record(learner=Learner(learner_id=""))
_COURSE = Course("A", "1")


def day_number(day: date) -> int:
    return (day - EPOCH).days


def signatures(profile: Array, days_: Mapping[str, Array | None], as_of: date) -> Array:
    """The signature of each row, of its profile and its days."""
    today = day_number(as_of)
    found = profile * np.int32(FLAGS)
    ends, registered, graded, lapses = (
        days_[name] for name in ("term_ends", "registered_on", "graded_on", "lapses_on")
    )
    if ends is not None:
        found |= (ends >= today).view(np.uint8) * np.int32(UNDER_WAY)
    for days, flag in ((registered, REGISTERED_LATER), (graded, GRADED_LATER)):
        if days is not None and len(days) and days.max() > today:
            found |= (days > today).view(np.uint8) * np.int32(flag)
    if lapses is not None:
        found |= ((lapses <= today) & (lapses != NO_DAY)).view(np.uint8) * np.int32(LAPSED)
    return found


class Signatures:
    """Tables by signature, as of one day. A signature is looked at when it is met first."""

    def __init__(self, encoder: Encoder, scale: GradeScale, sheet: Sheet, as_of: date) -> None:
        self.encoder = encoder
        self.scale = scale
        self.classes = classes = sheet.classes
        self.selections = sheet.marks
        self.as_of = as_of
        self.faults: dict[int, str] = {}  # by profile, what of it cannot be read
        self._lock = threading.Lock()
        self._met = np.zeros(0, bool)
        self.worth = np.zeros((len(classes), 3, 0), np.uint8)
        """By class and signature: the level; the level where it is unsure whether the attempt belongs at all; and
        whether it may displace another one."""
        self.marks = np.zeros((len(sheet.marks), 0), np.uint8)
        """By selection of a test or limit and signature: whether it belongs, leaving its course aside."""
        self.points = np.zeros(0, np.int32)
        self.average_points = np.zeros(0, np.int32)
        """What an attempt goes into an average with; NO_POINTS where it is left out."""

    def meet(self, found: Array) -> None:
        """Make sure that the tables have these signatures."""
        size = len(self.encoder.profiles) * FLAGS
        here = np.zeros(size, bool)
        here[found] = True
        with self._lock:
            if size > len(self._met):
                self._grow(size - len(self._met))
            new = np.flatnonzero(here & ~self._met[:size])
            for at in new:
                self._look_at(int(at))
            self._met[new] = True

    def _grow(self, more: int) -> None:
        self._met = np.concatenate([self._met, np.zeros(more, bool)])
        self.points = np.concatenate([self.points, np.full(more, NO_POINTS, np.int32)])
        self.average_points = np.concatenate([self.average_points, np.full(more, NO_POINTS, np.int32)])
        self.marks = np.concatenate([self.marks, np.zeros((len(self.selections), more), np.uint8)], axis=1)
        self.worth = np.concatenate([self.worth, np.zeros((len(self.classes), 3, more), np.uint8)], axis=2)

    def _look_at(self, at: int) -> None:
        profile, flags = divmod(at, FLAGS)
        try:
            attempt = attempt_of(self.encoder.profile(profile), course=_COURSE)
        except ValueError as error:
            self.faults[profile] = str(error)
            return
        standing = self._standing(attempt, flags)
        points = NO_POINTS if standing.points is None else standing.points
        self.points[at] = points
        if standing.attempt.origin is Origin.INSTITUTION and standing.stage is not Stage.PASSED:
            self.average_points[at] = self.scale.top if standing.points is None else points
        for number, selection in enumerate(self.selections):
            inside = selection.admits(standing.attempt, _NOBODY, self.as_of)
            self.marks[number, at] = UNCERTAIN if inside is None else CERTAIN if inside else 0
        for number, klass in enumerate(self.classes):
            admitted = klass.marks.admits(standing.attempt, _NOBODY, self.as_of)
            if admitted is False or barred(standing, klass.counting):
                continue
            self.worth[number, SURE, at] = worth(standing, klass.counting, unsure=admitted is None)[0]
            self.worth[number, UNSURE, at] = worth(standing, klass.counting, unsure=True)[0]
            self.worth[number, DISPLACES, at] = GRADED if standing.stage in FINAL else UNGRADED

    def _standing(self, attempt: Attempt, flags: int) -> Standing:
        """An attempt of a profile to which that has happened which the flags say."""
        today, tomorrow, yesterday = (self.as_of + timedelta(days=days) for days in (0, 1, -1))
        ends = today if flags & UNDER_WAY else yesterday
        return stand(
            replace(
                attempt,
                term=Term(date.min, ends, "", ""),
                registered_on=tomorrow if flags & REGISTERED_LATER else None,
                graded_on=tomorrow if flags & GRADED_LATER else None,
                lapses_on=today if flags & LAPSED else tomorrow,
            ),
            self.scale,
            self.as_of,
        )
