"""Rows in order of learner, cut anywhere, as batches of whole learners. What cannot be read is refused, with why.

A cluster hands a partition over in batches of so many rows: a learner may straddle two of them. Nothing in here knows
of a cluster.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from credrules.engines.columnar.arrays import arrow, flags
from credrules.engines.columnar.needed import np, pa, pc
from credrules.engines.columnar.streams import nested

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    Array = np.ndarray[Any, np.dtype[Any]]

TABLE = "table"
"""The column of tagged rows that says which flat table a row is of; its values are in a struct of the table's name."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A learner of whom something could not be read or decided, and why.

    `learner_id` is None where rows lack just that, and `program` is '' where it is all of them.
    """

    learner_id: str | None
    because: str
    program: str = ""


def complete(batches: Iterable[Any], refused: list[Refused]) -> Iterator[Any]:
    """The same rows in batches that no learner straddles. Rows that name no learner are refused."""
    held: list[Any] = []
    for batch in batches:
        named = _named(batch, refused)
        if not named.num_rows:
            continue
        start = int(_begins(named.column("learner_id"))[-1])
        if held and (start or held[-1].column("learner_id")[-1] != named.column("learner_id")[0]):
            yield _joined([*held, named.slice(0, start)])
            held = []
        elif start:
            yield named.slice(0, start)
        held.append(named.slice(start))
    if held:
        yield _joined(held)


def unique(batch: Any, refused: list[Refused]) -> Any:
    """The learners of a batch of whole rows. One who has several is refused: which of them is right is not known."""
    return _once(batch, batch.column("learner_id"), "There are {} records of this learner; there may be one.", refused)


def nest(batch: Any, tables: Sequence[str], refused: list[Refused]) -> Iterator[Any]:
    """Tagged rows of flat tables as a row a learner. Who is in 'learners' never or twice is refused, with all rows."""
    rows = {name: _rows(batch, number, name) for number, name in enumerate(tables)}
    names = rows["learners"].column("learner_id")
    known = _once(names, names, "'learners' has this learner {} times; there may be one row.", refused)
    twice = {one.learner_id for one in refused}
    for name in tables:
        names = rows[name].column("learner_id")
        there = flags(pc.is_in(names, value_set=known))
        if there.all():
            continue
        if name != "learners":
            for stranger, count in Counter(_some(names, ~there).to_pylist()).items():
                if stranger not in twice:
                    refused.append(Refused(stranger, f"'{name}' has {count} of this learner, whom 'learners' lacks."))
        rows[name] = _some(rows[name], there)
    yield from nested({name: [one] for name, one in rows.items()}, max(1, len(known)))


def _once(rows: Any, names: Any, because: str, refused: list[Refused]) -> Any:
    """Of these rows, each of the learner in `names`, those of learners who are there once."""
    twice = _repeated(names)
    for name, count in Counter(_some(names, twice).to_pylist()).items():
        refused.append(Refused(name, because.format(count)))
    return _some(rows, ~twice) if twice.any() else rows


def _rows(batch: Any, number: int, name: str) -> Any:
    """The rows of one flat table, with the columns of its struct beside the learner."""
    mine = batch.filter(pc.equal(batch.column(TABLE), number))
    inner = mine.column(name)
    names = [field.name for field in inner.type]
    return pa.RecordBatch.from_arrays([mine.column("learner_id"), *inner.flatten()], ["learner_id", *names])


def _named(batch: Any, refused: list[Refused]) -> Any:
    """The rows that name a learner."""
    there = flags(pc.fill_null(pc.not_equal(pc.utf8_trim_whitespace(batch.column("learner_id")), ""), False))
    if there.all():
        return batch
    refused.append(Refused(None, f"{int((~there).sum())} rows have no learner_id."))
    return _some(batch, there)


def _begins(names: Any) -> Array:
    """Where each learner's rows begin."""
    return np.append(0, np.flatnonzero(flags(pc.not_equal(names.slice(1), names.slice(0, len(names) - 1)))) + 1)


def _repeated(names: Any) -> Array:
    """Which names are a neighbour's too."""
    found = np.zeros(len(names), bool)
    if len(names) > 1:
        same = flags(pc.equal(names.slice(1), names.slice(0, len(names) - 1)))
        found[1:] |= same
        found[:-1] |= same
    return found


def _some(rows: Any, which: Array) -> Any:
    return rows.take(arrow(np.flatnonzero(which)))


def _joined(batches: list[Any]) -> Any:
    if len(batches) == 1:
        return batches[0]
    return pa.Table.from_batches(batches).combine_chunks().to_batches()[0]
