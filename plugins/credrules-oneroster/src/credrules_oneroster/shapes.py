"""Rows of a OneRoster service as what is kept of them: everything that is read of a learner is named in this file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from credrules.rows import Item, Shapeless

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ENROLMENTS, RESULTS, STUDENTS = "enrollments", "results", "students"
CLASSES, COURSES, SESSIONS, CATEGORIES, LINE_ITEMS = "classes", "courses", "academicSessions", "categories", "lineItems"

_MIDNIGHT = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[T ]00:00(?::00(?:\.0+)?)?)?(?:Z|[+-]\d{2}:?\d{2}Z?)?")
_GONE = "tobedeleted"


def text_of(row: Mapping[str, Any], name: str) -> str | None:
    """A text or a number as text; None where it is missing, blank or something else."""
    value = row.get(name)
    return value.strip() or None if isinstance(value, str) else None


def key_of(row: Mapping[str, Any]) -> str:
    return _key(text_of(row, "sourcedId"), "sourcedId")


def reference(value: Any) -> str | None:
    """What a reference refers to: its sourcedId, else the end of its href, as some servers give that alone."""
    if not isinstance(value, dict):
        return None
    if found := text_of(value, "sourcedId"):
        return found
    href = text_of(value, "href")
    try:
        return unquote(urlsplit(href).path.rstrip("/").rpartition("/")[2]) or None if href else None
    except ValueError:
        return None


def references(value: Any) -> list[str]:
    return [found for one in value if (found := reference(one))] if isinstance(value, list) else []


def day_of(text: str | None) -> str | None:
    """The day, where a text is one or midnight of one, in whatever way servers write that; else the text as it is."""
    match = _MIDNIGHT.fullmatch(text or "")
    return match[1] if match else text


def is_gone(row: Mapping[str, Any]) -> bool:
    return (text_of(row, "status") or "").lower() == _GONE


def is_true(value: Any) -> bool:
    return value is True or (isinstance(value, str) and value.strip().lower() == "true")


def session(row: Mapping[str, Any]) -> Item:
    body = {"title": text_of(row, "title"), "starts": _day(row, "startDate"), "ends": _day(row, "endDate")}
    return Item(key_of(row), "", body)


def course(row: Mapping[str, Any]) -> Item:
    body = {"title": text_of(row, "title"), "code": text_of(row, "courseCode"), "gone": is_gone(row)}
    return Item(key_of(row), "", body)


def section(row: Mapping[str, Any]) -> Item:
    """A class."""
    terms = references(row.get("terms"))
    body = {"title": text_of(row, "title"), "code": text_of(row, "classCode"), "terms": terms}
    return Item(key_of(row), "", {**body, "course": reference(row.get("course"))})


def student(row: Mapping[str, Any], id_from: str) -> Item:
    """Of a person: two names, the one preferred, one address and one id. Nothing else is kept."""
    body = {
        "given": text_of(row, "givenName"),
        "family": text_of(row, "familyName"),
        "preferred": text_of(row, "preferredFirstName"),
        "email": text_of(row, "email"),
        "id": _id(row, id_from),
        "gone": is_gone(row),
    }
    return Item(key_of(row), "", body)


def enrolment(row: Mapping[str, Any]) -> Item | None:
    """None where it is not a student's."""
    if (text_of(row, "role") or "").lower() != "student":
        return None
    key = key_of(row)
    owner = _key(reference(row.get("user")), "user")
    return Item(key, owner, {"class": _key(reference(row.get("class")), "class"), "gone": is_gone(row)})


def category(row: Mapping[str, Any]) -> Item:
    return Item(key_of(row), "", {"title": text_of(row, "title")})


def line_item(row: Mapping[str, Any]) -> Item | None:
    """None where it is deleted."""
    if is_gone(row):
        return None
    body = {"title": text_of(row, "title"), "category": reference(row.get("category"))}
    return Item(key_of(row), "", {**body, "class": _key(reference(row.get("class")), "class")})


def result(row: Mapping[str, Any], grade_from: Sequence[str]) -> Item | None:
    """None where it is deleted."""
    if is_gone(row):
        return None
    key = key_of(row)
    owner = _key(reference(row.get("student")), "student")
    body = {
        "line_item": _key(reference(row.get("lineItem")), "lineItem"),
        "status": text_of(row, "scoreStatus") or "",
        "symbol": next((found for name in grade_from if (found := _grade(row, name))), None),
        "on": _day(row, "scoreDate"),
        "in_progress": is_true(row.get("inProgress")),
        "incomplete": is_true(row.get("incomplete")),
    }
    return Item(key, owner, body)


def _grade(row: Mapping[str, Any], name: str) -> str | None:
    whole, dot, part = name.partition(".")
    if not dot:
        return text_of(row, name)
    inner = row.get(whole)
    return text_of(inner, part) if isinstance(inner, dict) else None


def _day(row: Mapping[str, Any], name: str) -> str | None:
    return day_of(text_of(row, name))


def _id(row: Mapping[str, Any], id_from: str) -> str | None:
    _, colon, kind = id_from.partition(":")
    if not colon:
        return text_of(row, id_from)
    found = [text_of(one, "identifier") for one in _dicts(row.get("userIds")) if text_of(one, "type") == kind]
    return found[0] if len(set(found)) == 1 else None


def _dicts(value: Any) -> Iterator[dict[str, Any]]:
    return (one for one in value if isinstance(one, dict)) if isinstance(value, list) else iter(())


def _key(text: str | None, name: str) -> str:
    if not text:
        raise Shapeless(f"has no {name}")
    if len(text) > 200 or not text.isprintable():
        raise Shapeless(f"has a {name} that is longer than 200 characters or holds some that cannot be printed")
    return text
