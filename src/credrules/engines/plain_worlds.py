"""What is unknown of the learner and decides what is asked: every way in which it may turn out is a world.

A program is decided in each of them, as if that were known, and what all of them come to stands: see `together`.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from credrules.decisions import Outcome
from credrules.facts import BUILT_IN, declared, possible_values
from credrules.rules import Moment

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import date

    from credrules.plan import Fork, ProgramPlan
    from credrules.records import Record

    World = Mapping[tuple[str, frozenset[str]], bool]
    """Whether a fact about the learner, on the day of the decision, is one of some values."""

NOTHING_UNKNOWN: World = {}


def worlds(plan: ProgramPlan, record: Record, as_of: date) -> list[World]:
    """Every way in which the facts may turn out that decide what is asked; one world where all of them are known."""
    found = [dict(NOTHING_UNKNOWN)]
    for fact in sorted({plan.nodes[index].fact for fork in plan.forks for index in fork.asks}):
        nodes = [node for node in plan.nodes if node.fact == fact and node.moment is Moment.CONFERRAL]
        among = frozenset[str]().union(*(node.among for node in nodes))
        asked = sorted({node.values for node in nodes}, key=sorted)
        found = [
            {**world, **{(fact, values): so for values, so in zip(asked, way, strict=True)}}
            for world in found
            for way in _ways(fact, asked, among, record, as_of)
        ]
    return list(found)


def _ways(
    fact: str, asked: Sequence[frozenset[str]], among: frozenset[str], record: Record, as_of: date
) -> list[tuple[bool, ...]]:
    """For each set of values whether the fact is one of them, in every way that is possible."""
    if fact in BUILT_IN:
        possible = sorted(possible_values(fact, record, as_of))
        return list(dict.fromkeys(tuple(value in values for values in asked) for value in possible))
    known = declared(fact, record)
    if known is not None and (not among or known <= among):
        return [tuple(bool(values & known) for values in asked)]
    return [
        way
        for way in itertools.product((True, False), repeat=len(asked))
        if _can_be(
            [values for values, so in zip(asked, way, strict=True) if so],
            [values for values, so in zip(asked, way, strict=True) if not so],
            among,
            known,
        )
    ]


def _can_be(
    yes: Sequence[frozenset[str]],
    no: Sequence[frozenset[str]],
    among: frozenset[str],
    known: frozenset[str] | None,
) -> bool:
    """Whether a learner can have one of each of some values and none of others; of several values, 'none' is none.

    `known` are the values that the learner has beside one that nobody declared, which may mean anything.
    """
    ruled_out = frozenset[str]().union(*no)
    if known is not None:
        return not known & ruled_out and all(values & known or values - ruled_out - {"none"} for values in yes)
    if all("none" in values for values in yes) and "none" not in ruled_out:
        return True  # the learner has nothing of the kind
    if yes:
        return all(values - ruled_out - {"none"} for values in yes)
    return not among or bool(among - ruled_out - {"none"})


def not_asked(plan: ProgramPlan, holds: Mapping[int, bool]) -> frozenset[int]:
    """The nodes under the branches of choices that are not asked; `holds` says of each condition whether it does."""
    return frozenset().union(*(_not_asked(plan, fork, [holds[index] for index in fork.asks]) for fork in plan.forks))


def _not_asked(plan: ProgramPlan, fork: Fork, conditions: Collection[bool]) -> frozenset[int]:
    chosen = not any(conditions) if fork.turned else all(conditions)
    left = fork.otherwise if chosen else fork.then
    return frozenset() if left is None else plan.below[left]


def in_common(outcomes: Sequence[Outcome]) -> Outcome:
    """What is so in every world: at least the least of them; where that is `unmet` and not all are, nobody can tell."""
    return max(min(outcomes), min(max(outcomes), Outcome.UNDETERMINED))
