"""`credrules audit`: how every program stands for everybody, in numbers of people."""

from __future__ import annotations

from textwrap import shorten
from typing import TYPE_CHECKING

import click

from credrules.audit import Audit, audit, flat
from credrules.cli.cluster import on_cluster
from credrules.cli.files import write_rows, write_text
from credrules.cli.options import as_of, only_programs, out_files
from credrules.decisions import Outcome
from credrules.installation import assemble
from credrules.reports import html
from credrules.wording import number

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from credrules.cli.cluster import Cluster
    from credrules.cli.screen import Screen

NEEDS_A_PERSON = 1


@click.command("audit")
@as_of
@only_programs
@out_files
@on_cluster
@click.pass_obj
def audit_command(
    screen: Screen, as_of: date, programs: tuple[str, ...], files: tuple[Path, ...], cluster: Cluster | None
) -> int:
    """Count how every program stands for everybody. Nothing is recorded, nothing issued and nobody named."""
    installation = assemble(screen.settings(), programs or None)
    with screen.progress() as progress:
        task = progress.add_task("Auditing", total=installation.records.count())
        count = cluster.audit if cluster else audit
        found = count(installation, as_of, on_progress=lambda learners: progress.advance(task, learners))
    for path in files:
        _write(path, found, installation.rule_set.institution.name)
    screen.document(found)
    _show(screen, found)
    for path in files:
        screen.say(f"Written to {path}.")
    return NEEDS_A_PERSON if found.set_aside else 0


def _show(screen: Screen, found: Audit) -> None:
    outcomes = sorted(Outcome, reverse=True)
    screen.table(
        ["program", "begun", *map(str, outcomes), "one missing", "most often"],
        [
            [
                f"{tally.program} {tally.version}" if found.several(tally.program) else tally.program,
                tally.begun,
                *(tally.outcomes[str(outcome)] for outcome in outcomes),
                tally.near,
                shorten(tally.last_missing[0][0], 48, placeholder=" ...") if tally.missing else "",
            ]
            for tally in found.programs
        ],
        title=f"As of {found.as_of}",
    )
    screen.say(f"{number(found.learners, 'learner')}, decided {found.engines}. Nothing was recorded.")
    if found.set_aside:
        screen.say(f"{number(found.set_aside, 'learner')} set aside: what cannot be read is not decided.")


def _write(path: Path, found: Audit, institution: str) -> None:
    if path.suffix == ".html":
        write_text(path, html("audit", f"{institution}: audit of micro-credentials", audit=found))
    else:
        write_rows(path, flat(found))
