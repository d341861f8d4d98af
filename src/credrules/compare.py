"""Comparison: what a change of the rules changes for people, before it takes effect.

Both rule sets decide on the same records and the same words of people, as of the same day. A learner is compared under
the version that each rule set holds them to.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from credrules.decisions import Outcome
from credrules.people import people
from credrules.plan import ProgramPlan, make_plan
from credrules.stands import NOWHERE, engines, standing

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from datetime import date

    from credrules.attestations import Word
    from credrules.installation import Installation
    from credrules.records import Record
    from credrules.rules import RuleSet
    from credrules.stands import Program

MET = Outcome.MET
Version = tuple[ProgramPlan, tuple[Outcome, ...]]
"""A version of a program, and the outcomes of its nodes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One learner for whom the outcome of a program is another. None: the program is not there on that side."""

    learner_id: str
    program: str
    old: Outcome | None
    new: Outcome | None
    why: tuple[str, ...]  # the requirements and rules that made it so

    @property
    def direction(self) -> str:
        """'gains' the credential, 'loses' it; else 'nearer' or 'further'."""
        old, new = self.old or Outcome.UNMET, self.new or Outcome.UNMET
        if new is MET or old is MET:
            return "gains" if new is MET else "loses"
        return "nearer" if new > old else "further"


@dataclass(slots=True)
class ProgramComparison:
    """One program: learners by old and new outcome, and how often which requirement made the difference."""

    program: str
    title: str
    moves: Counter[tuple[str, str]] = field(default_factory=Counter)
    directions: Counter[str] = field(default_factory=Counter)
    causes: Counter[str] = field(default_factory=Counter)

    @property
    def changed(self) -> int:
        return self.directions.total()

    @property
    def ranked_causes(self) -> list[tuple[str, int]]:
        return sorted(self.causes.items(), key=lambda item: (-item[1], item[0]))

    @property
    def ranked_moves(self) -> list[tuple[str, str, int]]:
        moves = [(old, new, count) for (old, new), count in self.moves.items() if old != new]
        return sorted(moves, key=lambda move: (-move[2], move[0], move[1]))


@dataclass(slots=True)
class Comparison:
    as_of: date
    old_rules: str
    new_rules: str
    learners: int = 0
    set_aside: int = 0
    columns: int = 0  # of learners and programs, on both sides: how many were decided in columns ...
    plain: int = 0  # ... and how many by the plain engine
    unchanged: tuple[str, ...] = ()  # programs whose rules are the same to the letter; not decided again
    programs: list[ProgramComparison] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)

    def counts(self) -> Counter[str]:
        return Counter(change.direction for change in self.changes)

    @property
    def engines(self) -> str:
        return engines(self.columns, self.plain)


class Comparer:
    """Compares two rule sets batch by batch."""

    def __init__(
        self,
        old: RuleSet,
        new: RuleSet,
        as_of: date,
        only: Collection[str] | None = None,
        *,
        columns: bool = False,
    ) -> None:
        ids = [name for name in dict.fromkeys((*old.program_ids, *new.program_ids)) if only is None or name in only]
        same = tuple(name for name in ids if _digests(old, name) == _digests(new, name))
        self.differing = [name for name in ids if name not in same]
        plans = [make_plan(rules, self.differing) for rules in (old, new)]
        self.programs = [plan.programs for plan in plans]
        self.sides = [standing(plan, columns=columns) for plan in plans]
        self.uses_of = self.sides[0].uses_of | self.sides[1].uses_of
        self.result = Comparison(as_of, old.digest, new.digest, unchanged=same)
        titles = {program.id: program.title for program in (*old.programs, *new.programs)}
        self.tallies = {name: ProgramComparison(name, titles[name]) for name in self.differing}
        self.result.programs = list(self.tallies.values())

    def add(self, known: Sequence[tuple[Record, Word]]) -> int:
        """Compare a batch of learners. How many of them could not be decided by both rule sets."""
        old, new = (side.of(known, self.result.as_of) for side in self.sides)
        undecided = old.undecided | new.undecided
        places = [place for place in range(len(known)) if place not in undecided]
        moved: list[tuple[int, Change]] = []
        for name in self.differing:
            moved += self._program(name, old.programs.get(name), new.programs.get(name), known, places)
        moved.sort(key=lambda one: one[0])  # learner by learner, the programs in their order
        self.result.changes += [change for _, change in moved]
        self.result.plain += old.by_plain + new.by_plain
        self.result.columns += old.pairs + new.pairs - old.by_plain - new.by_plain
        return len(undecided)

    def _program(
        self,
        name: str,
        old: Program | None,
        new: Program | None,
        known: Sequence[tuple[Record, Word]],
        places: Sequence[int],
    ) -> Iterator[tuple[int, Change]]:
        """The changes in one program, each with the learner's place."""
        were, are = (side.of if side else [NOWHERE] * len(known) for side in (old, new))
        pairs: dict[tuple[int, int], list[int]] = {}
        for place in places:
            pairs.setdefault((were[place], are[place]), []).append(place)
        tally = self.tallies[name]
        for (was, is_), learners in pairs.items():
            before = self._version(0, old, was)
            after = self._version(1, new, is_)
            outcomes = [side and side[1][side[0].root] for side in (before, after)]
            tally.moves[_named(outcomes[0]), _named(outcomes[1])] += len(learners)
            if outcomes[0] is outcomes[1]:
                continue
            why = tuple(_why(before, after))
            for place in learners:
                learner = known[place][0].learner.learner_id
                change = Change(learner_id=learner, program=name, old=outcomes[0], new=outcomes[1], why=why)
                if _matters(change):
                    tally.directions[change.direction] += 1
                    tally.causes.update(why)
                    yield place, change

    def _version(self, side: int, program: Program | None, way: int) -> Version | None:
        if program is None or way == NOWHERE:
            return None
        number, outcomes = program.ways[way]
        return self.programs[side][number], outcomes


def compare(
    installation: Installation,
    old: RuleSet,
    new: RuleSet,
    as_of: date,
    *,
    only: Collection[str] | None = None,
    on_progress: Callable[[int], object] = lambda learners: None,
) -> Comparison:
    """Everybody in the installation's records under two rule sets. Nothing is recorded."""
    comparer = Comparer(old, new, as_of, only, columns=installation.columns)
    result = comparer.result
    with installation.ledger_to_read() as ledger:
        for some in people(installation.records, ledger, comparer.uses_of, size=comparer.sides[0].batch):
            result.set_aside += comparer.add(some.known) + len(some.set_aside)
            result.learners += len(some)
            on_progress(len(some))
    return result


def _digests(rules: RuleSet, name: str) -> list[str]:
    return [program.digest for program in rules.programs if program.id == name]


def _named(outcome: Outcome | None) -> str:
    return "no such program" if outcome is None else str(outcome)


def _matters(change: Change) -> bool:
    """A program that is new, or gone, changes nothing for those who have done nothing for it."""
    there = [outcome for outcome in (change.old, change.new) if outcome is not None]
    return len(there) == 2 or there != [Outcome.UNMET]


def _why(before: Version | None, after: Version | None) -> Iterator[str]:
    """The requirements and rules of which the outcome is another, in the order of the rule file."""
    if before is None or after is None:
        yield "the program is new" if before is None else "the program is gone"
        return
    (old, were), (new, are) = before, after
    asked = set(_shown(old))
    for index in _shown(new):
        node = new.nodes[index]
        match = _counterpart(old, new, node.id)
        if match is None:
            yield f"new: {node.title}"
            continue
        asked.discard(match)
        if were[match] is not are[index]:
            yield f"{node.title}: {were[match]} before, {are[index]} now"
    yield from (f"no longer asked: {old.nodes[index].title}" for index in sorted(asked))


def _shown(plan: ProgramPlan) -> Sequence[int]:
    inside = plan.below[plan.requirements]
    leaves = [node.index for node in plan.nodes if node.index in inside and not node.parts]
    # A rule that only repeats that the requirements are met is the cause of nothing.
    return (*leaves, *(gate for gate in plan.gates if plan.below[gate] - inside - {gate} or not plan.nodes[gate].parts))


def _counterpart(old: ProgramPlan, new: ProgramPlan, node_id: str) -> int | None:
    """The node of the old plan that an id of the new one was: the same, or the one that migrated to it."""
    was = [before for before, now in new.inherits.items() if now == node_id]
    for name in (node_id, *was):
        if node := old.node(name):
            return node.index
    return None
