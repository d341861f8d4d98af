"""People: records with what was said of each learner, batch by batch; and who cannot be decided, with the reasons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from credrules.adapters import SetAside
from credrules.attestations import Word
from credrules.errors import Problem
from credrules.records import record_faults

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from credrules.adapters import StudentRecords
    from credrules.ledger import Ledger
    from credrules.records import Record

BATCH = 500
"""Learners in memory at a time; what a command holds does not grow with the number of learners."""


@dataclass(frozen=True, slots=True)
class People:
    """A batch of learners. Whoever is in `set_aside` has rows that cannot be read, or that contradict one another."""

    known: Sequence[tuple[Record, Word]]
    set_aside: Sequence[SetAside]

    @property
    def records(self) -> list[Record]:
        return [record for record, _ in self.known]

    @property
    def learners(self) -> set[str]:
        return {record.learner.learner_id for record, _ in self.known} | {one.learner_id for one in self.set_aside}

    def __len__(self) -> int:
        return len(self.known) + len(self.set_aside)


def people(
    records: StudentRecords,
    ledger: Ledger,
    uses_of: Collection[str],
    learners: Collection[str] | None = None,
    size: int = BATCH,
) -> Iterator[People]:
    """All learners of a source, or those named, at most `size` to a batch; none who was erased.

    `uses_of` are the programs of which it is asked what their awards used.
    """
    erased = ledger.erased()
    for batch in records.batches(learners, size):
        words = ledger.word_of([record.learner.learner_id for record in batch.records], uses_of)
        known: list[tuple[Record, Word]] = []
        aside = [one for one in batch.set_aside if one.learner_id not in erased]
        for record in batch.records:
            if record.learner.learner_id in erased:
                continue
            if faults := list(record_faults(record)):
                aside.append(set_aside(record, records.name, faults))
            else:
                known.append((record, words.get(record.learner.learner_id, Word())))
        yield People(known, aside)


def set_aside(record: Record, where: str, faults: Sequence[str]) -> SetAside:
    """A learner about whom nothing is decided, and why."""
    learner = record.learner.learner_id
    return SetAside(learner, tuple(Problem(f"{where}, learner {learner}", 0, fault) for fault in faults))
