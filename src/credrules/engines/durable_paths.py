"""The productions that a grade at one course can set off: what it is worth, and the ways up to the decisions.

A grade moves the requirements that claim it and the groups above them; everything beside that way stands as it was. So
there is a ruleset for each course, over all programs that may use it, and one session takes a grade through them all.
A requirement's fact has how much is offered to it at each outcome or a better one, a group's how many of its parts have
come so far. The production whose bar that passes says the node's outcome, and with it what is asked of the groups
above, until nothing more changes.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from credrules.engines.durable_attempts import (
    ABOVE_UNMET,
    BUCKETS,
    MET,
    UNDETERMINED,
    UNMET,
    Asked,
    AttemptRules,
    Known,
    Meaning,
    Rules,
    as_repeated,
    sized,
    worth,
)
from credrules.engines.durable_driver import MAX_INT, Driver
from credrules.plan import CLAIMS, Kind
from credrules.rules import Moment
from credrules.standing import rank

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from datetime import date

    from credrules.decisions import Outcome
    from credrules.engines.durable import DurableEngine
    from credrules.engines.durable_driver import Body, Form, Session
    from credrules.plan import Node
    from credrules.records import Course, Record
    from credrules.rules import Repeats, Selection, Ways
    from credrules.standing import Standing

COUNTS = tuple(f"n{int(outcome)}" for outcome in reversed(ABOVE_UNMET))
"""How much there is at each outcome or a better one, the best first, as properties of a node's fact."""

Counts = tuple[int, ...]
Worth = tuple["Outcome", int]
"""An outcome, and as how much an attempt counts at it."""

COURSES = 10_000
KINDS = 1000
"""How many kinds of attempts at a course are remembered at most."""


def has_ways(engine: DurableEngine) -> bool:
    """Whether in the engine's only program a grade moves nothing but what claims it and the groups above that."""
    (program,) = engine.plan.programs
    selections = [way.selection for node in program.nodes for way in node.ways]
    return not (
        program.limits
        or program.tests
        or program.time_limit
        or engine.plan.equivalents
        or engine.waits.ceiling
        or any(node.kind is Kind.FACT and node.moment is Moment.REGISTRATION for node in program.nodes)
        or any(selection.completed or selection.toward for selection in selections)
    )


class Place(NamedTuple):
    """A node on a way up, by its number in the ruleset; `parents` are numbers, too."""

    program: int
    node: int
    least: Outcome  # whatever the record
    parts: tuple[int, ...]
    parents: tuple[int, ...]
    form: Form


class Entry(NamedTuple):
    """One way in which a requirement may claim an attempt, with the labels that say whether it does."""

    repeats: Repeats
    asked: Asked
    inside: object
    perhaps: object


class Spot(NamedTuple):
    """A requirement that may claim attempts at the course, and its place."""

    program: int
    node: Node
    place: int
    entries: tuple[Entry, ...]


class CourseRules:
    """The ruleset of a course, over these programs, by their numbers. For one thread. Raises EngineError.

    It serves all courses of the subject that no rule names and that the same selections may hold.
    """

    def __init__(self, course: Course, engines: Mapping[int, DurableEngine]) -> None:
        self._course = course
        self._labels: dict[object, int] = {}
        self._bodies: dict[tuple[object, ...], Body] = {}
        claiming = [
            (number, node, ways)
            for number, engine in engines.items()
            for node in engine.plan.programs[0].nodes
            if node.kind in CLAIMS and (ways := [way for way in node.ways if may_hold(way.selection, course)])
        ]
        every = [way for _, _, ways in claiming for way in ways]
        self.about = AttemptRules({way.counting for way in every}, list(dict.fromkeys(way.selection for way in every)))
        on_ways = list(
            dict.fromkeys(
                (number, index) for number, node, _ in claiming for index in _upwards(engines[number], node.index)
            )
        )
        numbers = {place: at for at, place in enumerate(on_ways)}
        rules = Rules()
        self.about.write(rules, only=course)
        for (number, index), at in numbers.items():
            _write_node(rules, at, engines[number], index)
        self.driver = Driver(rules.productions)
        self._labels_by = [[self._label(one.label) for one in some if one.label] for some in rules.meanings]
        self._node_by = [(some[0].node, some[0].outcome) for some in rules.meanings]
        self.places = [self._place(number, engines[number], index, numbers) for number, index in on_ways]
        self.spots = [
            Spot(number, node, numbers[number, node.index], tuple(map(self._entry, ways)))
            for number, node, ways in claiming
        ]
        self.programs = tuple(dict.fromkeys(spot.program for spot in self.spots))

    def _label(self, label: object) -> int:
        return self._labels.setdefault(label, len(self._labels))

    def _entry(self, way: Ways) -> Entry:
        asked = Asked(*map(self._label, self.about.asked[way.counting]))
        if way.selection.courses:
            inside = self._label(("course", self._course.code))
            return Entry(way.counting.repeats, asked, inside, inside)
        inside, perhaps = (self._label(("filter", way.selection, sure)) for sure in (True, False))
        return Entry(way.counting.repeats, asked, inside, perhaps)

    def _place(self, number: int, engine: DurableEngine, index: int, numbers: Mapping[tuple[int, int], int]) -> Place:
        at = numbers[number, index]
        return Place(
            number,
            index,
            engine.always[index],
            engine.plan.programs[0].nodes[index].parts,
            tuple(numbers[number, parent] for parent in _movable(engine, index)),
            self.driver.form({"b": at % BUCKETS, "p": at}, COUNTS),
        )

    # One attempt.

    def labels(self, session: Session, standing: Standing, record: Record, as_of: date) -> AbstractSet[object]:
        """What the productions say of an attempt at the course."""
        fired = session.run_bodies([self._body(standing, record, as_of)])
        return {label for number in fired for label in self._labels_by[number]}

    def _body(self, standing: Standing, record: Record, as_of: date) -> Body:
        attempt = standing.attempt
        kind = (standing.stage, standing.points, attempt.level, attempt.origin, attempt.basis, attempt.repeat)
        key = *kind, attempt.course, attempt.attributes
        known = self._bodies.get(key)
        if known is None:
            if len(self._bodies) >= KINDS:
                self._bodies.clear()
            fact = self.about.fact(standing, _known(attempt.course), record, as_of)
            asked = self.driver.properties
            known = self._bodies[key] = self.driver.body({name: fact[name] for name in fact if name in asked})
        return known

    def worth(self, spot: Spot, attempts: Sequence[tuple[Standing, AbstractSet[object]]]) -> Worth | None:
        """What attempts at one course, with their labels, are worth to a requirement in the way that serves it best."""
        found: dict[tuple[object, ...], Worth] = {}
        for repeats, asked, inside, perhaps in spot.entries:
            admitted = []
            for standing, labels in attempts:
                counts = worth(labels, asked) if inside in labels or perhaps in labels else None
                if counts is not None:
                    level, sure = counts
                    is_sure = level is UNMET or (sure and inside in labels)
                    admitted.append((standing, level if is_sure else UNDETERMINED))
            for standing, level in as_repeated(admitted, repeats):
                size = sized(spot.node, standing.attempt, level, _known(standing.attempt.course))
                if size is not None:
                    found.setdefault((-size[0], *rank(standing)), size)
        return found[min(found)] if len(found) > 1 else next(iter(found.values()), None)

    def climb(self, session: Session, due: Mapping[int, Counts], outcomes: Mapping[int, list[Outcome]]) -> None:
        """Let the rules chain from requirements upwards until nothing changes any more in `outcomes`, by program."""
        while due:
            fired = session.run_bodies([self.places[at].form.body(counts) for at, counts in due.items()])
            said = dict(self._node_by[number] for number in fired)
            again: dict[int, None] = {}
            for at in due:
                place = self.places[at]
                own, outcome = outcomes[place.program], said.get(at, place.least)
                if own[place.node] is not outcome:
                    own[place.node] = outcome
                    again.update(dict.fromkeys(place.parents))
            due = {at: self._parts_of(self.places[at], outcomes) for at in again}

    def _parts_of(self, place: Place, outcomes: Mapping[int, list[Outcome]]) -> Counts:
        own = outcomes[place.program]
        return counted((own[part], 1) for part in place.parts)


@lru_cache(COURSES)
def _known(course: Course) -> Known:
    return Known(course, frozenset({course}), frozenset({course}))


def counted(worths: Iterable[Worth]) -> Counts:
    """How much there is at each outcome or a better one, the best first."""
    found = [0] * (len(COUNTS) + 1)
    for outcome, size in worths:
        found[MET - outcome] += size
    return tuple(min(count, MAX_INT - 1) for count in accumulate(found[: len(COUNTS)]))


def may_hold(selection: Selection, course: Course) -> bool:
    """Whether attempts at a course may belong to a selection, whatever else they are."""
    if selection.courses:
        return course in selection.courses
    return (not selection.subjects or course.subject in selection.subjects) and (
        selection.low is None or selection.high is None or selection.low <= course.numeric <= selection.high
    )


def _movable(engine: DurableEngine, index: int) -> list[int]:
    """The groups right above a node that are not met whatever happens."""
    return [parent for parent in dict.fromkeys(engine.parents[index]) if engine.always[parent] is not MET]


def _upwards(engine: DurableEngine, index: int) -> list[int]:
    """A node and the groups that it may move."""
    return [index, *(above for parent in _movable(engine, index) for above in _upwards(engine, parent))]


def _write_node(rules: Rules, at: int, engine: DurableEngine, index: int) -> None:
    """A production for each outcome of a node: enough is there at it, and not enough at the next better one."""
    need = engine.plan.programs[0].nodes[index].need
    for outcome, here, better in zip(reversed(ABOVE_UNMET), COUNTS, (None, *COUNTS), strict=False):
        if outcome > engine.always[index]:
            tests = [("b", "==", at % BUCKETS), ("p", "==", at), (here, ">=", need)]
            tests += [(better, "<=", need - 1)] if better else []
            rules.when(*tests, meaning=Meaning(node=at, outcome=outcome))
