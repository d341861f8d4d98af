"""A fake student information system that can be written to, and is as awkward about changes as real ones are."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

from credrules.adapters import Batch, Capabilities, Changed, Knows
from credrules.errors import Problem, RecordsError
from credrules.sync.extracts import of_terms
from credrules.testing.fakes import ALL_KNOWN

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import datetime

    from credrules.records import Record

_T = TypeVar("_T")
_KNOWN = replace(ALL_KNOWN, catalogue=Knows.NONE)


@dataclass
class FakeSystem:
    """Records in memory, each with the stamp of its last write: whatever stamp the system's clocks gave it.

    Who is deleted leaves no trace. `failures` are used up one a reading: 'down' (no answer), 'broken' (an answer breaks
    off, and the adapter notices), 'cut' (it ends early, and the adapter notices only of changes; of those who are asked
    for by name nobody is left out), 'empty' (an answer of nobody).
    """

    name: str = "fake system"
    capabilities: Capabilities = _KNOWN
    stamps: Knows = Knows.FULL
    page: int = 3  # what it gives at a time, however much is asked for
    failures: list[str] = field(default_factory=list)
    held: dict[str, tuple[Record, datetime | None]] = field(default_factory=dict)
    readings: list[str] = field(default_factory=list)  # what was asked of it

    def write(self, record: Record, stamp: datetime | None) -> None:
        self.held[record.learner.learner_id] = record, stamp

    def delete(self, learner_id: str) -> None:
        del self.held[learner_id]

    def fill(self, held: Mapping[str, tuple[Record, datetime | None]]) -> None:
        """Hold these, in the place of all that was there."""
        self.held = dict(held)

    def count(self) -> int | None:
        return len(self.held)

    def batches(self, learners: Collection[str] | None = None, size: int = 500) -> Iterator[Batch]:
        wanted = sorted(self.held if learners is None else self.held.keys() & set(learners))
        yield from self._batches(wanted, size, "everybody" if learners is None else "named")

    def common(self) -> str:
        return ""

    def latest(self) -> datetime | int | None:
        return max((stamp for _, stamp in self.held.values() if stamp is not None), default=None)

    def changed_since(self, since: datetime | int) -> Iterator[Changed]:
        found = [
            Changed(learner_id, stamp)
            for learner_id, (_, stamp) in self.held.items()
            if stamp is None or isinstance(since, int) or stamp >= since
        ]
        yield from self._answer(sorted(found, key=lambda one: one.learner_id), "changes")

    def batches_of_terms(self, terms: Collection[str], size: int = 500) -> Iterator[Batch]:
        for batch in self._batches(sorted(self.held), size, "scope"):
            yield replace(batch, records=tuple(of_terms(record, terms) for record in batch.records))

    def _batches(self, wanted: list[str], size: int, asked: str) -> Iterator[Batch]:
        found: list[Record] = []
        for learner_id in self._answer(wanted, asked):
            found.append(self.held[learner_id][0])
            if len(found) == size:
                yield Batch(tuple(found))
                found = []
        if found:
            yield Batch(tuple(found))

    def _answer(self, wanted: Sequence[_T], asked: str) -> Iterator[_T]:
        """Page after page, up to an empty one: a short page is no end."""
        self.readings.append(asked)
        failure = self.failures.pop(0) if self.failures else ""
        if failure == "down":
            raise self._fault("does not answer.")
        end = len(wanted)
        if failure == "empty":
            end = 0
        elif failure == "broken" or (failure == "cut" and asked in ("everybody", "scope", "changes")):
            end = len(wanted) // 2
        at = 0
        while page := wanted[at : min(at + self.page, end)]:
            yield from page
            at += len(page)
        if failure == "broken" or (failure == "cut" and asked == "changes"):
            raise self._fault("the answer was cut off.")

    def _fault(self, message: str) -> RecordsError:
        return RecordsError([Problem(self.name, 0, message)])
