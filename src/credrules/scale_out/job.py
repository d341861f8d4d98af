"""Decide a population on a cluster: Parquet of records in, Parquet of outcomes and of what was set aside out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from credrules.engines.columnar.layout import KEY, Layout
from credrules.scale_out.source import partitioned
from credrules.scale_out.task import FOUND, OUTPUT, SET_ASIDE, Outcomes, Task

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from credrules.engines.columnar.partition import Partition

LAYOUT = KEY.decode()
ASIDE = ("learner_id", "program", "because")


def decide(spark: Any, source: str, partition: Partition, target: str) -> None:
    """Decide everybody in the folder `source`; write outcomes and what was set aside to the folder `target`, in one go.

    `target` must not be there yet. Raises EngineError for records with columns that none has.
    """
    rows, tables = partitioned(spark, source)
    task = Task(Outcomes(partition), tables)
    decided = rows.mapInArrow(sent(spark, task), spark_schema(task.schema()))
    told = {LAYOUT: partition.layout().schema().metadata[KEY].decode()}
    decided.withMetadata("decisions", told).write.partitionBy(OUTPUT).parquet(target)


def outcomes(spark: Any, folder: str) -> Any:
    """A row a learner, with the columns of `Layout`, from a folder that `decide` wrote."""
    found = spark.read.parquet(folder)
    return found.where(found[OUTPUT] == FOUND).drop(OUTPUT, "program", "because")


def set_aside(spark: Any, folder: str) -> Any:
    """Of whom something could not be read or decided: learner, program ('' for all of them) and why."""
    found = spark.read.parquet(folder)
    return found.where(found[OUTPUT] == SET_ASIDE).select(*ASIDE)


def layout(outcomes: Any) -> Layout:
    """What the bytes of outcomes mean, as `decide` wrote it beside them."""
    return Layout.from_text(outcomes.schema["decisions"].metadata[LAYOUT])


def sent(spark: Any, task: Task) -> Any:
    """The task as a function for any machine. The compiled plan goes to each machine once, not with each task."""
    broadcast = spark.sparkContext.broadcast(task)

    def run(batches: Iterable[Any]) -> Iterator[Any]:
        yield from broadcast.value(batches)

    return run


def spark_schema(schema: Any) -> Any:
    from pyspark.sql.pandas.types import from_arrow_schema  # noqa: PLC0415  an extra

    return from_arrow_schema(schema)
