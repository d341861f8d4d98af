"""The productions that one course's grade can set off: what says what it is worth, and the way up to each decision.

A grade moves the requirements that claim it and the groups above them; everything beside that way stands as it was. So
there is a ruleset for each course, over all programs that may use it, and one session takes a grade through them all.
A requirement's fact has how much was offered to it at each outcome or a better one, a group's how many of its parts
have come so far. The production whose bar that passes says the node's outcome, and with it what the groups above are
asked next, until nothing more changes.
"""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from credrules.engines.durable_attempts import (
    ABOVE_UNMET,
    BUCKETS,
    MET,
    UNMET,
    Asked,
    AttemptRules,
    Known,
    Meaning,
    Rules,
    sized,
    worth,
)
from credrules.engines.durable_driver import MAX_INT, Driver
from credrules.plan import CLAIMS, Kind
from credrules.rules import Moment
from credrules.standing import GONE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from collections.abc import Set as AbstractSet
    from datetime import date

    from credrules.decisions import Outcome
    from credrules.engines.durable import DurableEngine
    from credrules.engines.durable_driver import Body, Form, Session
    from credrules.plan import Node, ProgramPlan
    from credrules.records import Attempt, Course, Record
    from credrules.rules import Selection, Ways
    from credrules.standing import Standing

COUNTS = tuple(f"n{int(outcome)}" for outcome in ABOVE_UNMET)
"""How much there is at each outcome or a better one, as properties of a node's fact."""

Counts = tuple[int, ...]
Counting = tuple[Outcome, int]
"""An outcome, and as how much an attempt counts at it."""

FORMS = 10_000
"""How many kinds of attempts at a course are remembered at most."""


def has_paths(engine: DurableEngine) -> bool:
    """Whether in the engine's only program a grade moves nothing but requirements that claim it and groups above them."""
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

    ways: Ways
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
    """The ruleset of one course, over some programs. For one thread."""

    def __init__(self, course: Course, engines: Sequence[tuple[int, DurableEngine]]) -> None:
        self.course = course
        self.known = Known(course, frozenset({course}), frozenset({course}))
        claiming = [
            (number, engine, node)
            for number, engine in engines
            for node in engine.plan.programs[0].nodes
            if node.kind in CLAIMS and any(_may_hold(way.selection, course) for way in node.ways)
        ]
        ways = [way for _, _, node in claiming for way in node.ways if _may_hold(way.selection, course)]
        self.about = AttemptRules({way.counting for way in ways}, list(dict.fromkeys(way.selection for way in ways)))
        self._labels: dict[object, int] = {}
        self._bodies: dict[tuple[object, ...], Body] = {}
        rules = Rules()
        self.about.write(rules, only=course)
        numbers = self._write_places(rules, claiming)
        self.spots = tuple(
            Spot(number, node, numbers[number, node.index], tuple(self._entries(node))) for number, _, node in claiming
        )
        self.driver = Driver(rules.productions)
        self.labels_of = [
            frozenset(self._label(meaning.label) for meaning in meanings if meaning.label)
            for meanings in rules.meanings
        ]
        self.reached_by = [
            next(((one.node, one.outcome) for one in meanings if not one.label), (-1, UNMET))
            for meanings in rules.meanings
        ]
        self.places = [self._place(number, engine, index, numbers) for number, engine, index in self._nodes]

    @property
    def programs(self) -> frozenset[int]:
        """Those that may use the course."""
        return frozenset(spot.program for spot in self.spots)

    def _label(self, label: object) -> int:
        return self._labels.setdefault(label, len(self._labels))
