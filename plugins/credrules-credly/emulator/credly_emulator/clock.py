"""The service's clock, which tests can put forward."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta


class Clock:
    def __init__(self) -> None:
        self._ahead = timedelta()

    def now(self) -> datetime:
        return datetime.fromtimestamp(time.time(), UTC) + self._ahead

    def advance(self, seconds: float) -> None:
        self._ahead += timedelta(seconds=seconds)


def stamp(moment: datetime | None) -> str | None:
    """As answers write times: 2014-04-01T14:41:00.000Z."""
    if moment is None:
        return None
    utc = moment.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"


def parsed(text: object, *, lenient: bool) -> datetime | None:
    """A time of a request, `2014-04-01 09:41:00 -0500`; None where it is not one.

    The vendor documents that form alone. What else the real service takes is not known; `lenient` takes ISO 8601 too.
    """
    if not isinstance(text, str):
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S %z")
    except ValueError:
        pass
    if lenient:
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            return None
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    return None
