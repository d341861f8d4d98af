"""What was understood of a source: counts, terms, troubles. A function of records, rules and capabilities."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

from credrules.troubles import Trouble, Troubles, of_finding, of_need

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from credrules.adapters import Capabilities
    from credrules.deciding import Decider
    from credrules.errors import Problem
    from credrules.findings import Finding
    from credrules.people import People
    from credrules.records import Record, Term
    from credrules.rules import RuleSet

_PARTS = ("attempts", "admissions", "milestones", "activities", "credentials", "holds", "enrolments")


@dataclass(frozen=True, slots=True)
class Spread:
    """How a number differs from learner to learner."""

    least: int
    median: int
    most: int


@dataclass(frozen=True, slots=True)
class TermCount:
    """A term as the source has it, None for attempts without one, and the attempts in it that were read."""

    term: Term | None
    attempts: int
    graded: int


@dataclass(frozen=True, kw_only=True)
class Understood:
    """What a source says, as credrules reads it. No person is in it beyond ids, in the troubles' examples.

    `counts` has the rows of each entity that the source knows. `total` is the number of learners by the source's own
    count, None where asking is dear. `unchecked` is what there was no means to look at.
    """

    learners: int
    total: int | None
    counts: Mapping[str, int]
    terms: tuple[TermCount, ...]
    attempts: Spread | None
    without_email: int
    knows: Mapping[str, str]
    troubles: tuple[Trouble, ...] = field(default=())
    unchecked: tuple[str, ...] = field(default=())

    @property
    def in_order(self) -> bool:
        """Whether nothing that was read would keep a decision from being made."""
        return not any(trouble.undetermined for trouble in self.troubles)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the rules ask, held against the source before a learner is read.

    `needs` are what rules ask that the source cannot tell: then they are refused, and nobody is decided. `catalogue` is
    what they name and the catalogue lacks; None where there is no catalogue.
    """

    rule_set: RuleSet
    decider: Decider
    capabilities: Capabilities
    needs: Sequence[Problem]
    catalogue: Sequence[Finding] | None


def understand(asked: Asked, source: Iterable[People], as_of: date, total: int | None = None) -> Understood:
    """Read learners, batch by batch; what is held does not grow with their number."""
    reading = _Reading(asked, as_of)
    for people in source:
        for one in people.set_aside:
            reading.learners += 1
            reading.troubles.set_aside(one)
        for record, word in people.known:
            reading.record(record)
            if not asked.needs:
                for decision in asked.decider.decide(record, word, as_of).decisions:
                    reading.troubles.decision(decision, record)
    return reading.understood(total)


class _Reading:
    def __init__(self, asked: Asked, as_of: date) -> None:
        self.learners = 0
        self.troubles = Troubles(asked.rule_set.scale, as_of)
        self._asked = asked
        self._counts: Counter[str] = Counter()
        self._attempts: Counter[Term | None] = Counter()
        self._graded: Counter[Term | None] = Counter()
        self._of_one: Counter[int] = Counter()
        self._without_email = 0

    def record(self, record: Record) -> None:
        self.learners += 1
        self._without_email += not record.learner.email
        self.troubles.record(record)
        for name in _PARTS:
            if (rows := getattr(record, name)) is not None:
                self._counts[name] += len(rows)
        if record.facts is not None:
            self._counts["facts"] += sum(map(len, record.facts.values()))
        self._of_one[len(record.attempts)] += 1
        self._attempts.update(attempt.term for attempt in record.attempts)
        self._graded.update(attempt.term for attempt in record.attempts if attempt.grade is not None)

    def understood(self, total: int | None) -> Understood:
        known = self._asked.capabilities
        missing = [] if self._asked.catalogue is not None else ["courses that rules name: there is no catalogue"]
        if self._asked.needs:
            missing.append("what would be undetermined: rules that ask for what the source cannot tell are refused")
        return Understood(
            learners=self.learners,
            total=total,
            counts={"learners": self.learners, **{name: self._counts[name] for name in _names(self._counts)}},
            terms=tuple(
                TermCount(term, self._attempts[term], self._graded[term])
                for term in sorted(self._attempts, key=lambda term: (term is not None, term))
            ),
            attempts=_spread(self._of_one),
            without_email=self._without_email,
            knows={one.name: str(getattr(known, one.name)) for one in fields(known)},
            troubles=tuple(sorted(self._troubles(), key=lambda one: (not one.undetermined, -one.learners, one))),
            unchecked=tuple(missing),
        )

    def _troubles(self) -> Iterable[Trouble]:
        yield from self.troubles.found()
        for problem in self._asked.needs:
            yield of_need(problem)
        for finding in self._asked.catalogue or ():
            yield of_finding(finding)
        if not self.learners:
            yield Trouble(
                undetermined=True,
                code="nobody",
                cause="The source answers that there is nobody.",
                step="Look at what the account may see, and at the conditions of the queries.",
            )


def _names(counts: Counter[str]) -> list[str]:
    return [name for name in (*_PARTS, "facts") if name in counts]


def _spread(of_one: Counter[int]) -> Spread | None:
    """Least, median and most of numbers that were counted; of two in the middle the lower one."""
    if not of_one:
        return None
    numbers = sorted(of_one)
    middle, passed = (of_one.total() + 1) // 2, 0
    for median in numbers:
        passed += of_one[median]
        if passed >= middle:
            break
    return Spread(numbers[0], median, numbers[-1])
