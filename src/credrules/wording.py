"""Numbers, lists and selections of courses as people write them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from credrules.rules import Selection

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from credrules.rules import Condition, Ways
    from credrules.windows import Window


def slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def points_text(points: int) -> str:
    """Thousandths of a point as people write them: 3200 is '3.2', 3000 is '3.0'."""
    text = f"{points // 1000}.{points % 1000:03}".rstrip("0")
    return f"{text}0" if text.endswith(".") else text


def describe(selection: Selection) -> str:
    """'CSE courses numbered 500-699 at graduate level', or the list of courses."""
    if selection.courses:
        return listing([course.code for course in sorted(selection.courses)], "or")
    if selection == Selection():
        return "all courses"
    parts = [f"{'/'.join(sorted(selection.subjects))} courses" if selection.subjects else "courses"]
    if selection.low is not None:
        ends = f"{selection.low}" if selection.low == selection.high else f"{selection.low}-{selection.high}"
        parts.append(f"numbered {ends}")
    if selection.levels:
        parts.append(f"at {'/'.join(sorted(selection.levels))} level")
    if selection.attributes:
        parts.append(f"marked {', '.join(sorted(selection.attributes))}")
    if selection.origins:
        parts.append(f"of {'/'.join(sorted(selection.origins))} credit")
    if selection.bases:
        parts.append(f"with {'/'.join(sorted(selection.bases))} grading")
    if selection.toward:
        parts.append(f"counting toward {listing(sorted(selection.toward), 'or')}")
    if selection.completed:
        parts.append(_completed(selection.completed))
    if selection.excluded:
        parts.append(f"except {listing([course.code for course in sorted(selection.excluded)], 'and')}")
    return " ".join(parts)


def _completed(window: Window) -> str:
    parts = []
    if window.since:
        parts.append(f"since {window.since}")
    if window.until:
        parts.append(f"until {window.until}")
    if window.months:
        parts.append(f"in the last {period(window.months)}")
    if window.after_enrolment_in:
        parts.append("after enrolment")
    return f"completed {' and '.join(parts)}"


def period(months: int) -> str:
    years, rest = divmod(months, 12)
    parts = [number(amount, noun) for amount, noun in ((years, "year"), (rest, "month")) if amount]
    return listing(parts or ["no time"], "and")


def listing(names: Sequence[str], word: str) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {word} {names[-1]}"


def with_grade(ways: Sequence[Ways]) -> str:
    grades = {(way.counting.minimum, way.counting.by_level): way.counting for way in ways}
    if len(grades) > 1:
        return "with the grade that each asks for"
    counting = next(iter(grades.values()))
    by_level = [f"{one.symbol} at {one.level} level" for one in counting.by_level if one.points != counting.minimum]
    return f"with {counting.minimum_symbol} or better" + (f" ({listing(by_level, 'and')})" if by_level else "")


def course_title(ways: Sequence[Ways]) -> str:
    return f"{next(iter(ways[0].selection.courses)).code} {with_grade(ways)}"


def condition_title(condition: Condition, *, negated: bool = False) -> str:
    """'The learner's major is cs or math'."""
    name = condition.fact.replace(".", "'s ")
    return f"The {name} is {'not ' if negated else ''}{' or '.join(sorted(condition.values))}"


def role_title(role: str) -> str:
    """'department-chair' is the department chair."""
    return role.replace("-", " ")


def lowered(sentence: str) -> str:
    """A sentence as it goes on after another word."""
    return sentence[:1].lower() + sentence[1:]


def decimal_text(value: Decimal) -> str:
    """3.000 is '3'."""
    return format(value.normalize(), "f")
