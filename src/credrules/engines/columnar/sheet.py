"""Plan -> Sheet: the nodes of all programs in one list, where those that ask for the same are one.

Of two hundred programs most requirements are asked for by several; their outcomes are worked out once. What belongs to
one program only (its lead's word, an average over what it counts) stays apart by its key.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Any

from credrules.engines.columnar.known import beyond
from credrules.plan import Kind
from credrules.rules import Measure, Moment, Selection

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from credrules.plan import Node, Plan, ProgramPlan
    from credrules.rules import Counting, Ways
    from credrules.windows import Window

CLAIMS = frozenset({Kind.COURSES, Kind.CREDITS})
TESTS = frozenset({Kind.AVERAGE, Kind.COUNTED})


class Mode(Enum):
    """What must be known of an attempt's credits for it to count."""

    ANY = "any"
    STANDING = "standing"  # nothing; but it matters which attempt stands
    KNOWN = "known"  # for an average, what has no known credits is undetermined
    CREDITS = "credits"  # the same, and what has none is refused


@dataclass(frozen=True, slots=True)
class Class:
    """What it takes to count, whatever the course: attempts of one class are looked through once."""

    counting: Counting
    marks: Selection  # without courses and without a window
    completed: Window | None
    mode: Mode


@dataclass(frozen=True, slots=True)
class Pool:
    """Attempts of a class at the courses of a list or filter. Both are positions in the sheet."""

    klass: int
    place: int


@dataclass(frozen=True, slots=True)
class Leaf:
    """A requirement that claims: `need` courses, or thousandths of a credit, out of its pools."""

    need: int
    pools: tuple[Pool, ...]
    credits: bool


@dataclass(frozen=True, slots=True)
class Look:
    """What a test or a limit looks at: attempts with these marks at these courses; positions in the sheet."""

    marks: int
    place: int


@dataclass(frozen=True, slots=True)
class SheetNode:
    """One outcome a learner. `program` is a position in the plan, where it matters."""

    key: Hashable
    node: Node
    program: int
    leaf: Leaf | None = None
    parts: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class SheetProgram:
    """Where the nodes of a program are in the sheet, and what decides it."""

    plan: ProgramPlan
    at: tuple[int, ...]  # by node
    beyond: str  # what no column can say
    only_way: bool  # there are no alternatives: everything that is asked for is needed
    looks: Mapping[int, Look | None]  # by test
    limits: tuple[Look, ...]
    bounded: bool  # tests and limits may be decided in columns, see `totals`


class Sheet:
    """The nodes, parts before the groups that they are in; the classes and places that their pools name."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.nodes: list[SheetNode] = []
        self.classes: list[Class] = []
        self.places: list[Selection] = []
        self.marks: list[Selection] = []
        self._at: dict[Hashable, int] = {}
        self._classes: dict[Class, int] = {}
        self._places: dict[Selection, int] = {}
        self.programs = [self._program(number, program) for number, program in enumerate(plan.programs)]
        self.claimed = len(self.places)  # places after these are looked at by tests and limits only
        self.programs = [self._with_looks(program) for program in self.programs]

    def _program(self, number: int, plan: ProgramPlan) -> SheetProgram:
        because = beyond(self.plan, plan)
        averaged = any(node.kind is Kind.AVERAGE for node in plan.nodes)
        mode = Mode.KNOWN if averaged else Mode.ANY
        if not averaged and (plan.tests or plan.limits or plan.time_limit):
            mode = Mode.STANDING
        at: list[int] = []
        for node in plan.nodes if not because else ():
            at.append(self._node(number, plan, node, at, mode))
        demands = frozenset(range(len(plan.demands)))
        only_way = len(plan.ways) == 1 and plan.ways[0].demands == demands
        return SheetProgram(plan, tuple(at), because, only_way, {}, (), bounded=False)

    def _with_looks(self, program: SheetProgram) -> SheetProgram:
        """A program with what its tests and limits look at."""
        plan = program.plan
        if program.beyond or not (plan.tests or plan.limits or plan.time_limit):
            return program
        tests = {index: plan.nodes[index] for index in plan.tests}
        asked = [node.selection for node in tests.values()] + [limit.selection for limit in plan.limits]
        bounded = not any(selection.completed for selection in asked)
        bounded &= not plan.tests or (program.only_way and not plan.time_limit)
        if not bounded:
            return program
        looks = {
            index: None if node.kind is Kind.AVERAGE or node.measure is Measure.SUBJECTS else self._look(node.selection)
            for index, node in tests.items()
        }
        limits = tuple(self._look(limit.selection) for limit in plan.limits)
        return replace(program, looks=looks, limits=limits, bounded=True)

    def _look(self, selection: Selection) -> Look:
        marks, place = _apart(selection)
        if marks not in self.marks:
            self.marks.append(marks)
        return Look(self.marks.index(marks), self._place(place))

    def _node(self, number: int, plan: ProgramPlan, node: Node, at: list[int], mode: Mode) -> int:
        leaf = self._leaf(node, mode) if node.kind in CLAIMS else None
        parts = tuple(at[part] for part in node.parts)
        key = self._key(number, plan, node, leaf, parts)
        found = self._at.get(key)
        if found is None:
            found = self._at[key] = len(self.nodes)
            self.nodes.append(SheetNode(key, node, number, leaf, parts))
        return found

    def _key(self, number: int, plan: ProgramPlan, node: Node, leaf: Leaf | None, parts: tuple[int, ...]) -> Hashable:
        """What makes two nodes one."""
        if node.kind is Kind.GROUP:
            return node.kind, node.need, parts
        if leaf is not None:
            return node.kind, leaf
        if node.kind in TESTS or node.timing or (node.kind is Kind.FACT and node.moment is Moment.REGISTRATION):
            return number, node.index
        program = plan.program.id if node.kind is Kind.WORD else ""
        nowhere = self.plan.programs[0].program.place
        return _hashable(replace(node, index=0, id="", title="", place=nowhere, cites=None, otherwise=None)), program

    def _leaf(self, node: Node, mode: Mode) -> Leaf:
        credits_ = node.kind is Kind.CREDITS
        if credits_:
            mode = Mode.CREDITS
        elif node.share_group and mode is Mode.KNOWN:
            mode = Mode.STANDING
        pools = sorted({self._pool(ways, mode) for ways in node.ways}, key=lambda pool: (pool.klass, pool.place))
        return Leaf(node.need, tuple(pools), credits_)

    def _pool(self, ways: Ways, mode: Mode) -> Pool:
        marks, place = _apart(ways.selection)
        klass = Class(ways.counting, marks, ways.selection.completed, mode)
        if klass not in self._classes:
            self._classes[klass] = len(self.classes)
            self.classes.append(klass)
        return Pool(self._classes[klass], self._place(place))

    def _place(self, place: Selection) -> int:
        if place not in self._places:
            self._places[place] = len(self.places)
            self.places.append(place)
        return self._places[place]


def _apart(selection: Selection) -> tuple[Selection, Selection]:
    """A selection without its courses and window, and its courses alone."""
    marks = replace(
        selection,
        courses=frozenset(),
        subjects=frozenset(),
        low=None,
        high=None,
        excluded=frozenset(),
        completed=None,
    )
    place = Selection(
        courses=selection.courses,
        subjects=selection.subjects,
        low=selection.low,
        high=selection.high,
        excluded=selection.excluded,
    )
    return marks, place


def _hashable(value: Any) -> Hashable:
    try:
        hash(value)
    except TypeError:
        return repr(value)
    return value  # type: ignore[no-any-return]  # it has a hash
