"""A whole population at every node: the columnar engine beside DuckDB, Polars and OpenFisca, answers compared.

All begin with the same encoded columns in the learners' order and end with an outcome for every learner and node; each
has the same two threads and the best of several runs. The programs come from rule files. A sample of learners is also
decided by the plain engine. The default is 100,000 learners and 20 programs; OpenFisca runs up to --openfisca pairs.

Figures: equal, decisions_per_second (learners x programs), ratio_to_best_peer, seconds by engine, nodes (equal
requirements are one), left_to_plain (share of pairs), growth (seconds with all programs over those with --fewer).
"""

from __future__ import annotations

import os
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable


def options(parser: ArgumentParser) -> None:
    parser.add_argument("--learners", type=int, default=100_000)
    parser.add_argument("--programs", type=int, default=20)
    parser.add_argument("--fewer", type=int, default=0, help="measure growth from so many programs")
    parser.add_argument("--peers", nargs="*", default=["duckdb", "polars", "openfisca"])
    parser.add_argument("--openfisca", type=int, default=2_000_000, help="run OpenFisca up to so many pairs")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--sample", type=int, default=200, help="learners that the plain engine decides as well")


def measure(asked: Namespace) -> dict[str, object]:
    os.environ["POLARS_MAX_THREADS"] = str(asked.threads)  # before polars is imported
    from benchmarks.made_up import made_tables, plan_of, write_rules  # noqa: PLC0415

    tables = made_tables(asked.learners)
    with tempfile.TemporaryDirectory() as folder:
        plan = plan_of(write_rules(Path(folder) / "rules", asked.programs))
        fewer = plan_of(write_rules(Path(folder) / "fewer", asked.fewer)) if asked.fewer else None
    print(f"{asked.learners} learners, {tables.tables['attempts'].num_rows} attempts, {asked.programs} programs")
    columnar = _Columnar(plan, tables, asked.threads)
    seconds = {"columnar": best(columnar.decide, asked.repeat)}
    print(f"columnar: {seconds['columnar']:.3f} s, {len(columnar.engine.sheet.nodes)} nodes")
    equal = columnar.as_plain(asked.sample)
    print(f"a sample of {asked.sample} learners is {'' if equal else 'NOT '}what the plain engine says")
    for name in asked.peers:
        if name == "openfisca" and asked.learners * asked.programs > asked.openfisca:
            print(f"openfisca: left out above {asked.openfisca} pairs")
            continue
        took, same = _peer(name, columnar, plan, tables, asked)
        if took:
            seconds[name] = took
            equal &= same
    pairs = asked.learners * asked.programs
    others = [took for name, took in seconds.items() if name != "columnar"]
    figures: dict[str, object] = {
        "learners": asked.learners,
        "programs": asked.programs,
        "nodes": len(columnar.engine.sheet.nodes),
        "equal": equal,
        "decisions_per_second": round(pairs / seconds["columnar"]),
        "seconds": {name: round(took, 3) for name, took in seconds.items()},
        "left_to_plain": columnar.left / pairs,
    }
    if others:
        figures["ratio_to_best_peer"] = round(min(others) / seconds["columnar"], 2)
    if fewer:
        figures["growth"] = round(
            seconds["columnar"] / best(_Columnar(fewer, tables, asked.threads).decide, asked.repeat), 2
        )
    return figures


def best(run: Callable[[], object], repeat: int) -> float:
    """The shortest of several runs: what else the machine did is no part of it."""
    times = []
    for _ in range(repeat):
        started = time.perf_counter()
        run()
        times.append(time.perf_counter() - started)
    return min(times)


class _Columnar:
    def __init__(self, plan: Any, tables: Any, threads: int) -> None:
        from credrules.engines.columnar import ColumnarEngine, nested  # noqa: PLC0415

        self.plan, self.threads = plan, threads
        self.batches = list(nested({name: table.to_batches() for name, table in tables.tables.items()}))
        self.engine = ColumnarEngine(plan)
        self.blocks = [self.engine.encoder.block(batch) for batch in self.batches]
        self.found: list[Any] = []

    def decide(self) -> None:
        from benchmarks.made_up import AS_OF  # noqa: PLC0415

        with ThreadPoolExecutor(self.threads) as pool:
            self.found = list(pool.map(lambda block: self.engine.decide_block(block, AS_OF), self.blocks))

    @property
    def left(self) -> int:
        return sum(found.by_plain for found in self.found)

    def node(self, at: int) -> Any:
        import numpy as np  # noqa: PLC0415

        from credrules.engines.columnar import bits  # noqa: PLC0415

        return np.concatenate([bits.outcomes(found.nodes[at], found.size) for found in self.found])

    def as_plain(self, sample: int) -> bool:
        from benchmarks.made_up import AS_OF  # noqa: PLC0415
        from credrules.engines.columnar import arrow_to_records  # noqa: PLC0415
        from credrules.engines.plain import PlainEngine  # noqa: PLC0415

        plain, batch = PlainEngine(self.plan), self.batches[0]
        chosen = range(0, batch.num_rows, max(1, batch.num_rows // sample))
        for at, (record, word) in zip(chosen, arrow_to_records(batch, chosen), strict=True):
            said = plain.outcomes(record, word, AS_OF)
            if tuple(tuple(map(int, one)) for one in said) != self.found[0].of(at):
                return False
        return True


def _peer(name: str, columnar: _Columnar, plan: Any, tables: Any, asked: Namespace) -> tuple[float, bool]:
    """How long a peer took, and whether it says the same at every node; 0 where it is not installed."""
    from benchmarks.peers.relational import columns_of, rules_of  # noqa: PLC0415

    try:
        peer_class = _peer_class(name)
    except ImportError as error:
        print(f"{name}: not installed ({error})")
        return 0.0, True
    peer = peer_class(rules_of(columnar.engine.sheet), columns_of(tables, dict(plan.scale.points)), asked.threads)
    took = best(peer.decide, max(1, asked.repeat // 2))
    same = _same(columnar, peer)
    print(f"{name}: {took:.3f} s, {'equal' if same else 'NOT equal'} at every node")
    return took, same


def _peer_class(name: str) -> Any:
    if name == "duckdb":
        from benchmarks.peers.duckdb_peer import DuckDBPeer  # noqa: PLC0415

        return DuckDBPeer
    if name == "polars":
        from benchmarks.peers.polars_peer import PolarsPeer  # noqa: PLC0415

        return PolarsPeer
    from benchmarks.peers.openfisca_peer import OpenFiscaPeer  # noqa: PLC0415

    return OpenFiscaPeer


def _same(columnar: _Columnar, peer: Any) -> bool:
    import numpy as np  # noqa: PLC0415

    learner, node, level = peer.result()
    order = np.argsort(node, kind="stable")
    learner, level = learner[order], level[order]
    base = np.array(peer.base if hasattr(peer, "base") else [])
    bounds = np.searchsorted(node[order], np.arange(len(columnar.engine.sheet.nodes) + 1))
    same = True
    for at in range(len(columnar.engine.sheet.nodes)):
        ours = columnar.node(at)
        theirs = np.full(len(ours), base[at])
        here = slice(bounds[at], bounds[at + 1])
        theirs[learner[here]] = level[here]
        if not np.array_equal(ours, theirs):
            wrong = np.flatnonzero(ours != theirs)
            node = columnar.engine.sheet.nodes[at].node.id
            print(f"  node {at} ({node}): {len(wrong)} learners differ, the first is {wrong[0]}")
            same = False
    return same
