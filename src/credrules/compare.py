"""Comparison: what a change of the rules changes for people, before it takes effect.

Both rule sets decide on the same records and the same words of people, as of the same day. A learner is compared under
the version that each rule set holds them to.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from credrules.attestations import Word
from credrules.deciding import Decider
from credrules.decisions import Outcome
from credrules.errors import EngineError
from credrules.pipeline import BATCH
from credrules.plan import make_plan
from credrules.records import record_faults

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from datetime import date

    from credrules.installation import Installation
    from credrules.plan import ProgramPlan
    from credrules.records import Record
    from credrules.rules import RuleSet

MET = Outcome.MET


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
    unchanged: tuple[str, ...] = ()  # programs whose rules are the same to the letter; not decided again
    programs: list[ProgramComparison] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)

    def counts(self) -> Counter[str]:
        return Counter(change.direction for change in self.changes)


class Comparer:
    """Compares two rule sets learner by learner."""

    def __init__(self, old: RuleSet, new: RuleSet, as_of: date, only: Collection[str] | None = None) -> None:
        ids = [name for name in dict.fromkeys((*old.program_ids, *new.program_ids)) if only is None or name in only]
        same = tuple(name for name in ids if _digests(old, name) == _digests(new, name))
        self.differing = [name for name in ids if name not in same]
        self.old = Decider(make_plan(old, self.differing), None)
        self.new = Decider(make_plan(new, self.differing), None)
        self.result = Comparison(as_of, old.digest, new.digest, unchanged=same)
        titles = {program.id: program.title for program in (*old.programs, *new.programs)}
        self.tallies = {name: ProgramComparison(name, titles[name]) for name in self.differing}
        self.result.programs = list(self.tallies.values())

    def add(self, record: Record, word: Word) -> bool:
        """Compare one learner; False where the record contradicts itself or cannot be decided."""
        if any(record_faults(record)):
            return False
        try:
            old, new = (self._outcomes(decider, record, word) for decider in (self.old, self.new))
        except EngineError:
            return False
        for name in self.differing:
            before, after = old.get(name), new.get(name)
            outcomes = [side and side[1][side[0].root] for side in (before, after)]
            tally = self.tallies[name]
            tally.moves[_named(outcomes[0]), _named(outcomes[1])] += 1
            if outcomes[0] is not outcomes[1]:
                why = tuple(_why(before, after))
                change = Change(
                    learner_id=record.learner.learner_id, program=name, old=outcomes[0], new=outcomes[1], why=why
                )
                if _matters(change):
                    self.result.changes.append(change)
                    tally.directions[change.direction] += 1
                    tally.causes.update(why)
        return True

    def _outcomes(
        self, decider: Decider, record: Record, word: Word
    ) -> dict[str, tuple[ProgramPlan, tuple[Outcome, ...]]]:
        found = decider.outcomes(record, word, self.result.as_of)
        return {decider.plan.programs[at].program.id: (decider.plan.programs[at], outcomes) for at, outcomes in found}


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
    comparer = Comparer(old, new, as_of, only)
    result = comparer.result
    uses_of = comparer.old.uses_of | comparer.new.uses_of
    with installation.ledger_to_read() as ledger:
        for batch in installation.records.batches(None, BATCH):
            words = ledger.word_of([record.learner.learner_id for record in batch.records], uses_of)
            for record in batch.records:
                result.set_aside += not comparer.add(record, words.get(record.learner.learner_id, Word()))
            result.learners += len(batch.records) + len(batch.set_aside)
            result.set_aside += len(batch.set_aside)
            on_progress(len(batch.records) + len(batch.set_aside))
    return result


def _digests(rules: RuleSet, name: str) -> list[str]:
    return [program.digest for program in rules.programs if program.id == name]


def _named(outcome: Outcome | None) -> str:
    return "no such program" if outcome is None else str(outcome)


def _matters(change: Change) -> bool:
    """A program that is new, or gone, changes nothing for those who have done nothing for it."""
    there = [outcome for outcome in (change.old, change.new) if outcome is not None]
    return len(there) == 2 or there != [Outcome.UNMET]


def _why(
    before: tuple[ProgramPlan, tuple[Outcome, ...]] | None, after: tuple[ProgramPlan, tuple[Outcome, ...]] | None
) -> Iterator[str]:
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
