"""Flat tables, each ordered by learner, as batches of whole learners: what a file or a query yields becomes what
`partition` takes, without a copy of more than the rows of a batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from credrules.engines.columnar.arrays import arrow, flags, numbers
from credrules.engines.columnar.needed import np, pa, pc, pq
from credrules.engines.columnar.tables import PARTS, table_faults
from credrules.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

LEARNERS = 2**16
"""How many learners make a batch: with fewer, what every requirement costs in each batch shows."""


def nested(tables: Mapping[str, Iterable[Any]], size: int = LEARNERS) -> Iterator[Any]:
    """Batches of up to `size` learners, a row each, from the record batches of flat tables.

    `tables` holds 'learners', with every learner once, and any of the parts, each ordered by `learner_id`. Raises
    EngineError where one is not, or has a learner whom 'learners' lacks.
    """
    if "learners" not in tables:
        raise EngineError("The table 'learners' is missing: it says who there is, also without a single attempt.")
    learners = _Table("learners", tables["learners"])
    parts = [_Table(name, batches) for name, batches in tables.items() if name != "learners"]
    while (batch := learners.first(size)) is not None:
        names = batch.column("learner_id")
        last = names[-1]
        columns = {field.name: batch.column(field.name).combine_chunks() for field in batch.schema}
        columns = {
            name: column.chunk(0) if isinstance(column, pa.ChunkedArray) else column for name, column in columns.items()
        }
        for part in parts:
            columns[part.name] = _lists(part, part.up_to(last), columns["learner_id"])
        yield pa.RecordBatch.from_arrays(list(columns.values()), list(columns))
    for part in parts:
        left = part.first(1)
        if left is not None:
            raise EngineError(f"The table '{part.name}' has a learner whom 'learners' lacks: {left['learner_id'][0]}.")


def _lists(part: _Table, rows: Any, names: Any) -> Any:
    """The rows of a part as one list for each learner."""
    whose = _flat(rows.column("learner_id"))
    starts = np.zeros(0, np.int64)
    if len(whose):
        changes = flags(pc.not_equal(whose.slice(1), whose.slice(0, len(whose) - 1)))
        starts = np.append(0, np.flatnonzero(changes) + 1)
    found = pc.index_in(whose.take(arrow(starts)), value_set=names)
    if found.null_count:
        missing = whose.take(arrow(starts)).filter(found.is_null())[0]
        raise EngineError(
            f"The table '{part.name}' has a learner whom 'learners' lacks, or is not in order: {missing}."
        )
    at = numbers(found)
    if len(at) > 1 and (np.diff(at) <= 0).any():
        raise EngineError(f"The table '{part.name}' is not ordered by learner_id.")
    lengths = np.zeros(len(names) + 1, np.int32)
    lengths[at + 1] = np.diff(np.append(starts, len(whose)))
    offsets = np.cumsum(lengths, dtype=np.int32)
    inner = [field.name for field in rows.schema if field.name != "learner_id"]
    values = pa.StructArray.from_arrays([_flat(rows.column(name)) for name in inner], inner)
    return pa.ListArray.from_arrays(arrow(offsets), values)


def _flat(column: Any) -> Any:
    """A column as one array."""
    if not isinstance(column, pa.ChunkedArray):
        return column
    if column.num_chunks == 1:
        return column.chunk(0)
    if pa.types.is_dictionary(column.type):
        column = column.unify_dictionaries()
    found = column.combine_chunks()
    return found.chunk(0) if isinstance(found, pa.ChunkedArray) else found


class _Table:
    """What has been read of a table and not been given out."""

    def __init__(self, name: str, batches: Iterable[Any]) -> None:
        self.name = name
        self._batches = iter(batches)
        self._held: list[Any] = []
        self._schema: Any = None

    def _more(self) -> bool:
        for batch in self._batches:
            self._schema = batch.schema
            if batch.num_rows:
                self._held.append(batch)
                return True
        return False

    def first(self, size: int) -> Any:
        """The next rows, up to so many; None after the last."""
        while sum(batch.num_rows for batch in self._held) < size and self._more():
            pass
        return self._given(size) if self._held else None

    def up_to(self, last: Any) -> Any:
        """The next rows, up to the last one of a learner."""
        while (not self._held or self._is_before(self._held[-1].column("learner_id")[-1], last)) and self._more():
            pass
        count = sum(batch.num_rows for batch in self._held[:-1])
        if self._held:
            count += self._place(self._held[-1].column("learner_id"), last)
        return self._given(count)

    def _is_before(self, name: Any, last: Any) -> bool:
        return bool(name.as_py() <= last.as_py())

    def _place(self, names: Any, last: Any) -> int:
        """How many of the names, in order, are not after `last`."""
        low, high = 0, len(names)
        while low < high:
            middle = (low + high) // 2
            if self._is_before(names[middle], last):
                low = middle + 1
            else:
                high = middle
        return low

    def _given(self, count: int) -> Any:
        given = []
        while count and self._held:
            batch = self._held.pop(0)
            if batch.num_rows > count:
                self._held.insert(0, batch.slice(count))
                batch = batch.slice(0, count)
            given.append(batch)
            count -= batch.num_rows
        schema = given[0].schema if given else self._schema
        if schema is None:
            schema = pa.schema([pa.field("learner_id", pa.string())])
        return pa.Table.from_batches(given, schema)


def parquet_tables(folder: Path, rows: int = 2**18) -> dict[str, Iterator[Any]]:
    """The tables of a folder as `nested` takes them: 'learners.parquet', 'attempts.parquet' and so on.

    Raises EngineError for files that are no table, and for columns that are none of theirs.
    """
    found: dict[str, Iterator[Any]] = {}
    faults = []
    for path in sorted(folder.glob("*.parquet")):
        if path.stem not in (*PARTS, "facts", "learners"):
            faults.append(f"{path.name} is no table. There may be: learners, facts, {', '.join(PARTS)}.")
            continue
        metadata = pq.read_metadata(path)
        schema = metadata.schema.to_arrow_schema()
        faults += table_faults(path.stem, schema)
        found[path.stem] = _rows(path, metadata, _coded(schema), rows)
    if faults:
        raise EngineError("\n".join(faults))
    return found


def _rows(path: Path, metadata: Any, coded: list[str], rows: int) -> Iterator[Any]:
    """The rows of a file, read as they are asked for."""
    with pq.ParquetFile(path, metadata=metadata, read_dictionary=coded, pre_buffer=False) as file:
        yield from file.iter_batches(batch_size=rows, use_threads=False)


def _coded(schema: Any) -> list[str]:
    """The columns of text with few values, which need not be read as text."""
    unlike = ("learner_id", "attempt_id", "activity_id", "evidence", "source")
    return [field.name for field in schema if pa.types.is_string(field.type) and field.name not in unlike]
