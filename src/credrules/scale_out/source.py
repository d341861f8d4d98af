"""Records in Parquet, as a cluster reads them: a partition by learner, in order of learner.

A folder holds either `records.parquet`, a row a learner with lists (`record_schema`), or flat tables (`table_schema`):
`learners.parquet`, `attempts.parquet` and so on. Each is a file or a folder of files, in any order.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any

from credrules.engines.columnar.tables import PARTS, check_schema, table_faults
from credrules.errors import EngineError
from credrules.scale_out.gather import TABLE

if TYPE_CHECKING:
    from collections.abc import Iterator

RECORDS = "records.parquet"
LEARNERS_A_TASK = 2**17


def partitioned(spark: Any, folder: str) -> tuple[Any, tuple[str, ...]]:
    """The rows of a folder by learner, and the names of the flat tables that they are of; none where rows are whole.

    Raises EngineError for columns that no record has, all at once.
    """
    whole = _table(spark, f"{folder}/{RECORDS}")
    if whole is not None:
        check_schema(_arrow_schema(whole))
        return _by_learner(whole, whole.count()), ()
    tables = {name: found for name, found in _tables(spark, folder) if found is not None}
    if "learners" not in tables:
        raise EngineError(
            f"{folder} holds neither {RECORDS}, a row a learner, nor learners.parquet, which says who there is."
        )
    faults = [fault for name, table in tables.items() for fault in table_faults(name, _arrow_schema(table))]
    if faults:
        raise EngineError("\n".join(faults))
    names = tuple(tables)
    return _by_learner(_tagged(tables), tables["learners"].count()), names


def _tables(spark: Any, folder: str) -> Iterator[tuple[str, Any]]:
    for name in ("learners", *PARTS, "facts"):
        yield name, _table(spark, f"{folder}/{name}.parquet")


def _table(spark: Any, path: str) -> Any:
    """The Parquet file or folder of files; None where there is none."""
    from pyspark.errors import AnalysisException  # noqa: PLC0415  an extra

    try:
        return spark.read.parquet(path)
    except AnalysisException as error:
        if error.getCondition() == "PATH_NOT_FOUND":
            return None
        raise


def _arrow_schema(frame: Any) -> Any:
    return frame.limit(0).toArrow().schema


def _tagged(tables: dict[str, Any]) -> Any:
    """All tables as one, so that they are sent to where they belong at once: a row has the struct of its table only."""
    from pyspark.sql import functions  # noqa: PLC0415  an extra

    tagged = [
        table.select(
            "learner_id",
            functions.lit(number).cast("byte").alias(TABLE),
            functions.struct(*(name for name in table.columns if name != "learner_id")).alias(name),
        )
        for number, (name, table) in enumerate(tables.items())
    ]
    return reduce(lambda one, other: one.unionByName(other, allowMissingColumns=True), tagged)


def _by_learner(rows: Any, learners: int) -> Any:
    tasks = max(rows.sparkSession.sparkContext.defaultParallelism, -(-learners // LEARNERS_A_TASK))
    return rows.repartition(tasks, "learner_id").sortWithinPartitions("learner_id")
