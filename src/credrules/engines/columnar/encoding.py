"""Record batches as compact integer columns: course codes, profiles, days, thousandths.

An attempt's *profile* is everything about it that is one of few values (grade, registration, basis, origin, repeat,
level, marks); a population of millions has some hundreds of them, and what a rule makes of a profile is worked out
once, by the plain engine's own functions. Codes are given in the order in which values are met, and stay.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from credrules.engines.columnar.arrays import numbers, texts, valid
from credrules.engines.columnar.needed import np, pa, pc
from credrules.engines.columnar.tables import PARTS, UNSPOKEN, check_schema, columns, course
from credrules.records import Attempt, Learner

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from credrules.engines.columnar.tables import Column
    from credrules.records import Course

    Ints = np.ndarray[Any, np.dtype[Any]]

NO_DAY = -(2**31)
NO_AMOUNT = -1
PROFILE = (
    "grade",
    "registration",
    "basis",
    "origin",
    "repeat",
    "level",
    "lapses_to",
    "attributes",
    "counts_toward",
    "used_for",
)
DAYS = ("term_starts", "term_ends", "registered_on", "graded_on", "lapses_on")
AMOUNTS = ("credits_attempted", "credits_earned")
TOLD = frozenset({"attempt_id", "course", "term_id", "term_title", "title", "source", *PROFILE, *DAYS, *AMOUNTS})
"""The columns of an attempt that are understood here; who has a value in another one is left to the plain engine."""
BETWEEN = "\x1f"


class Codes:
    """Numbers for values, in the order in which they are met; safe to share between threads."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._numbers: dict[Hashable, int] = {}
        self._lock = threading.Lock()

    def of(self, value: Hashable) -> int:
        number = self._numbers.get(value)
        if number is None:
            with self._lock:
                number = self._numbers.setdefault(value, len(self._numbers))
                if number == len(self.values):
                    self.values.append(value)
        return number

    def __len__(self) -> int:
        return len(self.values)


@dataclass(slots=True)
class Attempts:
    """One row an attempt. A column is None where it says nothing of any row."""

    learner: Ints  # row of the learner in the block
    course: Ints
    profile: Ints
    days: dict[str, Ints | None]
    amounts: dict[str, Ints | None]
    place: Ints | None = None  # where a row stands in the batch, where attempts have ids
    odd: Ints = field(default_factory=lambda: np.zeros(0, np.int32))  # learners with values in columns unknown here

    def __len__(self) -> int:
        return len(self.course)

    def taken(self, rows: Ints) -> Attempts:
        """Some of the rows, in this order."""

        def some(found: dict[str, Ints | None]) -> dict[str, Ints | None]:
            return {name: None if one is None else one[rows] for name, one in found.items()}

        return Attempts(
            self.learner[rows],
            self.course[rows],
            self.profile[rows],
            some(self.days),
            some(self.amounts),
            None if self.place is None else self.place[rows],
            self.odd,
        )


@dataclass(slots=True)
class Block:
    """A batch of learners. `records` is the batch that it was made of; `bounds[c]` begins the rows at course c, where
    the attempts are in order of course and learner; None where they are in the learners' order.

    The learners in `spoilt` have values that cannot be read. In `readable` they have none; it is `records` otherwise.
    """

    size: int
    attempts: Attempts
    records: Any
    bounds: Ints | None = None
    readable: Any = None
    spoilt: Ints = field(default_factory=lambda: np.zeros(0, np.int32))

    def __post_init__(self) -> None:
        if self.readable is None:
            self.readable = without(self.records, self.spoilt)

    def ordered(self, courses: int) -> Block:
        """The same with the attempts in order of their courses: worked out once, it need not be for every decision."""
        if self.bounds is not None:
            return self
        order = stable_order(self.attempts.course, courses)
        attempts = self.attempts.taken(order)
        bounds = np.searchsorted(attempts.course, np.arange(courses + 1))
        return Block(self.size, attempts, self.records, bounds, self.readable, self.spoilt)


def stable_order(codes: Ints, size: int) -> Ints:
    """Positions in order of codes. Codes of 16 bits are sorted digit by digit, several times as fast as wider ones."""
    return np.argsort(codes.astype(np.uint16) if size < 2**16 else codes, kind="stable")


class Encoder:
    """Gives out the codes. One is shared by everything that is to be decided together."""

    def __init__(self) -> None:
        self.courses = Codes()
        self.profiles = Codes()

    def course(self, code: int) -> Course:
        return course(self.courses.values[code])

    def profile(self, code: int) -> dict[str, str | None]:
        """The text of each of PROFILE that the batch had a column for; sets joined by BETWEEN."""
        return dict(self.profiles.values[code])

    def block(self, batch: Any) -> Block:
        """Raises EngineError for columns that are no record's."""
        check_schema(batch.schema)
        spoilt = unreadable(batch)
        readable = without(batch, spoilt)
        rows = part(readable, "attempts")
        if rows is None or rows.column("course") is None:
            empty = np.zeros(0, np.int32)
            attempts = Attempts(empty, empty, empty, dict.fromkeys(DAYS), dict.fromkeys(AMOUNTS))
            return Block(batch.num_rows, attempts, batch, None, readable, spoilt)
        attempts = Attempts(
            learner=rows.learner,
            course=self._courses(rows.column("course")),
            profile=self._profiles(rows),
            days={name: days(rows.column(name)) for name in DAYS},
            amounts={name: amounts(rows.column(name)) for name in AMOUNTS},
            place=None if rows.column("attempt_id") is None else np.arange(len(rows.learner), dtype=np.int32),
            odd=_odd(rows, "attempts", TOLD),
        )
        return Block(batch.num_rows, attempts, batch, None, readable, spoilt)

    def _courses(self, column: Any) -> Ints:
        local, values = coded(column)
        return np.array([self.courses.of(value) for value in values] or [0], np.int32)[local]

    def _profiles(self, rows: Part) -> Ints:
        found = [(name, *coded(column)) for name in PROFILE if (column := rows.column(name)) is not None]
        key, parts = _mixed([(local, len(values)) for _, local, values in found], len(rows.learner))
        codes = []
        for combination in parts:
            told = zip(found, combination, strict=True)
            profile = tuple((name, values[at] if at >= 0 else None) for (name, _, values), at in told)
            codes.append(self.profiles.of(profile))
        return np.array(codes or [0], np.int32)[key]


def _mixed(columns_: Sequence[tuple[Ints, int]], rows: int) -> tuple[Ints, list[tuple[int, ...]]]:
    """One code for the combination of several, and what each combination is made of; -1 stands for null in them."""
    key = np.zeros(rows, np.intp)
    parts: list[tuple[int, ...]] = [()]
    for local, size in columns_:
        key = key * (size + 1)
        key += local
        key += 1
        seen = np.zeros(len(parts) * (size + 1), bool)
        seen[key] = True
        there = np.flatnonzero(seen)
        if len(there) < len(seen):
            smaller = np.zeros(len(seen), np.intp)
            smaller[there] = np.arange(len(there))
            key = smaller[key]
        parts = [(*parts[at // (size + 1)], int(at % (size + 1)) - 1) for at in there]
    return key, parts


@dataclass(slots=True)
class Part:
    """One list of all learners as rows: whose each is, and its columns."""

    learner: Ints
    values: Any  # a StructArray
    unknown: Ints | None  # the learners of whom the source cannot tell, as booleans; None where there are none

    def column(self, name: str) -> Any:
        """A column, None where it is left out or says nothing anywhere."""
        at = self.values.type.get_field_index(name)
        return None if at < 0 else self.values.field(at)


def part(batch: Any, name: str) -> Part | None:
    """The rows of a part; None where the batch has no such column."""
    at = batch.schema.get_field_index(name)
    if at < 0:
        return None
    column = batch.column(at)
    unknown = ~valid(column) if column.null_count else None
    lengths = numbers(pc.list_value_length(column), 0)
    values = column.flatten()
    return Part(np.repeat(np.arange(batch.num_rows, dtype=np.int32), lengths), values, unknown)


def unreadable(batch: Any) -> Ints:
    """The learners with a value that no record can have: a course that is none, an unknown word, a gap."""
    of_learner = [column for column in columns(Learner) if column.name in batch.schema.names]
    found = [np.flatnonzero(_unread(column, batch.column(column.name))) for column in of_learner]
    for name in batch.schema.names:
        rows = part(batch, name) if name in PARTS else None
        if rows is None or not len(rows.learner):
            continue
        if rows.values.null_count:
            found.append(rows.learner[~valid(rows.values)])
        for column in columns(PARTS[name]):
            if column.name in PROFILE and name == "attempts":
                continue  # looked at once for each profile
            values = rows.column(column.name)
            if values is not None:
                found.append(rows.learner[_unread(column, values)])
            elif column.required and column.name not in UNSPOKEN:
                found.append(rows.learner)
    return np.unique(np.concatenate(found)).astype(np.int32)


def _unread(column: Column, values: Any) -> Ints:
    """Where a column has what no field can hold, as booleans."""
    found = ~valid(values) if column.required and values.null_count else np.zeros(len(values), bool)
    if column.kind in ("course", "enum"):
        local, words = coded(values)
        bad = np.array([*(not column.reads(word) for word in words), False], bool)
        found = found | bad[local] if bad.any() else found
    return found


def without(batch: Any, learners: Ints) -> Any:
    """The same batch, where some learners have nothing but their ids."""
    if not len(learners):
        return batch
    gone = np.zeros(batch.num_rows, bool)
    gone[learners] = True
    kept = np.where(gone, -1, np.arange(batch.num_rows))
    at = pa.array(kept, mask=gone)
    arrays = [
        column if field.name == "learner_id" else column.take(at)
        for field, column in zip(batch.schema, batch.columns, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, names=batch.schema.names)


def coded(column: Any) -> tuple[Ints, list[Any]]:
    """A column of text or of sets of text as numbers, -1 for null, and what they stand for."""
    if pa.types.is_list(column.type):
        column = pc.binary_join(column, texts([BETWEEN])[0])
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    return numbers(column.indices, -1), column.dictionary.to_pylist()


def days(column: Any) -> Ints | None:
    """Days as numbers, NO_DAY for null; None where all are."""
    if column is None or column.null_count == len(column):
        return None
    return numbers(column, NO_DAY)


def amounts(column: Any) -> Ints | None:
    """Thousandths, NO_AMOUNT for null; None where all are."""
    if column is None or column.null_count == len(column):
        return None
    return numbers(column, NO_AMOUNT)


def _odd(rows: Part, name: str, told: frozenset[str]) -> Ints:
    """The learners with a value in a column that the engine does not know what to make of."""
    found = [np.zeros(0, np.int32)]
    for column in columns(PARTS[name]):
        values = rows.column(column.name) if column.name not in told else None
        if values is not None and values.null_count < len(values):
            found.append(rows.learner[valid(values)])
    return np.unique(np.concatenate(found))


def attempt_of(profile: dict[str, str | None], **more: Any) -> Attempt:
    """An attempt with the values of a profile. Raises ValueError for a word that no such field may hold."""
    values: dict[str, Any] = {}
    for column in columns(Attempt):
        if column.name not in profile:
            continue
        text = profile[column.name]
        if text is None and not column.optional:
            continue
        if column.kind == "set" and text is not None:
            values[column.field] = frozenset(text.split(BETWEEN)) - {""}
        else:
            values[column.field] = column.from_arrow(text)
    return Attempt(**{"attempt_id": "", **values, **more})
