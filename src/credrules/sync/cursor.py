"""The cursor: up to which stamp of the source everything has been read, and how far to look back behind it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

Stamp = datetime | int


@dataclass(frozen=True, slots=True)
class Overlap:
    """How far behind the cursor a stamp may still appear: clocks differ, and long transactions commit late."""

    time: timedelta
    numbers: int

    def before(self, cursor: Stamp) -> Stamp:
        if isinstance(cursor, int):
            return cursor - self.numbers
        try:
            return cursor - self.time
        except OverflowError:
            return cursor


def advanced(cursor: Stamp, stamp: Stamp | None, as_of: date) -> Stamp:
    """The cursor after a stamp has been seen; it never goes back, and a stamp of another kind does not move it."""
    if stamp is None or not alike(cursor, stamp):
        return cursor
    return max(cursor, credible(stamp, as_of))  # of one kind, as was just asked


def credible(stamp: Stamp, as_of: date) -> Stamp:
    """A stamp of later than tomorrow is no time of writing, and as a cursor would hide everything up to it."""
    if isinstance(stamp, int) or stamp.date() <= _next(as_of):
        return stamp
    return datetime.combine(as_of, time(), stamp.tzinfo)


def _next(day: date) -> date:
    return day + timedelta(days=1) if day < date.max else day


def alike(one: Stamp, other: Stamp) -> bool:
    """Whether two stamps can be compared."""
    if isinstance(one, int) or isinstance(other, int):
        return isinstance(one, int) and isinstance(other, int)
    return (one.tzinfo is None) == (other.tzinfo is None)


def written(stamp: Stamp | None) -> str | None:
    """The stamp as text, from which `read` makes it again."""
    if stamp is None or isinstance(stamp, int):
        return None if stamp is None else str(stamp)
    return (stamp.astimezone(UTC) if stamp.tzinfo else stamp).isoformat()


def read(text: str | None) -> Stamp | None:
    if text is None:
        return None
    return datetime.fromisoformat(text) if "T" in text else int(text)
