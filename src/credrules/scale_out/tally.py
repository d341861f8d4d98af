"""An audit on a cluster: each task counts who stands alike, and only those counts are brought together."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from credrules.audit import Audit, ProgramAuditor
from credrules.decisions import Outcome
from credrules.engines.columnar.needed import pa
from credrules.engines.columnar.tables import arrow_to_records
from credrules.errors import EngineError
from credrules.records import record_faults
from credrules.scale_out.gather import Refused
from credrules.scale_out.job import sent, spark_schema
from credrules.scale_out.source import partitioned
from credrules.scale_out.task import FOUND, OUTPUT, Task
from credrules.stands import NOWHERE, standing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from credrules.attestations import Word
    from credrules.plan import Plan
    from credrules.records import Record

EVERYBODY = -1
WORD = ("attestations", "exceptions")
UNDECIDED = "No engine could decide on this learner; `credrules explain` says why."


@dataclass(frozen=True)
class Ways:
    """How many learners stand alike: in the version of a program that they are held to, by the outcomes of its nodes.

    `version` is a place in the plan, and -1 where `learners` are all that could be decided.
    """

    plan: Plan
    as_of: date

    def schema(self) -> Any:
        return pa.schema([("version", pa.int32()), ("outcomes", pa.binary()), ("learners", pa.int64())])

    def __call__(self, batches: Iterable[Any], refused: list[Refused]) -> Iterator[Any]:
        way = standing(self.plan, columns=True)
        counted: Counter[tuple[int, bytes]] = Counter()
        for batch in batches:
            known = list(_people(batch, refused))
            found = way.of(known, self.as_of)
            refused += [Refused(known[at][0].learner.learner_id, UNDECIDED) for at in sorted(found.undecided)]
            counted[EVERYBODY, b""] += len(known) - len(found.undecided)
            for program in found.programs.values():
                ways = [(version, bytes(outcomes)) for version, outcomes in program.ways]
                counted.update(ways[at] for at in program.of if at != NOWHERE)
        columns = zip(
            *((version, outcomes, learners) for (version, outcomes), learners in counted.items()), strict=True
        )
        if counted:
            yield pa.RecordBatch.from_arrays(
                [pa.array(one, field.type) for one, field in zip(columns, self.schema(), strict=True)],
                schema=self.schema(),
            )


def _people(batch: Any, refused: list[Refused]) -> Iterator[tuple[Record, Word]]:
    """The learners of a batch, without those who cannot be read or whose records contradict themselves."""
    for at, name in enumerate(batch.column("learner_id").to_pylist()):
        try:
            record, word = next(arrow_to_records(batch, [at]))
        except (EngineError, ValueError) as error:
            refused.append(Refused(name, str(error)))
            continue
        faults = list(record_faults(record))
        if faults:
            refused.append(Refused(name, " ".join(faults)))
        else:
            yield record, word


def tally(spark: Any, source: str, plan: Plan, as_of: date, rules: str) -> Audit:
    """Every program for everybody in the folder `source`, as of a day. What cannot be read is set aside.

    Raises EngineError where the folder does not say what people said: an attestation that is unknown is not none.
    """
    from pyspark.sql import functions  # noqa: PLC0415  an extra

    rows, tables = partitioned(spark, source)
    untold = [name for name in WORD if name not in (tables or rows.columns)]
    if untold:
        raise EngineError(
            f"{source} has no {' and no '.join(untold)}. Rules ask what people said, and none is not the same as "
            "unknown: where nobody said anything, add an empty table with the columns of `table_schema`."
        )
    task = Task(Ways(plan, as_of), tables)
    grouped = (
        rows.mapInArrow(sent(spark, task), spark_schema(task.schema()))
        .groupBy(OUTPUT, "version", "outcomes")
        .agg(functions.sum("learners").alias("learners"), functions.count_distinct("learner_id").alias("aside"))
    )
    auditors = [ProgramAuditor(one) for one in plan.programs]
    found = Audit(as_of, rules, [auditor.tally for auditor in auditors])
    for row in sorted(grouped.collect(), key=lambda row: (row[OUTPUT], row["version"] or 0, row["outcomes"] or b"")):
        if row[OUTPUT] != FOUND:
            found.set_aside += row["aside"]
        elif row["version"] == EVERYBODY:
            found.learners += row["learners"]
        else:
            auditors[row["version"]].add([Outcome(one) for one in row["outcomes"]], row["learners"])
    found.learners += found.set_aside
    return found
