"""A whole run in a process of its own: Parquet ordered by learner to Parquet of outcomes at every node.

Figures: learners, programs, seconds (of the process, Python's start included), peak_mb, peak_mb_at_twice (with twice
the learners: memory is that of a batch), decisions_per_second, left_to_plain, output_mb. The default is 200,000
learners; the target is for 1,000,000.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

WORKER = """
import json, resource, sys
from datetime import date
from pathlib import Path
from credrules.engines.columnar import Partition, nested, parquet_tables
from credrules.plan import make_plan
from credrules.rule_files import load
import pyarrow.parquet as pq
rules, source, target = map(Path, sys.argv[1:4])
partition = Partition(make_plan(load(rules)), date.fromisoformat(sys.argv[4]), threads=int(sys.argv[5]))
learners = left = 0
with pq.ParquetWriter(target, partition.layout().schema(), compression="zstd", use_dictionary=False) as writer:
    for batch in partition(nested(parquet_tables(source))):
        writer.write_batch(batch)
        learners += batch.num_rows
        left += sum(batch.column("by_plain").to_pylist())
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"learners": learners, "left": left, "peak_mb": peak}))
"""


def options(parser: ArgumentParser) -> None:
    parser.add_argument("--learners", type=int, default=200_000)
    parser.add_argument("--programs", type=int, default=20)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=3)


def measure(asked: Namespace) -> dict[str, object]:
    from benchmarks.made_up import write_parquet, write_rules  # noqa: PLC0415

    folder = Path(tempfile.mkdtemp(prefix="credrules-population-"))
    try:
        rules = write_rules(folder / "rules", asked.programs)
        source = write_parquet(folder / "once", asked.learners)
        best = min((run(rules, source, asked) for _ in range(asked.repeat)), key=lambda one: one["seconds"])
        print(f"{asked.learners} learners: {best}")
        shutil.rmtree(source)
        twice = run(rules, write_parquet(folder / "twice", 2 * asked.learners), asked)
        print(f"{2 * asked.learners} learners: {twice}")
    finally:
        shutil.rmtree(folder)
    pairs = asked.learners * asked.programs
    return {
        "learners": best["learners"],
        "programs": asked.programs,
        "seconds": round(best["seconds"], 2),
        "peak_mb": round(best["peak_mb"]),
        "peak_mb_at_twice": round(twice["peak_mb"]),
        "decisions_per_second": round(pairs / best["seconds"]),
        "left_to_plain": best["left"] / pairs,
        "output_mb": round(best["output_mb"], 1),
    }


def run(rules: Path, source: Path, asked: Namespace) -> dict[str, Any]:
    from benchmarks.made_up import AS_OF  # noqa: PLC0415

    target = source.parent / "outcomes.parquet"
    lean = {**os.environ, "ARROW_DEFAULT_MEMORY_POOL": "jemalloc"}  # it gives back what a batch took
    command = [sys.executable, "-c", WORKER, rules, source, target, AS_OF.isoformat(), str(asked.threads)]
    started = time.perf_counter()
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=lean)
    seconds = time.perf_counter() - started
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return {**found, "seconds": seconds, "output_mb": target.stat().st_size / 1e6}
