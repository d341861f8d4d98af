"""When something has to be done for it to count."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from credrules.windows import later


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """When something has to be done for it to count. Requirements are named by their ids.

    A period of `days` and `months` begins with the day on which the requirement `since` was met, and ends with the day
    of the decision where none is named. Of a renewal, what `renews` names is the credential: its last `term` months,
    and what comes after them, are the time in which it can be renewed.
    """

    after: str | None = None
    by: date | None = None
    days: int = 0
    months: int = 0
    since: str | None = None
    renews: str = ""
    term: int = 0

    @property
    def period(self) -> bool:
        return bool(self.days or self.months)

    @property
    def deadline(self) -> bool:
        """Whether there is a last day, which an extension can move."""
        return self.by is not None or self.since is not None

    def last_from(self, first: date) -> date:
        """The last day of the period that begins with this one."""
        return _moved(first, self.months, self.days)

    def first_until(self, last: date) -> date:
        """The first day of the period that ends with this one."""
        return _moved(last, -self.months, -self.days)


def _moved(day: date, months: int, days: int) -> date:
    try:
        return later(day, months) + timedelta(days=days)
    except OverflowError:  # beyond the calendar
        return date.max if days > 0 else date.min
