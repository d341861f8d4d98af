"""Completion: the fewest courses that would complete a program for one learner, and what else is to be done.

The plain engine is asked: courses are added to the record as if they were passed today with the best grade, all single
ones before any two, until everything that asks for courses is met. So the answer keeps to limits, tests, repeats and
to the courses that count already, and nothing smaller would do.
"""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from credrules.decisions import Outcome
from credrules.engines.plain import PlainEngine
from credrules.plan import CLAIMS, EVERYTHING, TESTS, Kind, Plan, Way
from credrules.records import Attempt, Basis, Course, Origin, ProgramEnrolment, Term
from credrules.rules import Repeats
from credrules.wording import describe, listing, number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from credrules.attestations import Word
    from credrules.plan import ProgramPlan
    from credrules.records import Record
    from credrules.rules import GradeScale, Selection, Ways

ALL = describe(EVERYTHING)

CREDITS = Decimal(3)
"""Of a course that was not taken yet, where nobody says otherwise."""

MOST_TRIES = 2_000
"""How many sets of courses are tried for one program; a count and not a time, so that the answer is always the same."""

MOST_COURSES = 10
"""A learner who needs more courses than this has not begun."""

ALTERNATIVES = 4
"""How many equally small completions are listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """`count` different courses of those that `text` describes; `courses` are their codes where rules name them."""

    count: int
    text: str
    courses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """What would complete the requirements of a program, together with the work in progress.

    `size` is the number of courses; no smaller number would do. `ways` are sets of courses that do it, each enough by
    itself, in the order of the rule file. `others` are requirements that ask for something else, by their titles.
    `then` is whose word is waited for after that, `blocked` what else stands in the way, each with what to do where a
    rule says it. Where `proved` is false the search ended at its
    bound: more than `size` courses are needed, and `ways` is empty.
    """

    program: str
    version: str
    title: str
    size: int
    ways: tuple[tuple[Step, ...], ...] = ()
    others: tuple[str, ...] = ()
    then: tuple[str, ...] = ()
    blocked: tuple[str, ...] = ()
    proved: bool = True

    @property
    def text(self) -> str:
        """'1 of STA 501 or STA 502 with B or better, and Capstone'."""
        if not self.proved:
            return f"more than {number(self.size, 'course')}"
        ways = [listing([step.text for step in way], "and") for way in self.ways if way]
        parts = ["; or ".join(ways)] if ways else []
        return ", and ".join([*parts, *self.others]) or "nothing more"


@dataclass(frozen=True, slots=True)
class _Choice:
    """Courses that serve the program in the very same way: any of them will do."""

    attempts: tuple[Attempt, ...]
    minimum: str  # the least grade that would do
    filter: str  # what they have in common; '' where the rules name them
    marks: str  # attributes that they have to carry


@dataclass(slots=True)
class _Search:
    """How much has been tried for one program."""

    tries: int = 0
    spent: bool = False


def completion(
    plan: Plan,
    program: ProgramPlan,
    record: Record,
    word: Word,
    as_of: date,
    *,
    credits_: Decimal = CREDITS,
    most: int = MOST_COURSES,
) -> Completion | None:
    """A smallest completion of one program's requirements, of at most so many courses.

    None where no such number of courses, and no work, would complete them, or where what is asked depends on something
    that is not known of the learner. An attempt with an unknown grade is not
    counted on; work in progress is. Courses are taken to bear `credits_`.
    """
    return _Completer(plan, program, record, word, as_of, credits_).completion(most)


class _Completer:
    def __init__(
        self, plan: Plan, program: ProgramPlan, record: Record, word: Word, as_of: date, credits_: Decimal
    ) -> None:
        self.plan, self.program, self.word, self.as_of = plan, program, word, as_of
        self.credits = credits_
        self.enrols = _looks_at_enrolment(program) and not _enrolled(program, record)
        self.record = _enrol(program, record, as_of) if self.enrols else record
        self.base = self._engine(program).evaluate(self.record, word, as_of)[0]
        self.out = frozenset().union(*(program.below[index] for index in self.base.waived))
        self.search = _Search()

    def completion(self, most: int) -> Completion | None:
        best: tuple[int, int, int] | None = None  # things to do, courses among them, the place of the way
        done: dict[int, tuple[tuple[int, ...], ...]] = {}
        if not self.enrols and self.base.outcomes[self.program.requirements] >= Outcome.PENDING:
            return self._completion(0)  # whatever is unknown of the learner
        choices = self._choices()
        for at, way in enumerate(self.program.ways):
            others = self._others(way)
            if others is None:
                continue
            room = most if best is None else min(most, best[0] - len(others) - 1)
            sets = self._smallest(way, choices, room)
            if sets:
                best, done[at] = (len(sets[0]) + len(others), len(sets[0]), at), sets
        if best is None:
            return self._unproved() if self.search.spent else None
        at = best[2]
        return self._completion(
            best[1],
            ways=tuple(self._steps(self.program.ways[at], chosen, choices) for chosen in done[at]),
            others=(
                *(["Enrolment in the program"] if self.enrols else []),
                *(self.program.nodes[leaf].title for leaf in self._others(self.program.ways[at]) or ()),
            ),
        )

    def _completion(
        self, size: int, ways: tuple[tuple[Step, ...], ...] = (), others: tuple[str, ...] = (), *, proved: bool = True
    ) -> Completion:
        return Completion(
            program=self.program.program.id,
            version=self.program.program.version,
            title=self.program.program.title,
            size=size,
            ways=ways,
            others=others,
            then=tuple(dict.fromkeys(text for is_word, text in self._gates() if is_word)),
            blocked=tuple(dict.fromkeys(text for is_word, text in self._gates() if not is_word)),
            proved=proved,
        )

    def _unproved(self) -> Completion:
        least = min(self._least(way) for way in self.program.ways)
        return self._completion(max(least - 1, 0), proved=False)

    # What else is to be done?

    def _others(self, way: Way) -> list[int] | None:
        """The leaves of a way, claims aside, that are still to be done; None where one cannot be done."""
        missing = [leaf for leaf in way.leaves if leaf not in self.out and self.base.outcomes[leaf] < Outcome.PENDING]
        nodes = [self.program.nodes[leaf] for leaf in missing]
        return None if any(node.kind is Kind.FACT or node.negated for node in nodes) else missing

    def _gates(self) -> Iterator[tuple[bool, str]]:
        """What the gates wait for, and whether it is but a person's word."""
        below = self.program.below
        inside = below[self.program.requirements]
        for gate in self.program.gates:
            if self.base.outcomes[gate] is Outcome.MET:
                continue
            for index in sorted(below[gate] - inside):
                node = self.program.nodes[index]
                if not node.parts and not node.negated and self.base.outcomes[index] is not Outcome.MET:
                    yield node.kind is Kind.WORD, node.otherwise or node.title

    # Which courses would do?

    def _smallest(self, way: Way, choices: Sequence[_Choice], most: int) -> tuple[tuple[int, ...], ...]:
        """The smallest sets of choices that complete a way through the program, up to `most` courses."""
        engine = self._engine(self._narrowed(way))
        there_are = sum(len(choice.attempts) for choice in choices)
        for size in range(self._least(way), min(most, there_are) + 1):
            found: list[tuple[int, ...]] = []
            for chosen in itertools.combinations_with_replacement(range(len(choices)), size):
                if any(times > len(choices[at].attempts) for at, times in Counter(chosen).items()):
                    continue
                if self.search.tries >= MOST_TRIES:
                    self.search.spent = True
                    return tuple(found)
                self.search.tries += 1
                if self._completes(engine, way, chosen, choices):
                    found.append(chosen)
                if len(found) == ALTERNATIVES:
                    break
            if found:
                marked = [sum(bool(choices[at].marks) for at in chosen) for chosen in found]
                return tuple(one for one, marks in zip(found, marked, strict=True) if marks == min(marked))
        return ()

    def _least(self, way: Way) -> int:
        """So many courses are needed at the least: what each requirement lacks, even if it got all that it can use."""
        lacking: Counter[str] = Counter()
        for demand in way.demands:
            node = self.program.nodes[self.program.demands[demand]]
            if node.kind is Kind.COURSES and node.index not in self.out:
                usable = [bid for bid in self.base.bids[node.index].values() if bid.offer.level >= Outcome.PENDING]
                lacking[node.share_group] += max(0, node.need - len(usable))
        return max(lacking.values(), default=0)

    def _narrowed(self, way: Way) -> ProgramPlan:
        """The program with one way through it, and with all done that asks for no course."""
        inside = self.program.below[self.program.requirements]
        nodes = tuple(
            replace(node, kind=Kind.GROUP, need=0, parts=(), work=None, timing=None)
            if node.index in inside and not node.parts and node.kind not in CLAIMS | TESTS
            else node
            for node in self.program.nodes
        )
        return replace(self.program, nodes=nodes, ways=(Way(way.demands, ()),))

    def _completes(
        self, engine: PlainEngine, way: Way, chosen: Sequence[int], choices: Sequence[_Choice], least: str = ""
    ) -> bool:
        """Whether courses complete a way: with the best grades, or with `least` and what is asked."""
        attempts = [
            self._graded(attempt, choices[at].minimum, least) if least else attempt
            for at, times in Counter(chosen).items()
            for attempt in choices[at].attempts[:times]
        ]
        record = replace(self.record, attempts=(*self.record.attempts, *attempts))
        outcomes = engine.evaluate(record, self.word, self.as_of)[0].outcomes
        asked = [self.program.demands[demand] for demand in way.demands] + list(self.program.tests)
        return all(outcomes[index] >= Outcome.PENDING for index in asked if index not in self.out)

    def _engine(self, program: ProgramPlan) -> PlainEngine:
        return PlainEngine(Plan(self.plan.scale, (program,), self.plan.equivalents))

    def _graded(self, attempt: Attempt, minimum: str, least: str) -> Attempt:
        return replace(attempt, grade=self._higher(minimum, least)) if attempt.basis is Basis.GRADED else attempt

    def _higher(self, minimum: str, least: str) -> str:
        return max((one for one in (minimum, least) if one), key=lambda one: self.plan.scale.points[one], default="")

    def _least_grade(self, way: Way, chosen: Sequence[int], choices: Sequence[_Choice]) -> str:
        """The grade that all of these need for an average, or under a limit of low grades; '' where none asks more."""
        if self.program.average is None and all(limit.below is None for limit in self.program.limits):
            return ""
        engine, points = self._engine(self._narrowed(way)), self.plan.scale.points
        ascending = sorted(points, key=lambda symbol: points[symbol])
        return next(symbol for symbol in ascending if self._completes(engine, way, chosen, choices, symbol))

    def _steps(self, way: Way, chosen: Sequence[int], choices: Sequence[_Choice]) -> tuple[Step, ...]:
        least = self._least_grade(way, chosen, choices)
        return tuple(
            Step(
                count=times,
                text=_step_text(choices[at], times, self._higher(choices[at].minimum, least)),
                courses=tuple(attempt.course.code for attempt in choices[at].attempts)
                if not choices[at].filter
                else (),
            )
            for at, times in sorted(Counter(chosen).items())
        )

    # What is there to choose from?

    def _choices(self) -> list[_Choice]:
        """Everything that might be taken, in the order of the rule file, what serves alike taken together."""
        taken = {attempt.course for attempt in self.record.attempts}
        alike: dict[tuple[object, ...], dict[Course, Attempt]] = {}
        made_up: set[Course] = set()
        for index in self.program.demands:
            node = self.program.nodes[index]
            if index in self.out:
                continue
            for way in node.ways:
                courses = sorted(way.selection.courses) or self._made_up(way.selection, node.need, made_up | taken)
                made_up.update(courses)
                by_filter = "" if way.selection.courses else describe(way.selection)
                for course in courses:
                    for attempt, marked in self._passed(course, way):
                        kind = (by_filter, marked, self._served(attempt))
                        alike.setdefault(kind, {}).setdefault(course, attempt)
        return [
            _Choice(tuple(attempts.values()), self._minimum(next(iter(attempts.values()))), str(kind[0]), str(kind[1]))
            for kind, attempts in alike.items()
        ]

    def _served(self, attempt: Attempt) -> tuple[object, ...]:
        """What an attempt could be used for: courses with the same are interchangeable."""
        nodes = [self.program.nodes[index] for index in self.program.demands]
        served: list[object] = [
            (
                [
                    (one.points, dict(node.weights).get(attempt.course, 1000))
                    for way in node.ways
                    if self._admits(way.selection, attempt)
                    for one in way.counting.minima(attempt.level)
                ],
                bid.offer.level if (bid := self.base.bids[node.index].get(attempt.course)) else None,
            )
            for node in nodes
        ]
        served += [self._admits(limit.selection, attempt) for limit in self.program.limits]
        served += [self._admits(self.program.nodes[index].selection, attempt) for index in self.program.tests]
        if any(not self.program.nodes[index].sums for index in self.program.tests):
            served.append(attempt.course.subject)
        tried = any(attempt.course == other.course for other in self.record.attempts)
        if tried and any(way.counting.repeats is Repeats.FIRST for node in nodes for way in node.ways):
            served.append(attempt.course)
        return tuple(map(str, served))

    def _admits(self, selection: Selection, attempt: Attempt) -> bool | None:
        return selection.admits(attempt, self.record, self.as_of)

    def _minimum(self, attempt: Attempt) -> str:
        """The least grade with which a course would serve everything that it is offered to."""
        asked: Mapping[int, str] = {
            one.points: one.symbol
            for index in self.program.demands
            for way in self.program.nodes[index].ways
            if self._admits(way.selection, attempt)
            for one in way.counting.minima(attempt.level)
        }
        return asked[max(asked)] if asked else ""

    def _made_up(self, selection: Selection, need: int, taken: set[Course]) -> list[Course]:
        """Courses that a filter admits, and that nobody has taken and no rule names: as many as could be needed."""
        named = {
            course
            for index in self.program.demands
            for way in self.program.nodes[index].ways
            for course in way.selection.courses
        }
        avoided = taken | named | selection.excluded
        subjects = sorted(selection.subjects) or ["ANY"]
        low = 100 if selection.low is None else selection.low
        high = 99_999 if selection.high is None else selection.high
        found: list[Course] = []
        for subject in subjects:
            numbers = (Course(subject, str(number_)) for number_ in range(low, high + 1))
            found += itertools.islice((course for course in numbers if course not in avoided), min(need, MOST_COURSES))
        return found

    def _passed(self, course: Course, way: Ways) -> Iterator[tuple[Attempt, str]]:
        """Attempts at a course that ended today with the best grade, of which what a selection asks is true.

        One is just that; others carry, beside it, the marks that a test over everything that counts asks for.
        """
        selection, counting = way.selection, way.counting
        origins = (selection.origins & counting.origins) or counting.origins
        bases = (selection.bases & counting.bases) or counting.bases
        basis = Basis.GRADED if Basis.GRADED in bases else min(bases)
        attempt = Attempt(
            attempt_id=f"planned {course.code}",
            course=course,
            term=Term(self.as_of, self.as_of, "planned", "planned"),
            level=self._level(selection),
            origin=Origin.INSTITUTION if Origin.INSTITUTION in origins else min(origins),
            registered_on=self.as_of,
            grade=_best_grade(self.plan.scale, basis),
            basis=basis,
            credits_attempted=self.credits,
            credits_earned=self.credits,
            attributes=selection.attributes,
            counts_toward=frozenset({min(selection.toward)}) if selection.toward else frozenset(),
        )
        yield attempt, ""
        asked = (self.program.nodes[index].selection.attributes for index in self.program.tests)
        for attributes in dict.fromkeys(asked):
            if not attributes <= selection.attributes:
                marks = ", ".join(sorted(attributes - selection.attributes))
                yield replace(attempt, attributes=selection.attributes | attributes), marks

    def _level(self, selection: Selection) -> str | None:
        """The level that is asked for; else the one that the program speaks of, where it is one and the same."""
        asked = [
            selection,
            *(way.selection for index in self.program.demands for way in self.program.nodes[index].ways),
        ]
        asked += [self.program.nodes[index].selection for index in self.program.tests]
        if selection.levels:
            return min(selection.levels)
        levels = frozenset[str]().union(*(one.levels for one in asked))
        return min(levels) if len(levels) == 1 else None


def _looks_at_enrolment(program: ProgramPlan) -> bool:
    selections = [way.selection for node in program.nodes for way in node.ways]
    selections += [node.selection for node in program.nodes] + [limit.selection for limit in program.limits]
    return any(one.completed is not None and one.completed.after_enrolment_in for one in selections)


def _enrolled(program: ProgramPlan, record: Record) -> bool:
    return any(one.program == program.program.id for one in record.enrolments or ())


def _enrol(program: ProgramPlan, record: Record, on: date) -> Record:
    enrolment = ProgramEnrolment(program=program.program.id, since=on)
    return replace(record, enrolments=(*(record.enrolments or ()), enrolment))


def _best_grade(scale: GradeScale, basis: Basis) -> str:
    if basis is not Basis.GRADED and scale.passing:
        return min(scale.passing)
    return max(sorted(scale.points), key=lambda symbol: scale.points[symbol])


def _step_text(choice: _Choice, count: int, grade: str) -> str:
    codes = [attempt.course.code for attempt in choice.attempts]
    if choice.filter:
        what = f"{count} of the {choice.filter}" if choice.filter != ALL else f"any {number(count, 'course')}"
    elif count == len(codes):
        what = listing(codes, "and")
    else:
        what = f"{count} of {listing(codes, 'or')}"
    what += f" (marked {choice.marks})" if choice.marks else ""
    return f"{what} with {grade} or better" if grade else what


def away(completions: Sequence[Completion]) -> tuple[int, tuple[str, ...]]:
    """How many of these one course would complete, with nothing else to be done; and the courses that complete most."""
    single = [one for one in completions if one.proved and one.size == 1 and not one.others]
    wanted: Counter[str] = Counter()
    for one in single:
        wanted.update({course for way in one.ways for step in way for course in step.courses})
    most = max(wanted.values(), default=0)
    return len(single), tuple(sorted(course for course, times in wanted.items() if times == most))
