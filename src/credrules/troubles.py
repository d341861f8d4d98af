"""Trouble: what in the records stands in the way of a decision, its root cause and the next step, for the registrar."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from credrules.decisions import Outcome
from credrules.reasons import UNSURE
from credrules.standing import Stage, stand
from credrules.wording import number

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from credrules.adapters import SetAside
    from credrules.decisions import Decision, Reason, Use
    from credrules.errors import Problem
    from credrules.findings import Finding
    from credrules.records import Attempt, Record
    from credrules.rules import GradeScale

EXAMPLES = 5
"""Learner ids that are shown of a trouble. Nothing else about a learner is."""


@dataclass(frozen=True, slots=True, order=True)
class Trouble:
    """One thing to put right. `undetermined`: it keeps a decision from being made, today or once all else is done."""

    undetermined: bool
    code: str
    cause: str
    step: str
    learners: int = 0
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, order=True)
class _Kind:
    """What troubles of several learners have in common."""

    code: str
    what: str = ""
    where: str = ""


_CAUSES = {
    "set-aside": (
        "rows in {where} cannot be read, or contradict one another ({learners}). The first one: {first}",
        "Correct these rows at the source, or map what they say. Until then nothing is decided about these learners.",
    ),
    "grade-unreadable": (
        "the source prints the grade '{what}', which the institution's scale does not have ({learners}).",
        "Say in rules/institution.yaml under `grades` what '{what}' is: with points, passing, not passing, incomplete "
        "or withdrawn. If it is another way to write a grade that is there, map it at the source.",
    ),
    "grade-not-reported": (
        "{what} is over, and grades are missing in it ({learners}).",
        "Ask the instructors for the grades. Where somebody left the course, the registration has to say so: a missing "
        "grade is read neither as a fail nor as a pass.",
    ),
    "basis-unknown": (
        "no grading basis is recorded for {what} ({learners}), and a rule asks for it.",
        "Record the basis at the source, or let the adapter's column `basis` say which one a blank stands for.",
    ),
    "repeat-unknown": (
        "repeat checking has not been done for {what} ({learners}).",
        "Run repeat checking in the student information system.",
    ),
    "course-unsure": (
        "the source does not tell of {what} what a rule asks of the course ({learners}).",
        "Record the level, the attributes or the origin of the course at the source.",
    ),
    "order-unknown": (
        "{what} was repeated, and it is unknown which attempt was the last ({learners}).",
        "Record the term or the day of the grade of every attempt.",
    ),
    "level-unknown": (
        "the least grade for {what} depends on its level, which the source does not tell ({learners}).",
        "Record the level of the course at the source.",
    ),
    "credits-unknown": (
        "no credits are recorded for {what} ({learners}), and a rule counts them.",
        "Record the credits at the source: missing ones are not read as zero.",
    ),
    "fact": (
        "'{what}' asks for something that the source does not tell ({learners}).",
        "Add what is missing about these learners to the source, or look at the rule ({where}). "
        "`credrules explain LEARNER PROGRAM` says what it is.",
    ),
    "no-email": (
        "no e-mail address is known ({learners}).",
        "Add an address, or list another kind of address to use. Deciding needs none; a badge cannot be sent without "
        "one.",
    ),
}
"""Root cause and next step by code. A code of an attempt that is not here is worded by its sentence in UNSURE."""

_OF_PARTS = "parts-missing"
"""A rule that asks for all requirements does not list them again: they stand elsewhere in the decision."""

NO_HARM = frozenset({"no-email"})
"""What keeps nobody from being decided."""


class Troubles:
    """What is gathered of learners, one after the other. It grows with the kinds of trouble, not with the learners."""

    def __init__(self, scale: GradeScale, as_of: date) -> None:
        self._scale = scale
        self._as_of = as_of
        self._counts: dict[_Kind, int] = defaultdict(int)
        self._examples: dict[_Kind, list[str]] = defaultdict(list)
        self._first: dict[_Kind, str] = {}

    def set_aside(self, one: SetAside) -> None:
        """Problems of the same place and column are one trouble: that of the whole place."""
        kinds = {_Kind("set-aside", _subject(problem), _place(problem)): problem for problem in one.problems}
        for kind, problem in kinds.items():
            self._first.setdefault(kind, problem.message)
        self._note(set(kinds), one.learner_id)

    def record(self, record: Record) -> None:
        """What can be seen in the records alone, whatever the rules ask."""
        found = {_Kind("no-email")} if not record.learner.email else set()
        found |= {_Kind("grade-unreadable", symbol) for symbol in self._strange_grades(record.attempts)}
        self._note(found, record.learner.learner_id)

    def decision(self, decision: Decision, record: Record) -> None:
        """What is unknown in a decision, unless the program is complete without it."""
        attempts = {attempt.attempt_id: attempt for attempt in record.attempts}
        found = {kind for reason in _unknown(decision.reason) for kind in _kinds(reason, attempts)}
        self._note({kind for kind in found if kind.code != "grade-unreadable"}, record.learner.learner_id)

    def found(self) -> Iterator[Trouble]:
        for kind, count in self._counts.items():
            cause, step = _CAUSES.get(kind.code) or (
                f"of {{what}} ({{learners}}): {UNSURE[kind.code]}.",
                "Record what is missing at the source.",
            )
            words = {
                "what": kind.what,
                "where": kind.where,
                "learners": number(count, "learner"),
                "first": self._first.get(kind, ""),
            }
            text = cause.format(**words)
            yield Trouble(
                undetermined=kind.code not in NO_HARM,
                code=kind.code,
                cause=text[0].upper() + text[1:],
                step=step.format(**words),
                learners=count,
                examples=tuple(self._examples[kind]),
            )

    def _strange_grades(self, attempts: tuple[Attempt, ...]) -> Iterator[str]:
        for attempt in attempts:
            standing = stand(attempt, self._scale, self._as_of)
            if standing.stage is Stage.UNREADABLE and standing.symbol:
                yield standing.symbol

    def _note(self, kinds: set[_Kind], learner_id: str) -> None:
        for kind in kinds:
            self._counts[kind] += 1
            if len(self._examples[kind]) < EXAMPLES:
                self._examples[kind].append(learner_id)


def of_need(problem: Problem) -> Trouble:
    """A rule that asks what the source cannot tell. Rules with such a one are refused, so that nobody is decided."""
    return Trouble(True, "rule-needs", _cause(problem), "Add it to the source, or change the rule.")


def of_finding(finding: Finding) -> Trouble:
    """What a rule names and the catalogue lacks: what follows the first sentence is what to do."""
    step = finding.problem.message.partition(". ")[2]
    return Trouble(False, finding.check, _cause(finding.problem), step)


def _cause(problem: Problem) -> str:
    place = f"{problem.where}:{problem.line}" if problem.line else problem.where
    return f"{place}: {problem.message.partition('. ')[0].removesuffix('.')}."


def _place(problem: Problem) -> str:
    """The file, or the query, without the row."""
    return problem.where.partition(",")[0]


def _subject(problem: Problem) -> str:
    """The column, with which a message about a cell begins."""
    return problem.message.partition(" ")[0]


def _unknown(reason: Reason) -> Iterator[Reason]:
    """The reasons at the bottom that are undetermined and still matter."""
    if reason.outcome is Outcome.MET:
        return
    if not reason.parts and reason.outcome is Outcome.UNDETERMINED and reason.because != _OF_PARTS:
        yield reason
    for part in reason.parts:
        yield from _unknown(part)


def _kinds(reason: Reason, attempts: dict[str, Attempt]) -> Iterator[_Kind]:
    unsure = [use for use in reason.used if use.outcome is Outcome.UNDETERMINED and use.because in UNSURE]
    for use in unsure:
        yield _Kind(use.because, _what(use, attempts[use.attempt_id]))
    if not unsure:
        yield _Kind("fact", reason.title, reason.rule)


def _what(use: Use, attempt: Attempt) -> str:
    """What troubles of one code are told apart by: terms, where grades are missing, and courses otherwise."""
    if use.because == "grade-not-reported":
        return attempt.term.title if attempt.term else "The term, of which no days are known,"
    return use.course
