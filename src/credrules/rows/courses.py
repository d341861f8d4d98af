"""The course catalogue of a source."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from credrules.catalogue import CatalogueCourse
from credrules.errors import Problem
from credrules.rows.cells import Unreadable, shown, to_course, to_credits, to_day, to_set, to_text
from credrules.rows.layouts import COURSES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from credrules.rows.places import Places, Row

T = TypeVar("T")


def read_courses(
    rows: Iterable[Row], places: Places, problems: list[Problem], *, says_attributes: bool
) -> tuple[CatalogueCourse, ...]:
    """Every course that can be read; what keeps the others from it goes to `problems`."""
    first: dict[CatalogueCourse, Row] = {}
    for row in rows:
        one = _course(row, places, problems, says_attributes=says_attributes)
        if one in first:
            message = f"the row is that of {places.other(first[one])} again. Take one of the two out."
            problems.append(Problem(places.where(COURSES, row), row[0], message))
        elif one:
            first[one] = row
    return tuple(first)


def _course(row: Row, places: Places, problems: list[Problem], *, says_attributes: bool) -> CatalogueCourse | None:
    line, code, title, since, until, level, credits_, attributes = row
    where, before = places.where(COURSES, row), len(problems)

    def cell(column: str, found: object, convert: Callable[[object], T]) -> T | None:
        try:
            return None if found is None else convert(found)
        except Unreadable as error:
            problems.append(Problem(where, line, f"{column} is {shown(found)}. {error}"))
            return None

    if code is None:
        problems.append(Problem(where, line, "course is blank. Every row needs one."))
    course = cell("course", code, to_course)
    first, last = cell("from", since, to_day), cell("until", until, to_day)
    if first and last and last < first:
        problems.append(Problem(where, line, f"the course ends on {last}, before it begins on {first}."))
    marks = cell("attributes", attributes, to_set) or frozenset()
    amount = cell("credits", credits_, to_credits)
    name, on_level = cell("title", title, to_text), cell("level", level, to_text)
    if len(problems) > before or course is None:
        return None
    return CatalogueCourse(
        course=course,
        title=name,
        since=first,
        until=last,
        level=on_level,
        credits=amount,
        attributes=marks if says_attributes else None,
    )
