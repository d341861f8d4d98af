"""What a change of the rules changes for people: two plans decided on the same columns, shared requirements once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from credrules.decisions import Outcome
from credrules.engines.columnar.arrays import arrow
from credrules.engines.columnar.encoding import Block, Encoder
from credrules.engines.columnar.engine import ColumnarEngine
from credrules.engines.columnar.needed import np
from credrules.engines.columnar.outcomes import FAILED
from credrules.engines.columnar.partition import in_order
from credrules.rules import Place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

    from credrules.engines.columnar.outcomes import BatchOutcomes, Failure, Picked
    from credrules.plan import Plan, ProgramPlan

    Array = np.ndarray[Any, np.dtype[Any]]

_NOWHERE = Place("", 0)


class Changed(NamedTuple):
    """A learner for whom a program's outcome is another. None: the program is not there on that side.

    `nodes` are the ids of requirements and rules whose outcome is another; one that a side does not have asks for
    nothing there, and counts as met.
    """

    learner_id: str
    program: str
    old: Outcome | None
    new: Outcome | None
    nodes: tuple[str, ...]


def changed(
    old: Plan,
    new: Plan,
    batches: Iterable[Any],
    as_of: date,
    *,
    encoder: Encoder | None = None,
    threads: int = 1,
    failures: list[Failure] | None = None,
) -> Iterator[Changed]:
    """Everybody whose decision is another under `new`. `batches` are record batches, or blocks of `encoder`.

    Versions are compared each with its own; whom a version applies to is not asked here. A program that is new or gone
    is reported for those who are not unmet in it. Whom no engine could decide is added to `failures`.
    """
    change = RuleChange(old, new, as_of, encoder)
    for found in in_order(change.of, batches, threads):
        yield from found.changes
        if failures is not None:
            failures += found.failures


@dataclass(frozen=True, slots=True)
class Found:
    """What came of one batch."""

    changes: list[Changed]
    failures: list[Failure]


@dataclass(frozen=True, slots=True)
class _Pair:
    """A program on both sides, by its positions in their plans; and which node is which."""

    program: str
    old: int | None
    new: int | None
    nodes: tuple[tuple[str, int | None, int | None], ...] = ()


class RuleChange:
    """Decides batches under two plans. Programs that ask for the same on both sides are not decided at all."""

    def __init__(self, old: Plan, new: Plan, as_of: date, encoder: Encoder | None = None) -> None:
        self.as_of = as_of
        self.encoder = encoder or Encoder()
        alike = old.scale == new.scale and old.equivalents == new.equivalents
        pairs = [pair for pair in _pairs(old, new) if not (alike and _same(pair, old, new))]
        before = tuple(old.programs[pair.old] for pair in pairs if pair.old is not None)
        after = tuple(new.programs[pair.new] for pair in pairs if pair.new is not None)
        if alike:
            both = ColumnarEngine(replace(old, programs=before + after), self.encoder)
            self.engines = [both]
            self.first = (0, len(before))
        else:
            self.engines = [
                ColumnarEngine(replace(old, programs=before), self.encoder),
                ColumnarEngine(replace(new, programs=after), self.encoder),
            ]
            self.first = (0, 0)
        self.pairs: list[_Pair] = []
        at = [0, 0]
        for pair in pairs:
            here = [None if place is None else at[side] for side, place in enumerate((pair.old, pair.new))]
            at = [count + (place is not None) for count, place in zip(at, here, strict=True)]
            nodes = () if None in here else tuple(_counterparts(before[here[0] or 0], after[here[1] or 0]))
            self.pairs.append(_Pair(pair.program, here[0], here[1], nodes))

    def of(self, batch: Any, rows: Array | None = None) -> Found:
        """The changes of a batch or block; where `rows` are given as booleans, of those learners only."""
        block = batch if isinstance(batch, Block) else self.encoder.block(batch)
        found = [engine.decide_block(block, self.as_of) for engine in self.engines]
        changes: list[Changed] = []
        for pair in self.pairs:
            changes += self._pair(pair, found[0], found[-1], rows)
        failures = [self._failure(failure, side) for side, one in enumerate(found) for failure in one.failures]
        if rows is not None:
            there = set(np.array(found[0].learner_ids.to_pylist(), object)[rows].tolist()) if failures else set()
            failures = [failure for failure in failures if failure.learner_id in there]
        return Found(changes, failures)

    def _failure(self, failure: Failure, side: int) -> Failure:
        """The same, with the program as its pair's position."""
        if failure.program < 0:
            return failure
        last = len(self.engines) == 1 and failure.program >= self.first[1]
        new = last or side == 1
        number = failure.program - (self.first[1] if last else 0)
        at = next(at for at, pair in enumerate(self.pairs) if (pair.new if new else pair.old) == number)
        return replace(failure, program=at)

    def _pair(self, pair: _Pair, before: BatchOutcomes, after: BatchOutcomes, rows: Array | None) -> Iterator[Changed]:
        old = None if pair.old is None else pair.old + self.first[0]
        new = None if pair.new is None else pair.new + self.first[1]
        was = before.root(old) if old is not None else np.zeros(before.size, np.uint8)
        is_ = after.root(new) if new is not None else np.zeros(after.size, np.uint8)
        differs = (was != is_) & (was != FAILED) & (is_ != FAILED)
        if rows is not None:
            differs &= rows
        return named(pair.program, pair.nodes, (before, old), (after, new), np.flatnonzero(differs))


def named(
    program: str,
    nodes: Sequence[tuple[str, int | None, int | None]],
    before: tuple[BatchOutcomes | Picked, int | None],
    after: tuple[BatchOutcomes | Picked, int | None],
    rows: Array,
) -> Iterator[Changed]:
    """The changes of some learners in one program, by their rows on both sides."""
    if not len(rows):
        return
    (old, old_program), (new, new_program) = before, after
    was = None if old_program is None else old.root(old_program, rows)
    is_ = None if new_program is None else new.root(new_program, rows)
    differing: list[list[str]] = [[] for _ in range(len(rows))]
    for name, mine, theirs in nodes:
        met = np.full(len(rows), Outcome.MET, np.uint8)
        one = met if mine is None or old_program is None else old.some(old_program, mine, rows)
        other = met if theirs is None or new_program is None else new.some(new_program, theirs, rows)
        for at in np.flatnonzero(one != other).tolist():
            differing[at].append(name)
    names = old.learner_ids.take(arrow(rows)).to_pylist()
    for at, learner_id in enumerate(names):
        yield Changed(
            learner_id,
            program,
            None if was is None else Outcome(int(was[at])),
            None if is_ is None else Outcome(int(is_[at])),
            tuple(differing[at]),
        )


def _pairs(old: Plan, new: Plan) -> list[_Pair]:
    """Each version with the same version; where both sides have but one of a program, that with that."""
    mine: dict[str, list[int]] = {}
    theirs: dict[str, list[int]] = {}
    for plan, found in ((old, mine), (new, theirs)):
        for number, program in enumerate(plan.programs):
            found.setdefault(program.program.id, []).append(number)
    pairs: list[_Pair] = []
    for name in dict.fromkeys((*mine, *theirs)):
        before, after = mine.get(name, []), theirs.get(name, [])
        if len(before) == len(after) == 1:
            pairs.append(_Pair(name, before[0], after[0]))
            continue
        versions = {new.programs[number].program.version: number for number in after}
        for number in before:
            pairs.append(_Pair(name, number, versions.pop(old.programs[number].program.version, None)))
        pairs += [_Pair(name, None, number) for number in versions.values()]
    return pairs


def _same(pair: _Pair, old: Plan, new: Plan) -> bool:
    if pair.old is None or pair.new is None:
        return False
    return asked(old.programs[pair.old]) == asked(new.programs[pair.new])


def asked(plan: ProgramPlan) -> ProgramPlan:
    """A program without where it is written."""
    return replace(
        plan,
        program=replace(plan.program, place=_NOWHERE, digest=""),
        nodes=tuple(replace(node, place=_NOWHERE) for node in plan.nodes),
        limits=tuple(replace(limit, place=_NOWHERE) for limit in plan.limits),
    )


def _counterparts(old: ProgramPlan, new: ProgramPlan) -> Iterator[tuple[str, int | None, int | None]]:
    """Ids and which node they are on each side; ids that migrated are one. Only what is asked for: groups are not."""
    mine = {node.id: node.index for node in old.nodes if not node.parts}
    was = {now: before for before, now in new.inherits.items()}
    for node in new.nodes:
        if not node.parts:
            before = mine.pop(node.id, None)
            if before is None and node.id in was:
                before = mine.pop(was[node.id], None)
            yield node.id, before, node.index
    yield from ((name, index, None) for name, index in mine.items())
