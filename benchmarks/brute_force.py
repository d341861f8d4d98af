"""Claims by trying every way to share the work out: what the exact algorithms are held against."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from credrules.claims import MET, PENDING, UNDETERMINED, UNMET

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from credrules.claims import Demand, Route
    from credrules.decisions import Outcome

LEVELS = [MET, PENDING, UNDETERMINED]


def brute_force(
    demands: Sequence[Demand], routes: Sequence[Route], averaged: bool
) -> tuple[Outcome, Outcome, list[Outcome]]:
    """The best outcomes by trying everything: (program, each demand in order)."""
    items = sorted({item for demand in demands for item in demand.offers})
    best = None
    for choice in itertools.product(*[[None, *[d for d, x in enumerate(demands) if i in x.offers]] for i in items]):
        claims = [[i for i, chosen in zip(items, choice, strict=True) if chosen == d] for d in range(len(demands))]
        if any(wasteful(demand, claims[d]) for d, demand in enumerate(demands)):
            continue
        outcomes = [reached(demand, claims[d]) for d, demand in enumerate(demands)]
        if any(claims[d] and outcomes[d] is UNMET for d in range(len(demands))):
            continue  # a short demand claims nothing that bears on the others
        mean = UNMET
        offers = [demands[d].offers[i] for i, d in zip(items, choice, strict=True) if d is not None]
        if sum(offer.weight for offer in offers) >= 0:
            mean = min((offer.level for offer in offers), default=MET)
        tree = max((min([route.ceiling, *[outcomes[d] for d in route.demands]]) for route in routes), default=UNMET)
        program = min(tree, mean) if averaged else tree
        score = (program, tree if program is UNMET else program, outcomes)
        best = score if best is None or score > best else best
    return best


def reached(demand: Demand, claimed: Sequence[int]) -> Outcome:
    """The outcome of a demand that has these items."""
    for level in LEVELS:
        if sum(demand.offers[i].size for i in claimed if demand.offers[i].level >= level) >= demand.need:
            return level
    return UNMET


def wasteful(demand: Demand, claimed: Sequence[int]) -> bool:
    """Whether a demand counts more courses than it needs."""
    return demand.counts and len(claimed) > demand.need


def alone(demand: Demand) -> Outcome:
    """The outcome of a demand that could have every item."""
    return reached(demand, list(demand.offers))


def all_fit(demands: Sequence[Demand], levels: Mapping[int, Outcome]) -> bool:
    """Whether these demands can all be filled at these levels at once, by trying everything."""
    items = sorted({i for d in levels for i in demands[d].offers})
    for choice in itertools.product(*[[None, *[d for d in levels if i in demands[d].offers]] for i in items]):
        claims = {d: [i for i, chosen in zip(items, choice, strict=True) if chosen == d] for d in levels}
        if all(reached(demands[d], claims[d]) >= level for d, level in levels.items()):
            return True
    return False
