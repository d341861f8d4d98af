"""Rests: which issuers are left alone for now, because calls to them failed; the same for every worker."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from credrules.ledger import tables
from credrules.ledger.database import inserting
from credrules.ledger.queue import seconds_from

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class Rest:
    """How an issuer is: failures in a row, and for how many seconds more it is left alone.

    Where `seconds` is negative the rest is over, and one award is tried; None where it need not rest.
    """

    failures: int = 0
    seconds: float | None = None


def look(connection: Connection, issuer: str, now: datetime) -> Rest:
    rests = tables.rests
    row = connection.execute(select(rests).where(rests.c.issuer == issuer)).first()
    return Rest(row.failures, seconds_from(now, row.rests_until)) if row else Rest()


def failed(connection: Connection, issuer: str, now: datetime, rest_for: Callable[[int], float | None]) -> Rest:
    """One failure more. `rest_for` says how long to rest after so many in a row; None for not at all."""
    rests = tables.rests
    first = inserting(connection, rests).values(issuer=issuer, failures=1)
    more = first.on_conflict_do_update(index_elements=["issuer"], set_={"failures": rests.c.failures + 1})
    failures = connection.scalar(more.returning(rests.c.failures)) or 1
    seconds = rest_for(failures)
    if seconds is not None:
        until = now + timedelta(seconds=seconds)
        connection.execute(update(rests).where(rests.c.issuer == issuer).values(rests_until=until))
    return Rest(failures, seconds)


def well(connection: Connection, issuer: str) -> None:
    """It answers: nothing of what was noted against it holds any longer."""
    rests = tables.rests
    connection.execute(update(rests).where(rests.c.issuer == issuer).values(failures=0, rests_until=None))


def trial(connection: Connection, issuer: str, now: datetime, seconds: float) -> bool:
    """Be the one who tries an issuer whose rest is over. The others wait for so many seconds more."""
    rests = tables.rests
    over = update(rests).where(rests.c.issuer == issuer, rests.c.rests_until <= now)
    return bool(connection.execute(over.values(rests_until=now + timedelta(seconds=seconds))).rowcount)
