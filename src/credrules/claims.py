"""Which attempt each requirement uses: exact, proved, and the same every time.

An attempt is claimed once in a program. Of all ways to share a learner's work out that keep to the program's limits,
the one is taken that is best, in this order:

1. for the program: the highest outcome that any sharing-out reaches (tests over everything that counted included);
2. for the requirements, in the order of the rule file: each as high as it can be without lowering one before it;
3. for the learner: for an average, what serves it most; then better grades before lesser ones, earlier before later.

Where requirements only count courses this is a matching, found by augmenting paths. Credits, limits and tests make it
harder: then an exact search with a memory is used, and past its bound a solver (exact_solver.py), itself bounded by
work and not by time. Past that bound nothing is claimed to be known.
"""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from credrules.decisions import Outcome
from credrules.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MET, PENDING, AWAITING, UNDETERMINED, UNMET = (
    Outcome.MET,
    Outcome.PENDING,
    Outcome.AWAITING,
    Outcome.UNDETERMINED,
    Outcome.UNMET,
)
LEVELS = (MET, PENDING, UNDETERMINED)  # what an attempt can be worth

STATES = 20_000
"""How many positions the search may look at for one question before the solver is asked; a count and not a time, so
that the same record has the same answer on every machine."""

SMALLER_CONTESTS = 300
SETS_COUNTED = 2_000
"""How many sets of requirements are looked at to find the smallest contest, where each has to be solved and where
courses have only to be counted; past that the contest is irreducible, but a smaller one may exist."""


class Undecided(EngineError):
    """The bound was reached before anything was proved."""


class Proof(StrEnum):
    OPTIMAL = "optimal"  # no sharing-out is better
    MET = "met"  # every outcome is the highest there is; which of several equal sharings it is was not settled


@dataclass(frozen=True, slots=True)
class Offer:
    """What one item (a course the learner attempted) is worth to one requirement.

    `size` is 1 where courses are counted, thousandths of a credit where credits are. `weights` are what it adds to each
    of the program's sums, `loads` what it takes of each of its limits, `kind` what the spread tells apart (a subject).
    """

    level: Outcome
    size: int = 1
    weights: tuple[int, ...] = ()
    loads: tuple[int, ...] = ()
    kind: int | None = None


@dataclass(frozen=True, slots=True)
class Demand:
    """A requirement that claims: how much it needs, and what each item would be worth to it.

    Items are numbers; a lower one is preferred. Courses are claimed up to `need` and no further; for credits, an item
    is claimed only where those that are preferred to it leave something to fill.
    """

    need: int
    offers: Mapping[int, Offer]
    counts: bool = True  # every offer has size 1
    beside: bool = False  # what it claims is outside of the program's tests


@dataclass(frozen=True, slots=True)
class Route:
    """One way through a program's alternatives: the demands it takes, and the best that the rest of it allows."""

    demands: frozenset[int]
    ceiling: Outcome = MET


class Rounding(StrEnum):
    """What becomes of a share that is no whole number of units."""

    EXACT = "exact"
    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Floor:
    """A test: the sum is at least so much."""

    sum: int  # position in an offer's weights
    least: int = 0


@dataclass(frozen=True, slots=True)
class Share:
    """A test: one sum is at least so many percent of another, rounded to whole units."""

    part: int
    whole: int
    percent: int
    unit: int = 1
    rounding: Rounding = Rounding.EXACT

    def holds(self, part: int, whole: int) -> bool:
        """In whole numbers throughout: half of 9 credits is 4.5, 5 when rounded up and 4 when rounded down."""
        asked, scaled = whole * self.percent, 100 * self.unit
        if self.rounding is Rounding.UP:
            return part >= -(-asked // scaled) * self.unit
        if self.rounding is Rounding.DOWN:
            return part >= asked // scaled * self.unit
        return part * 100 >= asked


@dataclass(frozen=True, slots=True)
class Terms:
    """What a sharing-out as a whole keeps to (`caps`, by load) and is tested by."""

    caps: tuple[int, ...] = ()
    tests: tuple[Floor | Share, ...] = ()
    kinds: int = 0  # so many different kinds at least
    averaged: bool = False  # the first sum is an average's; as much of it as possible is taken

    @property
    def tested(self) -> bool:
        return bool(self.tests) or self.kinds > 0

    def hold(self, offers: Iterable[Offer]) -> bool:
        """Whether a sharing-out of these offers passes every test."""
        claimed = list(offers)
        sums = [sum(column) for column in zip(*(offer.weights for offer in claimed), strict=True)]
        sums = sums or [0] * (1 + max((at for test in self.tests for at in _sums_of(test)), default=-1))
        kinds = len({offer.kind for offer in claimed} - {None})
        return kinds >= self.kinds and all(_passes(test, sums) for test in self.tests)


def _passes(test: Floor | Share, sums: Mapping[int, int] | Sequence[int]) -> bool:
    if isinstance(test, Floor):
        return sums[test.sum] >= test.least
    return test.holds(sums[test.part], sums[test.whole])


NO_TERMS = Terms()


@dataclass(frozen=True, slots=True)
class Contest:
    """Why a demand is short though it could be filled alone: these demands compete for these items.

    No one of them can be left out: the rest could all be filled then. `caps` are the limits that stand in the way; a
    demand may even be alone with one.
    """

    demands: tuple[int, ...]
    items: tuple[int, ...]
    caps: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Allocation:
    """`claims[d]` are the items of demand d in order of preference; `contests[d]` is there where d lost a contest."""

    claims: tuple[tuple[int, ...], ...]
    outcomes: tuple[Outcome, ...]
    contests: Mapping[int, Contest]
    proof: Proof = Proof.OPTIMAL


Thresholds = tuple[Outcome | None, ...]
"""For each demand the least level of the attempts that must fill it; None where it need not be filled."""

Claims = list[list[int]]


def allocate(demands: Sequence[Demand], routes: Sequence[Route], terms: Terms = NO_TERMS) -> Allocation:
    """Share the items out. Raises Undecided past the bound."""
    solver = _Solver(demands, terms)
    alone = tuple(_alone(demand) for demand in demands)
    wanted: Thresholds = tuple(level if level is not UNMET else None for level in alone)

    claims = None
    if not terms.tested or _all_count(wanted, routes):
        claims = solver.solve(wanted, balanced=terms.tested)  # everybody at their best at once: nothing can be better
    if claims is not None:
        thresholds, short = wanted, None in wanted
    else:
        reach = _reach(solver, alone, routes)
        short = not reach.complete
        thresholds = _raise_each(solver, alone, reach)
        claims = solver.solve(thresholds, balanced=reach.balanced)
        if claims is None:
            raise AssertionError("a sharing-out that was found cannot be found again")
    if short or not terms.tested:  # otherwise what is left over would be part of the tests
        claims = _progress(demands, terms, thresholds, claims)
    outcomes = tuple(level if level is not None else UNMET for level in thresholds)
    contests = {
        d: contest
        for d, level in enumerate(outcomes)
        if level < alone[d] and (contest := _contest(demands, terms, thresholds, alone, d))
    }
    return Allocation(tuple(tuple(sorted(items)) for items in claims), outcomes, contests, solver.proof)


def all_fit(demands: Sequence[Demand], terms: Terms = NO_TERMS) -> bool:
    """Whether every demand can be met at once. Raises Undecided past the bound."""
    return _Solver(demands, terms).solve((MET,) * len(demands), balanced=False) is not None


def _alone(demand: Demand) -> Outcome:
    """The outcome of a demand that could have every item."""
    for level in LEVELS:
        if sum(offer.size for offer in demand.offers.values() if offer.level >= level) >= demand.need:
            return level
    return UNMET


def _all_count(wanted: Thresholds, routes: Sequence[Route]) -> bool:
    """Whether every demand's claims bear on the program, so that a test over them is over what it needs."""
    every = frozenset(range(len(wanted)))
    return all(level is MET for level in wanted) or all(route.demands == every for route in routes)


@dataclass(frozen=True, slots=True)
class _Reach:
    """How far the program gets: at `level`, by any of `routes` (as thresholds), with its tests passed or not.

    `complete` where some route is, whatever the tests say.
    """

    level: Outcome
    routes: tuple[Thresholds, ...]
    balanced: bool
    complete: bool = True


def _reach(solver: _Solver, alone: Sequence[Outcome], routes: Sequence[Route]) -> _Reach:
    """The highest outcome that any route through the alternatives reaches, and the routes that reach it."""
    count = len(alone)
    tested = solver.terms.tested
    for balanced in (True, False) if tested else (False,):
        for level in (MET, AWAITING, PENDING, UNDETERMINED):
            needed = MET if level is AWAITING else level  # no attempt awaits a person's word
            ways = tuple(
                thresholds
                for route in routes
                if route.ceiling >= level and all(alone[d] >= needed for d in route.demands)
                for thresholds in [tuple(needed if d in route.demands else None for d in range(count))]
                if solver.solve(thresholds, balanced=balanced, spare=needed if balanced else None) is not None
            )
            if ways:
                return _Reach(needed if balanced == tested else UNMET, ways, balanced)
    return _Reach(UNMET, ((None,) * count,), balanced=False, complete=False)


def _raise_each(solver: _Solver, alone: Sequence[Outcome], reach: _Reach) -> Thresholds:
    """Each demand in turn as high as it goes without lowering one before it, or the program."""
    spare = reach.level if reach.balanced else None
    thresholds: list[Outcome | None] = [None] * len(alone)

    def fits() -> bool:
        ways = (_both(thresholds, way) for way in reach.routes)
        return any(solver.solve(way, balanced=reach.balanced, spare=spare) is not None for way in ways)

    if not reach.complete and solver.matches_only:
        return solver.one_by_one(alone)
    for d, best in enumerate(alone):
        for level in LEVELS:
            if level > best:
                continue
            if reach.balanced and level < reach.level and not solver.demands[d].beside:
                break  # what it claimed would be part of the tests, and make those less sure
            thresholds[d] = level
            if fits():
                break
            thresholds[d] = None
    return tuple(thresholds)


def _both(thresholds: Sequence[Outcome | None], way: Thresholds) -> Thresholds:
    return tuple(
        level if other is None else other if level is None else max(level, other)
        for level, other in zip(thresholds, way, strict=True)
    )


def _progress(demands: Sequence[Demand], terms: Terms, thresholds: Thresholds, claims: Claims) -> Claims:
    """Give what is left over to demands that stay short, so that their reasons show how far the learner has come."""
    taken = {item for items in claims for item in items}
    room = list(terms.caps)
    for d, items in enumerate(claims):
        for item in items:
            room = _less(room, demands[d].offers[item].loads)
    result = [list(items) for items in claims]
    for d, demand in enumerate(demands):
        if thresholds[d] is not None:
            continue
        size = 0
        for item in sorted(demand.offers, key=lambda item, offers=demand.offers: (-offers[item].level, item)):  # type: ignore[misc]
            offer = demand.offers[item]
            left = _less(room, offer.loads)
            if item not in taken and size < demand.need and min(left, default=0) >= 0:
                result[d].append(item)
                taken.add(item)
                size += offer.size
                room = left
    return result


def _less(room: Sequence[int], loads: Sequence[int]) -> list[int]:
    return [left - load for left, load in zip(room, loads, strict=True)] if loads else list(room)


def _contest(
    demands: Sequence[Demand], terms: Terms, thresholds: Thresholds, alone: Sequence[Outcome], short: int
) -> Contest | None:
    """What keeps `short` from what it could be alone: a smallest set of demands, and what they compete for."""
    solver = _Solver(demands, Terms(caps=terms.caps))
    wanted = [*thresholds]
    wanted[short] = alone[short]
    found = solver.short_of_one(tuple(wanted), short) if solver.matches_only else None
    if found is not None:
        return found
    if solver.solve(tuple(wanted), balanced=False) is not None:
        return None  # not for want of courses: a test stood in the way
    rivals = _smallest(solver, wanted, short)
    levels = tuple(level if d in rivals else None for d, level in enumerate(wanted))
    caps = _caps_in_the_way(demands, terms, levels)
    uses = [
        item
        for d in rivals
        for item, offer in demands[d].offers.items()
        if offer.level >= (wanted[d] or UNMET) and (len(rivals) > 1 or any(offer.loads[cap] for cap in caps))
    ]
    least = 1 if len(rivals) > 1 and not caps else 0
    return Contest(rivals, tuple(sorted({item for item in uses if uses.count(item) > least})), caps)


def _smallest(solver: _Solver, wanted: Sequence[Outcome | None], short: int) -> tuple[int, ...]:
    """A smallest set of demands, `short` among them, that cannot all be filled; irreducible in any case."""

    def fits(chosen: Iterable[int]) -> bool:
        some = set(chosen)
        return solver.solve(tuple(x if d in some else None for d, x in enumerate(wanted)), balanced=False) is not None

    others = [d for d, level in enumerate(wanted) if level is not None and d != short]
    if solver.matches_only and (few := _too_few_courses(solver.demands, wanted, short, others)):
        return few
    needed = list(others)
    for d in reversed(others):
        rest = [other for other in needed if other != d]
        if not fits([short, *rest]):
            needed = rest
    if solver.matches_only:
        return tuple(sorted([short, *needed]))
    smaller = (few for size in range(len(needed)) for few in itertools.combinations(others, size))
    for few in itertools.islice(smaller, SMALLER_CONTESTS):
        if not fits([short, *few]):
            return tuple(sorted([short, *few]))
    return tuple(sorted([short, *needed]))


def _too_few_courses(
    demands: Sequence[Demand], wanted: Sequence[Outcome | None], short: int, others: Sequence[int]
) -> tuple[int, ...]:
    """The smallest set of demands that together need more courses than there are for them; () past the bound.

    Hall's theorem: where courses are only counted, no other kind of set is in contest.
    """
    useful = [
        sum(1 << item for item, offer in demand.offers.items() if level is not None and offer.level >= level)
        for demand, level in zip(demands, wanted, strict=True)
    ]
    sets = (few for size in range(len(others) + 1) for few in itertools.combinations(others, size))
    for few in itertools.islice(sets, SETS_COUNTED):
        need, courses = demands[short].need, useful[short]
        for d in few:
            need, courses = need + demands[d].need, courses | useful[d]
        if need > courses.bit_count():
            return tuple(sorted([short, *few]))
    return ()


def _caps_in_the_way(demands: Sequence[Demand], terms: Terms, levels: Thresholds) -> tuple[int, ...]:
    """Limits without which these demands could be filled, as an irreducible set; none where courses are too few."""
    caps = list(range(len(terms.caps)))
    if not caps or not _fits_under(demands, terms, levels, []):
        return ()
    for cap in reversed(list(caps)):
        rest = [other for other in caps if other != cap]
        if not _fits_under(demands, terms, levels, rest):
            caps = rest
    return tuple(caps)


def _fits_under(demands: Sequence[Demand], terms: Terms, levels: Thresholds, caps: Sequence[int]) -> bool:
    solver = _Solver(
        [
            Demand(
                demand.need,
                {
                    item: Offer(offer.level, offer.size, loads=tuple(offer.loads[cap] for cap in caps))
                    for item, offer in demand.offers.items()
                },
                demand.counts,
            )
            for demand in demands
        ],
        Terms(caps=tuple(terms.caps[cap] for cap in caps)),
    )
    return solver.solve(levels, balanced=False) is not None


def _same_offers(demand: Demand) -> dict[Outcome, Outcome]:
    """For each level the greatest at which the same items are offered: asking for either is the same question."""
    offered = {offer.level for offer in demand.offers.values()}
    return {level: min((one for one in offered if one >= level), default=MET) for level in LEVELS}


class _Matching:
    """A matching that grows demand by demand, by augmenting paths; what it has filled stays filled."""

    def __init__(self, demands: Sequence[Demand]) -> None:
        self.demands = demands
        self.levels: list[Outcome | None] = [None] * len(demands)
        self.edges: list[list[int]] = [[] for _ in demands]  # the items that may serve a demand at its level
        self.holder: dict[int, int] = {}

    def fill(self, d: int, level: Outcome, *, one_less: bool = False) -> bool:
        """Fill a demand at a level, or leave everything as it was. With `one_less` it must come to lack just one."""
        before = dict(self.holder)
        self.levels[d] = level
        self.edges[d] = [item for item, offer in self.demands[d].offers.items() if offer.level >= level]
        need = self.demands[d].need - one_less
        need -= self._take_free(d, need)
        if all(self._augment(d) for _ in range(need)) and not (one_less and self._augment(d)):
            return True
        self.levels[d], self.holder = None, before
        return False

    def _take_free(self, d: int, most: int) -> int:
        """So many items that nobody holds, in their order: the shortest paths, which are found first anyway."""
        free = list(itertools.islice((item for item in self.edges[d] if item not in self.holder), max(most, 0)))
        self.holder.update(dict.fromkeys(free, d))
        return len(free)

    def _augment(self, start: int) -> bool:
        """One more item for a demand; each demand on the way gives one up and takes another."""
        came_by: dict[int, tuple[int, int]] = {}  # a demand, by the item that it would give up and to whom
        waiting = [start]
        seen = {start}
        for d in waiting:
            for item in self.edges[d]:
                holder = self.holder.get(item)
                if holder is None:
                    while True:
                        self.holder[item] = d
                        if d == start:
                            return True
                        item, d = came_by[d]  # noqa: PLW2901  back along the path
                if holder not in seen:
                    seen.add(holder)
                    came_by[holder] = (item, d)
                    waiting.append(holder)
        return False

    def reached_from(self, start: int) -> list[int]:
        """The demands that hold, one behind the other, what a demand could use."""
        waiting = [start]
        for d in waiting:
            for item in self.edges[d]:
                holder = self.holder.get(item)
                if holder is not None and holder not in waiting:
                    waiting.append(holder)
        return sorted(waiting)


class _Solver:
    """Answers one question: can these demands all be filled at these levels, and by which items?"""

    def __init__(self, demands: Sequence[Demand], terms: Terms) -> None:
        self.demands = demands
        self.terms = terms
        self.proof = Proof.OPTIMAL
        self._same = [_same_offers(demand) for demand in demands]
        self._answers: dict[tuple[object, ...], Claims | None] = {}

    @property
    def matches_only(self) -> bool:
        """Whether only courses are counted, and nothing else is asked: then everything is a matching."""
        return not self.terms.caps and not self.terms.tested and all(demand.counts for demand in self.demands)

    def solve(self, thresholds: Thresholds, *, balanced: bool, spare: Outcome | None = None) -> Claims | None:
        """As `_solve`; a question that was asked before, or that comes to the same, has its answer already."""
        same = tuple(self._same[d][level] if level is not None else None for d, level in enumerate(thresholds))
        key = (same, balanced, spare)
        if key not in self._answers:
            self._answers[key] = self._solve(same, balanced=balanced, spare=spare)
        found = self._answers[key]
        return None if found is None else [list(items) for items in found]

    def one_by_one(self, alone: Sequence[Outcome]) -> Thresholds:
        """Each demand in turn as high as it goes beside those before it: what is matched stays matched."""
        matching = _Matching(self.demands)
        for d, best in enumerate(alone):
            next((level for level in LEVELS if level <= best and matching.fill(d, level)), None)
        return tuple(matching.levels)

    def short_of_one(self, wanted: Thresholds, short: int) -> Contest | None:
        """The contest of a demand that lacks one course; None where it lacks more, or none.

        What alternating paths reach from it is the one smallest set: the items of any such set are all matched within
        it, so that it holds whatever is reached.
        """
        matching = _Matching(self.demands)
        if not all(matching.fill(d, level) for d, level in enumerate(wanted) if level is not None and d != short):
            return None
        level = wanted[short]
        if level is None or matching.fill(short, level, one_less=True) is False:
            return None
        rivals = matching.reached_from(short)
        uses = Counter(item for d in rivals for item in matching.edges[d])
        return Contest(tuple(rivals), tuple(sorted(item for item, times in uses.items() if times > 1)))

    def _solve(self, thresholds: Thresholds, *, balanced: bool, spare: Outcome | None) -> Claims | None:
        """Claims by demand, or None. With `balanced` they must pass the tests.

        Demands that need not be filled claim nothing; with `spare` they may be filled at that level, which can help
        with the tests.
        """
        levels = [spare if level is None else level for level in thresholds]
        optional = frozenset(d for d, level in enumerate(thresholds) if level is None and self._could(d, spare))
        active = [d for d, level in enumerate(thresholds) if level is not None or d in optional]
        edges: dict[int, list[int]] = {}
        for d in active:
            level = levels[d]
            for item, offer in self.demands[d].offers.items():
                if offer.level >= level:  # type: ignore[operator]  # active means that it has a level
                    edges.setdefault(item, []).append(d)
        if not optional and self._is_matching(active, edges, balanced):
            claims = self._match(active, edges)
            if claims is None or not balanced:
                return claims
            return claims if self.terms.hold(offers_of(self.demands, claims)) else None
        return self._exactly(Question(self.demands, self.terms, tuple(active), edges, balanced, optional))

    def _could(self, d: int, spare: Outcome | None) -> bool:
        return spare is not None and _alone(self.demands[d]) >= spare

    def _is_matching(self, active: Sequence[int], edges: Mapping[int, Sequence[int]], balanced: bool) -> bool:
        terms = self.terms
        if terms.caps or not all(self.demands[d].counts for d in active):
            return False
        if balanced and terms.tested and not (terms.averaged and len(terms.tests) == 1 and not terms.kinds):
            return False
        return not terms.averaged or all(
            len({self.demands[d].offers[item].weights[0] for d in ds}) == 1 for item, ds in edges.items()
        )

    def _order(self, edges: Mapping[int, Sequence[int]]) -> list[int]:
        """Items, best first: taking them in this order makes a matching's total weight the greatest."""
        demands = self.demands
        if self.terms.averaged:
            return sorted(edges, key=lambda item: (-max(demands[d].offers[item].weights[0] for d in edges[item]), item))
        return sorted(edges, key=lambda item: (-max(demands[d].offers[item].level for d in edges[item]), item))

    def _match(self, active: Sequence[int], edges: Mapping[int, Sequence[int]]) -> Claims | None:
        """A matching that fills every active demand, by augmenting paths, item by item in order of preference.

        The items that can be placed together form a matroid, so this greedy order finds the best set of items.
        """
        claims: Claims = [[] for _ in self.demands]
        missing = sum(self.demands[d].need for d in active)
        if missing > len(edges):
            return None

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

    def _exactly(self, question: Question) -> Claims | None:
        try:
            return Search(question).claims()
        except Undecided:
            from credrules.exact_solver import solve  # noqa: PLC0415  a heavy library that few learners need

            claims, proof = solve(question)
            if proof is not Proof.OPTIMAL:
                self.proof = proof
            return claims


def offers_of(demands: Sequence[Demand], claims: Sequence[Sequence[int]]) -> list[Offer]:
    """The offers that a sharing-out takes up."""
    return [demands[d].offers[item] for d, items in enumerate(claims) for item in items]


@dataclass(frozen=True, slots=True)
class Question:
    """Which items fill these demands? `edges` are the demands that each item may serve, the first preferred.

    The answer is the one whose average is best, where there is one; of those, the first in the order of items, in which
    a demand that comes earlier is better than a later one, and being claimed better than not.
    """

    demands: Sequence[Demand]
    terms: Terms
    active: tuple[int, ...]
    edges: Mapping[int, Sequence[int]]
    balanced: bool  # the tests must be passed
    optional: frozenset[int] = frozenset()  # demands that are filled or claim nothing

    @property
    def order(self) -> list[int]:
        return sorted(self.edges)


class _Position(NamedTuple):
    """Where the search stands: what is still needed and left, and what has been added up."""

    needs: tuple[int, ...]
    room: tuple[int, ...]
    sums: tuple[int, ...]
    kinds: frozenset[int | None]


class _Step(NamedTuple):
    weight: int  # the greatest that the average's sum can still gain
    demand: int  # that takes the item here; -1: none


class Search:
    """An exact search, item by item, with a memory of positions. Raises Undecided past STATES of them."""

    def __init__(self, question: Question) -> None:
        self.question = question
        self.order = question.order
        self.slots = {d: slot for slot, d in enumerate(question.active)}
        terms = question.terms
        self.tests = [
            test for test in (terms.tests if question.balanced else ()) if not (terms.averaged and _is_first(test))
        ]
        self.summed = sorted({at for test in self.tests for at in _sums_of(test)})
        self.kinds = terms.kinds if question.balanced else 0
        self.whole = tuple(question.demands[d].need for d in question.active)
        self.optional = tuple(d in question.optional for d in question.active)
        self.rest = self._what_is_left()
        self.gains = self._what_sums_can_gain()
        self.memory: dict[tuple[int, _Position], _Step | None] = {}

    def claims(self) -> Claims | None:
        """What answers the question; None where nothing does."""
        demands, terms = self.question.demands, self.question.terms
        position = _Position(self.whole, terms.caps, (0,) * len(self.summed), frozenset())
        first = self._best(0, position)
        if first is None or (
            self.question.balanced
            and terms.averaged
            and any(_is_first(test) and first.weight < test.least for test in terms.tests if isinstance(test, Floor))
        ):
            return None
        claims: Claims = [[] for _ in demands]
        for at, item in enumerate(self.order):
            if self._is_over(at, position):
                break
            step = self._best(at, position)
            if step is None:
                raise AssertionError("a path that was found cannot be followed")
            if step.demand >= 0:
                claims[step.demand].append(item)
                position = self._after(position, step.demand, demands[step.demand].offers[item])
        return claims

    def _is_over(self, at: int, position: _Position) -> bool:
        return at == len(self.order) or not any(position.needs)

    def _what_is_left(self) -> list[tuple[int, ...]]:
        """By position, what the items from there on could give each demand."""
        row = [0] * len(self.slots)
        rows = [tuple(row)]
        for item in reversed(self.order):
            for d in self.question.edges[item]:
                row[self.slots[d]] += self.question.demands[d].offers[item].size
            rows.append(tuple(row))
        return rows[::-1]

    def _what_sums_can_gain(self) -> list[tuple[int, ...]]:
        """By position, the most that the items from there on could add to each sum."""
        row = [0] * len(self.summed)
        rows = [tuple(row)]
        for item in reversed(self.order):
            offers = [self.question.demands[d].offers[item] for d in self.question.edges[item]]
            for slot, at in enumerate(self.summed):
                row[slot] += max(0, *(offer.weights[at] for offer in offers))
            rows.append(tuple(row))
        return rows[::-1]

    def _best(self, at: int, position: _Position) -> _Step | None:
        """The greatest gain from here on, and the demand that takes the item here; None where nothing fits."""
        if self._is_short(at, position) or self._is_hopeless(at, position):
            return None
        if self._is_over(at, position):
            return _Step(0, -1) if self._passes(position) else None
        key = (at, position)
        if key in self.memory:
            return self.memory[key]
        if len(self.memory) >= STATES:
            raise Undecided(f"Sharing out {len(self.order)} courses took more than {STATES} steps.")
        self.memory[key] = found = self._look(at, position)
        return found

    def _look(self, at: int, position: _Position) -> _Step | None:
        averaged, item = self.question.terms.averaged, self.order[at]
        found: _Step | None = None
        for d in (*self.question.edges[item], -1):
            weight, further = 0, position
            if d >= 0:
                offer = self.question.demands[d].offers[item]
                if position.needs[self.slots[d]] == 0 or min(_less(position.room, offer.loads), default=0) < 0:
                    continue
                weight = offer.weights[0] if averaged else 0
                further = self._after(position, d, offer)
            rest = self._best(at + 1, further)
            if rest is not None and (found is None or weight + rest.weight > found.weight):
                found = _Step(weight + rest.weight, d)
                if not averaged:
                    break
        return found

    def _after(self, position: _Position, d: int, offer: Offer) -> _Position:
        slot = self.slots[d]
        needs = position.needs
        return _Position(
            (*needs[:slot], max(0, needs[slot] - offer.size), *needs[slot + 1 :]),
            tuple(_less(position.room, offer.loads)),
            tuple(total + offer.weights[at] for total, at in zip(position.sums, self.summed, strict=True)),
            position.kinds | {offer.kind} if self.kinds and offer.kind is not None else position.kinds,
        )

    def _is_short(self, at: int, position: _Position) -> bool:
        """Whether what is left cannot fill a demand any more that has to be filled, or that was begun."""
        return any(
            need > left and not (may and need == whole)
            for need, left, may, whole in zip(position.needs, self.rest[at], self.optional, self.whole, strict=True)
        )

    def _is_hopeless(self, at: int, position: _Position) -> bool:
        if not self.tests:
            return False
        most = dict(zip(self.summed, map(sum, zip(position.sums, self.gains[at], strict=True)), strict=True))
        return any(isinstance(test, Floor) and most[test.sum] < test.least for test in self.tests)

    def _passes(self, position: _Position) -> bool:
        """Whether the tests are passed; the average's own is looked at once its sum is as great as it can be."""
        sums = dict(zip(self.summed, position.sums, strict=True))
        return len(position.kinds) >= self.kinds and all(_passes(test, sums) for test in self.tests)


def _is_first(test: Floor | Share) -> bool:
    return isinstance(test, Floor) and test.sum == 0


def _sums_of(test: Floor | Share) -> tuple[int, ...]:
    return (test.sum,) if isinstance(test, Floor) else (test.part, test.whole)
