"""One attempt for each learner and class, from enrolments and from results of final line items."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from credrules.errors import nearest
from credrules.rows import shown
from credrules.rows.layouts import ATTEMPTS, TERMS
from credrules_oneroster import shapes
from credrules_oneroster.settings import STATUSES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from credrules.rows import Item, Row, Spool
    from credrules_oneroster.settings import Understanding

PRESENT = frozenset({"attempt_id", "learner_id", "course", "grade", "title", "term_id", "registration", "graded_on"})
"""What OneRoster can tell of an attempt. It has no credits, no repeats, no transfer, no basis and no level."""


def term_rows(spool: Spool, last_day: str) -> Iterator[Row]:
    for one in spool.all(shapes.SESSIONS):
        ends = one.body["ends"]
        if last_day == "exclusive" and ends:
            with suppress(ValueError, OverflowError):  # no day: the reader says so
                ends = (date.fromisoformat(ends) - timedelta(days=1)).isoformat()
        yield TERMS.row(term_id=one.key, title=one.body["title"] or one.key, starts=one.body["starts"], ends=ends)


class Attempts:
    """Makes attempts of one learner at a time. `finals` are the classes of final line items."""

    def __init__(self, spool: Spool, how: Understanding, finals: Mapping[str, str]) -> None:
        self._spool = spool
        self._how = how
        self._finals = finals
        self._ends = {one.key: (one.body["ends"] or "", one.key) for one in spool.all(shapes.SESSIONS)}
        self._statuses = {_plain(one): one for one in STATUSES} | {
            _plain(said): meant for said, meant in how.score_status.items()
        }

    def rows(self, learner_id: str, user: str, problems: list[str]) -> list[Row]:
        """The attempts of this user; what keeps any from being read goes to `problems`."""
        enrolled = self._spool.grouped(shapes.ENROLMENTS, user, lambda one: one.body["class"])
        graded = self._spool.grouped(shapes.RESULTS, user, lambda one: self._finals[one.body["line_item"]])
        found = []
        for section in sorted({*enrolled, *graded}):
            cells = self._section(section, problems)
            if cells is None:
                continue
            grade = self._grade(section, graded[section], problems)
            gone = enrolled[section] and all(one.body["gone"] for one in enrolled[section])
            found.append(
                ATTEMPTS.row(
                    attempt_id=f"{section} {user}",
                    learner_id=learner_id,
                    registration="dropped" if gone else "enrolled",
                    **cells,
                    **grade,
                    **self._how.said,
                )
            )
        return found

    def _section(self, key: str, problems: list[str]) -> dict[str, Any] | None:
        section = self._spool.get(shapes.CLASSES, key)
        if section is None:
            problems.append(f"the class {shown(key)} is named, but is not in the list of classes.")
            return None
        course = self._spool.get(shapes.COURSES, section["course"] or "") or {}
        code = course.get("code") if self._how.course == "courseCode" else section["code"]
        if code is None:
            problems.append(f"the class {shown(key)} has no {self._how.course} to know its course by.")
            return None
        for term in section["terms"]:
            if term not in self._ends:
                problems.append(f"the class {shown(key)} is in a term {shown(term)} that is not in the list of terms.")
        terms = [term for term in section["terms"] if term in self._ends]
        last = max(terms, key=self._ends.__getitem__, default=None)  # a class of two terms is graded after the later
        return {"course": code, "title": course.get("title") or section["title"], "term_id": last}

    def _grade(self, section: str, results: list[Item], problems: list[str]) -> dict[str, Any]:
        if len(results) > 1:
            keys = ", ".join(shown(one.key) for one in results[:3])
            problems.append(
                f"the class {shown(section)} has {len(results)} final results ({keys}), and nobody can tell "
                "which holds. Let [records.final] name one line item a class."
            )
        if not results:
            return {}
        body = results[0].body
        status = self._statuses.get(_plain(body["status"]))
        if status is None:
            problems.append(
                f"the result {shown(results[0].key)} has the scoreStatus {shown(body['status'])}. "
                f"Possible: {', '.join(STATUSES)}.{nearest(body['status'], STATUSES)} "
                "Say what it means in [records.score-status]."
            )
        if body["incomplete"]:
            return {"grade": self._how.incomplete}
        if status != "fully graded" or body["in_progress"]:  # exempt is no grade either, and no pass
            return {}
        return {"grade": body["symbol"], "graded_on": _whole_day(body["on"])}


def _plain(status: str) -> str:
    """'fullyGraded', 'Fully Graded' and 'fully graded' are one."""
    return "".join(sign for sign in status.lower() if sign.isalnum())


def _whole_day(text: str | None) -> str | None:
    """A day; None where there is a time of day too, for whose day that is depends on a time zone nobody names."""
    try:
        return date.fromisoformat(text or "").isoformat()
    except ValueError:
        return None
