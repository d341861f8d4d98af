"""The queue: what workers have still to do, when, and who has it in hand.

What happened is in the outbox, and says what is open; the queue lacks nothing that is open. It may hold what no longer
is: that is taken out by whoever comes to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, case, delete, func, or_, select, update

from credrules.ledger import tables
from credrules.ledger.database import connected, inserting

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Row

ISSUE, REVOKE = "issue", "revoke"


@dataclass(frozen=True, slots=True)
class Hold:
    """Whose claim it is. No two workers have one number.

    On a server it holds for as long as the worker is connected, and at least for so many seconds after the last claim
    or intent: whoever is merely slow keeps what it has, and whoever lost its connection in a call may end the call.
    """

    by: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is still to be done for one issuer, in awards: due now, in somebody's hands, due later.

    `next_in` is in how many seconds the first of the later ones is due; None where there is none.
    """

    issuer: str
    due: int
    held: int
    later: int
    next_in: float | None


def put(connection: Connection, rows: Sequence[Mapping[str, Any]], action: str, due_at: datetime) -> None:
    """Queue these, or let them be due anew where they are queued.

    It writes even where nothing changes: whoever is just taking a row out, as no longer open, is waited for.
    """
    if not rows:
        return
    new = inserting(connection, tables.queue)
    changed = {"due_at": new.excluded.due_at, "tries": 0, "issuer": new.excluded.issuer}
    again = new.on_conflict_do_update(index_elements=["award_id", "action"], set_=changed)
    connection.execute(again, [{**row, "action": action, "due_at": due_at, "tries": 0} for row in rows])


def take(
    connection: Connection,
    hold: Hold,
    now: datetime,
    limit: int,
    issuers: Collection[str] | None = None,
    eager_after: int | None = None,
) -> Sequence[Row[int, int, str]]:
    """Claim rows that nobody has in hand: those that are due; with `eager_after` all with a later id, due or not.

    On PostgreSQL, rows that another is claiming at this moment are passed over.
    """
    queue = tables.queue
    query = select(queue.c.id, queue.c.award_id, queue.c.action).where(_free(connection, hold.by, now))
    if issuers is not None:
        query = query.where(queue.c.issuer.in_(sorted(issuers)))
    if eager_after is None:
        query = query.where(queue.c.due_at <= now).order_by(queue.c.due_at, queue.c.id)
    else:
        query = query.where(queue.c.id > eager_after).order_by(queue.c.id)
    rows = connection.execute(query.limit(limit).with_for_update(skip_locked=True)).all()
    if rows:
        mine = queue.c.id.in_([row.id for row in rows])
        connection.execute(update(queue).where(mine).values(held_by=hold.by, held_until=_until(hold, now)))
    return rows


def keep(connection: Connection, hold: Hold, award: int, action: str, now: datetime) -> bool:
    """Hold on to a row for longer. False where another has taken it over."""
    mine = and_(_is(award, action), tables.queue.c.held_by == hold.by)
    return bool(connection.execute(update(tables.queue).where(mine).values(held_until=_until(hold, now))).rowcount)


def release(connection: Connection, by: int) -> None:
    """Give back whatever is in hand."""
    queue = tables.queue
    connection.execute(update(queue).where(queue.c.held_by == by).values(held_by=None, held_until=None))


def put_back(connection: Connection, award: int, action: str, by: int) -> None:
    """Give one back that was not tried."""
    queue = tables.queue
    mine = and_(_is(award, action), queue.c.held_by == by)
    connection.execute(update(queue).where(mine).values(held_by=None, held_until=None))


def put_off(connection: Connection, award: int, action: str, due_at: datetime) -> None:
    """Let one that came to nothing be due again later, for anybody."""
    queue = tables.queue
    values = {"due_at": due_at, "tries": queue.c.tries + 1, "held_by": None, "held_until": None}
    connection.execute(update(queue).where(_is(award, action)).values(values))


def remove(connection: Connection, award: int, action: str) -> None:
    connection.execute(delete(tables.queue).where(_is(award, action)))


def waiting(connection: Connection, now: datetime) -> list[Waiting]:
    queue = tables.queue
    held = queue.c.held_by.is_not(None)
    due = queue.c.due_at <= now
    query = (
        select(
            queue.c.issuer,
            func.sum(case((held, 0), (due, 1), else_=0)).label("due"),
            func.sum(case((held, 1), else_=0)).label("held"),
            func.sum(case((held, 0), (due, 0), else_=1)).label("later"),
            func.min(case((or_(held, due), None), else_=queue.c.due_at)).label("next_at"),
        )
        .group_by(queue.c.issuer)
        .order_by(queue.c.issuer)
    )
    return [
        Waiting(row.issuer, int(row.due), int(row.held), int(row.later), seconds_from(now, row.next_at))
        for row in connection.execute(query)
    ]


def seconds_from(now: datetime, then: datetime | None) -> float | None:
    """How far off it is. SQLite keeps no zone: what is there is UTC."""
    if then is None:
        return None
    return (then if then.tzinfo else then.replace(tzinfo=now.tzinfo)).timestamp() - now.timestamp()


def _is(award: int, action: str) -> ColumnElement[bool]:
    return and_(tables.queue.c.award_id == award, tables.queue.c.action == action)


def _until(hold: Hold, now: datetime) -> datetime:
    return now + timedelta(seconds=hold.seconds)


def _free(connection: Connection, by: int, now: datetime) -> ColumnElement[bool]:
    queue = tables.queue
    if connection.dialect.name == "sqlite":
        # One worker at a time has this ledger, so that whatever another had in hand was left behind by a dead one.
        return or_(queue.c.held_by.is_(None), queue.c.held_by != by)
    gone = and_(queue.c.held_until <= now, queue.c.held_by.not_in(connected(connection)))
    return or_(queue.c.held_by.is_(None), gone)
