"""One attempt for each learner and section, from the registration and the grade on the transcript."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from credrules.rows import shown
from credrules.rows.layouts import ATTEMPTS, COURSES, HOLDS, TERMS
from credrules_ethos import shapes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from credrules.rows import Row, Spool
    from credrules_ethos.settings import EthosSettings

PRESENT = frozenset(ATTEMPTS.columns) - {"origin", "attributes", "counts_toward"}
"""What is known of an attempt: without transfer, attributes, and what it counts toward elsewhere."""

_REGISTRATIONS = {
    "registered": "enrolled",
    "dropped": "dropped",
    "canceled": "dropped",
    "withdrawn": "withdrawn",
}
_MODES = {"standard": "graded", "passFail": "pass-fail", "audit": "audit"}
_REPEATS = {
    "notRepeated": "include",
    "repeatedIncludeBoth": "include",
    "repeatedIncludeNeither": "exclude",
    "repeatedIncludeQualityPoints": "average-only",
}


def term_rows(spool: Spool) -> Iterator[Row]:
    """Periods without days are years and such, in which no section is."""
    for one in spool.all(shapes.PERIODS):
        if one.body["starts"] and one.body["ends"]:
            yield TERMS.row(term_id=one.key, **{name: one.body[name] for name in ("title", "starts", "ends")})


def course_rows(spool: Spool) -> Iterator[Row]:
    for one in spool.all(shapes.COURSES):
        code = course_code(spool, one.body)
        yield COURSES.row(
            course=code, title=one.body["title"], **{"from": one.body["since"], "until": one.body["until"]}
        )


def course_code(spool: Spool, course: Mapping[str, Any]) -> str | None:
    subject = (spool.get(shapes.SUBJECTS, course["subject"] or "") or {}).get("code")
    return f"{subject} {course['number']}" if subject and course["number"] else None


class Attempts:
    """Makes the attempts and holds of one learner at a time."""

    def __init__(self, spool: Spool, settings: EthosSettings) -> None:
        self._spool = spool
        self._holds = settings.holds
        self._origin = settings.origin
        self._registrations = _REGISTRATIONS | settings.registrations
        self._modes = _MODES | settings.modes
        self._repeats = _REPEATS | settings.repeats

    def rows(self, learner_id: str, person: str, problems: list[str]) -> list[Row]:
        """The attempts; what keeps any from being read goes to `problems`."""
        registered, graded = (
            self._spool.grouped(kind, person, lambda one: one.body["section"])
            for kind in (shapes.REGISTRATIONS, shapes.GRADES)
        )
        found = []
        for section in sorted({*registered, *graded}):
            for kind, rows in (("registrations", registered[section]), ("grades", graded[section])):
                if len(rows) > 1:
                    problems.append(
                        f"the section {shown(section)} has {len(rows)} {kind}; nobody can tell which holds."
                    )
            registration = registered[section][0].body if registered[section] else {}
            grade = graded[section][0].body if graded[section] else {}
            cells = {
                **self._section(section, registration, problems),
                **self._registration(registration, problems),
                **self._grade(grade, problems),
            }
            attempted = grade.get("attempted") or registration.get("credit")
            found.append(
                ATTEMPTS.row(
                    attempt_id=f"{section} {person}",
                    learner_id=learner_id,
                    origin=self._origin,
                    credits_attempted=attempted,
                    **cells,
                )
            )
        return found

    def holds(self, learner_id: str, person: str) -> list[Row]:
        """A hold of a category that the settings do not know blocks nobody knows what: that is undetermined."""
        return [
            HOLDS.row(
                learner_id=learner_id,
                code=one.body["category"] or "hold",
                blocks=self._holds.get(one.body["category"] or ""),
                since=one.body["since"],
                until=one.body["until"],
            )
            for one in self._spool.of(shapes.HOLDS, person)
        ]

    def _section(self, key: str, registration: Mapping[str, Any], problems: list[str]) -> dict[str, Any]:
        section = self._spool.get(shapes.SECTIONS, key)
        course = self._spool.get(shapes.COURSES, (section or {}).get("course") or "")
        code = course_code(self._spool, course) if course else None
        if section is None or code is None:
            problems.append(f"the section {shown(key)} has no course with a subject and a number.")
            return {}
        return {
            "course": code,
            "title": (course or {}).get("title"),
            "term_id": registration.get("period") or section["period"],
        }

    def _registration(self, body: Mapping[str, Any], problems: list[str]) -> dict[str, Any]:
        if not body:
            return {}
        status, reason = body["status"], body["reason"]
        if status == "notRegistered" or reason in self._registrations:
            status = reason
        if status not in self._registrations:
            problems.append(
                f"a registration has the status {shown(status or '')}. "
                f"Possible: {', '.join(self._registrations)}. Say what it means in [records.registrations]."
            )
        return {
            "registration": self._registrations.get(status or ""),
            "registered_on": body["on"],
            "basis": self._modes.get(body["mode"] or ""),
            "level": (self._spool.get(shapes.LEVELS, body["level"] or "") or {}).get("code"),
        }

    def _grade(self, body: Mapping[str, Any], problems: list[str]) -> dict[str, Any]:
        if not body:
            return {}
        repeat = body["repeat"]
        if repeat is not None and repeat not in self._repeats:
            problems.append(
                f"a grade has the repeatedSection {shown(repeat)}, which no record can say. "
                "Say what to do with it in [records.repeats]."
            )
        return {
            "grade": self._symbol(body["grade"], problems),
            "graded_on": body["on"],
            "lapses_to": self._symbol(body["default"], problems),
            "lapses_on": body["until"],
            "credits_earned": body["earned"],
            "repeat": self._repeats.get(repeat or ""),
        }

    def _symbol(self, key: str | None, problems: list[str]) -> str | None:
        if key is None:
            return None
        definition = self._spool.get(shapes.DEFINITIONS, key)
        if definition is None or definition["symbol"] is None:
            problems.append(f"a grade {shown(key)} is not among the grade-definitions.")
            return None
        return str(definition["symbol"])
