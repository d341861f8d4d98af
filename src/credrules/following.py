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
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from credrules.deciding import Decider
from credrules.kept_program import Arrival, Entries, KeptProgram, ProgramIndex, looks
from credrules.records import Course

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from credrules.attestations import Word
    from credrules.decisions import Decision
    from credrules.engines.plain import LearnerSeen
    from credrules.kept_program import Candidate, Look, Worths
    from credrules.plan import Plan
    from credrules.records import Attempt, Record
    from credrules.standing import Standing


class Mention(NamedTuple):
    """A program that an attempt may move, by place in the plan. `looks` is None where it may be all of it."""

    number: int
    looks: tuple[Look, ...] | None
    alone: bool = False  # it is offered to no two requirements of which only one may claim it


Mentions = tuple[Mention, ...]
Candidates = dict[int, "list[Candidate] | None"]

KINDS = 100_000
"""How many kinds of attempts are remembered at most: of a course, with a grade, under a registration."""


class Follower:
    """Follows learners under one plan."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.decider = Decider(plan, None)
        self.indexes = [ProgramIndex(program, equivalents=bool(plan.equivalents)) for program in plan.programs]
        self.beyond = [number for number, index in enumerate(self.indexes) if not index.local]
        self.entries = Entries(self.indexes)
        self._worths: dict[tuple[object, ...], Worths] = {}
        self._candidates: dict[tuple[object, ...], Candidates] = {}
        self._mentions: dict[tuple[object, ...], Mentions] = {}

    def follow(self, record: Record, word: Word, as_of: date) -> Followed:
        """Decide one learner under every program, to be kept up to date from here on. Raises EngineError."""
        return Followed(self, record, self.decider.in_term(record, word, as_of), as_of)

    def mentions(self, standing: Standing, learner: LearnerSeen) -> Mentions:
        """The programs that an attempt may move. Of attempts of one kind it is found out once."""
        if standing.equal is not None:  # another course on another day, perhaps
            return tuple(
                Mention(number, None) for number, index in enumerate(self.indexes) if index.may_move(standing, learner)
            )
        attempt = standing.attempt
        course = attempt.course
        sort = standing.stage, standing.points, attempt.repeat, attempt.level, attempt.origin, attempt.basis
        kind = course.subject, course.number, attempt.attributes, sort
        known = self._mentions.get(kind)
        if known is None:
            if len(self._mentions) >= KINDS:
                self._mentions.clear()
                self._candidates.clear()
                self._worths.clear()
            place = course.subject, course.number, attempt.attributes, *sort[3:]
            if place not in self._candidates:
                self._candidates[place] = self._looked_up(standing, learner)
            worths = self._worths.setdefault(sort, {})
            known = self._mentions[kind] = tuple(self._mentioned(self._candidates[place], standing, worths))
        return known

    def _looked_up(self, standing: Standing, learner: LearnerSeen) -> Candidates:
        found: Candidates = {**self.entries.candidates(standing, learner)}
        found.update((number, None) for number in self.beyond if self.indexes[number].may_move(standing, learner))
        return dict(sorted(found.items(), key=_number))

    def _mentioned(self, candidates: Candidates, standing: Standing, worths: Worths) -> Iterator[Mention]:
        for number, some in candidates.items():
            if some is None:
                yield Mention(number, None)
            else:
                found = looks(some, standing, worths)
                yield Mention(number, found, self.indexes[number].is_alone(found))


def _number(found: tuple[int, object]) -> int:
    return found[0]


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
            one.reason  # noqa: B018  what stands from the start is told now, and not with the first attempt
        granted = {one.program for one in word.exceptions}
        self.granted = tuple(number for number, one in enumerate(follower.plan.programs) if one.program.id in granted)
        self._decisions: dict[str, Decision] = {}

    def put(self, attempt: Attempt) -> list[KeptProgram]:
        """Take in an attempt that is new, or that replaces the one with its id: the programs it may have moved."""
        if attempt.attempt_id in self.attempts:
            return self._change(attempt.attempt_id, attempt)
        standing = self.follower.decider.plain.stand(attempt, self.as_of)
        course = standing.course
        if self.granted or standing.equal is not None or course in self.seen.standings:
            return self._change(None, attempt)
        self.attempts[attempt.attempt_id] = attempt
        self.standings[attempt.attempt_id] = standing
        self.seen.standings[course] = [standing]
        self.seen.known_as[course] = {course}
        mentions = self.follower.mentions(standing, self.seen)
        if not mentions:
            return []
        arrival = Arrival(standing)
        moved = []
        for number, asked, alone in mentions:
            kept = self.kept[number]
            if alone and asked is not None and kept.steady:
                kept.add(arrival, asked)
            else:
                kept.restart()
            moved.append(kept)
        self._undecided(moved)
        return moved

    def withdraw(self, attempt_id: str) -> list[KeptProgram]:
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
                known = [one.known_reasons() for one in self.kept]
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

    def _change(self, gone: str | None, come: Attempt | None) -> list[KeptProgram]:
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
        again: set[int] = set()
        numbers = set(self.granted)
        for course, standings in courses.items():
            for number, nodes in self._about([*standings, *self.seen.standings.get(course, ())]).items():
                if nodes is None or not self.kept[number].steady:
                    numbers.add(number)
                else:
                    self.kept[number].again(course, nodes)
                    again.add(number)
        for number in numbers:
            self.kept[number].restart()
        moved = [self.kept[number] for number in sorted(numbers | again)]
        self._undecided(moved)
        return moved

    def _about(self, standings: Iterable[Standing]) -> dict[int, set[int] | None]:
        """The programs that any of these attempts may move, with the requirements; None where it may be all of it."""
        found: dict[int, set[int] | None] = {}
        for standing in standings:
            for number, asked, _ in self.follower.mentions(standing, self.seen):
                nodes = found.setdefault(number, set())
                if asked is None or nodes is None:
                    found[number] = None
                else:
                    nodes.update(one.node for one in asked)
        return found

    def _undecided(self, moved: Iterable[KeptProgram]) -> None:
        """Forget the decisions that may be others now."""
        if not self._decisions:
            return
        names = {one.program for one in moved}
        entangled = self.follower.decider.entangled
        for name in names | (entangled if names & entangled else frozenset()):
            self._decisions.pop(name, None)


def _id(standing: Standing) -> str:
    return standing.attempt.attempt_id
