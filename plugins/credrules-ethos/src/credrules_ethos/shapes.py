"""Rows of Ethos as what is kept of them: everything that is read of a learner is named in this file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from credrules.rows import Item, Shapeless

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

PERSONS, REGISTRATIONS, GRADES, HOLDS = "persons", "section-registrations", "student-transcript-grades", "person-holds"
DEFINITIONS, SECTIONS, COURSES, SUBJECTS = "grade-definitions", "sections", "courses", "subjects"
PERIODS, LEVELS = "academic-periods", "academic-levels"

_MIDNIGHT = re.compile(r"(\d{4}-\d{2}-\d{2})(?:T00:00(?::00(?:\.0+)?)?(?:Z|[+-]00:?00)?)?")


def at(row: Any, path: str) -> Any:
    """What stands at 'credit.earnedCredit'; None where there is nothing."""
    for name in path.split("."):
        row = row.get(name) if isinstance(row, dict) else None
    return row


def text_at(row: Any, path: str) -> str | None:
    found = at(row, path)
    return found.strip() or None if isinstance(found, str) else None


def day_at(row: Any, path: str) -> str | None:
    """A day; None where it has a time of day too, for whose day that is depends on a zone that nobody names."""
    match = _MIDNIGHT.fullmatch(text_at(row, path) or "")
    return match[1] if match else None


def key_at(row: Any, path: str) -> str:
    found = text_at(row, path)
    if not found:
        raise Shapeless(f"has no {path}")
    if len(found) > 200 or not found.isprintable():
        raise Shapeless(f"has {path} longer than 200 characters or with some that cannot be printed")
    return found


def dicts(value: Any) -> Iterator[dict[str, Any]]:
    return (one for one in value if isinstance(one, dict)) if isinstance(value, list) else iter(())


def person(row: Mapping[str, Any], id_from: str, emails: Sequence[str]) -> Item:
    """Of a person: names, one address of a kind that is wished for, one id and the privacy status. Nothing else."""
    names = list(dicts(row.get("names")))
    legal = [one for one in names if text_at(one, "type.category") == "legal"] or names
    chosen = [one for one in names if text_at(one, "preference") == "preferred"]
    key = key_at(row, "id")
    ids = {text_at(one, "value") for one in dicts(row.get("credentials")) if text_at(one, "type") == id_from}
    body = {
        "given": text_at(legal[0], "firstName") if legal else None,
        "family": text_at(legal[0], "lastName") if legal else None,
        "preferred": text_at(chosen[0], "firstName") if chosen else None,
        "email": _address(list(dicts(row.get("emails"))), emails),
        "id": key if id_from == "id" else next(iter(ids)) if len(ids) == 1 else None,
        "privacy": {"restricted": "restricted", "unrestricted": "open"}.get(
            text_at(row, "privacyStatus.privacyCategory") or ""
        ),
    }
    return Item(key, "", body)


def _address(found: list[dict[str, Any]], kinds: Sequence[str]) -> str | None:
    """The first of the kind wished for most; of several of that kind the primary one, and never just any."""
    for kind in kinds:
        of_kind = [one for one in found if text_at(one, "type.emailType") == kind and text_at(one, "address")]
        primary = [one for one in of_kind if text_at(one, "preference") == "primary"]
        best = primary or of_kind
        if len(best) == 1:
            return text_at(best[0], "address")
    return None


def registration(row: Mapping[str, Any]) -> Item:
    body = {
        "section": key_at(row, "section.id"),
        "level": text_at(row, "academicLevel.id"),
        "on": day_at(row, "originallyRegisteredOn"),
        "status": text_at(row, "status.registrationStatus"),
        "reason": text_at(row, "status.sectionRegistrationStatusReason"),
        "credit": text_at(row, "credit.registrationCredit"),
        "mode": text_at(row, "gradingOption.mode"),
        "period": text_at(row, "override.academicPeriod.id"),
    }
    return Item(key_at(row, "id"), key_at(row, "registrant.id"), body)


def transcript_grade(row: Mapping[str, Any]) -> Item:
    body = {
        "section": key_at(row, "course.section.id"),
        "grade": text_at(row, "grade.id"),
        "default": text_at(row, "incompleteGrade.finalGrade.id"),
        "until": day_at(row, "incompleteGrade.extensionDate"),
        "attempted": text_at(row, "credit.attemptedCredit"),
        "earned": text_at(row, "credit.earnedCredit"),
        "repeat": text_at(row, "credit.repeatedSection"),
        "on": day_at(row, "recordedOn"),
    }
    return Item(key_at(row, "id"), key_at(row, "student.id"), body)


def hold(row: Mapping[str, Any]) -> Item:
    body = {
        "category": text_at(row, "type.category"),
        "since": day_at(row, "startOn"),
        "until": day_at(row, "endOn"),
    }
    return Item(key_at(row, "id"), key_at(row, "person.id"), body)


def definition(row: Mapping[str, Any]) -> Item:
    return Item(key_at(row, "id"), "", {"symbol": text_at(row, "grade.value")})


def section(row: Mapping[str, Any]) -> Item:
    period = text_at(row, "reportingAcademicPeriod.id") or text_at(row, "academicPeriod.id")
    return Item(key_at(row, "id"), "", {"course": text_at(row, "course.id"), "period": period})


def course(row: Mapping[str, Any]) -> Item:
    titles = [found for one in dicts(row.get("titles")) if (found := text_at(one, "value"))]
    title = text_at(row, "title") or (titles[0] if titles else None)
    body = {"subject": text_at(row, "subject.id"), "number": text_at(row, "number"), "title": title}
    days = {"since": day_at(row, "schedulingStartOn"), "until": day_at(row, "schedulingEndOn")}
    return Item(key_at(row, "id"), "", {**body, **days})


def subject(row: Mapping[str, Any]) -> Item:
    return Item(key_at(row, "id"), "", {"code": text_at(row, "abbreviation") or text_at(row, "code")})


def level(row: Mapping[str, Any]) -> Item:
    return Item(key_at(row, "id"), "", {"code": text_at(row, "code")})


def period(row: Mapping[str, Any]) -> Item:
    body = {"title": text_at(row, "title") or text_at(row, "code"), "code": text_at(row, "code")}
    return Item(key_at(row, "id"), "", {**body, "starts": day_at(row, "startOn"), "ends": day_at(row, "endOn")})


CODES: Mapping[str, Callable[[Mapping[str, Any]], Item]] = {
    DEFINITIONS: definition,
    SECTIONS: section,
    COURSES: course,
    SUBJECTS: subject,
    PERIODS: period,
    LEVELS: level,
}
"""What the rows of learners refer to."""

OF_LEARNERS: Mapping[str, Callable[[Mapping[str, Any]], Item]] = {
    REGISTRATIONS: registration,
    GRADES: transcript_grade,
    HOLDS: hold,
}
