"""courses.csv: the institution's course catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from credrules import CatalogueCourse, Problem, RecordsError
from credrules_csv.layouts import COURSES
from credrules_csv.table import opened
from credrules_csv.values import Unreadable, shown, to_course, to_credits, to_day, to_set

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date
    from pathlib import Path
    from typing import TypeVar

    from credrules_csv.table import Row

    T = TypeVar("T")


def is_there(folder: Path) -> bool:
    """Whether there is a catalogue; also where it cannot be used, which `read` then says."""
    problems: list[Problem] = []
    with opened(folder, COURSES, problems) as table:
        return table is not None or bool(problems)


def read(folder: Path) -> tuple[CatalogueCourse, ...]:
    """Every course of the catalogue. Raises RecordsError with every problem in it."""
    problems: list[Problem] = []
    first: dict[CatalogueCourse, int] = {}
    with opened(folder, COURSES, problems) as table:
        for row in table.rows(problems) if table else ():
            one = _course(row, problems, says_attributes=table is not None and "attributes" in table.present)
            if one in first:
                message = f"the row is that of line {first[one]} again. Take one of the two out."
                problems.append(Problem(COURSES.name, row[0], message))
            elif one:
                first[one] = row[0]
    if problems:
        raise RecordsError(problems)
    return tuple(first)


def _course(row: Row, problems: list[Problem], *, says_attributes: bool) -> CatalogueCourse | None:
    line, code, title, since, until, level, credits_, attributes = row
    before = len(problems)

    def cell(column: str, text: str | None, convert: Callable[[str], T]) -> T | None:
        try:
            return None if text is None else convert(text)
        except Unreadable as error:
            problems.append(Problem(COURSES.name, line, f"{column} is {shown(text or '')}. {error}"))
            return None

    if code is None:
        problems.append(Problem(COURSES.name, line, "course is blank. Every row needs one."))
    course = cell("course", code, to_course)
    first: date | None = cell("from", since, to_day)
    last: date | None = cell("until", until, to_day)
    if first and last and last < first:
        problems.append(Problem(COURSES.name, line, f"the course ends on {last}, before it begins on {first}."))
    marks = cell("attributes", attributes, to_set) or frozenset()
    amount = cell("credits", credits_, to_credits)
    if len(problems) > before or course is None:
        return None
    return CatalogueCourse(
        course=course,
        title=title,
        since=first,
        until=last,
        level=level,
        credits=amount,
        attributes=marks if says_attributes else None,
    )
