"""One learner's rows as a Record; or what is wrong with them, all of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from credrules.adapters import Batch, SetAside
from credrules.errors import Problem
from credrules.records import (
    Activity,
    Admission,
    AdmissionKind,
    Affiliation,
    Attempt,
    Basis,
    CredentialHeld,
    CredentialStatus,
    Hold,
    Learner,
    Milestone,
    MilestoneStatus,
    Origin,
    Privacy,
    ProgramEnrolment,
    Record,
    Registration,
    Repeat,
)
from credrules.rows.cells import (
    Unreadable,
    hint,
    shown,
    to_amount,
    to_blocks,
    to_course,
    to_credits,
    to_day,
    to_key,
    to_one_of,
    to_set,
    to_text,
    words,
)
from credrules.rows.layouts import (
    ACTIVITIES,
    ADMISSIONS,
    ATTEMPTS,
    CREDENTIALS,
    ENROLMENTS,
    FACTS,
    HOLDS,
    LEARNERS,
    MILESTONES,
    TERMS,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from enum import StrEnum

    from credrules import Term
    from credrules.rows.layouts import Layout
    from credrules.rows.places import Places, Row

T = TypeVar("T")

Present = dict[str, frozenset[str]]
"""The columns that each entity has; an entity that is not there is not in it."""

_to_affiliation = to_one_of(Affiliation)
_to_privacy = to_one_of(Privacy)
_to_kind = to_one_of(AdmissionKind)
_to_origin = to_one_of(Origin)
_to_basis = to_one_of(Basis)
_to_registration = to_one_of(Registration)
_to_repeat = to_one_of(Repeat)
_to_status = to_one_of(MilestoneStatus)
_to_credential_status = to_one_of(CredentialStatus)


_POSSIBLE: dict[str, type[StrEnum]] = {"origin": Origin, "kind": AdmissionKind}


@dataclass(slots=True)
class Rows:
    """Everything that the source holds under one learner's id."""

    learner_id: str
    of: dict[str, list[Row]] = field(default_factory=dict)  # by the entity
    problems: list[Problem] = field(default_factory=list)

    def in_order(self, layout: Layout) -> list[Row]:
        """The rows by their cells, in whatever order they came."""
        return sorted(self.of.get(layout.entity, ()), key=lambda row: [str(cell or "") for cell in row[1:]])


class Reader:
    """Reads learners of one source: `present` are the columns that each of its entities has."""

    def __init__(self, present: Present, terms: Mapping[str, Term], places: Places) -> None:
        self._places = places
        self._terms = terms
        self._term_ids = tuple(terms)
        self._present = present
        self._says_origin = "origin" in present[ATTEMPTS.entity]
        self._says_attributes = "attributes" in present[ATTEMPTS.entity]
        self._says_toward = "counts_toward" in present[ATTEMPTS.entity]

    def batch(self, people: Iterable[Rows]) -> Batch:
        """These learners in their order; whose record cannot be read, or who has no row of their own, is set aside."""
        records, set_aside = [], []
        for rows in people:
            found = self.record(rows) if LEARNERS.entity in rows.of else tuple(sorted(rows.problems))
            if isinstance(found, tuple):
                set_aside.append(SetAside(rows.learner_id, found))
            else:
                records.append(found)
        return Batch(tuple(records), tuple(set_aside))

    def record(self, rows: Rows) -> Record | tuple[Problem, ...]:
        """The record; or every problem where there is one."""
        record = Record(
            learner=self._learner(rows),
            attempts=self._attempts(rows),
            admissions=self._part(rows, ADMISSIONS, self._admission),
            milestones=self._part(rows, MILESTONES, self._milestone),
            activities=self._activities(rows),
            credentials=self._part(rows, CREDENTIALS, self._credential),
            holds=self._part(rows, HOLDS, self._hold),
            facts=self._facts(rows),
            enrolments=self._part(rows, ENROLMENTS, self._enrolment),
        )
        return tuple(sorted(rows.problems)) if rows.problems else record

    def _learner(self, rows: Rows) -> Learner:
        row = rows.of[LEARNERS.entity][0]
        _, learner_id, given, family, preferred, email, affiliation, privacy, former = row
        read = partial(self._read, rows, LEARNERS, row)
        return Learner(
            learner_id=read("learner_id", learner_id, to_key) or "",
            given_name=read("given_name", given, to_text),
            family_name=read("family_name", family, to_text),
            preferred_name=read("preferred_name", preferred, to_text),
            email=read("email", email, to_text),
            affiliation=read("affiliation", affiliation, _to_affiliation),
            privacy=read("privacy", privacy, _to_privacy),
            former_ids=read("former_ids", former, to_set) or frozenset(),
        )

    def _attempts(self, rows: Rows) -> tuple[Attempt, ...]:
        attempts = [attempt for row in rows.of.get(ATTEMPTS.entity, ()) if (attempt := self._attempt(rows, row))]
        return tuple(sorted(attempts, key=_by_term))

    def _attempt(self, rows: Rows, row: Row) -> Attempt | None:
        _, attempt_id, _, course, grade, title, term_id, level, origin, registration, *rest = row
        registered_on, basis, graded_on, lapses_to, lapses_on, attempted, earned, repeat, attributes, toward = rest
        read = partial(self._read, rows, ATTEMPTS, row)
        need = partial(self._need, rows, ATTEMPTS, row)
        key = need("attempt_id", attempt_id, to_key)
        code = need("course", course, to_course)
        term = read("term_id", term_id, self._term)
        came_from = need("origin", origin, _to_origin) if self._says_origin else Origin.INSTITUTION
        registered = read("registration", registration, _to_registration) or Registration.ENROLLED
        day = read("registered_on", registered_on, to_day)
        graded = read("graded_on", graded_on, to_day)
        lapses = read("lapses_on", lapses_on, to_day)
        on_basis = read("basis", basis, _to_basis)
        tried, gained = read("credits_attempted", attempted, to_credits), read("credits_earned", earned, to_credits)
        counted = read("repeat", repeat, _to_repeat) or Repeat.INCLUDE
        marks = read("attributes", attributes, to_set) or frozenset()
        elsewhere = read("counts_toward", toward, to_set) or frozenset()
        if key is None or code is None or came_from is None:
            return None
        return Attempt(
            attempt_id=key,
            course=code,
            term=term,
            title=read("title", title, to_text),
            level=read("level", level, to_text),
            origin=came_from,
            registration=registered,
            registered_on=day,
            grade=read("grade", grade, to_text),
            basis=on_basis,
            graded_on=graded,
            lapses_to=read("lapses_to", lapses_to, to_text),
            lapses_on=lapses,
            credits_attempted=tried,
            credits_earned=gained,
            repeat=counted,
            attributes=marks if self._says_attributes else None,
            counts_toward=elsewhere if self._says_toward else None,
            source=self._places.source(ATTEMPTS, row),
        )

    def _term(self, cell: object) -> Term:
        term_id = to_text(cell)
        try:
            return self._terms[term_id]
        except KeyError:
            terms = self._places.called(TERMS)
            raise Unreadable(f"{terms} has no such term.{hint(term_id, self._term_ids)} Add it there.") from None

    def _part(self, rows: Rows, layout: Layout, read: Callable[[Rows, Row], T | None]) -> tuple[T, ...] | None:
        """One part of the record; None where its file is not there."""
        if layout.entity not in self._present:
            return None
        return tuple(part for row in rows.in_order(layout) if (part := read(rows, row)) is not None)

    def _admission(self, rows: Rows, row: Row) -> Admission | None:
        _, _, kind, since, until = row
        kind_ = self._need(rows, ADMISSIONS, row, "kind", kind, _to_kind)
        since_ = self._need(rows, ADMISSIONS, row, "since", since, to_day)
        until_ = self._read(rows, ADMISSIONS, row, "until", until, to_day)
        return Admission(kind=kind_, since=since_, until=until_) if kind_ and since_ else None

    def _milestone(self, rows: Rows, row: Row) -> Milestone | None:
        _, _, code, status, completed_on, evidence, title = row
        code_ = self._need(rows, MILESTONES, row, "code", code, to_key)
        status_ = self._read(rows, MILESTONES, row, "status", status, _to_status)
        day = self._read(rows, MILESTONES, row, "completed_on", completed_on, to_day)
        if code_ is None:
            return None
        link = self._read(rows, MILESTONES, row, "evidence", evidence, to_text)
        name = self._read(rows, MILESTONES, row, "title", title, to_text)
        return Milestone(code=code_, status=status_, completed_on=day, evidence=link, title=name)

    def _activities(self, rows: Rows) -> tuple[Activity, ...] | None:
        """The activities; and a problem where two of them have one id."""
        first: dict[str, Row] = {}
        for row in sorted(rows.of.get(ACTIVITIES.entity, ()), key=lambda row: row[0]):
            above = first.setdefault(str(row[1] or ""), row)
            if row[1] and above is not row:
                other = self._places.other(above)
                message = f"the activity_id of this row is that of {other} too. Every activity needs its own."
                rows.problems.append(self._problem(ACTIVITIES, row, message))
        return self._part(rows, ACTIVITIES, self._activity)

    def _activity(self, rows: Rows, row: Row) -> Activity | None:
        _, activity_id, _, code, status, category, on, hours, points, score = row
        read = partial(self._read, rows, ACTIVITIES, row)
        need = partial(self._need, rows, ACTIVITIES, row)
        key, code_ = need("activity_id", activity_id, to_key), need("code", code, to_key)
        status_ = read("status", status, _to_status)
        category_ = read("category", category, to_key)
        day = read("on", on, to_day)
        amounts = [read("hours", hours, to_amount), read("points", points, to_amount), read("score", score, to_amount)]
        if key is None or code_ is None:
            return None
        return Activity(
            activity_id=key,
            code=code_,
            status=status_,
            category=category_,
            on=day,
            hours=amounts[0],
            points=amounts[1],
            score=amounts[2],
            source=self._places.source(ACTIVITIES, row),
        )

    def _hold(self, rows: Rows, row: Row) -> Hold | None:
        _, _, code, blocks, reason, since, until = row
        code_ = self._need(rows, HOLDS, row, "code", code, to_key)
        blocks_ = self._read(rows, HOLDS, row, "blocks", blocks, to_blocks)
        since_ = self._read(rows, HOLDS, row, "since", since, to_day)
        until_ = self._read(rows, HOLDS, row, "until", until, to_day)
        why = self._read(rows, HOLDS, row, "reason", reason, to_text)
        return Hold(code=code_, blocks=blocks_, reason=why, since=since_, until=until_) if code_ else None

    def _credential(self, rows: Rows, row: Row) -> CredentialHeld | None:
        _, _, code, status, earned, expires = row
        read = partial(self._read, rows, CREDENTIALS, row)
        code_ = self._need(rows, CREDENTIALS, row, "code", code, to_key)
        status_ = read("status", status, _to_credential_status)
        earned_, expires_ = read("earned_on", earned, to_day), read("expires_on", expires, to_day)
        return CredentialHeld(code=code_, status=status_, earned_on=earned_, expires_on=expires_) if code_ else None

    def _facts(self, rows: Rows) -> dict[str, frozenset[str]] | None:
        """By fact, its values; a row with a blank value says that there is none."""
        read = self._part(rows, FACTS, self._fact)
        if read is None:
            return None
        return {name: frozenset(value for fact, value in read if fact == name and value) for name, _ in read}

    def _fact(self, rows: Rows, row: Row) -> tuple[str, str] | None:
        _, _, fact, value = row
        name = self._need(rows, FACTS, row, "fact", fact, to_key)
        given = self._read(rows, FACTS, row, "value", value, to_text)
        return (name, given or "") if name else None

    def _enrolment(self, rows: Rows, row: Row) -> ProgramEnrolment | None:
        _, _, program, since, until = row
        program_ = self._need(rows, ENROLMENTS, row, "program", program, to_key)
        since_ = self._read(rows, ENROLMENTS, row, "since", since, to_day)
        until_ = self._read(rows, ENROLMENTS, row, "until", until, to_day)
        return ProgramEnrolment(program=program_, since=since_, until=until_) if program_ else None

    def _read(
        self, rows: Rows, layout: Layout, row: Row, column: str, cell: object, convert: Callable[[object], T]
    ) -> T | None:
        """The cell's value; None where it is blank, and where it cannot be read, which is then noted."""
        if cell is None:
            return None
        try:
            return convert(cell)
        except Unreadable as error:
            message = f"{column} is {shown(cell, _personal(rows))}. {error}"
            rows.problems.append(self._problem(layout, row, message))
            return None

    def _need(
        self, rows: Rows, layout: Layout, row: Row, column: str, cell: object, convert: Callable[[object], T]
    ) -> T | None:
        """The cell's value; None where there is none, which is then noted."""
        if cell is not None:
            return self._read(rows, layout, row, column, cell, convert)
        possible = f" Possible: {', '.join(_POSSIBLE[column])}." if column in _POSSIBLE else ""
        message = f"{column} is blank. Every row needs one.{possible}"
        rows.problems.append(self._problem(layout, row, message))
        return None

    def _problem(self, layout: Layout, row: Row, message: str) -> Problem:
        return Problem(self._places.where(layout, row), row[0], message)


def _personal(rows: Rows) -> frozenset[str]:
    """The words of the learner's names and address, which no message may repeat."""
    return frozenset(
        word for row in rows.of.get(LEARNERS.entity, ()) for cell in row[2:6] if cell for word in words(str(cell))
    )


def _by_term(attempt: Attempt) -> tuple[object, ...]:
    """By the term's first day, then by course, then by id; what has no term comes last."""
    term = attempt.term
    return term is None, term.starts if term else date.min, attempt.course, attempt.attempt_id
