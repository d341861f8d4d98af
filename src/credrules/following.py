"""A learner's decisions kept up to date as attempts arrive, for whoever hears of grades one by one.

    follower = Follower(plan)
    learner = follower.follow(record, word, as_of)
    for moved in learner.put(attempt):          # the programs that the attempt may have moved
        print(moved.program, moved.outcome, moved.reason.text)
    learner.decision("data-analytics")          # as the plain engine would decide on the whole record

Only what the attempt is about is looked at again (see kept_program.py); other reasons are the same objects as before.
What stands is the plain engine's answer alone: an award still takes both engines.
"""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from credrules.deciding import Decider
from credrules.kept_program import KeptProgram, Look, ProgramIndex
from credrules.records import Course

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from credrules.attestations import Word
    from credrules.decisions import Decision, Outcome, Reason
    from credrules.engines.plain import LearnerSeen
    from credrules.plan import Plan
    from credrules.records import Attempt, Record
    from credrules.standing import Standing

Mentions = tuple[tuple[int, tuple[Look, ...] | None], ...]
"""The programs that an attempt may move, by place in the plan, and what it is to each: see ProgramIndex.looks."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A program that was decided again, in one version, with its outcome and the reasons at every node.

    What hangs on more than one program, and on the catalog year, is said by `Followed.decision`.
    """

    program: str
    version: str
    outcome: Outcome
    reason: Reason


class Follower:
    """Follows learners under one plan."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.decider = Decider(plan, None)
        self.indexes = [ProgramIndex(program) for program in plan.programs]
        self.listed = self.decider.plain.equivalents.keys()
        self._mentions: dict[tuple[object, ...], Mentions] = {}

    def follow(self, record: Record, word: Word, as_of: date) -> Followed:
        """Decide one learner under every program, to be kept up to date from here on. Raises EngineError."""
        return Followed(self, record, self.decider.in_term(record, word, as_of), as_of)

    def mentions(self, standing: Standing, learner: LearnerSeen) -> Mentions:
        """The programs that an attempt may move; of attempts of one kind and standing it is found out once."""
        attempt = standing.attempt
        shape = (
            attempt.course,
            attempt.level,
            attempt.origin,
            attempt.basis,
            attempt.repeat,
            attempt.attributes,
            standing.stage.value,
            standing.points,
        )
        known = self._mentions.get(shape)
        if known is None:
            known = self._looked_up(standing, learner)
            if standing.equal is None:
                self._mentions[shape] = known
        return known

    def _looked_up(self, standing: Standing, learner: LearnerSeen) -> Mentions:
        found = ((number, index.looks(standing, learner)) for number, index in enumerate(self.indexes))
        return tuple((number, looks) for number, looks in found if looks is None or looks)


class Followed:
    """One learner whose attempts arrive, change and are withdrawn; everything else stays as it was when it began."""

    def __init__(self, follower: Follower, record: Record, word: Word, as_of: date) -> None:
        self.follower = follower
        self.word = word
        self.as_of = as_of
        self._record = record
        self.attempts = {attempt.attempt_id: attempt for attempt in record.attempts}
        plain = follower.decider.plain
        self.seen = plain.learner(record, word, as_of)
        self.standings = {
            standing.attempt.attempt_id: standing for some in self.seen.standings.values() for standing in some
        }
        self.kept = [KeptProgram(index, self.seen) for index in follower.indexes]
        for one in self.kept:
            one.reason()
        granted = {one.program for one in word.exceptions}
        self.granted = tuple(number for number, one in enumerate(follower.plan.programs) if one.program.id in granted)
        self._decisions: dict[str, Decision] = {}

    def put(self, attempt: Attempt) -> list[Moved]:
        """Take in an attempt that is new, or that replaces the one with its id: the programs it may have moved."""
        if attempt.attempt_id in self.attempts:
            return self._change(attempt.attempt_id, attempt)
        standing = self.follower.decider.plain.stand(attempt, self.as_of)
        if standing.course in self.seen.standings or self.granted:
            return self._change(None, attempt)
        self.attempts[attempt.attempt_id] = attempt
        self._stand(standing, standing.course)
        moved = self.follower.mentions(standing, self.seen)
        for number, looks in moved:
            self.kept[number].add(standing, looks)
        return self._told(number for number, _ in moved)

    def withdraw(self, attempt_id: str) -> list[Moved]:
        """Forget an attempt that the source no longer has: the programs it may have moved."""
        return self._change(attempt_id, None)

    def decision(self, program: str) -> Decision:
        """What the plain engine decides on the whole record as it is now, the evidence's digest included.

        Raises KeyError for a program that the plan does not have.
        """
        if program not in self._decisions:
            decider, record = self.follower.decider, self.record
            if program in decider.entangled:
                whole = decider.decide(record, self.word, self.as_of, everyone=True)
                self._decisions |= {one.program: one for one in whole.decisions if one.program in decider.entangled}
            else:
                evaluations = [one.evaluation for one in self.kept]
                known = [one.reasons for one in self.kept]
                self._decisions[program] = decider.one(program, evaluations, known, record, self.word, self.as_of)
        return self._decisions[program]

    @property
    def record(self) -> Record:
        """The record as it is now."""
        return replace(self._record, attempts=tuple(self.attempts.values()))

    def _stand(self, standing: Standing, course: Course) -> None:
        """Put an attempt among those at its course, in the order of their ids."""
        self.standings[standing.attempt.attempt_id] = standing
        insort(self.seen.standings.setdefault(course, []), standing, key=_id)
        for name in standing.names:
            self.seen.known_as.setdefault(name, set()).add(course)

    def _fall(self, standing: Standing) -> None:
        """Take an attempt away from those at its course."""
        course = standing.course
        rest = [one for one in self.seen.standings[course] if one is not standing]
        self.seen.standings[course] = rest
        if not rest:
            del self.seen.standings[course]
        left = frozenset[Course]().union(*(one.names for one in rest))
        for name in standing.names - left:
            self.seen.known_as[name].discard(course)
            if not self.seen.known_as[name]:
                del self.seen.known_as[name]

    def _change(self, gone: str | None, come: Attempt | None) -> list[Moved]:
        """Look again at every course at which there is another attempt now, or one less."""
        courses: dict[Course, list[Standing]] = {}
        if gone is not None:
            del self.attempts[gone]
            old = self.standings.pop(gone)
            self._fall(old)
            courses[old.course] = [old]
        if come is not None:
            new = self.follower.decider.plain.stand(come, self.as_of)
            self.attempts[come.attempt_id] = come
            self._stand(new, new.course)
            courses.setdefault(new.course, [])
        moved = dict.fromkeys(self.granted)
        for course, standings in courses.items():
            for number, nodes in self._about([*standings, *self.seen.standings.get(course, ())]).items():
                moved[number] = None
                self.kept[number].again(course, nodes)
        for number in self.granted:
            self.kept[number].restart()
        return self._told(moved)

    def _about(self, standings: Iterable[Standing]) -> dict[int, set[int] | None]:
        """The programs that any of these attempts may move, with the requirements; None where it may be all of it."""
        found: dict[int, set[int] | None] = {}
        for standing in standings:
            for number, looks in self.follower.mentions(standing, self.seen):
                nodes = found.setdefault(number, set())
                if looks is None or nodes is None:
                    found[number] = None
                else:
                    nodes.update(look.node for look in looks)
        return found

    def _told(self, numbers: Iterable[int]) -> list[Moved]:
        moved = []
        for number in numbers:
            kept = self.kept[number]
            program = kept.index.plan.program
            self._decisions.pop(program.id, None)
            moved.append(Moved(program.id, program.version, kept.outcome, kept.reason()))
        if any(one.program in self.follower.decider.entangled for one in moved):
            for name in self.follower.decider.entangled:
                self._decisions.pop(name, None)
        return moved


def _id(standing: Standing) -> str:
    return standing.attempt.attempt_id
