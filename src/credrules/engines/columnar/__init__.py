"""A whole population from Arrow batches: audits, comparisons, nightly runs.

It needs numpy and pyarrow, the extra `columnar`; without them importing it is an EngineError that says so.

    for batch in Partition(plan, as_of, threads=2)(nested(tables)):
        ...                             # one row a learner; `Layout` reads it

`ColumnarEngine` decides one batch and returns the outcomes at every node; with `outcomes(record, word, as_of)` it is
an engine like the others. `tables` says what the columns are.
"""

from credrules.engines.columnar.batched import Batched
from credrules.engines.columnar.changes import Changed, RuleChange, changed
from credrules.engines.columnar.encoding import Block, Encoder
from credrules.engines.columnar.engine import ColumnarEngine
from credrules.engines.columnar.kept import KeptBlocks, Update
from credrules.engines.columnar.layout import Layout, ProgramLayout
from credrules.engines.columnar.outcomes import FAILED, BatchOutcomes, Failure
from credrules.engines.columnar.partition import Partition, resized
from credrules.engines.columnar.streams import LEARNERS, nested, parquet_tables
from credrules.engines.columnar.tables import (
    PARTS,
    arrow_to_records,
    record_schema,
    records_to_arrow,
    table_schema,
)

__all__ = [
    "FAILED",
    "LEARNERS",
    "PARTS",
    "BatchOutcomes",
    "Batched",
    "Block",
    "Changed",
    "ColumnarEngine",
    "Encoder",
    "Failure",
    "KeptBlocks",
    "Layout",
    "Partition",
    "ProgramLayout",
    "RuleChange",
    "Update",
    "arrow_to_records",
    "changed",
    "nested",
    "parquet_tables",
    "record_schema",
    "records_to_arrow",
    "resized",
    "table_schema",
]
