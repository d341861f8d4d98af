"""Polars: the same relational form, as lazy queries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from benchmarks.peers.relational import STATUSES

if TYPE_CHECKING:
    from benchmarks.peers.relational import Rules

LEVELS = (4, 3, 2, 1)


class PolarsPeer:
    name = "polars"

    def __init__(self, rules: Rules, columns: dict[str, dict[str, Any]], threads: int) -> None:
        assert pl.thread_pool_size() == threads, "set POLARS_MAX_THREADS before polars is imported"
        small = {"klass": pl.Int32, "grade": pl.Int8, "running": pl.Int8, "level": pl.Int8, "course": pl.Int16}
        small |= {"node": pl.Int32, "part": pl.Int32, "need": pl.Int32, "credits": pl.Int8, "depth": pl.Int8}

        def table(names: tuple[str, ...], rows: list[Any]) -> pl.LazyFrame:
            frame = pl.DataFrame(rows, schema=list(names), orient="row")
            return frame.cast({name: kind for name, kind in small.items() if name in names}).lazy()  # type: ignore[arg-type]

        self.base = rules.base
        self.worth = table(("klass", "grade", "running", "level"), rules.worth)
        self.claim = table(("node", "need", "credits"), rules.claim)
        self.pool = table(("node", "klass", "course"), rules.pool)
        self.milestone = table(("node", "code", "asked"), rules.milestone)
        self.word = table(("node", "program", "role"), rules.word)
        self.hold = table(("node",), rules.hold)
        base = dict(enumerate(rules.base))
        facts = [row for row in rules.fact if row[3] != base[row[0]]]
        self.fact = table(("node", "affiliation", "admission", "level"), facts)
        depth_of = {node: depth for node, _, depth in rules.group}
        edges = [(node, part, depth_of[node], base[part]) for node, part in rules.edge]
        self.edge = table(("node", "part", "depth", "base"), edges)
        self.depths = sorted(set(depth_of.values()))
        parts: dict[int, list[int]] = {}
        for node, part in rules.edge:
            parts.setdefault(node, []).append(base[part])
        counted = [
            (node, need, base[node], *(sum(level >= least for level in parts[node]) for least in LEVELS))
            for node, need, _ in rules.group
        ]
        self.group = table(("node", "need", "base", *(f"c{least}" for least in LEVELS)), counted)
        self.columns = {
            name: pl.DataFrame(columns[name]).lazy() for name in ("attempts", "learners", "attestations", "holds")
        }
        milestones = columns["milestones"]
        self.milestones = pl.DataFrame(
            {
                "learner": milestones["learner"],
                "code": milestones["code"],
                "level": np.array([STATUSES[status] for status in milestones["status"]], np.int8),
                "linked": [evidence is not None for evidence in milestones["evidence"]],
            }
        ).lazy()
        self.found: pl.DataFrame | None = None

    def decide(self) -> None:
        amount = pl.when(pl.col("level") == 4).then("earned").otherwise("attempted")
        best = (
            self.columns["attempts"]
            .join(self.worth, on=["grade", "running"])
            .with_columns(amount=amount, key=pl.col("level").cast(pl.Int64) * 2**50 + pl.col("preferred"))
            .group_by("learner", "klass", "course")
            .agg(pl.col("level").max(), pl.col("amount").get(pl.col("key").arg_max()))
        )
        size = pl.when(pl.col("credits") == 1).then("amount").otherwise(1).cast(pl.Int32)
        sums = [size.filter(pl.col("level") >= least).sum().alias(f"s{least}") for least in (4, 2, 1)]
        reached = pl.lit(0)
        for least in (1, 2, 4):
            reached = pl.when(pl.col(f"s{least}") >= pl.col("need")).then(least).otherwise(reached)
        claims = (
            best.join(self.pool, on=["klass", "course"])
            .join(self.claim, on="node")
            .group_by("learner", "node")
            .agg(*sums, pl.col("need").first())
            .with_columns(level=reached.cast(pl.Int8))
            .filter(pl.col("level") > 0)
        )
        short = (pl.col("level") == 4) & (pl.col("asked") == 1) & ~pl.col("linked")
        milestones = (
            self.milestones.join(self.milestone, on="code")
            .with_columns(level=pl.when(short).then(3).otherwise("level").cast(pl.Int8))
            .group_by("learner", "node")
            .agg(pl.col("level").max())
        )
        words = (
            self.columns["attestations"].join(self.word, on=["program", "role"]).with_columns(level=pl.lit(4, pl.Int8))
        )
        holds = self.columns["holds"].join(self.hold, how="cross").with_columns(level=pl.lit(0, pl.Int8))
        facts = self.columns["learners"].join(self.fact, on=["affiliation", "admission"])
        wanted = ["learner", "node", "level"]
        leaves = [claims, milestones, words.unique(wanted), holds, facts]
        found = pl.concat([one.select(wanted) for one in leaves]).collect()
        everything = [found]
        for depth in self.depths:
            everything.append(self._groups(pl.concat(everything).lazy(), depth))
        self.found = pl.concat(everything)

    def _groups(self, found: pl.LazyFrame, depth: int) -> pl.DataFrame:
        changes = [
            ((pl.col("level") >= least).cast(pl.Int32) - (pl.col("base") >= least).cast(pl.Int32))
            .sum()
            .alias(f"d{least}")
            for least in LEVELS
        ]
        reached = pl.lit(0)
        for least in reversed(LEVELS):
            reached = (
                pl.when(pl.col(f"c{least}") + pl.col(f"d{least}") >= pl.col("need")).then(least).otherwise(reached)
            )
        edges = self.edge.filter(pl.col("depth") == depth)
        return (
            found.join(edges, left_on="node", right_on="part", suffix="_of")
            .group_by("learner", "node_of")
            .agg(changes)
            .rename({"node_of": "node"})
            .join(self.group, on="node")
            .with_columns(level=reached.cast(pl.Int8))
            .filter(pl.col("level") != pl.col("base"))
            .select("learner", "node", "level")
            .collect()
        )

    def result(self) -> tuple[Any, Any, Any]:
        assert self.found is not None
        return tuple(self.found.get_column(name).to_numpy() for name in ("learner", "node", "level"))
