"""Stamps of change: who has a row that was written since, by the alias `changed_at` of each query that has one."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_, select

from credrules import Changed, Knows, RecordsError
from credrules.rows import to_text
from credrules_sql.paging import Source, binary_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sqlalchemy import ColumnElement, Select, Subquery
    from sqlalchemy.engine import Connection

    from credrules_sql.queries import Query

CHANGED_AT = "changed_at"
Stamp = datetime | int


class Stamped:
    """A query whose rows say when they were written."""

    def __init__(self, query: Query, parameters: Mapping[str, str | int | date]) -> None:
        self.query = query
        self._source = Source(query, (), parameters, binary=True)

    def latest(self) -> Select[Any]:
        return select(func.max(self._table().c[CHANGED_AT]))

    def changed(self, since: Stamp, after: object, limit: int, dialect: str) -> Select[Any]:
        """The next learners with a row of that time or later, or of an unknown one; and how many are left."""
        table = self._table()
        stamp: ColumnElement[Any] = table.c[CHANGED_AT]
        bound: ColumnElement[Any] | Stamp = since
        if dialect == "sqlite" and isinstance(since, datetime):  # text there, and whoever wrote it chose its form
            stamp, bound = func.datetime(stamp), func.datetime(since.isoformat(sep=" "))
        learner_id = binary_key(table.c.learner_id, dialect)
        statement = (
            select(learner_id.label("learner_id"), func.max(table.c[CHANGED_AT]), func.count().over())
            .where(or_(stamp >= bound, stamp.is_(None)))
            .group_by(learner_id)
        )
        if after is not None:
            statement = statement.where(learner_id > after)
        return statement.order_by(learner_id).limit(limit)

    def _table(self) -> Subquery:
        return self._source.table(("learner_id", CHANGED_AT))


def stamps_of(stamped: Mapping[str, Stamped | None]) -> Knows:
    if all(stamped.values()):
        return Knows.FULL
    return Knows.PARTIAL if any(stamped.values()) else Knows.NONE


def latest_of(connection: Connection, stamped: Iterable[Stamped | None]) -> Stamp | None:
    """The greatest stamp of these queries. Raises RecordsError where their stamps cannot be compared."""
    found: dict[str, Stamp] = {}
    for one in stamped:
        if one is not None and (stamp := _stamp(one, connection.execute(one.latest()).scalar())) is not None:
            kind = _kind(stamp)
            if found and kind not in found:
                message = f"{CHANGED_AT} is {kind}, and of another query {', '.join(found)}. Cast them to one kind."
                raise RecordsError([one.query.problem(message)])
            found[kind] = max(stamp, found.get(kind, stamp))  # they are of one kind
    return next(iter(found.values()), None)


def _kind(stamp: Stamp) -> str:
    if isinstance(stamp, int):
        return "a number"
    return "a time with a zone" if stamp.tzinfo else "a time without a zone"


def changed_since(connection: Connection, stamped: Stamped | None, since: Stamp, page: int) -> Iterator[Changed]:
    """Whose rows are stamped since, or not at all. A short page is no end; an empty one is, and the count agrees."""
    if stamped is None:
        return
    after: object = None
    expected: int | None = None
    got = 0
    while rows := connection.execute(stamped.changed(since, after, page, connection.dialect.name)).all():
        expected = int(rows[0][2]) if expected is None else expected
        got += len(rows)
        after = rows[-1][0]
        for learner_id, stamp, _ in rows:
            yield Changed(to_text(learner_id).strip(), _stamp(stamped, stamp))
    if expected is not None and got != expected:
        message = f"{got} changes were read, and the database counts {expected}. A read was cut off; run it again."
        raise RecordsError([stamped.query.problem(message)])


def _stamp(stamped: Stamped, value: object) -> Stamp | None:
    """Raises RecordsError where it is nothing that has an order."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            raise _of_no_use(stamped, "a text that is no time; SQLite keeps one as 2026-03-02 12:00:00") from None
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value
    if isinstance(value, date):
        return datetime.combine(value, time())
    if isinstance(value, Decimal) and value == value.to_integral_value():
        return int(value)
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise _of_no_use(stamped, f"of the type {type(value).__name__}")


def _of_no_use(stamped: Stamped, what: str) -> RecordsError:
    message = f"{CHANGED_AT} is {what}. It is a date, a time or a whole number that only grows."
    return RecordsError([stamped.query.problem(message)])
