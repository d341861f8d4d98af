"""Claims: requirements of several courses each over the same eligible courses, answered with the proof when short.

Figures: worst_ms (the slowest of all ladder answers, median of its repeats), worst_small_ms (the slowest of those of
3 requirements with 3 courses each), wrong (of `cases` random contests of up to 8 courses and 5 requirements against
trying everything, of as many with limits and tests of up to 20 courses against maximum flows and a constraint solver of
OR-Tools, and of the ladder), cases, against_solver, ladder (with one maximum flow of OR-Tools in the same run).
"""

from __future__ import annotations

import statistics
import time
from random import Random
from typing import TYPE_CHECKING, TypeVar

from ortools.graph.python import max_flow

from benchmarks.brute_force import LEVELS, all_fit, alone, brute_force
from credrules import exact_solver
from credrules.claims import (
    MET,
    UNMET,
    Demand,
    Floor,
    Offer,
    Question,
    Rounding,
    Route,
    Search,
    Share,
    Terms,
    allocate,
)

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable, Iterable, Sequence

    from credrules.claims import Allocation

T = TypeVar("T")

LADDER = (
    (3, 2, 6), (3, 2, 5), (3, 3, 10), (3, 3, 12), (3, 3, 8), (4, 3, 12), (4, 3, 11),
    (10, 5, 50), (10, 5, 49), (20, 5, 100), (20, 5, 99),
)  # fmt: skip

SMALL = (3, 3)


def options(parser: ArgumentParser) -> None:
    parser.add_argument("--cases", type=int, default=2_000)
    parser.add_argument("--against-solver", type=int, default=400)
    parser.add_argument("--repeats", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)


def measure(asked: Namespace) -> dict[str, object]:
    wrong, ladder = 0, []
    for requirements, courses, eligible in LADDER:
        demands = [Demand(courses, {i: Offer(MET) for i in range(eligible)}) for _ in range(requirements)]
        allocation, ms = timed(lambda demands=demands: allocate(demands, every_one(demands)), asked.repeats)
        flow, flow_ms = timed(lambda demands=demands: by_flow(demands, range(len(demands))), asked.repeats)
        wrong += flow != (UNMET not in allocation.outcomes) or bool(allocation.contests) == flow
        ladder.append(
            {"requirements": requirements, "courses": courses, "eligible": eligible, "ms": ms, "flow": flow_ms}
        )
        answer = "met" if flow else "short, with the proof"
        print(
            f"{requirements} x {courses} over {eligible}: {ms:.3f} ms, {answer}; a maximum flow alone {flow_ms:.3f} ms"
        )
    random = Random(asked.seed)
    for _ in range(asked.cases):
        demands, routes = contest(random)
        allocation = allocate(demands, routes)
        wrong += list(allocation.outcomes) != brute_force(demands, routes)[2]
        wrong += not proved(demands, allocation)
    for _ in range(asked.against_solver):
        wrong += not flows_agree(random)
        wrong += not solvers_agree(random)
    return {
        "wrong": wrong,
        "worst_ms": max(rung["ms"] for rung in ladder),
        "worst_small_ms": max(rung["ms"] for rung in ladder if (rung["requirements"], rung["courses"]) == SMALL),
        "cases": asked.cases,
        "against_solver": 2 * asked.against_solver,
        "ladder": ladder,
    }


def timed(call: Callable[[], T], repeats: int) -> tuple[T, float]:
    """What a call gives, and the median of its milliseconds."""
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        given = call()
        times.append((time.perf_counter() - started) * 1000)
    return given, round(statistics.median(times), 4)


def every_one(demands: Sequence[Demand]) -> list[Route]:
    return [Route(frozenset(range(len(demands))))]


def by_flow(demands: Sequence[Demand], chosen: Iterable[int]) -> bool:
    """Whether these demands can all be filled, by a maximum flow that is not ours (OR-Tools)."""
    flow = max_flow.SimpleMaxFlow()
    items = sorted({item for demand in demands for item in demand.offers})
    first, source, sink = len(demands), len(demands) + len(items), len(demands) + len(items) + 1
    asked = 0
    for d in chosen:
        asked += demands[d].need
        flow.add_arc_with_capacity(source, d, demands[d].need)
        for item in demands[d].offers:
            flow.add_arc_with_capacity(d, first + items.index(item), 1)
    for at in range(len(items)):
        flow.add_arc_with_capacity(first + at, sink, 1)
    return flow.solve(source, sink) == flow.OPTIMAL and flow.optimal_flow() == asked


def flows_agree(random: Random) -> bool:
    """Up to 12 requirements over up to 30 courses: who is filled, in the order of the file, by maximum flows."""
    items = random.randint(5, 30)
    demands = [
        Demand(random.randint(1, 5), {i: Offer(MET) for i in random.sample(range(items), random.randint(1, items))})
        for _ in range(random.randint(2, 12))
    ]
    filled: list[int] = []
    for d in range(len(demands)):
        if by_flow(demands, [*filled, d]):
            filled.append(d)
    outcomes = allocate(demands, every_one(demands)).outcomes
    return [d for d, outcome in enumerate(outcomes) if outcome is MET] == filled


def solvers_agree(random: Random) -> bool:
    """Credits, limits and tests over up to 14 courses: the search's very claims, by CP-SAT."""
    sizes = [random.choice([1000, 3000, 3000, 4000, 4500]) for _ in range(random.randint(4, 14))]
    inside = [[random.random() < 0.4 for _ in sizes] for _ in range(2)]
    demands = []
    for _ in range(random.randint(1, 4)):
        counts = random.random() < 0.5
        offers = {
            i: Offer(MET, 1 if counts else size, (size * inside[0][i], size), (size * inside[1][i],), i % 4)
            for i, size in enumerate(sizes)
            if random.random() < 0.6
        }
        demands.append(Demand(random.randint(1, 3) if counts else random.choice([3000, 6000, 7500]), offers, counts))
    share = Share(0, 1, random.randint(10, 90), 1000, random.choice(list(Rounding)))
    terms = Terms(
        (random.choice([3000, 6000, 9000]),), (Floor(0, random.choice([0, 3000])), share), random.randint(0, 3)
    )
    edges: dict[int, list[int]] = {}
    for d, demand in enumerate(demands):
        for item in demand.offers:
            edges.setdefault(item, []).append(d)
    question = Question(demands, terms, tuple(range(len(demands))), edges, balanced=True)
    return Search(question).claims() == exact_solver.solve(question)[0]


def contest(random: Random) -> tuple[list[Demand], list[Route]]:
    """Up to 5 requirements over up to 8 courses, few enough in all for trying everything."""
    demands = []
    items = random.randint(1, 8)
    for _ in range(random.randint(1, 5)):
        counts = random.random() < 0.7
        chosen = random.sample(range(items), min(items, random.randint(1, 4)))
        offers = {
            item: Offer(random.choice([MET, *LEVELS]), 1 if counts else random.choice([1, 2, 3, 4])) for item in chosen
        }
        demands.append(Demand(random.randint(1, 3 if counts else 8), offers, counts))
    every = range(len(demands))
    if random.random() < 0.6:
        return demands, [Route(frozenset(every))]
    chosen_sets = [frozenset(random.sample(every, random.randint(1, len(demands)))) for _ in range(2)]
    return demands, [Route(chosen) for chosen in chosen_sets]


def proved(demands: list[Demand], allocation: Allocation) -> bool:
    """Whether each named contest cannot be resolved, and could without any one of its requirements."""
    for short, found in allocation.contests.items():
        levels = {d: allocation.outcomes[d] for d in found.demands}
        levels[short] = alone(demands[short])
        if all_fit(demands, levels):
            return False
        if any(not all_fit(demands, {d: level for d, level in levels.items() if d != out}) for out in found.demands):
            return False
    return True
