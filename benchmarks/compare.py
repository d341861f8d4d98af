"""A changed minimum grade as a list of people: two rule sets on the same columns, against everybody decided twice.

The institution's minimum grade goes from B to B-, which every program feels. `seconds` is from encoded columns to the
list of people, `seconds_from_tables` with encoding. The brute force is the plain engine on all learners of the first
--brute of them under both rule sets, program by program and node by node, in --threads processes.

Figures: learners, programs, changes, people, seconds, seconds_from_tables, compared (learners of the brute force),
equal (the same learners, programs, outcomes and requirements).
"""

from __future__ import annotations

import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from credrules.engines.columnar import Changed


def options(parser: ArgumentParser) -> None:
    parser.add_argument("--learners", type=int, default=100_000)
    parser.add_argument("--programs", type=int, default=20)
    parser.add_argument("--brute", type=int, default=10_000, help="learners whom the brute force decides as well")
    parser.add_argument("--threads", type=int, default=2)


def measure(asked: Namespace) -> dict[str, object]:
    from benchmarks.made_up import AS_OF, INSTITUTION, made_tables, plan_of, write_rules  # noqa: PLC0415
    from credrules.engines.columnar import Encoder, changed, nested  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        rules = write_rules(Path(folder), asked.programs)
        old = plan_of(rules)
        lower = INSTITUTION.replace("minimum-grade: B ", "minimum-grade: B- ")
        (rules / "institution.yaml").write_text(lower, encoding="utf-8")
        new = plan_of(rules)
    tables = made_tables(asked.learners).tables
    batches = list(nested({name: table.to_batches() for name, table in tables.items()}))
    started = time.perf_counter()
    encoder = Encoder()
    blocks = [encoder.block(batch) for batch in batches]
    encoded = time.perf_counter() - started
    started = time.perf_counter()
    found = list(changed(old, new, blocks, AS_OF, encoder=encoder, threads=asked.threads))
    seconds = time.perf_counter() - started
    print(f"{len(found)} changes in {seconds:.2f} s")
    some = min(asked.brute, asked.learners)
    expected = _brute_force(old, new, batches, some, asked.threads)
    names = set(tables["learners"].column("learner_id").slice(0, some).to_pylist())
    ours = {one for one in found if one.learner_id in names}
    print(f"brute force: {len(expected)} changes of {some} learners, {len(ours)} here")
    return {
        "learners": asked.learners,
        "programs": asked.programs,
        "changes": len(found),
        "people": len({one.learner_id for one in found}),
        "seconds": round(seconds, 3),
        "seconds_from_tables": round(seconds + encoded, 3),
        "compared": some,
        "equal": ours == expected and len(found) == len(set(found)),
    }


def _brute_force(old: Any, new: Any, batches: list[Any], count: int, processes: int) -> set[Changed]:
    parts = []
    for batch in batches:
        for first in range(0, min(count, batch.num_rows), 1_000):
            parts.append((old, new, batch.slice(first, min(1_000, count - first))))
        count -= min(count, batch.num_rows)
    with ProcessPoolExecutor(processes) as pool:
        return {one for found in pool.map(_differences, parts) for one in found}


def _differences(part: tuple[Any, Any, Any]) -> list[Changed]:
    from benchmarks.made_up import AS_OF  # noqa: PLC0415
    from credrules.engines.columnar import Changed, arrow_to_records  # noqa: PLC0415
    from credrules.engines.plain import PlainEngine  # noqa: PLC0415

    old, new, batch = part
    engines = PlainEngine(old), PlainEngine(new)
    found = []
    for record, word in arrow_to_records(batch):
        before, after = (engine.outcomes(record, word, AS_OF) for engine in engines)
        for plan, was, now in zip(old.programs, before, after, strict=True):
            if was[plan.root] is not now[plan.root]:
                nodes = [node.id for node in plan.nodes if not node.parts and was[node.index] is not now[node.index]]
                learner = record.learner.learner_id
                found.append(Changed(learner, plan.program.id, was[plan.root], now[plan.root], tuple(nodes)))
    return found
