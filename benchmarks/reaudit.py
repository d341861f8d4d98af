"""One learner in a hundred has another record: deciding those in kept blocks, beside deciding everybody again.

A full run goes from Parquet ordered by learner to Parquet of outcomes at every node. The re-audit opens the
folder, reads the changed records from Parquet, decides them and writes the outcomes in place.

Figures: learners, programs, changed (records), share_of_full_run, share_of_cpu (the same in seconds of CPU, which other
work on the machine changes less), equal (at every node, to deciding the changed population from the start), seconds (of
the re-audit), full_seconds, making_seconds (a full run that keeps), kept_mb.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator


def options(parser: ArgumentParser) -> None:
    parser.add_argument("--learners", type=int, default=400_000)
    parser.add_argument("--programs", type=int, default=20)
    parser.add_argument("--share", type=float, default=0.01, help="of the records that change")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=4)


def measure(asked: Namespace) -> dict[str, object]:
    import pyarrow.parquet as pq  # noqa: PLC0415

    from benchmarks.made_up import AS_OF, plan_of, write_rules  # noqa: PLC0415
    from credrules.engines.columnar import KeptBlocks, Partition, nested, parquet_tables  # noqa: PLC0415

    folder = Path(tempfile.mkdtemp(prefix="credrules-reaudit-"))
    try:
        plan = plan_of(write_rules(folder / "rules", asked.programs))
        changed = _write(folder, asked.learners, asked.share)
        full, again, full_cpu, again_cpu = [], [], [], []
        for _ in range(asked.repeat):
            started, cpu = time.perf_counter(), time.process_time()
            partition = Partition(plan, AS_OF, asked.threads)
            with pq.ParquetWriter(
                folder / "outcomes.parquet", partition.layout().schema(), use_dictionary=False
            ) as out:
                for batch in partition(nested(parquet_tables(folder / "before"))):
                    out.write_batch(batch)
            full.append(time.perf_counter() - started)
            full_cpu.append(time.process_time() - cpu)
        print(f"full run: {min(full):.2f} s")
        started = time.perf_counter()
        made = nested(parquet_tables(folder / "before"))
        KeptBlocks.made(folder / "kept-0", plan, AS_OF, made, threads=asked.threads)
        making = time.perf_counter() - started
        for number in range(asked.repeat):
            kept = folder / f"kept-{number}"
            if number + 1 < asked.repeat:
                shutil.copytree(kept, folder / f"kept-{number + 1}")
            os.sync()  # what the copying left to be written is no part of it
            started, cpu = time.perf_counter(), time.process_time()
            blocks = KeptBlocks(kept, plan, AS_OF)
            update = blocks.update(nested(parquet_tables(folder / "changed")))
            again.append(time.perf_counter() - started)
            again_cpu.append(time.process_time() - cpu)
            print(f"re-audit: {again[-1]:.3f} s, {update.other} other, {len(update.changes)} decisions changed")
        equal = all(map(_equal, blocks.outcomes(), _from_the_start(plan, folder / "after")))
        kept_mb = sum(path.stat().st_size for path in (folder / "kept-0").rglob("*") if path.is_file()) / 1e6
    finally:
        shutil.rmtree(folder)
    return {
        "learners": asked.learners,
        "programs": asked.programs,
        "changed": changed,
        "share_of_full_run": round(min(again) / min(full), 4),
        "share_of_cpu": round(min(again_cpu) / min(full_cpu), 4),
        "equal": equal and update.other == changed,
        "seconds": round(min(again), 3),
        "full_seconds": round(min(full), 2),
        "making_seconds": round(making, 2),
        "kept_mb": round(kept_mb),
    }


def _from_the_start(plan: Any, folder: Path) -> Iterator[Any]:
    from benchmarks.made_up import AS_OF  # noqa: PLC0415
    from credrules.engines.columnar import LEARNERS, ColumnarEngine, nested, parquet_tables, resized  # noqa: PLC0415

    engine = ColumnarEngine(plan)
    for batch in resized(nested(parquet_tables(folder)), LEARNERS):
        yield engine.decide(batch, AS_OF)


def _equal(kept: Any, fresh: Any) -> bool:
    if not kept.learner_ids.equals(fresh.learner_ids):
        return False
    programs = range(len(kept.sheet.programs))
    return all(bool((kept.program(number) == fresh.program(number)).all()) for number in programs)


def _write(folder: Path, learners: int, share: float, chunk: int = 100_000) -> int:
    """The population before and after, and what has changed, as folders of Parquet files. How many have changed."""
    import numpy as np  # noqa: PLC0415
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.compute as pc  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    from benchmarks.made_up import chunks, made_tables  # noqa: PLC0415

    random, writers, count = np.random.default_rng(7), {}, 0
    for first, size in chunks(learners, chunk):
        before, other = made_tables(size, first).tables, made_tables(size, first, seed=2).tables
        names = before["learners"].column("learner_id")
        chosen = names.filter(pa.array(random.random(size) < share))
        count += len(chosen)
        for name, table in before.items():
            mine = other[name].filter(pc.is_in(other[name].column("learner_id"), value_set=chosen.combine_chunks()))
            rest = table.filter(pc.invert(pc.is_in(table.column("learner_id"), value_set=chosen.combine_chunks())))
            after = pa.concat_tables([rest, mine]).unify_dictionaries()
            order = pc.sort_indices(after.column("learner_id"))  # stable, so that a learner's rows keep their order
            for kind, rows in (("before", table), ("changed", mine), ("after", after.take(order))):
                if (kind, name) not in writers:
                    (folder / kind).mkdir(exist_ok=True)
                    writers[kind, name] = pq.ParquetWriter(folder / kind / f"{name}.parquet", rows.schema)
                writers[kind, name].write_table(rows)
    for writer in writers.values():
        writer.close()
    return count
