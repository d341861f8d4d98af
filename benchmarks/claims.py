"""Claims: requirements of several courses each over the same eligible courses, answered with the proof when short.

Figures: worst_ms (the slowest of all ladder answers, median of its repeats), wrong (of `cases` random contests of up
to 8 courses and 5 requirements, and of the ladder, against trying everything), cases, ladder.
"""

from __future__ import annotations

import statistics
import time
from random import Random
from typing import TYPE_CHECKING

from benchmarks.brute_force import LEVELS, all_fit, alone, brute_force
from credrules.claims import MET, UNMET, Demand, Offer, Route, allocate

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from credrules.claims import Allocation

LADDER = ((3, 3, 8), (3, 3, 9), (3, 3, 10), (3, 3, 12))


def options(parser: ArgumentParser) -> None:
    parser.add_argument("--cases", type=int, default=3_000)
    parser.add_argument("--repeats", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)


def measure(asked: Namespace) -> dict[str, object]:
    worst, wrong, ladder = 0.0, 0, []
    for requirements, courses, eligible in LADDER:
        demands = [Demand(courses, {i: Offer(MET) for i in range(eligible)}) for _ in range(requirements)]
        routes = [Route(frozenset(range(requirements)))]
        times = []
        for _ in range(asked.repeats):
            started = time.perf_counter()
            allocation = allocate(demands, routes)
            times.append((time.perf_counter() - started) * 1000)
        median = statistics.median(times)
        worst = max(worst, median)
        short = requirements * courses > eligible
        wrong += (UNMET in allocation.outcomes) != short or bool(allocation.contests) != short
        ladder.append({"requirements": requirements, "courses": courses, "eligible": eligible, "ms": round(median, 4)})
        answer = "short, with the proof" if short else "met"
        print(f"{requirements} x {courses} over {eligible}: {median:.3f} ms, {answer}")
    random = Random(asked.seed)
    for _ in range(asked.cases):
        demands, routes = contest(random)
        allocation = allocate(demands, routes)
        wrong += list(allocation.outcomes) != brute_force(demands, routes)[2]
        wrong += not proved(demands, allocation)
    return {"wrong": wrong, "worst_ms": round(worst, 4), "cases": asked.cases, "ladder": ladder}


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
