"""A population on a cluster of two workers, one of them killed: the same outcomes, row for row, as in one process.

A master and two workers, of one core each, are processes of this machine, started and ended here; everything is on the
loopback. The same records, a row a learner, are decided three times: in this process with two threads, on the cluster,
and on the cluster while one worker and its executor are killed (SIGKILL). Needs the extra `spark`, and Java. The
default is 100,000 learners; the target is for 1,000,000.

Figures: learners, workers, killed (processes), equal (both times on the cluster, row for row), overhead (the cluster's
seconds over those of this process), seconds (of the cluster, without its start), seconds_killed, seconds_embedded,
seconds_start, set_aside.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator

WORKERS = 2
CHUNK = 50_000


def options(parser: ArgumentParser) -> None:
    parser.add_argument("--learners", type=int, default=100_000)
    parser.add_argument("--programs", type=int, default=20)
    parser.add_argument("--memory", default="2g", help="of an executor")


def measure(asked: Namespace) -> dict[str, object]:
    from benchmarks.made_up import AS_OF, plan_of, write_rules  # noqa: PLC0415
    from credrules import scale_out  # noqa: PLC0415
    from credrules.engines.columnar import Partition  # noqa: PLC0415

    folder = Path(tempfile.mkdtemp(prefix="credrules-scale-out-"))
    try:
        partition = Partition(plan_of(write_rules(folder / "rules", asked.programs)), AS_OF)
        write_records(folder / "records", asked.learners)
        embedded = _seconds(lambda: decide_here(folder, partition))
        print(f"{asked.learners} learners in this process: {embedded:.1f} s")
        with Cluster(folder) as cluster, ExitStack() as stack:
            started = time.perf_counter()
            spark = stack.enter_context(scale_out.session(cluster.url, session_options(asked.memory)))
            start = time.perf_counter() - started
            source, whole, hurt = (str(folder / name) for name in ("records", "whole", "hurt"))
            seconds = _seconds(lambda: scale_out.decide(spark, source, partition, whole))
            print(f"on {WORKERS} workers: {seconds:.1f} s, after {start:.1f} s to start")
            killer = Killer(folder / "hurt", cluster.workers[0].pid)
            killer.start()
            hurt_seconds = _seconds(lambda: scale_out.decide(spark, source, partition, hurt))
            killer.end()
            print(f"with {len(killer.killed)} processes of a worker killed: {hurt_seconds:.1f} s")
            aside = scale_out.set_aside(spark, whole).count()
        equal = all(same(folder, partition, name) for name in ("whole", "hurt"))
    finally:
        shutil.rmtree(folder)
    return {
        "learners": asked.learners,
        "programs": asked.programs,
        "workers": WORKERS,
        "killed": len(killer.killed),
        "equal": equal,
        "overhead": round(seconds / embedded, 2),
        "seconds": round(seconds, 1),
        "seconds_killed": round(hurt_seconds, 1),
        "seconds_embedded": round(embedded, 1),
        "seconds_start": round(start, 1),
        "set_aside": aside,
    }


def _seconds(run: Any) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def write_records(folder: Path, learners: int) -> None:
    """Records as an export writes them, a row a learner, in files of so many."""
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    from benchmarks.made_up import chunks, made_tables  # noqa: PLC0415
    from credrules.engines.columnar import nested  # noqa: PLC0415

    (folder / "records.parquet").mkdir(parents=True)
    for number, (first, count) in enumerate(chunks(learners, CHUNK)):
        tables = made_tables(count, first).tables
        rows = pa.Table.from_batches(nested({name: table.to_batches() for name, table in tables.items()}, count))
        rows = rows.cast(pa.schema([pa.field(one.name, uncoded(one.type)) for one in rows.schema]))
        pq.write_table(rows, folder / "records.parquet" / f"{number:06}.parquet", row_group_size=2**14)


def uncoded(kind: Any) -> Any:
    """A type without dictionaries: nobody reads them back where they are inside lists."""
    import pyarrow as pa  # noqa: PLC0415

    if pa.types.is_dictionary(kind):
        return kind.value_type
    if pa.types.is_list(kind):
        return pa.list_(uncoded(kind.value_type))
    if pa.types.is_struct(kind):
        return pa.struct([pa.field(one.name, uncoded(one.type)) for one in kind])
    return kind


def decide_here(folder: Path, partition: Any) -> None:
    """The same from Parquet to Parquet in this process."""
    from dataclasses import replace  # noqa: PLC0415

    import pyarrow.parquet as pq  # noqa: PLC0415

    def rows() -> Iterator[Any]:
        for path in sorted((folder / "records" / "records.parquet").iterdir()):
            yield from pq.ParquetFile(path).iter_batches(2**16)

    schema = partition.layout().schema()
    with pq.ParquetWriter(folder / "embedded.parquet", schema, compression="zstd", use_dictionary=False) as writer:
        for batch in replace(partition, threads=WORKERS)(rows()):
            writer.write_batch(batch)


def same(folder: Path, partition: Any, name: str) -> bool:
    """Whether a cluster's outcomes are those of this process, row for row and column for column."""
    import pyarrow.parquet as pq  # noqa: PLC0415

    schema = partition.layout().schema()
    here = pq.read_table(folder / "embedded.parquet")
    there = pq.read_table(folder / name / "output=found", columns=schema.names, partitioning=None)
    there = there.cast(schema).sort_by("learner_id")
    return all(here.column(one).equals(there.column(one)) for one in schema.names)


def session_options(memory: str) -> dict[str, str]:
    return {
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.executor.cores": "1",
        "spark.executor.memory": memory,
        "spark.cores.max": str(WORKERS),
    }


class Cluster:
    """A master and two workers of one core each, as processes of this machine."""

    def __init__(self, folder: Path) -> None:
        import pyspark  # noqa: PLC0415  an extra

        self._home = Path(pyspark.__file__).parent
        self._folder = folder
        self._started: list[subprocess.Popen[bytes]] = []
        self.workers: list[subprocess.Popen[bytes]] = []
        self.url = ""

    def __enter__(self) -> Cluster:
        os.environ.update(environment(self._home))  # also for this process, which tells the workers which Python to use
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"spark://127.0.0.1:{port}"
        try:
            self._start("Master", "--port", str(port))
            _wait_for(port)
            for number in range(WORKERS):
                folder = self._folder / f"worker-{number}"
                self.workers.append(self._start("Worker", "-c", "1", "-m", "3g", "-d", str(folder), self.url))
        except BaseException:
            self.__exit__()
            raise
        return self

    def _start(self, role: str, *more: str) -> subprocess.Popen[bytes]:
        kind = f"org.apache.spark.deploy.{role.lower()}.{role}"
        words = [self._home / "bin" / "spark-class", kind, "--host", "127.0.0.1", "--webui-port", "0", *more]
        log = (self._folder / f"{role.lower()}-{len(self._started)}.log").open("wb")
        process = subprocess.Popen(words, stdout=log, stderr=log)
        log.close()
        self._started.append(process)
        return process

    def __exit__(self, *_: object) -> None:
        for process in reversed(self._started):
            process.terminate()
        for process in self._started:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def environment(home: Path) -> dict[str, str]:
    return {"SPARK_HOME": str(home), "SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable}


def _wait_for(port: int, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise TimeoutError(f"The master did not answer on port {port} within {seconds} s.")


class Killer(threading.Thread):
    """Kills a worker and what it started once a job has shuffled its rows and begins to write outcomes.

    What the worker had shuffled is lost with it, so that this is the worst moment.
    """

    def __init__(self, target: Path, worker: int) -> None:
        super().__init__(daemon=True)
        self._begun = target / "_temporary"
        self._worker = worker
        self._over = threading.Event()
        self.killed: list[int] = []

    def run(self) -> None:
        while not self._over.wait(0.02):
            if self._begun.exists():
                for process in (self._worker, *children(self._worker)):
                    os.kill(process, signal.SIGKILL)
                    self.killed.append(process)
                return

    def end(self) -> None:
        self._over.set()
        self.join()


def children(process: int) -> list[int]:
    """What a process started, and those in turn, from /proc."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with _gone_is_fine():
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
    found = [process]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found[1:]


@contextmanager
def _gone_is_fine() -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, ProcessLookupError):
        return
