"""The engines against plain on random plans and records, at every node; and broken batches, noticed or not.

Figures: cases, differences, nodes, met (programs that came out met), least_hit (how many cases used the construct that
was used least) and which that was, constructs, broken, detected, seconds; with `--engines columnar`, left_to_plain: the
share of learners and programs of which no column can say anything, so that the columnar engine asks the plain one.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from multiprocessing import get_context
from random import Random
from typing import TYPE_CHECKING

from credrules.decisions import Outcome
from credrules.engines.durable import DurableEngine
from credrules.engines.durable_driver import Driver, Production, Test
from credrules.engines.plain import PlainEngine
from credrules.errors import EngineError
from credrules.testing.constructs import constructs
from credrules.testing.random_cases import random_case

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from credrules.engines import Outcomes
    from credrules.testing.random_cases import Case

BROKEN = [
    '"n": 1e-05',
    '"n": 5e-324',
    '"n": 1e+16',
    '"n": Infinity',
    '"n": -Infinity',
    '"n": nonsense',
    ", ".join(f'"p{number}": 1' for number in range(253)),
]


def options(parser: ArgumentParser) -> None:
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--broken", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=0, help="the first seed; each case has its own")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--engines", nargs="+", choices=("durable", "columnar"), default=["durable", "columnar"])


def measure(asked: Namespace) -> dict[str, object]:
    started = time.perf_counter()
    share = 500
    starts = range(asked.seed, asked.seed + asked.cases, share)
    engines = tuple(asked.engines)
    blocks = [(start, min(share, asked.seed + asked.cases - start), engines) for start in starts]
    total: Counter[str] = Counter()
    used: Counter[str] = Counter()
    with get_context("spawn").Pool(asked.processes) as pool:
        for found, seeds, used_here in pool.imap_unordered(compare, blocks):
            total += found
            used += used_here
            for seed in seeds:
                print(f"they differ for seed {seed}")
    detected = sum(notices_broken_batch(Random(number)) for number in range(asked.broken))
    return {
        "cases": total["cases"],
        "differences": total["differences"],
        "nodes": total["nodes"],
        **{str(outcome): total[str(outcome)] for outcome in Outcome},
        "least_hit": min(used.values()),
        "least_hit_is": min(used, key=lambda name: (used[name], name)),
        "constructs": len(used),
        "broken": asked.broken,
        "detected": detected,
        "engines": ["plain", *engines],
        **({"left_to_plain": round(total["left"] / total["pairs"], 4)} if "columnar" in engines else {}),
        "seconds": round(time.perf_counter() - started, 1),
    }


def compare(block: tuple[int, int, tuple[str, ...]]) -> tuple[Counter[str], list[int], Counter[str]]:
    found: Counter[str] = Counter()
    used: Counter[str] = Counter()
    seeds = []
    for seed in range(block[0], block[0] + block[1]):
        case = random_case(Random(seed))
        plain = PlainEngine(case.plan).outcomes(case.record, case.word, case.as_of)
        found["cases"] += 1
        used.update(constructs(case))
        found["nodes"] += sum(map(len, plain))
        found.update(str(outcomes[plan.root]) for plan, outcomes in zip(case.plan.programs, plain, strict=True))
        others = []
        if "durable" in block[2]:
            others.append(DurableEngine(case.plan).outcomes(case.record, case.word, case.as_of))
        if "columnar" in block[2]:
            columns, left = in_columns(case)
            others.append(columns)
            found["pairs"] += len(case.plan.programs)
            found["left"] += left
        if any(other != plain for other in others):
            found["differences"] += 1
            seeds.append(seed)
    return found, seeds, used


def in_columns(case: Case) -> tuple[Outcomes, int]:
    """What the columnar engine says, and in how many programs it asked the plain one."""
    from credrules.engines.columnar import ColumnarEngine, records_to_arrow  # noqa: PLC0415  an extra

    decided = ColumnarEngine(case.plan).decide(records_to_arrow([case.record], [case.word]), case.as_of)
    return tuple(tuple(map(Outcome, outcomes)) for outcomes in decided.of(0)), decided.by_plain


def notices_broken_batch(random: Random) -> bool:
    """Send a batch past the checks that would have refused it, with one fact that the engine cannot parse in it."""
    driver = Driver([Production((Test("k", "==", "x"),))])
    facts = [{"k": random.choice("xy"), "id": str(number + 1), "sid": "s"} for number in range(random.randint(1, 30))]
    texts = [json.dumps(fact) for fact in facts]
    texts.insert(random.randint(0, len(texts)), f'{{"k": "x", {random.choice(BROKEN)}, "id": "500", "sid": "s"}}')
    texts.insert(0, json.dumps({"opening": 1, "id": "0", "sid": "s"}))
    texts.append(json.dumps({"sentinel": 1, "id": "999", "sid": "s"}))
    with driver.session() as session:
        try:
            session._fire(f"[{','.join(texts)}]", 1)
        except EngineError:
            return True
    return False
