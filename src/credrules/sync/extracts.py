"""What synchronisation keeps of a learner: digests and days, and nothing that could be read."""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from credrules.records import digest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from credrules.adapters import Batch
    from credrules.records import Record

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Extract:
    """One learner, read. `scoped` is the digest of what a reading of the scope alone gives.

    `attempts` is None where the learner's rows could not be read. On each of `days` something that is in the record
    already begins or has just ended.
    """

    learner_id: str
    digest: str
    scoped: str
    attempts: int | None
    days: tuple[date, ...] = ()


def extracts(batch: Batch, terms: Collection[str]) -> Iterator[Extract]:
    """What is kept of everybody in a batch."""
    for record in batch.records:
        yield Extract(
            record.learner.learner_id,
            digest(record),
            digest(of_terms(record, terms)),
            len(record.attempts),
            tuple(sorted(turning_days(record))),
        )
    faults: dict[str, list[str]] = {}
    for aside in batch.set_aside:  # the line on which a fault stands is no part of what it says
        faults.setdefault(aside.learner_id, []).extend(problem.message for problem in aside.problems)
    for learner_id, messages in faults.items():
        text = digest(sorted(messages))
        yield Extract(learner_id, text, text, None)


def of_terms(record: Record, terms: Collection[str]) -> Record:
    """The record with only those attempts that are in these terms, or in none."""
    kept = (one for one in record.attempts if one.term is None or one.term.term_id in terms)
    return replace(record, attempts=tuple(kept))


def turning_days(value: object) -> set[date]:
    """Every date within a value, and the day after it: what runs 'until' a day, that day included, ends with it."""
    return {day for found in _dates(value) for day in (found, found + _DAY if found < date.max else found)}


def _dates(value: object) -> Iterator[date]:
    if isinstance(value, date):
        yield value
    elif is_dataclass(value):
        for field in fields(value):
            yield from _dates(getattr(value, field.name))
    elif isinstance(value, tuple | list | frozenset):
        for one in value:
            yield from _dates(one)
