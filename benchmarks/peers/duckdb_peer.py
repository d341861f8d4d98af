"""DuckDB: hand-written SQL in the relational form, in which programs are rows of small tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import pyarrow as pa

from benchmarks.peers.relational import STATUSES

if TYPE_CHECKING:
    from benchmarks.peers.relational import Rules

BEST = """
create or replace temp table best as
select learner, klass, course, max(level) as level, arg_max(amount, level::bigint << 50 | preferred) as amount
from (
    select a.learner, a.course, w.klass, w.level, a.preferred,
           case when w.level = 4 then a.earned else a.attempted end as amount
    from attempts a join worth w using (grade, running)
)
group by learner, klass, course
"""
LEAVES = """
create or replace temp table found as
select learner, node, level::tinyint as level from (
    select learner, node,
           case when met >= need then 4 when pending >= need then 2 when undetermined >= need then 1 else 0 end as level
    from (
        select b.learner, p.node, any_value(c.need) as need,
               sum(case when b.level >= 4 then case when c.credits = 1 then b.amount else 1 end else 0 end) as met,
               sum(case when b.level >= 2 then case when c.credits = 1 then b.amount else 1 end else 0 end) as pending,
               sum(case when c.credits = 1 then b.amount else 1 end) as undetermined
        from best b join pool p using (klass, course) join claim c using (node)
        group by b.learner, p.node
    )
) where level > 0
union all
select m.learner, r.node, max(case when m.level = 4 and r.evidence = 1 and not m.evidence then 3 else m.level end)
from milestones m join milestone r using (code) group by m.learner, r.node
union all
select distinct a.learner, w.node, 4 from attestations a join word w using (program, role)
union all
select h.learner, r.node, 0 from holds h cross join hold r
union all
select l.learner, f.node, f.level from learners l join fact f using (affiliation, admission)
where f.level <> (select b.level from base b where b.node = f.node)
"""
GROUPS = """
insert into found
select learner, node, level from (
    select t.learner, t.node,
           case when g.met + t.met >= g.need then 4 when g.awaiting + t.awaiting >= g.need then 3
                when g.pending + t.pending >= g.need then 2
                when g.undetermined + t.undetermined >= g.need then 1 else 0 end as level, g.base
    from (
        select f.learner, e.node,
               sum((f.level >= 4)::int - (b.level >= 4)::int) as met,
               sum((f.level >= 3)::int - (b.level >= 3)::int) as awaiting,
               sum((f.level >= 2)::int - (b.level >= 2)::int) as pending,
               sum((f.level >= 1)::int - (b.level >= 1)::int) as undetermined
        from found f join edge e on e.part = f.node join base b on b.node = f.node
        where e.depth = ? group by f.learner, e.node
    ) t join grp g using (node)
) where level <> base
"""


class DuckDBPeer:
    name = "duckdb"

    def __init__(self, rules: Rules, columns: dict[str, dict[str, Any]], threads: int) -> None:
        self.base = rules.base
        self.connection = duckdb.connect(config={"threads": threads})
        self.depths = sorted({depth for _, _, depth in rules.group})
        depth_of = {node: depth for node, _, depth in rules.group}
        base = rules.base
        self._load("worth", ("klass", "grade", "running", "level"), rules.worth)
        self._load("claim", ("node", "need", "credits"), rules.claim)
        self._load("pool", ("node", "klass", "course"), rules.pool)
        self._load("milestone", ("node", "code", "evidence"), rules.milestone)
        self._load("word", ("node", "program", "role"), rules.word)
        self._load("hold", ("node",), rules.hold)
        self._load("fact", ("node", "affiliation", "admission", "level"), rules.fact)
        self._load("edge", ("node", "part", "depth"), [(node, part, depth_of[node]) for node, part in rules.edge])
        self._load("base", ("node", "level"), list(enumerate(base)))
        parts: dict[int, list[int]] = {}
        for node, part in rules.edge:
            parts.setdefault(node, []).append(base[part])
        counted = [
            (node, need, base[node], *(sum(level >= least for level in parts[node]) for least in (4, 3, 2, 1)))
            for node, need, _ in rules.group
        ]
        self._load("grp", ("node", "need", "base", "met", "awaiting", "pending", "undetermined"), counted)
        for name in ("attempts", "learners", "attestations", "holds"):
            self._table(name, pa.table(columns[name]))
        milestones = columns["milestones"]
        levels = [STATUSES[status] for status in milestones["status"]]
        there = [evidence is not None for evidence in milestones["evidence"]]
        told = {"learner": milestones["learner"], "code": milestones["code"], "level": levels, "evidence": there}
        self._table("milestones", pa.table(told))

    def _load(self, name: str, names: tuple[str, ...], rows: list[Any]) -> None:
        self._table(name, pa.table([pa.array(column) for column in zip(*rows, strict=True)], names=list(names)))

    def _table(self, name: str, table: pa.Table) -> None:
        self.connection.register("given", table)
        self.connection.execute(f"create table {name} as select * from given")  # noqa: S608  our own names
        self.connection.unregister("given")

    def decide(self) -> Any:
        """Learner, node and outcome, where it is not the node's base."""
        self.connection.execute(BEST)
        self.connection.execute(LEAVES)
        for depth in self.depths:
            self.connection.execute(GROUPS, [depth])
        return None

    def result(self) -> tuple[Any, Any, Any]:
        table = self.connection.execute("select learner, node, level from found").to_arrow_table()
        return tuple(np.asarray(table.column(name).to_numpy()) for name in ("learner", "node", "level"))
