"""What one task of a cluster does: a partition's rows in, what was decided out, and what was set aside beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from credrules.engines.columnar.layout import Layout
from credrules.engines.columnar.needed import pa
from credrules.scale_out.gather import Refused, complete, nest, unique

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from credrules.engines.columnar.partition import Partition

OUTPUT = "output"
OUTCOMES = "outcomes"
SET_ASIDE = "set-aside"
EVERY_PROGRAM = -1


@dataclass(frozen=True)
class Task:
    """Decides the rows of a partition, which are in order of learner and whole: all rows of a learner are in it.

    Rows are whole records, or tagged rows of the flat `tables`. What comes out are rows of both outputs, told apart by
    the column `output`: outcomes as `Layout` has them; and learners of whom something could not be read or decided,
    with the reason. No record ends the job; an error of the engine does.
    """

    partition: Partition
    tables: tuple[str, ...] = ()

    def schema(self) -> Any:
        """The columns of both outputs; those of the other are null."""
        mine = [pa.field("program", pa.string()), pa.field("because", pa.string())]
        theirs = [pa.field(field.name, field.type) for field in self.partition.layout().schema()]
        return pa.schema([pa.field(OUTPUT, pa.string()), *theirs, *mine])

    def __call__(self, batches: Iterable[Any]) -> Iterator[Any]:
        schema, layout = self.schema(), self.partition.layout()
        refused: list[Refused] = []
        for batch in self.partition(self._readable(batches, refused)):
            yield _filled(batch, OUTCOMES, schema)
            aside = [("", one) for one in refused] + list(_undecided(batch, layout))
            refused.clear()
            if aside:
                yield _set_aside(aside, schema)
        if refused:
            yield _set_aside([("", one) for one in refused], schema)

    def _readable(self, batches: Iterable[Any], refused: list[Refused]) -> Iterator[Any]:
        for batch in complete(batches, refused):
            if self.tables:
                yield from nest(batch, self.tables, refused)
            else:
                yield unique(batch, refused)


def _undecided(batch: Any, layout: Layout) -> Iterator[tuple[str, Refused]]:
    """By program, the learners of whom no engine could decide; the program is '' where it is all of them."""
    faults = batch.column("faults")
    if not len(faults.flatten()):
        return
    for name, of_learner in zip(batch.column("learner_id").to_pylist(), faults.to_pylist(), strict=True):
        for fault in of_learner or ():
            number = fault["program"]
            yield "" if number == EVERY_PROGRAM else layout.programs[number].program, Refused(name, fault["because"])


def _set_aside(aside: list[tuple[str, Refused]], schema: Any) -> Any:
    columns = {
        "learner_id": [one.learner_id for _, one in aside],
        "program": [program for program, _ in aside],
        "because": [one.because for _, one in aside],
    }
    batch = pa.RecordBatch.from_pydict(columns, pa.schema([schema.field(name) for name in columns]))
    return _filled(batch, SET_ASIDE, schema)


def _filled(batch: Any, output: str, schema: Any) -> Any:
    """The batch with the columns of both outputs."""
    size = batch.num_rows
    there = {OUTPUT: pa.array([output], pa.string()).take(pa.array([0] * size, pa.int32()))}
    there |= {name: batch.column(name) for name in batch.schema.names}
    columns = [there[field.name] if field.name in there else pa.nulls(size, field.type) for field in schema]
    return pa.RecordBatch.from_arrays(columns, schema=schema)
