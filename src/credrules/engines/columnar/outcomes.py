"""The outcomes of a batch, at every node of every program, as rows of bits; and of some learners beside them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from credrules.engines.columnar import bits
from credrules.engines.columnar.needed import np

if TYPE_CHECKING:
    from credrules.engines.columnar.sheet import Sheet

    Array = np.ndarray[Any, np.dtype[Any]]

FAILED = 255
"""In place of an outcome: no engine could decide. `failures` says why."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A learner whom no engine could decide in a program, or in any (-1), and why."""

    learner_id: str
    program: int
    because: str


@dataclass(frozen=True, slots=True)
class Beside:
    """Learners of one program whose outcomes are not those of the bits: rows in order, outcomes by node and learner."""

    learners: Array
    outcomes: Array


@dataclass(slots=True)
class BatchOutcomes:
    """Outcomes are from 0, unmet, to 4, met; FAILED where there is none."""

    sheet: Sheet
    learner_ids: Any
    nodes: Array  # by node of the sheet, four rows of bits
    beside: dict[int, Beside] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    plain_learners: dict[int, Array] = field(default_factory=dict)  # by program, those that the plain engine decided

    @property
    def size(self) -> int:
        return len(self.learner_ids)

    @property
    def by_plain(self) -> int:
        """Learners times programs that the plain engine decided."""
        return sum(map(len, self.plain_learners.values()))

    @property
    def pairs(self) -> int:
        return self.size * len(self.sheet.programs)

    def node(self, program: int, index: int) -> Array:
        """The outcome of one node of a program, a learner each."""
        at = self.sheet.programs[program].at
        found = bits.outcomes(self.nodes[at[index]], self.size) if at else np.zeros(self.size, np.uint8)
        if other := self.beside.get(program):
            found[other.learners] = other.outcomes[index]
        return found

    def root(self, program: int, learners: Array | None = None) -> Array:
        """What came of a program, a learner each; of some of them, in their order, where they are given."""
        index = self.sheet.plan.programs[program].root
        return self.node(program, index) if learners is None else self.some(program, index, learners)

    def some(self, program: int, index: int, learners: Array) -> Array:
        """The outcome of one node of a program for some learners, in their order."""
        at = self.sheet.programs[program].at
        found = bits.at(self.nodes[at[index]], learners) if at else np.zeros(len(learners), np.uint8)
        _put_beside(found, self.beside.get(program), index, learners)
        return found

    def program(self, program: int) -> Array:
        """The outcomes of all nodes of a program, node by learner."""
        nodes = self.sheet.plan.programs[program].nodes
        return np.stack([self.node(program, node.index) for node in nodes])

    def roots(self) -> Array:
        """What came of each program, program by learner."""
        found = [self.node(number, program.plan.root) for number, program in enumerate(self.sheet.programs)]
        return np.stack(found) if found else np.zeros((0, self.size), np.uint8)

    def of(self, learner: int) -> tuple[tuple[int, ...], ...]:
        """The outcomes of one learner: for each program those of its nodes."""
        found = []
        one = np.array([learner])
        for number, program in enumerate(self.sheet.programs):
            other = self.beside.get(number)
            if other is not None and learner in other.learners:
                at = int(np.searchsorted(other.learners, learner))
                found.append(tuple(other.outcomes[:, at].tolist()))
            else:
                found.append(tuple(int(bits.at(self.nodes[at], one)[0]) for at in program.at))
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Picked:
    """The outcomes of some learners, a row each, whatever batches they are from."""

    sheet: Sheet
    learner_ids: Any
    nodes: Array  # learner by node of the sheet
    beside: dict[int, Beside]

    def root(self, program: int, learners: Array) -> Array:
        """What came of a program for some learners, in their order."""
        return self.some(program, self.sheet.plan.programs[program].root, learners)

    def some(self, program: int, index: int, learners: Array) -> Array:
        """The outcome of one node of a program for some learners, in their order."""
        at = self.sheet.programs[program].at
        found = self.nodes[learners, at[index]] if at else np.zeros(len(learners), np.uint8)
        _put_beside(found, self.beside.get(program), index, learners)
        return found


def _put_beside(found: Array, other: Beside | None, index: int, learners: Array) -> None:
    """Put what is beside in the place of what was found for these learners."""
    if other is None or not len(other.learners):
        return
    place = np.minimum(np.searchsorted(other.learners, learners), len(other.learners) - 1)
    there = other.learners[place] == learners
    found[there] = other.outcomes[index][place[there]]
