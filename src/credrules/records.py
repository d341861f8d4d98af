"""Record, Attempt and their parts: the one shape that every student-records adapter yields.

`None` always means "the source does not say". It is never zero, never a failure and never a pass.
Names and e-mail addresses are left out of every repr, so that they do not reach a log.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


class Affiliation(StrEnum):
    HOME = "home"
    OUTSIDE = "outside"


class Privacy(StrEnum):
    OPEN = "open"
    RESTRICTED = "restricted"
    """A directory block: nothing about the learner may leave the institution. It stops issuing, not deciding."""


class AdmissionKind(StrEnum):
    DEGREE = "degree"
    NON_DEGREE = "non-degree"


class Origin(StrEnum):
    """Where credit was earned (Ed-Fi's *method credit earned*)."""

    INSTITUTION = "institution"
    TRANSFER = "transfer"
    EXAM = "exam"
    PRIOR_LEARNING = "prior-learning"
    EXCHANGE = "exchange"
    NON_CREDIT = "non-credit"


class Basis(StrEnum):
    """The grading basis under which the learner was registered."""

    GRADED = "graded"
    PASS_FAIL = "pass-fail"  # noqa: S105  not a password
    SATISFACTORY = "satisfactory"
    CREDIT = "credit"
    AUDIT = "audit"
    NON_GRADED = "non-graded"
    TRANSFER = "transfer"


class Registration(StrEnum):
    ENROLLED = "enrolled"
    WAITLISTED = "waitlisted"
    DROPPED = "dropped"
    WITHDRAWN = "withdrawn"
    PLANNED = "planned"


class Repeat(StrEnum):
    """What the registrar's repeat checking says of an attempt (Banner I, E, A)."""

    INCLUDE = "include"
    EXCLUDE = "exclude"
    AVERAGE_ONLY = "average-only"


class MilestoneStatus(StrEnum):
    COMPLETE = "complete"
    SUBMITTED = "submitted"
    IN_PROGRESS = "in-progress"
    FAILED = "failed"


_COURSE_CODE = re.compile(r"([A-Z][A-Z&]{0,9})\s*-?\s*([0-9]{1,5}[A-Z]{0,3})")


@dataclass(frozen=True, slots=True, order=True)
class Course:
    """A course by its catalogue code. `number` is text: '101L' is not '101'."""

    subject: str
    number: str

    @classmethod
    def parse(cls, text: str) -> Course | None:
        """'STA 501', 'sta501' and ' STA-501 ' are one course; anything else is None."""
        match = _COURSE_CODE.fullmatch(text.strip().upper())
        return cls(match[1], match[2]) if match else None

    @property
    def code(self) -> str:
        return f"{self.subject} {self.number}"

    @property
    def numeric(self) -> int:
        """The number without its letters, for ranges such as 500-699."""
        return int("".join(digit for digit in self.number if digit.isdigit()))

    def __str__(self) -> str:
        return self.code


@dataclass(frozen=True, slots=True, order=True)
class Term:
    """A term with its first and last day. Never decode a term's code: its days say where it stands."""

    starts: date
    ends: date
    term_id: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One learner's one try at one course, whatever number of rows the source keeps for it.

    What became of it follows from `registration`, `grade`, `basis` and the day it is looked at; there is no second
    field for it that could contradict them. `grade` is the symbol as the registrar prints it.
    """

    attempt_id: str
    course: Course
    term: Term | None = None  # None only where the source knows none, as for some transfer credit
    title: str | None = None
    level: str | None = None
    origin: Origin = Origin.INSTITUTION
    registration: Registration = Registration.ENROLLED
    registered_on: date | None = None
    grade: str | None = None
    basis: Basis | None = Basis.GRADED
    graded_on: date | None = None
    lapses_to: str | None = None  # what an incomplete becomes ...
    lapses_on: date | None = None  # ... and when
    credits_attempted: Decimal | None = None
    credits_earned: Decimal | None = None
    repeat: Repeat | None = Repeat.INCLUDE
    attributes: frozenset[str] | None = frozenset()
    counts_toward: frozenset[str] | None = frozenset()  # degrees and credentials that it counts toward elsewhere
    used_for: frozenset[str] = frozenset()  # programs awarded here that used it: put in by credrules, never by a source
    source: str = ""  # where the adapter read it: "attempts.csv:17"


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """A learner's standing with the institution from one day on, until the next one or `until` (inclusive)."""

    kind: AdmissionKind
    since: date
    until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestone:
    code: str
    status: MilestoneStatus | None
    completed_on: date | None = None
    evidence: str | None = None  # a link
    title: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """Work that is no course: hours served, a workshop attended, points, the score of a quiz or of one criterion.

    Of what is in progress, the amounts are those that it will come to. A `score` is on the scale of what was marked.
    """

    activity_id: str
    code: str
    status: MilestoneStatus | None
    category: str | None = None
    on: date | None = None  # when it was done or handed in; of work that is still to be done, when it is planned
    hours: Decimal | None = None
    points: Decimal | None = None
    score: Decimal | None = None
    source: str = ""


class CredentialStatus(StrEnum):
    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialHeld:
    """A degree, licence, certificate or badge that a learner has earned, here or elsewhere.

    `status` is as the source has it, None where it does not say; a day of expiry that has passed outweighs it.
    """

    code: str
    status: CredentialStatus | None
    earned_on: date | None = None
    expires_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A block on the learner's account. `blocks` holds what it stops: 'conferral', 'registration', ..."""

    code: str
    blocks: frozenset[str] | None
    reason: str | None = None
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramEnrolment:
    """A learner's declared part in a program, where the SIS tracks it."""

    program: str
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Learner:
    learner_id: str
    given_name: str | None = field(default=None, repr=False)
    family_name: str | None = field(default=None, repr=False)
    preferred_name: str | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)
    affiliation: Affiliation | None = None
    privacy: Privacy | None = None
    former_ids: frozenset[str] = frozenset()  # of records that were merged into this one

    @property
    def display_name(self) -> str:
        """The name to print: preferred before given; the id where the source has no name."""
        names = [self.preferred_name or self.given_name, self.family_name]
        return " ".join(name for name in names if name) or self.learner_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Everything known of one learner. A part that is None is one the source cannot tell; an empty one is empty."""

    learner: Learner
    attempts: tuple[Attempt, ...] = ()
    admissions: tuple[Admission, ...] | None = None
    milestones: tuple[Milestone, ...] | None = None
    activities: tuple[Activity, ...] | None = None
    credentials: tuple[CredentialHeld, ...] | None = None
    holds: tuple[Hold, ...] | None = None
    facts: Mapping[str, frozenset[str]] | None = None  # a fact that is missing is unknown; an empty one is none
    enrolments: tuple[ProgramEnrolment, ...] | None = None


def record_faults(record: Record) -> Iterator[str]:
    """What in this record contradicts itself, in sentences. Such a learner is set aside, not decided."""
    yield from id_faults("The learner", record.learner.learner_id)
    seen: set[str] = set()
    for attempt in record.attempts:
        name = f"Attempt {attempt.attempt_id} ({attempt.course})"
        if attempt.attempt_id in seen:
            yield f"{name} appears twice."
        seen.add(attempt.attempt_id)
        yield from id_faults(name, attempt.attempt_id)
        if attempt.grade is not None and not attempt.grade.strip():
            yield f"{name} has a blank grade; a missing one must be left out."
        if attempt.term and attempt.term.ends < attempt.term.starts:
            yield f"{name}: term {attempt.term.title} ends before it starts."
        yield from _credit_faults(name, attempt)
    yield from _activity_faults(record.activities or ())


def id_faults(name: str, text: str) -> Iterator[str]:
    """What is wrong with an id, or with a name that is kept beside one."""
    if not text.strip():
        yield f"{name} has no id."
    elif len(text) > 200 or not text.isprintable():
        yield f"{name} has an id that is longer than 200 characters or holds some that cannot be printed."


def _credit_faults(name: str, attempt: Attempt) -> Iterator[str]:
    for kind, value in (("attempted", attempt.credits_attempted), ("earned", attempt.credits_earned)):
        if value is None:
            continue
        if not value.is_finite() or value < 0 or value > 99 or value != round(value, 3):
            yield f"{name} has {value} credits {kind}; credits run from 0 to 99, to three decimals."
    if (
        attempt.origin is Origin.INSTITUTION
        and attempt.credits_earned is not None
        and attempt.credits_attempted is not None
        and attempt.credits_earned > attempt.credits_attempted
    ):
        yield f"{name} earned {attempt.credits_earned} credits of {attempt.credits_attempted} attempted."


MOST_WORK = 100_000
"""Hours, points or score of one activity."""


def _activity_faults(activities: Sequence[Activity]) -> Iterator[str]:
    seen: set[str] = set()
    for activity in activities:
        name = f"Activity {activity.activity_id} ({activity.code})"
        if activity.activity_id in seen:
            yield f"{name} appears twice."
        seen.add(activity.activity_id)
        yield from id_faults(name, activity.activity_id)
        for kind in ("hours", "points", "score"):
            value = getattr(activity, kind)
            if value is None:
                continue
            if not value.is_finite() or value < 0 or value > MOST_WORK or value != round(value, 3):
                yield f"{name}: {kind} is {value}; it runs from 0 to {MOST_WORK}, to three decimals."


def canonical(value: Any) -> str:
    """Records, decisions and their parts as JSON: the same text on every machine and in every run."""
    return _ENCODER.encode(value)


def plain_data(value: Any) -> Any:
    """The same as data made of nothing but dicts, lists, text, numbers, booleans and None."""
    return json.loads(canonical(value))


def identifying(value: Any) -> str:
    """Canonical JSON without any `source`: the line on which a fact stood is no part of what it says."""
    return _IDENTIFYING.encode(value)


def digest(value: Any) -> str:
    """SHA-256, in hex, of what identifies a value."""
    return hashlib.sha256(identifying(value).encode()).hexdigest()


@cache
def _field_names(kind: type) -> tuple[str, ...]:
    return tuple(f.name for f in fields(kind))


def _plain(value: Any) -> Any:
    """One step towards JSON, for what the encoder does not know."""
    if is_dataclass(value) and not isinstance(value, type):
        return {name: getattr(value, name) for name in _field_names(type(value))}
    if isinstance(value, frozenset | set):
        return sorted(value)
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def _plain_without_source(value: Any) -> Any:
    plain = _plain(value)
    if isinstance(plain, dict):
        plain.pop("source", None)
        if not plain.get("used_for", True):
            del plain["used_for"]  # nothing, as before there was such a part
    return plain


_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_plain)
_IDENTIFYING = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_plain_without_source
)
