"""SqlRecords: a database as a source of student records."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

from credrules import Batch, Capabilities, Knows, Problem, RecordsError
from credrules.errors import nearest
from credrules.records import digest
from credrules.rows import Reader, Rows, known_from, read_courses, read_terms, shown, to_text
from credrules.rows.cells import Unreadable
from credrules.rows.layouts import ATTEMPTS, COURSES, LAYOUTS, LEARNERS, TERMS
from credrules_sql.connecting import make_engine, snapshot
from credrules_sql.paging import Pager, Source, Span
from credrules_sql.queries import EMAILS, ENTITIES
from credrules_sql.stamps import CHANGED_AT, Stamped, changed_since, latest_of, stamps_of
from credrules_sql.translation import Translation, preferred_address

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from typing import Any

    from sqlalchemy.engine import URL, Connection
    from sqlalchemy.engine import Row as Found

    from credrules import CatalogueCourse, Changed
    from credrules.rows import Layout, Present, Row
    from credrules_sql.paging import Terms
    from credrules_sql.queries import Query
    from credrules_sql.stamps import Stamp

MOST_STRANGERS = 1000
"""Rows of learners beyond the last known one. More of them are no slip but two queries that do not fit together."""


@dataclass(frozen=True, kw_only=True)
class Understanding:
    """How what the database says is to be understood."""

    parameters: Mapping[str, str | int | date]
    values: Mapping[str, Mapping[str, str]]
    emails: Sequence[str] = ()
    partial: Sequence[str] = ()
    binary: bool = True
    page: int = 24_000
    timeout: int = 300


class SqlRecords:
    """Student records from the queries of one file. Every reading sees one moment of the database."""

    name = "sql"

    def __init__(self, url: URL, queries: Mapping[str, Query], understanding: Understanding) -> None:
        self._url = url
        self._queries = queries
        self._how = understanding

    def __repr__(self) -> str:
        return f"SqlRecords({self._url.render_as_string(hide_password=True)!r})"

    @cached_property
    def capabilities(self) -> Capabilities:
        """What the aliases promise, and the settings restrict. Raises RecordsError where they cannot be used."""
        with self._opened() as opened:
            catalogue = Knows.FULL if COURSES.entity in opened.present else Knows.NONE
            known = known_from(opened.present, catalogue)
        less = {name: Knows.PARTIAL for name in self._how.partial if getattr(known, name) is Knows.FULL}
        return replace(known, **less)

    def count(self) -> int | None:
        """The rows of the query for learners; None where it cannot be asked, and then `batches` says why."""
        try:
            with self._opened() as opened:
                return opened.totals([LEARNERS])[LEARNERS.entity]
        except RecordsError:
            return None

    def courses(self) -> tuple[CatalogueCourse, ...]:
        """The catalogue. Raises RecordsError with every problem in it."""
        problems: list[Problem] = []
        with self._opened() as opened:
            rows = opened.everything(COURSES)
            says_attributes = "attributes" in opened.present[COURSES.entity]
        courses = read_courses(rows, Queries(self._queries), problems, says_attributes=says_attributes)
        if problems:
            raise RecordsError(problems)
        return courses

    @cached_property
    def stamps(self) -> Knows:
        """FULL where every query about learners has a changed_at, PARTIAL where some have."""
        with self._opened() as opened:
            return stamps_of(opened.stamped)

    def common(self) -> str:
        """A digest of the terms, of the queries, and of the settings by which they are understood."""
        with self._opened() as opened:
            terms = sorted(map(repr, opened.everything(TERMS)))
        queries = {entity: query.sql for entity, query in self._queries.items()}
        how = self._how
        set_here = {name: value for name, value in how.parameters.items() if name != "as_of"}  # a day passes by itself
        return digest([terms, queries, dict(how.values), set_here, list(how.emails), list(how.partial)])

    def latest(self) -> Stamp | None:
        """The greatest stamp of any query."""
        with self._opened() as opened:
            return latest_of(opened.connection, opened.stamped.values())

    def changed_since(self, since: Stamp) -> Iterator[Changed]:
        """Query after query, each in learner order."""
        with self._opened() as opened:
            for stamped in opened.stamped.values():
                yield from changed_since(opened.connection, stamped, since, self._how.page)

    def batches_of_terms(self, terms: Collection[str], size: int = 500) -> Iterator[Batch]:
        """As `batches` of everybody, with less to read: the terms are a condition that the database applies."""
        with self._opened(self._as_written(terms)) as opened:
            yield from Reading(opened, self._how, Queries(self._queries)).everybody(size)

    def _as_written(self, terms: Collection[str]) -> Terms:
        """The terms, and whatever the settings map to one of them: the database knows no other words."""
        values = self._how.values.get("attempts.term_id", self._how.values.get("term_id", {}))
        return tuple(sorted({*terms, *(said for said, meant in values.items() if meant.strip() in terms)}))

    def batches(self, learners: Collection[str] | None = None, size: int = 500) -> Iterator[Batch]:
        """Records in the order of learner_id, by its characters' code points."""
        if size < 1:
            raise ValueError(f"a batch holds at least one learner, not {size}")
        with self._opened() as opened:
            reading = Reading(opened, self._how, Queries(self._queries))
            yield from reading.everybody(size) if learners is None else reading.named(sorted(set(learners)), size)

    @contextmanager
    def _opened(self, terms: Terms | None = None) -> Iterator[Opened]:
        engine = make_engine(self._url)
        with snapshot(engine, self._how.timeout) as connection:
            yield open_queries(connection, self._queries, self._how, terms)


class Queries:
    """Calls a row by its query and its keys."""

    def __init__(self, queries: Mapping[str, Query]) -> None:
        self._queries = queries

    def where(self, layout: Layout, row: Row) -> str:
        keys = " ".join(f"{name} {shown(cell)}" for name, cell in self._keys(layout, row))
        return f"{self.called(layout)}, {keys}" if keys else self.called(layout)

    def source(self, layout: Layout, row: Row) -> str:
        own = [str(cell) for name, cell in self._keys(layout, row) if name != "learner_id"]
        return ": ".join([f"query {layout.entity}", *own])

    def other(self, row: Row) -> str:
        return "another row"

    def called(self, layout: Layout) -> str:
        query = self._queries.get(layout.entity)
        return f"{query.where}: query '{layout.entity}'" if query else f"query '{layout.entity}'"

    @staticmethod
    def _keys(layout: Layout, row: Row) -> Iterator[tuple[str, object]]:
        for name, cell in zip(layout.columns, row[1:], strict=True):
            if cell is not None and (name in _KEYS or name == layout.columns[0]):
                yield name, cell


_KEYS = frozenset({"learner_id", "code"})
"""With the first column of each entity, what a row is found by."""


@dataclass(frozen=True)
class Opened:
    """The queries with their columns known, within one snapshot."""

    connection: Connection
    sources: Mapping[str, Source]
    translations: Mapping[str, Translation]
    present: Present
    stamped: Mapping[str, Stamped | None]

    def everything(self, layout: Layout) -> list[Row]:
        source, translation = self.sources[layout.entity], self.translations[layout.entity]
        return [translation.row(found) for found in self.connection.execute(source.everything())]

    def totals(self, layouts: Sequence[Layout]) -> dict[str, int]:
        """How many rows there are. Raises RecordsError where some are nobody's: they could be anybody's."""
        totals, problems = {}, []
        for layout in layouts:
            source = self.sources[layout.entity]
            rows, known = self.connection.execute(source.total()).one()
            totals[layout.entity] = int(rows)
            if known != rows:
                message = f"{rows - known} rows have no learner_id, so that nobody knows whose they are."
                problems.append(source.query.problem(message))
        if problems:
            raise RecordsError(problems)
        return totals


def open_queries(
    connection: Connection, queries: Mapping[str, Query], how: Understanding, terms: Terms | None = None
) -> Opened:
    """Ask the database what columns the queries have. Raises RecordsError with all that is wrong with them."""
    problems = [
        Problem("credrules.toml", 0, f"there is no query for '{layout.entity}', without which nothing can be decided.")
        for layout in LAYOUTS
        if layout.required and layout.entity not in queries
    ]
    parameters = {"as_of": date.today(), **how.parameters}  # noqa: DTZ011  the institution's own day
    sources, translations, stamped = {}, {}, {}
    present: dict[str, frozenset[str]] = {}
    for entity, query in queries.items():
        if missing := sorted(query.parameters - set(parameters)):
            names = ", ".join(missing)
            problems.append(query.problem(f"needs {names}. Set it in the table [records.parameters]."))
            continue
        header = connection.execute(Source(query, (), parameters, binary=True).header())
        found = [name.lower() for name in header.keys()]  # noqa: SIM118  a result is no mapping
        if query.layout.of_a_learner:
            stamped[entity] = Stamped(query, parameters) if CHANGED_AT in found else None
            found = [name for name in found if name != CHANGED_AT]
        problems.extend(query.problem(fault) for fault in _header_faults(found, query.layout))
        known = tuple(name for name in query.layout.columns if name in found)
        present[entity] = frozenset(known)
        narrowed = terms if query.layout is ATTEMPTS and "term_id" in known else None
        sources[entity] = Source(query, known, parameters, binary=how.binary, terms=narrowed)
        translations[entity] = Translation(query.layout, known, how.values)
    problems.extend(_email_faults(queries, present, how))
    if problems:
        raise RecordsError(problems)
    return Opened(connection, sources, translations, present, stamped)


def _header_faults(found: Sequence[str], layout: Layout) -> Iterator[str]:
    for name in sorted(set(found) - set(layout.columns)):
        possible = f"Possible: {', '.join(layout.columns)}.{nearest(name, layout.columns)}"
        yield f"there is no column '{name}' in this entity. {possible}"
    for name in layout.columns:
        if found.count(name) > 1:
            yield f"the column '{name}' is there {found.count(name)} times."
        if name in layout.needed and name not in found:
            yield f"the column '{name}' is missing. Give an expression the alias {name}."


def _email_faults(queries: Mapping[str, Query], present: Present, how: Understanding) -> Iterator[Problem]:
    if EMAILS.entity not in queries:
        return
    if not how.emails:
        message = "set `emails` in the table [records] to the kinds of address, the one to prefer first."
        yield queries[EMAILS.entity].problem(message)
    if "email" in present.get(LEARNERS.entity, ()):
        yield queries[EMAILS.entity].problem("the query for learners has an email too. Keep one of the two.")


class Reading:
    """One run over the learners."""

    def __init__(self, opened: Opened, how: Understanding, places: Queries) -> None:
        self._opened = opened
        self._places = places
        self._how = how
        self._pager = Pager(opened.connection, how.page)
        self._parts = [
            ENTITIES[entity]
            for entity in opened.sources
            if ENTITIES[entity].of_a_learner and ENTITIES[entity] is not LEARNERS
        ]
        problems: list[Problem] = []
        terms = read_terms(opened.everything(TERMS), places, problems)
        if problems:
            raise RecordsError(problems)
        self._reader = Reader(opened.present, terms, places)
        self._last = ""

    def everybody(self, size: int) -> Iterator[Batch]:
        opened = self._opened
        totals = opened.totals([LEARNERS, *self._parts])
        if not totals[LEARNERS.entity]:
            message = (
                "the database answers that there is nobody. Look at the conditions of the query, "
                "and at what the account may see: some databases show nothing of what is not granted."
            )
            raise RecordsError([opened.sources[LEARNERS.entity].query.problem(message)])
        after: object = None
        while found := self._pager.learners(opened.sources[LEARNERS.entity], size, after):
            upto = found[-1][0]
            yield self._batch(found, Span(after=after, upto=upto))
            after = upto
        beyond = self._beyond(after)
        if beyond.set_aside:
            yield beyond
        for layout in (LEARNERS, *self._parts):
            self._pager.check(opened.sources[layout.entity], totals[layout.entity])

    def named(self, learners: Sequence[str], size: int) -> Iterator[Batch]:
        source = self._opened.sources[LEARNERS.entity]
        whole_numbers = not self._how.binary and self._has_numbers(source)
        for first in range(0, len(learners), size):
            chunk: list[object] = list(learners[first : first + size])
            if whole_numbers:
                chunk = [int(str(one)) for one in chunk if str(one).isdecimal() and str(int(str(one))) == one]
            if not chunk:
                continue
            span = Span(among=tuple(chunk))
            batch = self._batch(list(self._pager.rows(source, span)), span)
            if batch.records or batch.set_aside:
                yield batch

    def _has_numbers(self, source: Source) -> bool:
        some = self._pager.fetch(source.page(self._opened.connection.dialect, 1, Span()))
        return bool(some) and isinstance(some[0][0], int)

    def _batch(self, found: Sequence[Found[Any]], span: Span) -> Batch:
        people: dict[str, Rows] = {}
        self._sort_in(people, LEARNERS, found)
        ids = sorted(people)
        if ids and (ids[0] <= self._last or ids != list(people)):
            message = (
                'learner_id does not come in the order of its characters. Set `order = "binary"` in the table '
                "[records], or make learner_id a text of one length."
            )
            raise RecordsError([self._opened.sources[LEARNERS.entity].query.problem(message)])
        self._last = ids[-1] if ids else self._last
        for layout in self._parts:
            self._sort_in(people, layout, self._pager.rows(self._opened.sources[layout.entity], span))
        return self._judged(people)

    def _beyond(self, after: object) -> Batch:
        """Rows of learners who come after the last one whom the query for learners has."""
        people: dict[str, Rows] = {}
        for layout in self._parts:
            source = self._opened.sources[layout.entity]
            statement = source.page(self._opened.connection.dialect, MOST_STRANGERS + 1, Span(after=after))
            rows = self._pager.fetch(statement)
            if len(rows) > MOST_STRANGERS:
                message = f"more than {MOST_STRANGERS} rows are of learners whom the query for learners does not have."
                raise RecordsError([source.query.problem(message)])
            self._pager.read[layout.entity] += len(rows)
            self._sort_in(people, layout, rows)
        return self._judged(people)

    def _sort_in(self, people: dict[str, Rows], layout: Layout, found: Any) -> None:
        translation = self._opened.translations[layout.entity]
        at = layout.columns.index("learner_id") + 1
        for one in found:
            row = translation.row(one[2:])
            try:
                learner_id = to_text(row[at]) if row[at] is not None else ""
            except Unreadable as error:
                raise RecordsError([Problem(self._places.where(layout, row), 0, f"learner_id: {error}")]) from None
            if not learner_id:
                message = "learner_id is blank, so that nobody knows whose row this is."
                raise RecordsError([Problem(self._places.where(layout, row), 0, message)])
            people.setdefault(learner_id, Rows(learner_id)).of.setdefault(layout.entity, []).append(row)

    def _judged(self, people: Mapping[str, Rows]) -> Batch:
        for rows in people.values():
            self._note_faults(rows)
            if LEARNERS.entity in rows.of:
                self._choose_address(rows)
        return self._reader.batch(people[learner_id] for learner_id in sorted(people))

    def _choose_address(self, rows: Rows) -> None:
        if EMAILS.entity in self._opened.sources:
            address = preferred_address(rows.of.get(EMAILS.entity, ()), self._how.emails)
            at = LEARNERS.columns.index("email") + 1
            rows.of[LEARNERS.entity] = [(*row[:at], address, *row[at + 1 :]) for row in rows.of[LEARNERS.entity]]

    def _note_faults(self, rows: Rows) -> None:
        """Two rows for one learner or one attempt, and rows of somebody who is not among the learners."""
        known = rows.of.get(LEARNERS.entity, [])
        if len(known) > 1:
            message = f"there are {len(known)} rows of this learner. Let the query give the one that is right."
            rows.problems.append(Problem(self._places.where(LEARNERS, known[0]), 0, message))
        seen: dict[str, int] = {}
        for row in rows.of.get(ATTEMPTS.entity, ()):
            seen[str(row[1])] = seen.get(str(row[1]), 0) + (row[1] is not None)
            if seen[str(row[1])] == 2:
                message = "this attempt_id is there more than once. Every attempt needs an id of its own."
                rows.problems.append(Problem(self._places.where(ATTEMPTS, row), 0, message))
        if known:
            return
        for layout in self._parts:
            if own := rows.of.get(layout.entity):
                message = f"the query for learners has no such learner ({len(own)} rows here)."
                rows.problems.append(Problem(self._places.where(layout, own[0]), 0, message))
