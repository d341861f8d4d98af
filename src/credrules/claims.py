"""Which attempt each requirement uses: exact, proved, and the same every time.

An attempt is claimed once in a program. Of all ways to share a learner's work out, the one is taken that is best, in
this order:

1. for the program: the highest outcome that any sharing-out reaches (the average included, where there is one);
2. for the requirements, in the order of the rule file: each as high as it can be without lowering one before it;
3. for the learner: better grades before lesser ones (for an average, what serves it most), earlier before later.

Where requirements only count courses this is a matching, found by augmenting paths. Where one of them sums credits,
an exact search with a memory is used, within a stated bound; past the bound nothing is claimed to be known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from credrules.decisions import Outcome
from credrules.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MET, PENDING, AWAITING, UNDETERMINED, UNMET = (
    Outcome.MET,
    Outcome.PENDING,
    Outcome.AWAITING,
    Outcome.UNDETERMINED,
    Outcome.UNMET,
)
LEVELS = (MET, PENDING, UNDETERMINED)  # what an attempt can be worth

STATES = 200_000
"""How many positions the exact search may look at for one program and learner; a count and not a time, so that the
same record has the same answer on every machine."""


class Undecided(EngineError):
    """The exact search reached its bound."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What one item (a course the learner attempted) is worth to one requirement.

    `size` is 1 where courses are counted, thousandths of a credit where credits are. `weight` is what it adds to the
    average: credits x (points - the average asked for), both in thousandths; work in progress at the top grade.
    """

    level: Outcome
    size: int = 1
    weight: int = 0


@dataclass(frozen=True, slots=True)
class Demand:
    """A requirement that claims: how much it needs, and what each item would be worth to it.

    Items are numbers; a lower one is preferred.
    """

    need: int
    offers: Mapping[int, Offer]
    counts: bool = True  # every offer has size 1


@dataclass(frozen=True, slots=True)
class Route:
    """One way through a program's alternatives: the demands it takes, and the best that the rest of it allows."""

    demands: frozenset[int]
    ceiling: Outcome = MET


@dataclass(frozen=True, slots=True)
class Contest:
    """Why a demand is short though it could be filled alone: these demands compete for these items.

    The set is irreducible: without any one of them the rest could all be filled.
    """

    demands: tuple[int, ...]
    items: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Allocation:
    """`claims[d]` are the items of demand d in order of preference; `contests[d]` is there where d lost a contest."""

    claims: tuple[tuple[int, ...], ...]
    outcomes: tuple[Outcome, ...]
    contests: Mapping[int, Contest]


Thresholds = tuple[Outcome | None, ...]
"""For each demand the least level of the attempts that must fill it; None where it need not be filled."""


def allocate(demands: Sequence[Demand], routes: Sequence[Route], *, averaged: bool = False) -> Allocation:
    """Share the items out. Raises Undecided past the bound.

    Where `averaged`, a sharing-out whose weights add up to less than nothing fails the program's average.
    """
    solver = _Solver(demands, averaged)
    alone = tuple(_alone(demand) for demand in demands)
    wanted: Thresholds = tuple(level if level is not UNMET else None for level in alone)

    claims = None
    if not averaged or _all_count(wanted, routes):
        claims = solver.solve(wanted, balanced=averaged)  # everybody at their best at once: nothing can be better
    if claims is not None:
        thresholds, reached = wanted, UNMET if None in wanted else UNDETERMINED
    else:
        reach = _reach(solver, alone, routes)
        reached = reach.level
        thresholds = _raise_each(solver, alone, reach)
        claims = solver.solve(thresholds, balanced=reach.balanced)
        if claims is None:
            raise AssertionError("a sharing-out that was found cannot be found again")
    if not averaged or reached is UNMET:
        claims = _progress(demands, thresholds, claims)
    outcomes = tuple(level if level is not None else UNMET for level in thresholds)
    contests = {
        d: contest
        for d, level in enumerate(outcomes)
        if level < alone[d] and (contest := _contest(demands, thresholds, alone, d))
    }
    return Allocation(tuple(tuple(sorted(items)) for items in claims), outcomes, contests)


def _alone(demand: Demand) -> Outcome:
    """The outcome of a demand that could have every item."""
    for level in LEVELS:
        if sum(offer.size for offer in demand.offers.values() if offer.level >= level) >= demand.need:
            return level
    return UNMET


def _all_count(wanted: Thresholds, routes: Sequence[Route]) -> bool:
    """Whether every demand's claims bear on the program, so that an average over them is over what it needs."""
    every = frozenset(range(len(wanted)))
    return all(level is MET for level in wanted) or all(route.demands == every for route in routes)


@dataclass(frozen=True, slots=True)
class _Reach:
    """How far the program gets: at `level`, by any of `routes` (as thresholds), with the average held or not."""

    level: Outcome
    routes: tuple[Thresholds, ...]
    balanced: bool


def _reach(solver: _Solver, alone: Sequence[Outcome], routes: Sequence[Route]) -> _Reach:
    """The highest outcome that any route through the alternatives reaches, and the routes that reach it."""
    count = len(alone)
    for balanced in (True, False) if solver.averaged else (False,):
        for level in (MET, AWAITING, PENDING, UNDETERMINED):
            needed = MET if level is AWAITING else level  # no attempt awaits a person's word
            ways = tuple(
                thresholds
                for route in routes
                if route.ceiling >= level and all(alone[d] >= needed for d in route.demands)
                for thresholds in [tuple(needed if d in route.demands else None for d in range(count))]
                if solver.solve(thresholds, balanced=balanced) is not None
            )
            if ways:
                return _Reach(needed if balanced == solver.averaged else UNMET, ways, balanced)
    return _Reach(UNMET, ((None,) * count,), balanced=False)


def _raise_each(solver: _Solver, alone: Sequence[Outcome], reach: _Reach) -> Thresholds:
    """Each demand in turn as high as it goes without lowering one before it, or the program."""
    thresholds: list[Outcome | None] = [None] * len(alone)
    for d, best in enumerate(alone):
        for level in LEVELS:
            if level > best:
                continue
            if reach.balanced and level < reach.level:
                break  # what it claimed would be part of the average, and make that less sure
            thresholds[d] = level
            if any(solver.solve(_both(thresholds, way), balanced=reach.balanced) is not None for way in reach.routes):
                break
            thresholds[d] = None
    return tuple(thresholds)


def _both(thresholds: Sequence[Outcome | None], way: Thresholds) -> Thresholds:
    return tuple(
        level if other is None else other if level is None else max(level, other)
        for level, other in zip(thresholds, way, strict=True)
    )


def _progress(demands: Sequence[Demand], thresholds: Thresholds, claims: Sequence[Sequence[int]]) -> list[list[int]]:
    """Give what is left over to demands that stay short, so that their reasons show how far the learner has come."""
    taken = {item for items in claims for item in items}
    result = [list(items) for items in claims]
    for d, demand in enumerate(demands):
        if thresholds[d] is not None:
            continue
        size = 0
        for item in sorted(demand.offers, key=lambda item, offers=demand.offers: (-offers[item].level, item)):  # type: ignore[misc]
            if item not in taken and size < demand.need:
                result[d].append(item)
                taken.add(item)
                size += demand.offers[item].size
    return result


def _contest(demands: Sequence[Demand], thresholds: Thresholds, alone: Sequence[Outcome], short: int) -> Contest | None:
    """The demands that keep `short` from what it could be alone, as an irreducible set, and what they compete for."""
    solver = _Solver(demands, averaged=False)
    wanted = [*thresholds]
    wanted[short] = alone[short]
    if solver.solve(tuple(wanted), balanced=False) is not None:
        return None  # not for want of courses: the average stood in the way
    for d in reversed(range(len(demands))):
        if d != short and wanted[d] is not None:
            level, wanted[d] = wanted[d], None
            if solver.solve(tuple(wanted), balanced=False) is not None:
                wanted[d] = level
    rivals = tuple(d for d, level in enumerate(wanted) if level is not None)
    uses = [item for d in rivals for item, offer in demands[d].offers.items() if offer.level >= (wanted[d] or UNMET)]
    return Contest(rivals, tuple(sorted({item for item in uses if uses.count(item) > 1})))


class _Solver:
    """Answers one question: can these demands all be filled at these levels, and by which items?"""

    def __init__(self, demands: Sequence[Demand], averaged: bool) -> None:
        self.demands = demands
        self.averaged = averaged
        self._states = 0

    def solve(self, thresholds: Thresholds, *, balanced: bool) -> list[list[int]] | None:
        """Claims by demand, or None. With `balanced` their weights must not add up to less than nothing."""
        active = [d for d, level in enumerate(thresholds) if level is not None]
        edges: dict[int, list[int]] = {}
        for d in active:
            level = thresholds[d]
            for item, offer in self.demands[d].offers.items():
                if offer.level >= level:  # type: ignore[operator]  # active means that it has a level
                    edges.setdefault(item, []).append(d)
        if all(self.demands[d].counts for d in active) and self._one_weight_each(edges):
            claims = self._match(active, edges)
        else:
            claims = self._search(active, edges)
        if claims is None or not balanced:
            return claims
        total = sum(self.demands[d].offers[item].weight for d, items in enumerate(claims) for item in items)
        return claims if total >= 0 else None

    def _one_weight_each(self, edges: Mapping[int, Sequence[int]]) -> bool:
        if not self.averaged:
            return True
        return all(len({self.demands[d].offers[item].weight for d in ds}) == 1 for item, ds in edges.items())

    def _order(self, edges: Mapping[int, Sequence[int]]) -> list[int]:
        """Items, best first. For a matching, taking them in this order makes their total weight the greatest."""
        demands = self.demands
        if self.averaged:
            return sorted(edges, key=lambda item: (-max(demands[d].offers[item].weight for d in edges[item]), item))
        return sorted(edges, key=lambda item: (-max(demands[d].offers[item].level for d in edges[item]), item))

    def _match(self, active: Sequence[int], edges: Mapping[int, Sequence[int]]) -> list[list[int]] | None:
        """A matching that fills every active demand, by augmenting paths, item by item in order of preference.

        The items that can be placed together form a matroid, so this greedy order finds the best set of items.
        """
        claims: list[list[int]] = [[] for _ in self.demands]
        missing = sum(self.demands[d].need for d in active)

        def place(item: int, seen: set[int]) -> bool:
            for d in edges[item]:
                if d in seen:
                    continue
                seen.add(d)
                if len(claims[d]) < self.demands[d].need:
                    claims[d].append(item)
                    return True
                for at, other in enumerate(claims[d]):
                    if place(other, seen):
                        claims[d][at] = item
                        return True
            return False

        for item in self._order(edges):
            if missing == 0:
                break
            if place(item, set()):
                missing -= 1
        return claims if missing == 0 else None

    def _search(self, active: Sequence[int], edges: Mapping[int, Sequence[int]]) -> list[list[int]] | None:
        """The same for credits, which cannot be split: an exact search with a memory, the greatest weight first."""
        order = self._order(edges)
        rest = [[0] * len(self.demands)]  # what the items from each position on could still give each demand
        for item in reversed(order):
            row = list(rest[-1])
            for d in edges[item]:
                row[d] += self.demands[d].offers[item].size
            rest.append(row)
        rest.reverse()
        memory: dict[tuple[int, tuple[int, ...]], tuple[int, int] | None] = {}
        slots = {d: slot for slot, d in enumerate(active)}

        def best(at: int, needs: tuple[int, ...]) -> tuple[int, int] | None:
            """The greatest weight from position `at` on, and the demand that takes the item there (-1: none)."""
            if not any(needs):
                return 0, -1
            if any(need > rest[at][d] for d, need in zip(active, needs, strict=True)):
                return None
            key = (at, needs)
            if key in memory:
                return memory[key]
            self._states += 1
            if self._states > STATES:
                raise Undecided(f"Sharing out {len(order)} courses took more than {STATES} steps.")
            found: tuple[int, int] | None = None
            for d in (*edges[order[at]], -1):
                slot = slots.get(d, -1)
                weight, left = 0, needs
                if d >= 0:
                    if needs[slot] == 0:
                        continue
                    offer = self.demands[d].offers[order[at]]
                    weight = offer.weight
                    left = (*needs[:slot], max(0, needs[slot] - offer.size), *needs[slot + 1 :])
                further = best(at + 1, left)
                if further is not None and (found is None or weight + further[0] > found[0]):
                    found = (weight + further[0], d)
                    if not self.averaged:
                        break
            memory[key] = found
            return found

        needs = tuple(self.demands[d].need for d in active)
        if best(0, needs) is None:
            return None
        claims: list[list[int]] = [[] for _ in self.demands]
        for at, item in enumerate(order):
            if not any(needs):
                break
            step = best(at, needs)
            if step is None:
                raise AssertionError("a path that was found cannot be followed")
            d = step[1]
            if d >= 0:
                slot = slots[d]
                claims[d].append(item)
                left = max(0, needs[slot] - self.demands[d].offers[item].size)
                needs = (*needs[:slot], left, *needs[slot + 1 :])
        return claims
