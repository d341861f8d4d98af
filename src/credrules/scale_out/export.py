"""Records of an institution's adapter, with what people said, as a folder that a cluster reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from credrules.engines.columnar.needed import pq
from credrules.engines.columnar.tables import record_schema, records_to_arrow
from credrules.errors import EngineError
from credrules.people import people
from credrules.scale_out.source import RECORDS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from pathlib import Path

    from credrules.adapters import StudentRecords
    from credrules.attestations import Word
    from credrules.ledger import Ledger
    from credrules.records import Record

LEARNERS_A_FILE = 2**15


@dataclass(slots=True)
class Exported:
    """How many learners there are, and how many of them were set aside: what cannot be read is not written."""

    learners: int = 0
    set_aside: int = 0


def export(
    records: StudentRecords,
    ledger: Ledger,
    uses_of: Collection[str],
    folder: Path,
    on_progress: Callable[[int], object] = lambda learners: None,
) -> Exported:
    """Write every record to `folder`, a row a learner, without names and addresses.

    `uses_of` are the programs of which it is asked what their awards used.
    """
    exported = Exported()
    files = _Files(folder / RECORDS)
    try:
        for some in people(records, ledger, uses_of):
            written = 0
            for rows in _rows(some.known):
                files.write(rows)
                written += rows.num_rows
            exported.learners += len(some)
            exported.set_aside += len(some) - written
            on_progress(len(some))
    finally:
        files.close()
    return exported


def _rows(known: Sequence[tuple[Record, Word]]) -> Iterator[Any]:
    """The records as Arrow; where one has an amount that no column holds, the others."""
    try:
        yield _arrow(known)
    except EngineError:
        for one in known:
            try:
                yield _arrow([one])
            except EngineError:
                continue


def _arrow(known: Sequence[tuple[Record, Word]]) -> Any:
    return records_to_arrow([record for record, _ in known], [word for _, word in known])


class _Files:
    """Parquet files of so many learners each, so that they can be read by several tasks."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        self._number = 0
        self._learners = 0
        self._writer = self._next()

    def write(self, rows: Any) -> None:
        if self._learners >= LEARNERS_A_FILE:
            self._writer.close()
            self._writer = self._next()
        self._writer.write_batch(rows)
        self._learners += rows.num_rows

    def _next(self) -> Any:
        self._number += 1
        self._learners = 0
        return pq.ParquetWriter(self._folder / f"{self._number:06}.parquet", record_schema())

    def close(self) -> None:
        self._writer.close()
