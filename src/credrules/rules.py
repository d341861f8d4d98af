"""RuleSet, Program, Requirement, Rule: rules after they have been understood.

Grades are integers in thousandths of a point and credits integers in thousandths of a credit from here on, so that no
comparison is ever made in floating point. Every part knows the file and line that it came from.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from credrules.attestations import STAFF
from credrules.claims import Rounding
from credrules.life_cycle import LifeCycle
from credrules.privacy import PrivacyRules
from credrules.records import Basis, Origin

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from credrules.attestations import ExceptionKind
    from credrules.awards import Institution
    from credrules.equivalents import Equivalence
    from credrules.findings import Finding
    from credrules.grounds import RetentionRule
    from credrules.records import Affiliation, Attempt, Course, Record
    from credrules.timing import Timing
    from credrules.windows import Window


@dataclass(frozen=True, slots=True)
class Place:
    """A file, as the user knows it, and a line in it."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class Repeats(StrEnum):
    """Which attempt at a course stands. An attempt without a grade displaces nothing."""

    BEST = "best"
    LATEST = "latest"
    FIRST = "first"


@dataclass(frozen=True, slots=True)
class GradeScale:
    """Every grade symbol the institution prints. One that is not here is unknown, and never guessed."""

    points: Mapping[str, int]  # thousandths of a point
    passing: frozenset[str]
    not_passing: frozenset[str]
    incomplete: frozenset[str]
    withdrawn: frozenset[str] = frozenset()

    @property
    def top(self) -> int:
        return max(self.points.values())

    def knows(self, symbol: str) -> bool:
        return (
            symbol in self.points
            or symbol in self.passing
            or symbol in self.not_passing
            or symbol in self.withdrawn
            or self.incomplete_default(symbol) is not None
        )

    def incomplete_default(self, symbol: str) -> str | None:
        """'' for a plain incomplete ('I'), the grade it lapses to for 'I/B', None where it is no incomplete."""
        if symbol in self.incomplete:
            return ""
        mark, slash, default = symbol.partition("/")
        return default if slash and mark in self.incomplete else None


OTHER_LEVELS = "other"


@dataclass(frozen=True, slots=True)
class LevelMinimum:
    """The least grade of attempts at one level; `points` are thousandths of a point."""

    level: str
    points: int
    symbol: str


@dataclass(frozen=True, slots=True)
class Counting:
    """What it takes for an attempt to count. `minimum` is that of all levels but those in `by_level`."""

    minimum: int  # thousandths of a point
    minimum_symbol: str
    repeats: Repeats = Repeats.BEST
    origins: frozenset[Origin] = frozenset({Origin.INSTITUTION})
    bases: frozenset[Basis] = frozenset({Basis.GRADED})
    by_level: tuple[LevelMinimum, ...] = ()  # in order of level

    def least(self, level: str) -> LevelMinimum:
        """The least grade of attempts at a level, by name or 'other'."""
        found = next((one for one in self.by_level if one.level == level), None)
        return found or LevelMinimum(OTHER_LEVELS, self.minimum, self.minimum_symbol)

    def minima(self, level: str | None) -> list[LevelMinimum]:
        """What the least grade of an attempt may be, the lowest first: several only where its level is unknown."""
        if level is not None:
            return [self.least(level)]
        every = (*self.by_level, self.least(OTHER_LEVELS))
        return sorted(every, key=lambda one: (one.points, one.level))


@dataclass(frozen=True, slots=True)
class Selection:
    """Courses by name, or by what they have in common. An empty part asks nothing."""

    courses: frozenset[Course] = frozenset()
    subjects: frozenset[str] = frozenset()
    low: int | None = None
    high: int | None = None
    levels: frozenset[str] = frozenset()
    attributes: frozenset[str] = frozenset()
    excluded: frozenset[Course] = frozenset()
    origins: frozenset[Origin] = frozenset()
    bases: frozenset[Basis] = frozenset()
    toward: frozenset[str] = frozenset()  # counts toward any of these elsewhere
    completed: Window | None = None
    own: frozenset[str] = frozenset()  # those of `toward` that are programs here, of which credrules itself knows

    def admits(
        self, attempt: Attempt, record: Record, as_of: date, names: frozenset[Course] | None = None
    ) -> bool | None:
        """Whether an attempt is one of these; None where the source does not say enough.

        `names` are the codes that its course goes by, where there are several: lists may name it by any of them.
        """
        listed, excluded = attempt.course in self.courses, attempt.course in self.excluded
        if names:
            listed, excluded = not names.isdisjoint(self.courses), not names.isdisjoint(self.excluded)
        if excluded or (self.courses and not listed):
            return False
        if self.subjects and attempt.course.subject not in self.subjects:
            return False
        if self.low is not None and attempt.course.numeric < self.low:
            return False
        if self.high is not None and attempt.course.numeric > self.high:
            return False
        if self.origins and attempt.origin not in self.origins:
            return False
        in_time = self.completed.holds(attempt, record, as_of) if self.completed else True
        if in_time is False:
            return False
        counts = self._counts_toward(attempt)
        doubts = in_time is None
        for asked, found, fits in (
            (self.levels, attempt.level, attempt.level in self.levels),
            (self.attributes, attempt.attributes, self.attributes <= (attempt.attributes or frozenset())),
            (self.bases, attempt.basis, attempt.basis in self.bases),
            (self.toward, counts, bool(counts)),
        ):
            if asked and found is None:
                doubts = True
            elif asked and not fits:
                return False
        return None if doubts else True

    def _counts_toward(self, attempt: Attempt) -> bool | None:
        """Of programs here the ledger tells, of all else the source; None where it does not say."""
        if not self.toward or self.toward & attempt.used_for:
            return True
        if attempt.counts_toward is None:
            return None if self.toward - self.own else False
        return bool(self.toward & attempt.counts_toward)


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """A node of a program's requirement tree. `id` is what exceptions are bound to."""

    id: str
    title: str
    place: Place
    cites: str | None = None
    overlaps: frozenset[str] = frozenset()  # ids of those of which it is known that they ask for the same courses
    prose: tuple[str, ...] = ()  # the catalogue's own words; they decide nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """One kind of attempt that may fill a requirement: a selection, and what it takes to count."""

    selection: Selection
    counting: Counting


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseCount(Requirement):
    """`need` different courses out of `ways`: one named course, n of a list, or n from a filter."""

    need: int
    ways: tuple[Ways, ...]
    share_group: str = ""  # an attempt counts once in each; '' is the program's own


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditSum(Requirement):
    """At least `need` thousandths of a credit out of `ways`."""

    need: int
    ways: tuple[Ways, ...]
    share_group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightedCount(CreditSum):
    """Courses that count as more than one, or less: `need` and `weights` are thousandths of a course; others are one.

    A course that goes by several codes has the weight of the one under which it was taken, else the highest of them.
    """

    weights: tuple[tuple[Course, int], ...]


class Measure(StrEnum):
    """What a test over everything that counted is about."""

    COURSES = "courses"
    CREDITS = "credits"
    SUBJECTS = "subjects"
    SHARE_OF_COURSES = "share-of-courses"
    SHARE_OF_CREDITS = "share-of-credits"

    @property
    def is_share(self) -> bool:
        return self in (Measure.SHARE_OF_COURSES, Measure.SHARE_OF_CREDITS)

    @property
    def of_credits(self) -> bool:
        return self in (Measure.CREDITS, Measure.SHARE_OF_CREDITS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted(Requirement):
    """A second look at everything that was claimed: so much of it is in `selection`.

    `need` is courses, thousandths of a credit, subjects, or percent.
    """

    measure: Measure
    need: int
    selection: Selection
    rounding: Rounding = Rounding.EXACT


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """The most that may be claimed of a selection: `most` courses, or thousandths of a credit.

    With `below`, only attempts whose grade has fewer points than that are under it.
    """

    id: str
    title: str
    place: Place
    most: int
    selection: Selection
    of_credits: bool = False
    below: int | None = None
    cites: str | None = None
    prose: tuple[str, ...] = ()  # the catalogue's own words; they decide nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Average(Requirement):
    """The credit-weighted mean of the grade points of everything that was claimed, at least `minimum` thousandths."""

    minimum: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MilestoneDone(Requirement):
    """Something that is no course. With `attested_by` a person says so to credrules; without, the SIS records it."""

    code: str
    evidence: bool
    attested_by: str | None  # a role
    timing: Timing | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group(Requirement):
    """`need` of `parts`: all of them, any one, or some number."""

    need: int
    parts: tuple[Requirement, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldsCredential(Requirement):
    """One of these credentials is held: active on the day of the decision, unless `active` does not matter."""

    codes: frozenset[str]
    active: bool


@dataclass(frozen=True, slots=True)
class Condition:
    """A fact about the learner is one of these values."""

    fact: str
    values: frozenset[str]
    among: frozenset[str] = frozenset()  # what the institution declares that it may be; none where it may be anything


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnerIs(Requirement):
    """A fact about the learner, on the day of the decision, is as the condition says; with `negated` it is not."""

    condition: Condition
    negated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice(Group):
    """What is asked depends on the learner. The parts say it as a group; the ids say which of them are what.

    `asks` are the conditions, or with `turned` the conditions turned round. Where they hold the requirement `then` is
    asked, else `otherwise`, else nothing more. What is not asked claims nothing.
    """

    asks: tuple[str, ...]
    turned: bool
    then: str
    otherwise: str | None = None


class Moment(StrEnum):
    REGISTRATION = "registration"
    CONFERRAL = "conferral"
    RETENTION = "retention"  # of rules that say what becomes of an award whose ground has shifted


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """When all of `when` holds, everything it requires must."""

    id: str
    moment: Moment
    place: Place
    when: tuple[Condition, ...] = ()
    require: tuple[Condition, ...] = ()
    requirements: bool = False  # all requirements of the program are met
    attestations: tuple[str, ...] = ()  # of these roles
    no_holds: bool = False
    credentials: frozenset[str] = frozenset()  # one of these is held
    not_credentials: frozenset[str] = frozenset()  # none of these is held
    otherwise: str | None = None
    cites: str | None = None
    prose: tuple[str, ...] = ()  # the catalogue's own words; they decide nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class AwardSpec:
    """An award that a program makes. `kind` is unique within the program and part of the award's key for ever."""

    kind: str
    issuer: str
    options: Mapping[str, str]
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    id: str
    title: str
    effective: date
    credit_bearing: bool
    open_to: frozenset[Affiliation]
    requirements: Group
    rules: tuple[Rule, ...]  # the institution's first, then its own; those that can never apply left out
    awards: tuple[AwardSpec, ...]
    place: Place
    digest: str  # of the institution file and this file
    until: date | None = None  # the last day on which anyone may begin under this version, where the file says
    migrates: Mapping[str, str | None] = field(default_factory=dict)  # ids of older versions; None: left without one
    exception_limits: Mapping[ExceptionKind, int] = field(
        default_factory=dict
    )  # exceptions applied to the requirements
    description: str = ""
    prose: tuple[str, ...] = ()
    modelled_on: str | None = None
    url: str | None = None
    image: str | None = None
    skills: tuple[str, ...] = ()
    limits: tuple[Limit, ...] = ()
    excludes: frozenset[str] = frozenset()  # credentials beside which this one is not awarded
    life: LifeCycle = field(default_factory=LifeCycle)
    time_limit: int = 0  # months from the first day of the first course that counts; 0: none
    notes: tuple[str, ...] = ()  # advice that is shown and never decides
    lead_name: str | None = None
    lead_email: str | None = field(default=None, repr=False)
    retention: tuple[RetentionRule, ...] = ()  # its own first, then the institution's

    @property
    def version(self) -> str:
        return self.effective.isoformat()

    def most(self, kind: ExceptionKind) -> int | None:
        """How many exceptions of a kind are applied to the requirements; None where the file sets no limit."""
        return self.exception_limits.get(kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """The institution file and all program files, read together."""

    institution: Institution
    scale: GradeScale
    programs: tuple[Program, ...]  # in order of id; the versions of one program oldest first
    digest: str
    files: Mapping[str, str] = field(repr=False)  # their texts, so that a decision can be derived again
    equivalents: tuple[Equivalence, ...] = ()
    doubts: tuple[Finding, ...] = field(default=(), repr=False)  # what is probably not meant
    roles: tuple[str, ...] = STAFF  # whose word may be asked for
    privacy: PrivacyRules = field(default_factory=PrivacyRules)

    @property
    def program_ids(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(program.id for program in self.programs))

    def program(self, program_id: str, version: str | None = None) -> Program | None:
        """A program in the version named; the newest where none is."""
        versions = [program for program in self.programs if program.id == program_id]
        return next((program for program in reversed(versions) if version in (None, program.version)), None)


def may_ask_nothing(requirement: Requirement) -> bool:
    """Whether there may be learners of whom a requirement asks nothing at all, so that they meet it as they are."""
    if isinstance(requirement, Choice):
        branches = [part for part in walk(requirement) if part.id in (requirement.then, requirement.otherwise)]
        return requirement.turned or any(map(may_ask_nothing, branches))
    if not isinstance(requirement, Group) or not requirement.parts or requirement.need < len(requirement.parts):
        return False
    return all(map(may_ask_nothing, requirement.parts))


def walk(requirement: Requirement) -> Iterator[Requirement]:
    """A requirement and all below it, in the order of the rule file."""
    yield requirement
    if isinstance(requirement, Group):
        for part in requirement.parts:
            yield from walk(part)
