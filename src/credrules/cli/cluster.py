"""The options of commands that can decide on a cluster."""

from __future__ import annotations

from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from credrules.audit import Audit
    from credrules.installation import Installation


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where to decide, and where its records come from: the adapter's, by the folder `share`, or those in `source`."""

    url: str
    share: Path | None
    source: str | None

    def audit(self, installation: Installation, as_of: date, *, on_progress: Callable[[int], object]) -> Audit:
        from credrules.scale_out import audit_on  # noqa: PLC0415  an extra

        return audit_on(installation, as_of, self.url, self.share, self.source, on_progress)


def on_cluster(command: Callable[..., int]) -> Callable[..., int]:
    """Adds the options, and hands them to the command as `cluster`, which is None where there is none."""

    @click.option("--on", "url", metavar="URL", help="Decide on Spark: local[2] or spark://HOST:PORT.")
    @click.option(
        "--share",
        type=click.Path(path_type=Path, file_okay=False, exists=True),
        help="A folder that all machines of the cluster see, for the records while they are needed.",
    )
    @click.option(
        "--from", "source", metavar="FOLDER", help="Records in Parquet that the cluster sees, not the adapter's."
    )
    @wraps(command)
    def with_cluster(*arguments: Any, url: str | None, share: Path | None, source: str | None, **options: Any) -> int:
        if url is None and (share or source):
            raise click.UsageError("--share and --from are about a cluster: say which one, with --on.")
        return command(*arguments, cluster=Cluster(url, share, source) if url else None, **options)

    return with_cluster
