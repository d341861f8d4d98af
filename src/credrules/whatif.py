"""Look-ahead: what planned courses would change for a learner, and which course would complete most learners."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from credrules.completions import CREDITS, MOST_COURSES, Completion, away, completion
from credrules.decisions import Outcome
from credrules.errors import CredrulesError, EngineError, nearest
from credrules.records import Attempt, Course, Term

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date
    from decimal import Decimal

    from credrules.attestations import Word
    from credrules.deciding import Decider
    from credrules.decisions import Decision
    from credrules.plan import Plan, ProgramPlan
    from credrules.records import Record
    from credrules.rules import GradeScale


FEW = 2
"""Courses that are still missing in a program that is near."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A course that may be taken, with the grade that it may end with; without one it is work in progress."""

    course: Course
    grade: str | None = None

    def __str__(self) -> str:
        return f"{self.course} with {self.grade}" if self.grade else f"{self.course} under way"


@dataclass(frozen=True, slots=True)
class Outlook:
    """One program for one learner: as it stands, and as it would stand with the planned courses."""

    program: str
    title: str
    now: Decision
    then: Decision
    missing: Completion | None  # with the planned courses

    @property
    def changed(self) -> bool:
        return self.now.outcome is not self.then.outcome

    @property
    def near(self) -> bool:
        """Whether it changes, or is begun, or would take but a few courses and nothing else."""
        few = self.missing is not None and self.missing.proved and self.missing.size <= FEW and not self.missing.others
        return self.changed or self.now.takes_part or few


@dataclass(frozen=True, slots=True)
class Outlooks:
    """All programs for one learner. One course, with nothing else, would complete `away` more of them; those that
    would complete most are `courses`.
    """

    learner_id: str
    planned: tuple[Planned, ...]
    programs: tuple[Outlook, ...]
    away: int
    courses: tuple[str, ...]


@dataclass(slots=True)
class Wanted:
    """Over many learners: for each course, how many it would complete, by program."""

    learners: int = 0
    set_aside: int = 0
    courses: dict[str, Counter[str]] = field(default_factory=dict)

    def ranked(self) -> list[tuple[str, int, Counter[str]]]:
        """Courses with the number of credentials that each would complete, most first."""
        rows = [(course, programs.total(), programs) for course, programs in self.courses.items()]
        return sorted(rows, key=lambda row: (-row[1], row[0]))


def planned(text: str, scale: GradeScale) -> Planned:
    """'STA 501 A-' or 'STA 501'. Raises CredrulesError where it is neither."""
    match = re.fullmatch(r"\s*([A-Za-z&]+\s*-?\s*\d+[A-Za-z]{0,3})(?:\s+(\S+))?\s*", text)
    course = Course.parse(match[1]) if match else None
    if match is None or course is None:
        raise CredrulesError(f"'{text}' is no planned course. Write a course and a grade, such as 'STA 501 A-'.")
    grade = match[2]
    if grade is not None and not scale.knows(grade):
        symbols = [*scale.points, *sorted(scale.passing | scale.not_passing)]
        listed = ", ".join(symbols)
        raise CredrulesError(
            f"'{grade}' in '{text}' is not in the grade scale. There are: {listed}.{nearest(grade, symbols)}"
        )
    return Planned(course, grade)


def with_planned(
    record: Record, courses: Sequence[Planned], as_of: date, *, level: str | None = None, credits_: Decimal = CREDITS
) -> Record:
    """The record as it would be: courses with a grade ended on `as_of`, the others are under way.

    A level that is not given is taken from the learner's other attempts at that course, and is otherwise unknown.
    """
    attempts = [*record.attempts]
    for number, one in enumerate(courses, 1):
        levels = {attempt.level for attempt in record.attempts if attempt.course == one.course}
        attempts.append(
            Attempt(
                attempt_id=f"planned {number} {one.course}",
                course=one.course,
                term=Term(as_of, as_of, "planned", "planned"),
                level=level or (levels.pop() if len(levels) == 1 else None),
                registered_on=as_of,
                grade=one.grade,
                credits_attempted=credits_,
                credits_earned=credits_ if one.grade else None,
                source="planned",
            )
        )
    return replace(record, attempts=tuple(attempts))


def outlooks(
    decider: Decider,
    record: Record,
    word: Word,
    as_of: date,
    courses: Sequence[Planned] = (),
    *,
    level: str | None = None,
) -> Outlooks:
    """Every program for one learner, now and with planned courses, and the smallest completion of each.

    Raises CredrulesError where the engines disagree on this learner.
    """
    later = with_planned(record, courses, as_of, level=level)
    found = []
    for now, then in zip(_decide(decider, record, word, as_of), _decide(decider, later, word, as_of), strict=True):
        title = _plan_of(decider.plan, then).program.title
        found.append(Outlook(now.program, title, now, then, shortest_way(decider.plan, then, later, word)))
    count, best = away([one.missing for one in found if one.missing])
    return Outlooks(record.learner.learner_id, tuple(courses), tuple(found), count, best)


def count_wanted(wanted: Wanted, decider: Decider, people: Iterable[tuple[Record, Word]], as_of: date) -> None:
    """Add, for each learner, the courses of which one alone would complete a program that they take part in."""
    for record, word in people:
        wanted.learners += 1
        try:
            decisions = decider.decide(record, word, as_of).decisions
        except EngineError:
            wanted.set_aside += 1
            continue
        for decision in decisions:
            found = shortest_way(decider.plan, decision, record, word, most=1)
            if found is None or not found.proved or found.others:
                continue
            for course in sorted({code for way in found.ways for step in way for code in step.courses}):
                wanted.courses.setdefault(course, Counter())[decision.program] += 1


def shortest_way(
    plan: Plan, decision: Decision, record: Record, word: Word, *, most: int = MOST_COURSES
) -> Completion | None:
    """A smallest completion of what a decision found missing; None where nothing is, or nothing would complete it."""
    if decision.outcome not in (Outcome.UNMET, Outcome.UNDETERMINED):
        return None
    return completion(plan, _plan_of(plan, decision), record, word, decision.as_of, most=most)


def _decide(decider: Decider, record: Record, word: Word, as_of: date) -> tuple[Decision, ...]:
    decided = decider.decide(record, word, as_of, everyone=True)
    if decided.disagreements:
        raise CredrulesError(decided.disagreements[0].text)
    return decided.decisions


def _plan_of(plan: Plan, decision: Decision) -> ProgramPlan:
    """The plan of the version that a decision is about."""
    asked = decision.program, decision.version
    return next(one for one in plan.programs if (one.program.id, one.program.version) == asked)
