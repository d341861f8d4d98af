"""When work was done: a window that a filter asks for, and the months that are counted in one."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from credrules.records import Attempt, Record


@dataclass(frozen=True, slots=True)
class Window:
    """Attempts that were completed (the last day of their term) within all that is given here."""

    since: date | None = None
    until: date | None = None
    months: int = 0  # so many before the day of the decision
    after_enrolment_in: str = ""  # on or after the day of enrolment in this program

    def holds(self, attempt: Attempt, record: Record, as_of: date) -> bool | None:
        """None where the records do not tell."""
        if attempt.term is None:
            return None
        ended = attempt.term.ends
        if (self.since and ended < self.since) or (self.until and ended > self.until):
            return False
        if self.months and ended < later(as_of, -self.months):
            return False
        if not self.after_enrolment_in:
            return True
        return _enrolled_by(record, self.after_enrolment_in, ended)


def _enrolled_by(record: Record, program: str, day: date) -> bool | None:
    """Whether the learner was enrolled in a program on a day; a learner who never was is not."""
    if record.enrolments is None:
        return None
    days = [enrolment.since for enrolment in record.enrolments if enrolment.program == program]
    if any(since is not None and since <= day for since in days):
        return True
    return None if None in days else False


def later(day: date, months: int) -> date:
    """The same day so many months on (or back); the month's last day where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if year < date.min.year:
        return date.min
    if year > date.max.year:
        return date.max
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
