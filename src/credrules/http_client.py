"""What every client of a service does in the same way, whether it reads or writes. Needs httpx."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(slots=True)
class Clock:
    """Time as a line sees it, so that a test need not wait for it."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], object] = time.sleep
    wall: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))


class Unreadable(Exception):
    """An answer that is too large, too slow, or no JSON of the service's shape."""


def body_of(response: httpx.Response, *, most: int, seconds: float) -> bytes:
    """The whole answer, of at most so many bytes and in so many seconds. Raises httpx.HTTPError or Unreadable."""
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Unreadable("compressed, though it was asked not to be")
    ends = time.monotonic() + seconds  # a byte now and then would keep every single timeout happy
    data = bytearray()
    for piece in response.iter_raw():
        data += piece
        if len(data) > most or time.monotonic() > ends:
            raise Unreadable("too large or too slow")
    return bytes(data)


def no_number(text: str) -> Any:
    """For `parse_constant` of json: NaN and its like are none."""
    raise ValueError(f"{text} is no number in JSON")


def asked_wait(text: str | None, wall: datetime) -> float | None:
    """The seconds of a Retry-After, which holds them or a day and time; None where it says nothing of use."""
    text = (text or "").strip()
    if text.isdecimal() and len(text) <= 9:
        return float(text)
    try:
        at = parsedate_to_datetime(text)
        return max(0.0, ((at if at.tzinfo else at.replace(tzinfo=UTC)) - wall).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None


class _WithoutQueries(logging.Filter):
    """httpx logs the address of each request, and a query may name learners."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(one.copy_with(query=None) if isinstance(one, httpx.URL) else one for one in record.args)
        return True


_without_queries = _WithoutQueries()


def keep_queries_out_of_logs() -> None:
    logging.getLogger("httpx").addFilter(_without_queries)  # the same one again is not added again
