"""courses.csv: the institution's course catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from credrules import RecordsError
from credrules.rows import read_courses
from credrules_csv.layouts import COURSES
from credrules_csv.lines import Lines
from credrules_csv.table import opened

if TYPE_CHECKING:
    from pathlib import Path

    from credrules import CatalogueCourse, Problem


def is_there(folder: Path) -> bool:
    """Whether there is a catalogue; also where it cannot be used, which `read` then says."""
    problems: list[Problem] = []
    with opened(folder, COURSES, problems) as table:
        return table is not None or bool(problems)


def read(folder: Path) -> tuple[CatalogueCourse, ...]:
    """Every course of the catalogue. Raises RecordsError with every problem in it."""
    problems: list[Problem] = []
    with opened(folder, COURSES, problems) as table:
        rows = table.rows(problems) if table else iter(())
        says_attributes = table is not None and "attributes" in table.present
        courses = read_courses(rows, Lines(), problems, says_attributes=says_attributes)
    if problems:
        raise RecordsError(problems)
    return courses
