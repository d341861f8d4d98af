"""Record batches in, batches of outcomes out, a row a learner: one function for one process and for a cluster."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from credrules.engines.columnar.engine import ColumnarEngine
from credrules.engines.columnar.layout import Layout
from credrules.engines.columnar.needed import pa
from credrules.engines.columnar.streams import LEARNERS
from credrules.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import date

    from credrules.plan import Plan

T = TypeVar("T")


@dataclass
class Partition:
    """Decides every learner of a stream of record batches (`record_schema`) under a plan, as of a day.

    It can be sent to another process, which makes its own engine. Memory is that of a few batches of `learners`,
    however many there are in all; incoming batches are joined or cut to that size. A learner's row is whole:
    `streams.nested` makes such rows of flat tables. What cannot be decided is in the column `faults`, and ends nothing;
    columns that no record has, or a learner who comes twice in a row, are an EngineError.
    """

    plan: Plan
    as_of: date
    threads: int = 1
    learners: int = LEARNERS
    _engine: ColumnarEngine | None = field(default=None, init=False, repr=False, compare=False)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_engine": None}

    @property
    def engine(self) -> ColumnarEngine:
        if self._engine is None:
            self._engine = ColumnarEngine(self.plan)
        return self._engine

    def layout(self) -> Layout:
        return Layout.of(self.engine.sheet, self.as_of)

    def __call__(self, batches: Iterable[Any]) -> Iterator[Any]:
        layout = self.layout()

        def decided(batch: Any) -> Any:
            return layout.packed(self.engine.decide(batch, self.as_of))

        yield from in_order(decided, resized(batches, self.learners), self.threads)


def in_order(work: Callable[[Any], T], batches: Iterable[Any], threads: int) -> Iterator[T]:
    """What comes of each batch, in their order; no more batches are taken than there are threads, and one."""
    if threads == 1:
        yield from map(work, batches)
        return
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Any] = deque()
        for batch in batches:
            waiting.append(pool.submit(work, batch))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def resized(batches: Iterable[Any], size: int) -> Iterator[Any]:
    """The same rows in batches of one size, the last one smaller. Raises EngineError for a learner who comes twice."""
    held: list[Any] = []
    count = 0
    last = None
    for batch in batches:
        if not batch.num_rows:
            continue
        names = batch.column("learner_id")
        if names[0].as_py() == last:
            raise EngineError(f"The learner {last} comes twice. A learner's row must be whole: see streams.nested.")
        last = names[-1].as_py()
        held.append(batch)
        count += batch.num_rows
        while count >= size:
            whole = _joined(held)
            yield whole.slice(0, size)
            held, count = ([whole.slice(size)], count - size) if count > size else ([], 0)
    if count:
        yield _joined(held)


def _joined(batches: list[Any]) -> Any:
    if len(batches) == 1:
        return batches[0]
    table = pa.Table.from_batches(batches).unify_dictionaries().combine_chunks()
    return table.to_batches()[0]
