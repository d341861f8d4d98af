"""A population on more than one machine: the partition function of `engines.columnar`, run by Spark.

    with session("spark://head:7077") as spark:
        decide(spark, "/shared/records", Partition(plan, as_of), "/shared/outcomes")

It needs the extra `spark`, and Java; `check` says what is missing.
"""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from credrules.errors import EngineError
from credrules.scale_out.cluster import check, session
from credrules.scale_out.differences import changed
from credrules.scale_out.export import Exported, export
from credrules.scale_out.job import decide, layout, outcomes, set_aside
from credrules.scale_out.tally import tally

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date

    from credrules.audit import Audit
    from credrules.installation import Installation

__all__ = [
    "Exported",
    "audit_on",
    "changed",
    "check",
    "decide",
    "export",
    "layout",
    "outcomes",
    "session",
    "set_aside",
    "tally",
]


def audit_on(
    installation: Installation,
    as_of: date,
    url: str,
    share: Path | None = None,
    source: str | None = None,
    on_progress: Callable[[int], object] = lambda learners: None,
) -> Audit:
    """The audit of `credrules.audit`, decided on a cluster.

    Records are those of the folder `source`, or else those of the adapter, which are written to `share` and removed
    again. Raises EngineUnavailable, before a record is read, where something that this needs is missing.
    """
    check(url)
    rules = installation.rule_set.digest
    if source:
        with session(url) as spark:
            return tally(spark, source, installation.plan, as_of, rules)
    with _folder(url, share) as folder:
        with installation.ledger_to_read() as ledger:
            exported = export(installation.records, ledger, installation.decider.uses_of, folder, on_progress)
        with session(url) as spark:
            found = tally(spark, str(folder), installation.plan, as_of, rules)
    found.learners += exported.set_aside
    found.set_aside += exported.set_aside
    return found


@contextmanager
def _folder(url: str, share: Path | None) -> Iterator[Path]:
    """A folder for the records while they are needed."""
    if share is None and not url.startswith("local"):
        raise EngineError(
            f"The machines of {url} do not see a folder of this one. Name one that all of them see: --share FOLDER."
        )
    folder = Path(tempfile.mkdtemp(prefix="credrules-", dir=share))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
