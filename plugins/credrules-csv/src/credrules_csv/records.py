"""CsvRecords: the folder as a source of student records."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from credrules import Batch, Capabilities, Knows, Problem
from credrules.rows import Reader, Rows, known_from, shown
from credrules_csv import catalogue
from credrules_csv.folder_digest import folder_digest
from credrules_csv.layouts import ATTEMPTS, LAYOUTS, LEARNERS
from credrules_csv.lines import Lines
from credrules_csv.staging import columns_present, staged
from credrules_csv.table import opened

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from credrules import CatalogueCourse
    from credrules_csv.staging import Staging


class CsvRecords:
    """Student records from a folder of CSV files, which is read anew at every call."""

    name = "csv"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def capabilities(self) -> Capabilities:
        """What the headers promise. Raises RecordsError where they cannot be used."""
        catalogue_ = Knows.FULL if catalogue.is_there(self.folder) else Knows.NONE
        return known_from(columns_present(self.folder), catalogue_)

    def count(self) -> int | None:
        """The rows of learners.csv; None where they cannot all be read, and then `batches` says why."""
        problems: list[Problem] = []
        with opened(self.folder, LEARNERS, problems) as table:
            rows = sum(1 for _ in table.rows(problems)) if table else 0
        return None if problems else rows

    def courses(self) -> tuple[CatalogueCourse, ...]:
        """The catalogue in courses.csv. Raises RecordsError with every problem in it."""
        return catalogue.read(self.folder)

    def version(self) -> str:
        """A digest of all that the files hold, and of which there are."""
        return folder_digest(self.folder)

    def batches(self, learners: Collection[str] | None = None, size: int = 500) -> Iterator[Batch]:
        """Records in the order of learner_id, by its characters' code points."""
        if size < 1:
            raise ValueError(f"a batch holds at least one learner, not {size}")
        with staged(self.folder) as staging:
            reader = Reader(staging.present, staging.terms, Lines())
            last = staging.line_up(learners)
            for first in range(1, last + 1, size):
                yield _batch(staging, reader, first, first + size - 1)


def _batch(staging: Staging, reader: Reader, first: int, last: int) -> Batch:
    people = {learner_id: Rows(learner_id) for learner_id in staging.people(first, last)}
    for layout in LAYOUTS:
        if layout.of_a_learner:
            at = layout.columns.index("learner_id") + 1
            for row in staging.rows(layout, first, last):
                people[row[at]].of.setdefault(layout.entity, []).append(row)
    _note_doubled(staging, people, first, last)
    _note_strangers(staging, people, first, last)
    return reader.batch(people.values())


def _note_doubled(staging: Staging, people: dict[str, Rows], first: int, last: int) -> None:
    """Two rows for one learner, or two rows for one attempt: nobody can tell which of them holds."""
    for rows in people.values():
        lines = [row[0] for row in rows.of.get(LEARNERS.entity, ())]
        for line in lines[1:]:
            message = f"the learner_id of this row is that of line {lines[0]} too. Keep the row that is right."
            rows.problems.append(Problem(LEARNERS.name, line, message))
    for learner_id, line, others in staging.doubled(first, last):
        message = f"the attempt_id of this row is there again in {others}. Every attempt needs an id of its own."
        people[learner_id].problems.append(Problem(ATTEMPTS.name, line, message))


def _note_strangers(staging: Staging, people: dict[str, Rows], first: int, last: int) -> None:
    """Rows of somebody who is not in learners.csv; and the learner whose rows they may well be."""
    for learner_id, file, line, count in staging.strangers(first, last):
        rows = people[learner_id]
        alike = _alike(staging, learner_id)
        more = f" ({count} rows of this file)" if count > 1 else ""
        hint = f" It has {alike}: did a spreadsheet take the zeros off the front?" if alike else ""
        message = f"learners.csv has no such learner_id{more}.{hint} Add the learner there, or correct the id."
        rows.problems.append(Problem(file, line, message))
    for learner_id, rows in people.items():
        if LEARNERS.entity in rows.of and (alike := _alike(staging, learner_id)):
            line = rows.of[LEARNERS.entity][0][0]
            message = (
                f"other files have rows of {alike}, which may be this learner's. Write the id the same everywhere."
            )
            rows.problems.append(Problem(LEARNERS.name, line, message))


def _alike(staging: Staging, learner_id: str) -> str:
    return ", ".join(map(shown, staging.alike(learner_id)))
