"""Pages of whole learners: the rows of a query, in learner order, from one snapshot."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import CHAR, Text, cast, column, false, func, null, or_, select, text
from sqlalchemy.dialects import mssql, mysql, oracle

from credrules import RecordsError
from credrules.rows.layouts import LEARNERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from sqlalchemy import ColumnElement, Select, Subquery
    from sqlalchemy.engine import Connection, Dialect, Row

    from credrules_sql.queries import Query

Terms = tuple[str, ...]
"""Of rows that have a term, only those in one of these."""

KEY, LEFT = "credrules_key", "credrules_left"
SPARE = 50  # rows of learners beyond a batch: some learners may be there twice


@dataclass(frozen=True, slots=True)
class Span:
    """Learners after one key and up to another, or those with certain keys."""

    after: object = None
    upto: object = None
    among: tuple[object, ...] = ()


class Source:
    """One query whose columns are known. Its statements are the same on every database but for the order."""

    def __init__(
        self,
        query: Query,
        present: Sequence[str],
        parameters: Mapping[str, str | int | date],
        *,
        binary: bool,
        terms: Terms | None = None,
    ) -> None:
        self.query = query
        self._present = tuple(present)
        self._parameters = {name: parameters[name] for name in query.parameters}
        self._binary = binary
        self._terms = terms

    def header(self) -> Select[Any]:
        """A statement without rows, which says what the aliases are."""
        return select(text("*")).select_from(self.table(("learner_id",))).where(text("1 = 0"))

    def everything(self) -> Select[Any]:
        """All rows: of the terms, and of the catalogue."""
        table = self.table(self._present)
        return select(*(table.c[name] for name in self._present))

    def total(self) -> Select[int, int]:
        table = self.table(self._present)
        return select(func.count().label("rows"), func.count(table.c.learner_id)).select_from(table)

    def page(self, dialect: Dialect, limit: int, span: Span) -> Select[Any]:
        """The next rows in learner order, each with how many there are from the first of them on."""
        table = self.table(self._present)
        key = binary_key(table.c.learner_id, dialect.name) if self._binary else table.c.learner_id
        left: ColumnElement[Any] = func.count().over() if span.upto is not None or span.among else null()
        statement = select(key.label(KEY), left.label(LEFT), *(table.c[name] for name in self._present))
        if span.after is not None:
            statement = statement.where(key > span.after)
        if span.upto is not None:
            statement = statement.where(key <= span.upto)
        if span.among:
            statement = statement.where(key.in_(span.among))
        return statement.order_by(key).limit(limit)

    def table(self, columns: Sequence[str]) -> Subquery:
        table = text(self.query.sql).bindparams(**self._parameters).columns(*map(column, columns)).subquery("q")
        if self._terms is None:
            return table
        term = func.trim(cast(table.c.term_id, CHAR(200)))
        inside = term.in_(self._terms) if self._terms else false()
        return select(table).where(or_(table.c.term_id.is_(None), term == "", inside)).subquery("s")


def binary_key(learner_id: ColumnElement[Any], dialect: str) -> ColumnElement[Any]:
    """The learner's id as text, in the order of its characters' code points."""
    if dialect == "postgresql":
        return cast(learner_id, Text).collate("C")
    if dialect == "sqlite":
        return cast(learner_id, Text).collate("BINARY")
    if dialect in ("mysql", "mariadb"):
        return cast(learner_id, mysql.CHAR(200, charset="utf8mb4")).collate("utf8mb4_bin")
    if dialect == "mssql":
        return cast(learner_id, mssql.NVARCHAR(200)).collate("Latin1_General_BIN2")
    if dialect == "oracle":
        return cast(learner_id, oracle.VARCHAR2(200))  # the session's NLS_SORT is BINARY
    return cast(learner_id, CHAR(200))


class Pager:
    """Reads sources, page after page, and counts what it has read. A read that ends early never looks like the end."""

    def __init__(self, connection: Connection, page: int) -> None:
        self._connection = connection
        self._page = page
        self.read: Counter[str] = Counter()

    def fetch(self, statement: Select[Any]) -> Sequence[Row[Any]]:
        return self._connection.execute(statement).all()

    def learners(self, source: Source, size: int, after: object = None) -> list[Row[Any]]:
        """The rows of the next `size` learners; none only where there are no more."""
        limit = size + SPARE
        rows = self.fetch(source.page(self._connection.dialect, limit, Span(after=after)))
        whole = self._whole(source, rows, limit, cut=len(rows) >= limit)
        keys = list(dict.fromkeys(row[0] for row in whole))[:size]
        taken = [row for row in whole if row[0] in set(keys)]
        self.read[source.query.layout.entity] += len(taken)
        return taken

    def rows(self, source: Source, span: Span) -> Iterator[Row[Any]]:
        """All rows of some learners."""
        expected: int | None = None
        got = 0
        while rows := self.fetch(source.page(self._connection.dialect, self._page, span)):
            left = int(rows[0].credrules_left)
            expected = left if expected is None else expected
            whole = self._whole(source, rows, self._page, cut=len(rows) < left)
            got += len(whole)
            yield from whole
            # A short page is no end: it is what a read that was cut off looks like, too.
            span = Span(after=whole[-1][0], upto=span.upto, among=span.among)
        self.read[source.query.layout.entity] += got
        if expected is not None and got != expected:
            raise RecordsError([source.query.problem(_cut_off(got, expected))])

    def check(self, source: Source, expected: int) -> None:
        """Raises RecordsError unless as many rows were read as the database counted in the same snapshot."""
        got = self.read[source.query.layout.entity]
        if got != expected:
            raise RecordsError([source.query.problem(_cut_off(got, expected))])

    def _whole(self, source: Source, rows: Sequence[Row[Any]], limit: int, *, cut: bool) -> Sequence[Row[Any]]:
        """The rows without those of the last learner, where the page may have cut them off."""
        if not cut:
            return rows
        whole = [row for row in rows if row[0] != rows[-1][0]]
        if not whole and len(rows) < limit:
            raise RecordsError([source.query.problem(_cut_off(len(rows), int(rows[0].credrules_left)))])
        if not whole:
            setting = "query" if source.query.layout is LEARNERS else "`page` in the table [records]"
            message = f"one learner has {limit} rows or more, which is more than a page. Correct the {setting}."
            raise RecordsError([source.query.problem(message)])
        return whole


def _cut_off(got: int, expected: int) -> str:
    return (
        f"{got} rows were read, and the database counts {expected}. A read was cut off, or the order of learner_id is "
        "not a total one. Nothing that was read in this run is complete; run it again."
    )
