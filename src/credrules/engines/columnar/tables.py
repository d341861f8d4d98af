"""Records as Arrow: one row a learner, with lists of attempts, milestones and so on; and back.

The columns are those of the dataclasses in `records.py` and `attestations.py`, by their names, so that a new field is
carried by itself. What differs is written here:

- a course is text, "STA 501"; a term is four columns, `term_starts` (null where no term is known), `term_ends`,
  `term_id` and `term_title`;
- credits, hours, points and scores are int32 in thousandths; days are date32; sets are lists of text;
- null is "the source does not say". A column that is left out has its field's default; a list that is left out is one
  that the source cannot tell.

Names and addresses are in none of these tables: nothing is decided by them.
"""

from __future__ import annotations

import difflib
import types
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin, get_type_hints

from credrules import attestations, records
from credrules.attestations import Attestation, GrantedException, ProgramUse, Word
from credrules.engines.columnar.arrays import arrow
from credrules.engines.columnar.needed import np, pa
from credrules.errors import EngineError
from credrules.records import (
    Attempt,
    Course,
    CredentialHeld,
    Learner,
    Record,
    Term,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

PERSONAL = frozenset({"given_name", "family_name", "preferred_name", "email"})
TERM = ("term_starts", "term_ends", "term_id", "term_title")
UNSPOKEN = frozenset({"attempt_id", "by", "reason"})
"""Columns that a record needs, and that tables may leave out: nothing is decided by them."""
UNIT = 1000
MOST = 2**31 - 1


def _without_none(hint: Any) -> Any:
    if get_origin(hint) in (Union, types.UnionType):
        rest = [one for one in get_args(hint) if one is not type(None)]
        return rest[0] if len(rest) == 1 else hint
    return hint


def _hints(kind: type) -> dict[str, Any]:
    names = {"date": date, "Decimal": Decimal, "Mapping": Mapping}
    return get_type_hints(kind, {**vars(records), **vars(attestations), **names})


def _parts(kind: type) -> dict[str, type]:
    """The fields of a dataclass that are tuples of another one."""
    found = {}
    for name, hint in _hints(kind).items():
        inner = _without_none(hint)
        if get_origin(inner) is tuple and is_dataclass(get_args(inner)[0]):
            found[name] = get_args(inner)[0]
    return found


_OF_RECORD = _parts(Record)
_OF_WORD = {"awarded" if name == "held" else name: kind for name, kind in _parts(Word).items()}
_FIELD = {"awarded": "held"}
"""What a part is called in a word, where that is another name."""
_ELSEWHERE = {
    field.name: field.default for field in fields(Record) if field.name not in (*_OF_RECORD, "learner", "facts")
}
PARTS = {**_OF_RECORD, **_OF_WORD}
"""The lists of a learner; `facts` is one more, of a fact and its values. Each is also a flat table of its own."""


@dataclass(frozen=True, slots=True)
class Column:
    """One field of a dataclass as Arrow has it."""

    name: str
    type: Any
    kind: str  # of its values: text, enum, day, amount, set, flag, number, course
    field: str
    default: Any = MISSING
    values: type | None = None  # of an enum
    required: bool = False  # null is no value of it
    optional: bool = True  # null is what the field has where the source does not say

    def reads(self, text: str | None) -> bool:
        """Whether a text stands for a value of the field."""
        try:
            self.from_arrow(text)
        except (ValueError, EngineError):
            return False
        return True

    def from_arrow(self, value: Any) -> Any:
        if value is None:
            return None
        if self.kind == "amount":
            return Decimal(value) / UNIT
        if self.kind == "set":
            return frozenset(value)
        if self.kind == "course":
            return course(value)
        return self.values(value) if self.values else value


@cache
def _thousandths(value: Decimal) -> int | None:
    """None for an amount that no column holds."""
    scaled = value * UNIT
    fits = value.is_finite() and scaled == int(scaled) and 0 <= scaled <= MOST
    return int(scaled) if fits else None


def _amount(value: Decimal | None, name: str, learner: Learner) -> int | None:
    found = None if value is None else _thousandths(value)
    if found is None and value is not None:
        raise EngineError(
            f"Learner {learner.learner_id}: {name} is {value}; columns hold amounts from 0, to three decimals."
        )
    return found


@cache
def course(code: str) -> Course:
    """A course by its code as the tables have it: 'STA 501'."""
    subject, _, number = code.partition(" ")
    if not subject or not any(letter.isdigit() for letter in number):
        raise EngineError(f"The course '{code}' is not written like 'STA 501': a subject, a space and a number.")
    return Course(subject, number)


@cache
def columns(kind: type) -> tuple[Column, ...]:
    """The columns of one of PARTS, or of Learner."""
    hints = _hints(kind)
    found: list[Column] = []
    for field in fields(kind):
        if field.name in PERSONAL or (field.name == "learner_id" and kind is not Learner):
            continue
        default = field.default if field.default is not MISSING else MISSING
        hint = _without_none(hints[field.name])
        if hint is Term:
            days = [
                (name, pa.date32() if n < 2 else pa.string(), "day" if n < 2 else "text") for n, name in enumerate(TERM)
            ]
            found += [Column(name, type_, kind_, "term", default=None) for name, type_, kind_ in days]
        else:
            type_, kind_ = _arrow_type(hint, kind, field.name)
            values = hint if isinstance(hint, type) and issubclass(hint, Enum) else None
            optional = _without_none(hints[field.name]) is not hints[field.name]
            required = field.default is MISSING and not optional
            found.append(Column(field.name, type_, kind_, field.name, default, values, required, optional))
    return tuple(found)


def _arrow_type(hint: Any, kind: type, name: str) -> tuple[Any, str]:
    if get_origin(hint) is frozenset:
        return pa.list_(pa.string()), "set"
    if hint is Course:
        return pa.string(), "course"
    if isinstance(hint, type) and issubclass(hint, Enum):
        return pa.string(), "enum"
    for type_, column, what in (
        (str, pa.string(), "text"),
        (date, pa.date32(), "day"),
        (Decimal, pa.int32(), "amount"),
        (bool, pa.bool_(), "flag"),
        (int, pa.int64(), "number"),
    ):
        if hint is type_:
            return column, what
    raise AssertionError(f"{kind.__name__}.{name} is a {hint}, of which the tables know no form")


def part_type(part: str) -> Any:
    """The type of one row of a part: a struct."""
    if part == "facts":
        return pa.struct([pa.field("fact", pa.string()), pa.field("values", pa.list_(pa.string()))])
    return pa.struct([pa.field(column.name, column.type) for column in columns(PARTS[part])])


def record_schema() -> Any:
    """One row a learner: what `partition` takes."""
    learner = [pa.field(column.name, column.type) for column in columns(Learner)]
    parts = [pa.field(part, pa.list_(part_type(part))) for part in (*PARTS, "facts")]
    return pa.schema([*learner, *parts])


def table_schema(part: str) -> Any:
    """One of PARTS, or 'facts', as a flat table with a row for each; or 'learners'. Ordered by `learner_id`."""
    if part == "learners":
        return pa.schema([pa.field(column.name, column.type) for column in columns(Learner)])
    return pa.schema([pa.field("learner_id", pa.string()), *part_type(part)])


def records_to_arrow(held: Sequence[Record], words: Sequence[Word] | None = None, without: Collection[str] = ()) -> Any:
    """Records, and what people said of each, as one record batch. Raises EngineError for an amount no column holds.

    The columns named in `without`, of parts, are left out.
    """
    words = words if words is not None else [Word()] * len(held)
    for record in held:
        _check_fields(record)
    learners = [record.learner for record in held]
    arrays = [_array(column, learners, learners, range(len(held))) for column in columns(Learner)]
    names = [column.name for column in columns(Learner)]
    for part, kind in PARTS.items():
        owners: Sequence[Record | Word] = held if part in _OF_RECORD else words
        lists = [getattr(owner, _FIELD.get(part, part)) for owner in owners]
        arrays.append(_part(kind, lists, learners, without))
        names.append(part)
    facts = [
        None
        if record.facts is None
        else [{"fact": name, "values": sorted(record.facts[name])} for name in sorted(record.facts)]
        for record in held
    ]
    return pa.RecordBatch.from_arrays([*arrays, pa.array(facts, pa.list_(part_type("facts")))], names=[*names, "facts"])


def _check_fields(record: Record) -> None:
    """Raises EngineError for something about a learner that was added since, and of which there is no column."""
    for name, default in _ELSEWHERE.items():
        if getattr(record, name) != default:
            whose = f"Learner {record.learner.learner_id}"
            raise EngineError(f"{whose}: no column holds the '{name}' of a record.")


def _part(kind: type, lists: Sequence[Any], learners: Sequence[Learner], without: Collection[str]) -> Any:
    """One list of each learner as a column of lists."""
    lengths = [len(one or ()) for one in lists]
    values = [value for one in lists for value in one or ()]
    whose = np.repeat(np.arange(len(lists)), lengths).tolist()
    wanted = [column for column in columns(kind) if column.name not in without]
    inner = pa.StructArray.from_arrays(
        [_array(column, values, learners, whose) for column in wanted],
        fields=[pa.field(column.name, column.type) for column in wanted],
    )
    offsets = np.zeros(len(lists) + 1, np.int32)
    np.cumsum(lengths, out=offsets[1:])
    unknown = np.array([one is None for one in lists], bool)
    mask = pa.array(unknown) if unknown.any() else None
    return pa.ListArray.from_arrays(arrow(offsets), inner, mask=mask)


def _array(column: Column, values: Sequence[Any], learners: Sequence[Learner], whose: Sequence[int]) -> Any:
    """One column of some values; `whose` says of which learner each is."""
    if column.field == "term":
        name = column.name if column.name == "term_id" else column.name.removeprefix("term_")
        terms = [value.term for value in values]
        return pa.array([None if term is None else getattr(term, name) for term in terms], column.type)
    found = [getattr(value, column.field) for value in values]
    if column.kind == "amount":
        found = [_amount(value, column.name, learners[at]) for value, at in zip(found, whose, strict=True)]
    elif column.kind == "set":
        found = [None if value is None else sorted(value) for value in found]
    elif column.kind == "course":
        found = [value.code for value in found]
    return pa.array(found, column.type)


def arrow_to_records(batch: Any, rows: Iterable[int] | None = None) -> Iterator[tuple[Record, Word]]:
    """The records of a batch, or of some of its rows, as the other engines take them."""
    if rows is not None:
        batch = batch.take(arrow(np.fromiter(rows, np.int64)))
    for row in batch.to_pylist():
        yield _record(row), _word(row)


def _record(row: dict[str, Any]) -> Record:
    learner = Learner(**_fields(Learner, row))
    parts: dict[str, Any] = {}
    for part, kind in _OF_RECORD.items():
        found = row.get(part)
        if part == "attempts":
            number = range(len(found or ()))
            parts[part] = tuple(_attempt(one, at) for at, one in zip(number, found or (), strict=True))
        else:
            parts[part] = None if found is None else tuple(kind(**_fields(kind, one)) for one in found)
    facts = row.get("facts")
    return Record(
        learner=learner,
        **parts,
        facts=None if facts is None else {one["fact"]: frozenset(one["values"] or ()) for one in facts},
    )


def _attempt(row: dict[str, Any], number: int) -> Attempt:
    """An attempt; one without an id is known by its place."""
    values = _fields(Attempt, row)
    values.setdefault("attempt_id", f"row {number:06}")
    return Attempt(**values)


def _word(row: dict[str, Any]) -> Word:
    learner = row["learner_id"]
    said = tuple(
        Attestation(**{"learner_id": learner, "by": "", **_fields(Attestation, one)})
        for one in row.get("attestations") or ()
    )
    granted = tuple(
        GrantedException(**{"learner_id": learner, "by": "", "reason": "", **_fields(GrantedException, one)})
        for one in row.get("exceptions") or ()
    )
    held = tuple(CredentialHeld(**_fields(CredentialHeld, one)) for one in row.get("awarded") or ())
    used = tuple(ProgramUse(**_fields(ProgramUse, one)) for one in row.get("uses") or ())
    return Word(said, granted, held, uses=used)


def _fields(kind: type, row: dict[str, Any] | None) -> dict[str, Any]:
    """Keywords for a dataclass from those columns that are there."""
    values: dict[str, Any] = {}
    if row is None:
        raise EngineError(f"{_one(kind)} is null. Leave the row out.")
    for column in columns(kind):
        if column.field == "term":
            continue
        if column.required and row.get(column.name) is None and (column.name in row or column.name not in UNSPOKEN):
            raise EngineError(f"{_one(kind)} has no '{column.name}'; that column must be filled.")
        if column.name in row and (column.optional or column.required or row[column.name] is not None):
            found = row[column.name]
            if found is None and column.kind == "text" and column.default == "":
                found = ""
            values[column.field] = column.from_arrow(found)
    if kind is Attempt and row.get("term_starts") is not None:
        ends = row.get("term_ends") or row["term_starts"]
        values["term"] = Term(row["term_starts"], ends, row.get("term_id") or "", row.get("term_title") or "")
    return values


def _one(kind: type) -> str:
    return "A credential" if kind is CredentialHeld else f"The {kind.__name__.lower()} of a learner"


def check_schema(schema: Any) -> None:
    """Raises EngineError for columns that no record has, all at once: a misspelt one would be read as left out."""
    known = {field.name: field for field in record_schema()}
    faults: list[str] = []
    for field in schema:
        if field.name not in known:
            faults.append(_unknown(field.name, known, "A record"))
        elif field.name not in (*PARTS, "facts"):
            faults += _wrong_type(field.name, field.type, known[field.name].type)
        elif pa.types.is_list(field.type) and pa.types.is_struct(field.type.value_type):
            faults += table_faults(field.name, field.type.value_type)
        else:
            faults.append(f"The column '{field.name}' is {field.type}; it is a list of structs.")
    if "learner_id" not in schema.names:
        faults.append("The column 'learner_id' is missing.")
    if faults:
        raise EngineError("\n".join(faults))


def table_faults(table: str, found: Iterable[Any]) -> Iterator[str]:
    """What is wrong with the columns of a flat table, or of one part of a record."""
    known = {field.name: field.type for field in table_schema(table)}
    for field in found:
        if field.name not in known:
            yield _unknown(field.name, known, f"A row of '{table}'")
        else:
            yield from _wrong_type(f"{table}.{field.name}", field.type, known[field.name])


def _wrong_type(name: str, found: Any, asked: Any) -> Iterator[str]:
    if not _same(found, asked):
        yield f"The column '{name}' is {found}; it is {asked}."


def _same(found: Any, asked: Any) -> bool:
    if pa.types.is_dictionary(found):
        found = found.value_type
    if pa.types.is_list(asked):
        return pa.types.is_list(found) and _same(found.value_type, asked.value_type)
    return bool(found == asked or (pa.types.is_string(asked) and pa.types.is_large_string(found)))


def _unknown(name: str, known: Iterable[str], what: str) -> str:
    close = difflib.get_close_matches(name, list(known), 1)
    hint = f" Did you mean '{close[0]}'?" if close else ""
    return f"{what} has no column '{name}'. It may have: {', '.join(known)}.{hint}"
