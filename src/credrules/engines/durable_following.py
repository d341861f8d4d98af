"""One learner on durable_rules, under all programs, kept up to date attempt by attempt.

A grade goes through the ruleset of its course (see durable_paths.py): one session for all programs in which nothing but
the way up from it can move. Where more may, such a program is decided on the whole record, on a ruleset of its own.
"""

from __future__ import annotations

from bisect import insort
from collections import Counter
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from credrules.engines.durable_driver import Unsafe
from credrules.engines.durable_kept import DurableProgram, KeptSession, session_of
from credrules.engines.durable_paths import CourseRules, Worth, counted, has_ways, may_hold
from credrules.errors import EngineError
from credrules.standing import GONE, stand

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from credrules.attestations import Word
    from credrules.decisions import Outcome
    from credrules.engines.durable import DurableEngine
    from credrules.plan import Plan
    from credrules.records import Attempt, Course, Record
    from credrules.standing import Standing

RULESETS = 1000
"""How many rulesets are kept at most. One takes some hundreds of kilobytes."""

COURSES = 100_000
"""Of how many courses it is remembered at most which rulesets are theirs."""


class DurableFollower:
    """Follows learners under one plan. For one thread. Raises EngineError where a ruleset cannot be trusted."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.programs = [DurableProgram(plan, program) for program in plan.programs]
        self.local = {number: one.engine for number, one in enumerate(self.programs) if has_ways(one.engine)}
        self.selections = list(
            dict.fromkeys(
                way.selection
                for engine in self.local.values()
                for node in engine.plan.programs[0].nodes
                for way in node.ways
            )
        )
        self._courses: dict[Course, tuple[CourseRules, ...]] = {}
        self._rules: dict[object, tuple[CourseRules, ...]] = {}

    def follow(self, record: Record, word: Word, as_of: date) -> DurableFollowed:
        """Decide one learner under every program, to be kept up to date from here on. Raises EngineError."""
        return DurableFollowed(self, record, word, as_of)

    def rules_of(self, course: Course) -> tuple[CourseRules, ...]:
        """The rulesets of a course; none where no program in which it has a way may use it."""
        found = self._courses.get(course)
        if found is None:
            if len(self._courses) >= COURSES or len(self._rules) >= RULESETS:
                self._courses.clear()
                self._rules.clear()
            holding = tuple(at for at, one in enumerate(self.selections) if may_hold(one, course))
            is_named = any(self.selections[at].courses for at in holding)
            kind = course if is_named else (course.subject, holding)
            if kind not in self._rules:
                self._rules[kind] = _compiled(course, self.local if holding else {})
            found = self._courses[course] = self._rules[kind]
        return found


def _compiled(course: Course, engines: Mapping[int, DurableEngine]) -> tuple[CourseRules, ...]:
    """One ruleset, or several where that would be more than durable_rules can be trusted with."""
    if not engines:
        return ()
    try:
        return (CourseRules(course, engines),)
    except Unsafe:
        if len(engines) == 1:
            raise
    half = len(engines) // 2
    parts = dict(islice(engines.items(), half)), dict(islice(engines.items(), half, None))
    return tuple(rules for part in parts for rules in _compiled(course, part))


@dataclass(slots=True)
class _Kept:
    """What was derived for one program: outcomes of nodes, and what each course is worth to each requirement.

    Not `steady` where a grade may move more than what lies above it.
    """

    outcomes: list[Outcome]
    worths: dict[int, dict[Course, Worth]]
    unasked: frozenset[int]
    steady: bool


class DurableFollowed:
    """One learner whose attempts arrive and change; everything else stays as it was when it began."""

    def __init__(self, follower: DurableFollower, record: Record, word: Word, as_of: date) -> None:
        self.follower = follower
        self.word = word
        self.as_of = as_of
        self._record = record
        self.attempts = {attempt.attempt_id: attempt for attempt in record.attempts}
        self._at: dict[Course, list[Standing]] = {}
        for attempt in record.attempts:
            self._stand(attempt)
        granted = {one.program for one in word.exceptions}
        self._granted = [number for number in follower.local if follower.plan.programs[number].program.id in granted]
        self._kept = {number: self._afresh(number) for number in follower.local}
        self._outcomes = {number: kept.outcomes for number, kept in self._kept.items()}
        self._sessions: dict[int, KeptSession] = {
            number: program.follow(record, word, as_of)
            for number, program in enumerate(follower.programs)
            if number not in follower.local
        }

    @property
    def record(self) -> Record:
        """The record as it is now."""
        return replace(self._record, attempts=tuple(self.attempts.values()))

    def outcomes(self, number: int) -> Sequence[Outcome]:
        """Those of a program's nodes, by its place in the plan."""
        return self._sessions[number].outcomes if number in self._sessions else self._outcomes[number]

    def put(self, attempt: Attempt) -> None:
        """Take in an attempt that is new, or that replaces the one with its id. Raises EngineError."""
        old = self.attempts.get(attempt.attempt_id)
        courses = {attempt.course: None}
        self.attempts[attempt.attempt_id] = attempt
        if old is not None:
            courses[old.course] = None
            rest = [one for one in self._at.pop(old.course, ()) if one.attempt is not old]
            if rest:
                self._at[old.course] = rest
        self._stand(attempt)
        whole = dict.fromkeys(self._granted)
        for course in courses:
            for rules in self.follower.rules_of(course):
                whole.update(dict.fromkeys(self._along(rules, course)))
        for number in whole:
            self._kept[number] = kept = self._afresh(number)
            self._outcomes[number] = kept.outcomes
        for session in self._sessions.values():
            session.put(attempt)

    def _stand(self, attempt: Attempt) -> None:
        """Put an attempt among those at its course, in the order of their ids."""
        standing = stand(attempt, self.follower.plan.scale, self.as_of)
        if standing.stage not in GONE:
            insort(self._at.setdefault(attempt.course, []), standing, key=_id)

    def _along(self, rules: CourseRules, course: Course) -> list[int]:
        """Take what stands at a course along its ways; the programs in which it may move more than these."""
        whole = [number for number in rules.programs if not self._kept[number].steady]
        due = {}
        try:
            with rules.driver.session() as session:
                attempts = [
                    (standing, rules.labels(session, standing, self._record, self.as_of))
                    for standing in self._at.get(course, ())
                ]
                groups: set[tuple[int, str]] = set()
                for spot in rules.spots:
                    kept = self._kept[spot.program]
                    if not kept.steady or spot.node.index in kept.unasked:
                        continue
                    worth = rules.worth(spot, attempts)
                    worths = kept.worths[spot.node.index]
                    if worth is not None:
                        group = spot.program, spot.node.share_group
                        if group in groups:
                            whole.append(spot.program)
                        groups.add(group)
                        worths[course] = worth
                    elif worths.pop(course, None) is None:
                        continue
                    due[spot.place] = counted(worths.values())
                rules.climb(session, due, self._outcomes)
        except EngineError:
            for number in rules.programs:
                self._kept[number].steady = False
            raise
        return whole

    def _afresh(self, number: int) -> _Kept:
        """Decide a program on the whole record."""
        engine = self.follower.local[number]
        (program,) = engine.plan.programs
        outcomes, learner = session_of(engine, self.record, self.word, self.as_of)
        worths = {
            index: {
                course: (bid.offers[0].level, bid.offers[0].size)
                for course, bid in (learner.bids.get(index, {}) if learner else {}).items()
            }
            for index in program.demands
        }
        claimed = Counter(
            (course, program.nodes[index].share_group) for index, courses in worths.items() for course in courses
        )
        steady = learner is not None and number not in self._granted and max(claimed.values(), default=1) == 1
        return _Kept(list(outcomes), worths, learner.unasked[0] if learner else frozenset(), steady)


def _id(standing: Standing) -> str:
    return standing.attempt.attempt_id
