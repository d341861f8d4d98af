"""How a batch of learners stands in every program, for whoever counts people: in columns, or one by one.

Learners who stand alike are together, so that what is worked out from outcomes is worked out once for all of them. Both
ways say the same; columns are for populations and need the extra `columnar`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Protocol

from credrules.attestations import DECLINE, wish
from credrules.deciding import Decider
from credrules.decisions import Outcome
from credrules.errors import EngineError
from credrules.never_both import together
from credrules.people import BATCH
from credrules.uses import with_asked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date
    from typing import Any

    from credrules.attestations import Word
    from credrules.plan import Plan
    from credrules.records import Record

    Known = Sequence[tuple[Record, Word]]

Way = tuple[int, tuple[Outcome, ...]]
"""A version, as its place in the plan, and the outcomes of its nodes."""

NOWHERE = -1
_OUTCOMES = tuple(Outcome)
COLUMNS_BATCH = 4_096
"""Learners to a batch in columns: with fewer, what every requirement costs in each batch shows."""


@dataclass(slots=True)
class Program:
    """One program for a batch: the ways in which learners stand in it, and for each learner which of them."""

    ways: list[Way] = field(default_factory=list)
    of: list[int] = field(default_factory=list)  # positions in `ways`; NOWHERE for who could not be decided


@dataclass(slots=True)
class Stands:
    """A batch. `undecided` are learners, by their places, whom no engine could decide.

    `pairs` are learners times programs, and `by_plain` how many of them the plain engine decided.
    """

    programs: dict[str, Program]
    undecided: set[int] = field(default_factory=set)
    pairs: int = 0
    by_plain: int = 0


class Standing(Protocol):
    """A way of deciding batches."""

    batch: int  # how many learners it had best be given at a time
    uses_of: frozenset[str]

    def of(self, known: Known, as_of: date) -> Stands:
        """How these learners stand as of a day."""


def standing(plan: Plan, *, columns: bool) -> Standing:
    """In columns where that is asked for, else by the plain engine alone."""
    return InColumns(plan) if columns else OneByOne(plan)


def columns_installed() -> bool:
    """Whether the extra `columnar` is there."""
    return all(find_spec(name) is not None for name in ("numpy", "pyarrow"))


def engines(columns: int, plain: int) -> str:
    """'in columns, 1.2 % of it by the plain engine': how so many learners and programs were decided."""
    if not columns:
        return "by the plain engine"
    tenths = -(-1000 * plain // (columns + plain))
    return f"in columns, {tenths // 10}.{tenths % 10} % of it by the plain engine"


class OneByOne:
    """By the plain engine."""

    batch = BATCH

    def __init__(self, plan: Plan) -> None:
        self.decider = Decider(plan, None)
        self.uses_of = self.decider.uses_of

    def of(self, known: Known, as_of: date) -> Stands:
        sorter = _Sorter(self.decider.plan, len(known))
        every = range(len(self.decider.plan.programs))
        for place, (record, word) in enumerate(known):
            sorter.decide(place, self.decider, every, record, word, as_of)
        found = sorter.stands()
        found.by_plain = found.pairs
        return found


class InColumns:
    """In columns; what depends on more than the outcomes of its nodes is decided one by one, for those concerned.

    That is a program of which there are versions, that is renewed, that is a level of another, or that asks what
    another used, for everybody; and all programs for a learner who declined one, or whose record fits no column.
    """

    batch = COLUMNS_BATCH

    def __init__(self, plan: Plan) -> None:
        from credrules.engines.columnar import ColumnarEngine  # noqa: PLC0415  an extra

        self.plan = plan
        self.decider = Decider(plan, None)
        self.uses_of = self.decider.uses_of
        apart = _apart(self.decider)
        self.places = [at for at, one in enumerate(plan.programs) if one.program.id not in apart]
        self.engine = ColumnarEngine(replace(plan, programs=tuple(plan.programs[at] for at in self.places)))
        self.other_places = [at for at, one in enumerate(plan.programs) if one.program.id in apart]
        others = tuple(plan.programs[at] for at in self.other_places)
        self.others = Decider(replace(plan, programs=others), None) if others else None

    def of(self, known: Known, as_of: date) -> Stands:
        from credrules.engines.columnar import records_to_arrow  # noqa: PLC0415  an extra

        sorter = _Sorter(self.plan, len(known))
        every = range(len(self.plan.programs))
        alone = {place for place, (_, word) in enumerate(known) if self._declined(word)}
        try:
            batch = records_to_arrow([record for record, _ in known], [word for _, word in known])
        except EngineError:  # an amount that no column holds
            alone |= set(range(len(known)))
        else:
            alone |= self._in_columns(sorter, known, batch, as_of, alone)
        for place, (record, word) in enumerate(known):
            if place in alone:
                sorter.decide(place, self.decider, every, record, word, as_of)
            elif self.others:
                sorter.decide(place, self.others, self.other_places, record, word, as_of)
        return sorter.stands()

    def _in_columns(self, sorter: _Sorter, known: Known, batch: Any, as_of: date, alone: set[int]) -> set[int]:
        """Note all but `alone`; returns who could not be decided, each of whom is to be decided alone as well."""
        found = self.engine.decide(batch, as_of, known)
        names = {failure.learner_id for failure in found.failures}
        failed = {at for at, name in enumerate(found.learner_ids.to_pylist()) if name in names} if names else set()
        kept = [place for place in range(found.size) if place not in failed and place not in alone]
        for at, in_plan in enumerate(self.places):
            sorter.note(in_plan, kept, *_alike(found.program(at)[:, kept]))
        for learners in found.plain_learners.values():
            sorter.by_plain += len(set(learners.tolist()) - failed - alone)
        return failed

    def _declined(self, word: Word) -> bool:
        return any((said := wish(word, one.program)) and said.statement == DECLINE for one in word.attestations)


class _Sorter:
    """Puts learners who stand alike together."""

    def __init__(self, plan: Plan, learners: int) -> None:
        self.plan = plan
        self.learners = learners
        self.undecided: set[int] = set()
        self.by_plain = 0
        names = dict.fromkeys(one.program.id for one in plan.programs)
        self.programs = {name: Program(of=[NOWHERE] * learners) for name in names}
        self._known: dict[Way, int] = {}

    def decide(
        self, place: int, decider: Decider, places: Sequence[int], record: Record, word: Word, as_of: date
    ) -> None:
        """One learner by the plain engine. `places` are where the programs that it decides stand in the plan."""
        try:
            found = list(decider.outcomes(record, word, as_of))
        except EngineError:
            self.undecided.add(place)
            return
        for number, outcomes in found:
            at = places[number]
            self.programs[self.plan.programs[at].program.id].of[place] = self._way((at, outcomes))
        self.by_plain += len(found)

    def note(self, at: int, learners: Sequence[int], ways: Iterable[tuple[Outcome, ...]], of: Sequence[int]) -> None:
        """Some learners in one version: the ways there are, and in which of them each learner stands."""
        program = self.programs[self.plan.programs[at].program.id]
        places = [self._way((at, outcomes)) for outcomes in ways]
        for learner, way in zip(learners, of, strict=True):
            program.of[learner] = places[way]

    def _way(self, way: Way) -> int:
        found = self._known.get(way)
        if found is None:
            ways = self.programs[self.plan.programs[way[0]].program.id].ways
            found = self._known[way] = len(ways)
            ways.append(way)
        return found

    def stands(self) -> Stands:
        for place in self.undecided:
            for program in self.programs.values():
                program.of[place] = NOWHERE
        pairs = sum(len(one.of) - one.of.count(NOWHERE) for one in self.programs.values())
        return Stands(self.programs, self.undecided, pairs, self.by_plain)


def _alike(nodes: Any) -> tuple[Iterator[tuple[Outcome, ...]], list[int]]:
    """The different columns of a matrix of outcomes, node by learner, and which of them each learner's is."""
    from credrules.engines.columnar.needed import np  # noqa: PLC0415  an extra

    rows = np.ascontiguousarray(nodes.T)
    whole = rows.view(np.dtype((np.void, rows.shape[1]))).ravel()
    _, first, of = np.unique(whole, return_index=True, return_inverse=True)
    return (tuple(_OUTCOMES[level] for level in rows[at].tolist()) for at in first.tolist()), of.tolist()


def _apart(decider: Decider) -> set[str]:
    """The programs that are decided by more than the outcomes of their nodes, and all that are decided with them."""
    programs, newest = [one.program for one in decider.plan.programs], decider.newest
    found = {
        name
        for name, numbers in decider.versions.items()
        if len(numbers) > 1
        or newest[name].until is not None
        or name in decider.renewals
        or name in decider.levels
        or decider.asked[name]
    }
    while True:
        more = together(set(with_asked(found, programs)) & newest.keys(), newest)
        if more <= found:
            return found
        found |= more
