"""Facts about the learner that decide what is asked, where they are unknown: what is told to the productions instead.

The rules engine's own: it is written without a look at the plain engine, so that their agreement means something.
Values that are asked for together are one; what a learner with several values has is the union of what each has.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from credrules.decisions import Outcome
from credrules.facts import BUILT_IN, possible_values
from credrules.plan import Kind
from credrules.rules import Moment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import date

    from credrules.plan import Node, ProgramPlan
    from credrules.records import Record

Told = dict[str, str]
"""What is told of a fact, by what it is about."""


class Supposed:
    """What has to be supposed of a learner to decide one program: by fact, the sets of values that are asked for."""

    def __init__(self, number: int, program: ProgramPlan, about: Callable[[int, Node], str]) -> None:
        self.number = number
        self.about = about
        forking = {program.nodes[index].fact for fork in program.forks for index in fork.asks}
        self.asked: dict[str, list[Node]] = {fact: [] for fact in sorted(forking)}
        for node in program.nodes:
            if node.kind is Kind.FACT and node.fact in forking and node.moment is Moment.CONFERRAL:
                self.asked[node.fact].append(node)

    def ways(self, record: Record, as_of: date) -> list[Told]:
        choices = [self._of(fact, nodes, record, as_of) for fact, nodes in self.asked.items()]
        return [
            {about: said for told in chosen for about, said in told.items()} for chosen in itertools.product(*choices)
        ]

    def _of(self, fact: str, nodes: Sequence[Node], record: Record, as_of: date) -> list[Told]:
        if fact in BUILT_IN:
            about = f"{self.number}|{Moment.CONFERRAL}|{fact}"
            return [{about: value} for value in sorted(possible_values(fact, record, as_of))]
        named = {self.about(self.number, node): node.values for node in nodes}
        among = next((node.among for node in nodes if node.among), frozenset[str]())
        has = None if record.facts is None else record.facts.get(fact.partition(".")[2])
        if has is not None and (not among or all(value in among for value in has)):
            return [{}]
        values = among or frozenset(value for asked in named.values() for value in asked) | {"\0"}

        def shared(value: str) -> frozenset[str]:
            return frozenset(about for about, asked in named.items() if value in asked)

        of_one = {shared(value) for value in values if value != "none"}
        possible = _unions(of_one)
        if has is None:
            possible |= {shared("none")}
        else:
            there = frozenset[str]().union(*(shared(value) for value in has))
            possible = {there | more for more in possible | {frozenset[str]()}}
        return [{about: "yes" if about in held else "no" for about in named} for held in sorted(possible, key=sorted)]


def _unions(sets: Iterable[frozenset[str]]) -> set[frozenset[str]]:
    """Every union of one or more of them."""
    found: set[frozenset[str]] = set()
    for one in sets:
        found |= {one} | {one | other for other in found}
    return found


def agreed(outcomes: Sequence[Outcome]) -> Outcome:
    """One outcome that holds whichever of several is the true one."""
    if len(set(outcomes)) == 1:
        return outcomes[0]
    least = sorted(outcomes)[0]
    return Outcome.UNDETERMINED if least is Outcome.UNMET else least
