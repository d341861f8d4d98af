"""Claims by trying every way to share the work out: what the exact algorithms are held against."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from credrules.claims import MET, NO_TERMS, PENDING, UNDETERMINED, UNMET, offers_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from credrules.claims import Demand, Offer, Route, Terms
    from credrules.decisions import Outcome

LEVELS = [MET, PENDING, UNDETERMINED]


def brute_force(
    demands: Sequence[Demand], routes: Sequence[Route], terms: Terms = NO_TERMS
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
        offers = offers_of(demands, claims)
        if exceeds(terms, offers):
            continue
        tree = max((min([route.ceiling, *[outcomes[d] for d in route.demands]]) for route in routes), default=UNMET)
        tests = min((offer.level for offer in offers), default=MET) if terms.hold(offers) else UNMET
        program = min(tree, tests) if terms.tested else tree
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
    """Whether a demand counts more than it needs: its least preferred item, once the others have filled it."""
    return bool(claimed) and sum(demand.offers[i].size for i in sorted(claimed)[:-1]) >= demand.need


def exceeds(terms: Terms, offers: Sequence[Offer]) -> bool:
    """Whether these offers together take more of a limit than it has."""
    return any(sum(offer.loads[cap] for offer in offers) > most for cap, most in enumerate(terms.caps))


def alone(demand: Demand) -> Outcome:
    """The outcome of a demand that could have every item."""
    return reached(demand, list(demand.offers))


def all_fit(demands: Sequence[Demand], levels: Mapping[int, Outcome], terms: Terms = NO_TERMS) -> bool:
    """Whether these demands can all be filled at these levels at once, by trying everything."""
    items = sorted({i for d in levels for i in demands[d].offers})
    for choice in itertools.product(*[[None, *[d for d in levels if i in demands[d].offers]] for i in items]):
        claims = {d: [i for i, chosen in zip(items, choice, strict=True) if chosen == d] for d in levels}
        offers = [demands[d].offers[i] for d, claimed in claims.items() for i in claimed]
        if not exceeds(terms, offers) and all(reached(demands[d], claims[d]) >= level for d, level in levels.items()):
            return True
    return False
