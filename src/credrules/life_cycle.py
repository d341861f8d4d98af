"""LifeCycle: what a program says of its credential beyond the requirements."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from credrules.windows import later


@dataclass(frozen=True, slots=True, kw_only=True)
class LifeCycle:
    """Whether the learner has to ask for the credential, within how many days, and on which days it is conferred.

    It expires `expires` months after that. One that `renews` another is awarded once for each term of that other.
    """

    claim: bool = False
    claim_within: int = 0  # days after everything else was met; 0: at any time
    confer_on: tuple[tuple[int, int], ...] = ()  # month and day, in order; none: at once
    expires: int = 0  # months; 0: never
    renews: str = ""
    lower_of: str = ""  # the program in whose place it is awarded

    def conferral(self, earned_on: date, claimed_on: date | None) -> date:
        """The day of conferral. A claim that is late for one of the program's days waits for a later one."""
        day = max(earned_on, claimed_on or earned_on)
        if self.is_late(earned_on, claimed_on):
            day = max(day, self.on_or_after(earned_on) + timedelta(days=1))
        return self.on_or_after(day)

    def is_late(self, earned_on: date, claimed_on: date | None) -> bool:
        if not self.claim_within or claimed_on is None:
            return False
        return (claimed_on - earned_on).days > self.claim_within

    def last_day(self, first: date) -> date | None:
        """The last day on which it is valid, where it is from this one on; None where it is for ever."""
        return later(first, self.expires) if self.expires else None

    def on_or_after(self, day: date) -> date:
        """The first of the program's days that is not before this one; the day itself where all days will do."""
        if not self.confer_on:
            return day
        for year in range(day.year, min(day.year + 1, date.max.year) + 1):
            for month, number in self.confer_on:
                if date(year, month, number) >= day:
                    return date(year, month, number)
        return date.max
