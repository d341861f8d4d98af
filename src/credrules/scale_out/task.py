"""What one task of a cluster does: a partition's rows in, what came of them out, and what was set aside beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from credrules.engines.columnar.needed import pa
from credrules.scale_out.gather import Refused, complete, nest, unique

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from credrules.engines.columnar.layout import Layout
    from credrules.engines.columnar.partition import Partition

OUTPUT = "output"
FOUND = "found"
SET_ASIDE = "set-aside"


class Work(Protocol):
    """What is to be done with batches of whole learners (`record_schema`)."""

    def schema(self) -> Any:
        """The columns of what is found."""

    def __call__(self, batches: Iterable[Any], refused: list[Refused]) -> Iterator[Any]:
        """What is found. Learners of whom something cannot be decided are added to `refused`."""


@dataclass(frozen=True)
class Task:
    """Works on the rows of a partition, which are in order of learner and whole: all rows of a learner are in it.

    Rows are whole records, or tagged rows of the flat `tables`. What comes out are rows of two outputs, told apart by
    the column `output`: what was found; and learners of whom something could not be read or decided, with the reason.
    No record ends the job; an error of the engine does.
    """

    work: Work
    tables: tuple[str, ...] = ()

    def schema(self) -> Any:
        """The columns of both outputs; those of the other are null."""
        found = {field.name: field.type for field in self.work.schema()}
        told = dict.fromkeys(("learner_id", "program", "because"), pa.string())
        return pa.schema([pa.field(OUTPUT, pa.string()), *(pa.field(*one) for one in {**found, **told}.items())])

    def __call__(self, batches: Iterable[Any]) -> Iterator[Any]:
        schema = self.schema()
        refused: list[Refused] = []
        for batch in self.work(self._readable(batches, refused), refused):
            yield _filled(batch, FOUND, schema)
            if refused:
                yield _set_aside(refused, schema)
        if refused:
            yield _set_aside(refused, schema)

    def _readable(self, batches: Iterable[Any], refused: list[Refused]) -> Iterator[Any]:
        for batch in complete(batches, refused):
            if self.tables:
                yield from nest(batch, self.tables, refused)
            else:
                yield unique(batch, refused)


@dataclass(frozen=True)
class Outcomes:
    """The outcomes at every node, a row a learner, as `Partition` packs them."""

    partition: Partition

    def schema(self) -> Any:
        return self.partition.layout().schema()

    def __call__(self, batches: Iterable[Any], refused: list[Refused]) -> Iterator[Any]:
        layout = self.partition.layout()
        for batch in self.partition(batches):
            refused += _undecided(batch, layout)
            yield batch


def _undecided(batch: Any, layout: Layout) -> Iterator[Refused]:
    """The learners of whom no engine could decide, in which program and why."""
    faults = batch.column("faults")
    if not len(faults.flatten()):
        return
    for name, of_learner in zip(batch.column("learner_id").to_pylist(), faults.to_pylist(), strict=True):
        for fault in of_learner or ():
            number = fault["program"]
            yield Refused(name, fault["because"], layout.programs[number].program if number >= 0 else "")


def _set_aside(refused: list[Refused], schema: Any) -> Any:
    """A row for each, which are no longer waiting."""
    columns = {name: [getattr(one, name) for one in refused] for name in ("learner_id", "program", "because")}
    batch = pa.RecordBatch.from_pydict(columns, pa.schema([schema.field(name) for name in columns]))
    refused.clear()
    return _filled(batch, SET_ASIDE, schema)


def _filled(batch: Any, output: str, schema: Any) -> Any:
    """The batch with the columns of both outputs."""
    size = batch.num_rows
    there = {OUTPUT: pa.repeat(pa.scalar(output), size)}
    there |= {name: batch.column(name) for name in batch.schema.names}
    columns = [there[field.name] if field.name in there else pa.nulls(size, field.type) for field in schema]
    return pa.RecordBatch.from_arrays(columns, schema=schema)
