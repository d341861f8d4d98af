"""`credrules audit`: how every program stands for everybody, in numbers of people."""

from __future__ import annotations

from contextlib import ExitStack
from textwrap import shorten
from typing import TYPE_CHECKING

import click

from credrules.audit import Audit, Single, audit, flat
from credrules.cli.cluster import on_cluster
from credrules.cli.files import rows_file, write_rows, write_text
from credrules.cli.options import as_of, only_programs, out_files, single_files
from credrules.cli.population import say_without_columns
from credrules.decisions import Outcome
from credrules.installation import assemble
from credrules.reports import html
from credrules.wording import number

if TYPE_CHECKING:
    from collections.abc import Iterator
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
@single_files
@click.option("--personal", is_flag=True, help="Names and e-mail addresses in the files of --singles as well.")
@click.pass_obj
def audit_command(
    screen: Screen,
    as_of: date,
    programs: tuple[str, ...],
    files: tuple[Path, ...],
    singles: tuple[Path, ...],
    personal: bool,
    cluster: Cluster | None,
) -> int:
    """Count how every program stands for everybody. Nothing is recorded and nothing issued.

    Nobody is named but in the files of --singles, by their ids; by their names only with --personal.
    """
    if cluster and singles:
        raise click.UsageError("--singles writes what one machine decides: leave out --on, or --singles.")
    installation = assemble(screen.settings(), programs or None)
    with ExitStack() as stack:
        adders = [stack.enter_context(rows_file(path, _columns(personal))) for path in singles]

        def add(found: Iterator[Single]) -> None:
            rows = [_row(one, personal=personal) for one in found]
            for adder in adders:
                adder(rows)

        progress = stack.enter_context(screen.progress())
        task = progress.add_task("Auditing", total=installation.records.count())
        found = (
            cluster.audit(installation, as_of, on_progress=lambda count: progress.advance(task, count))
            if cluster
            else audit(
                installation,
                as_of,
                on_progress=lambda count: progress.advance(task, count),
                on_singles=add if adders else None,
            )
        )
    for path in files:
        _write(path, found, installation.rule_set.institution.name)
    screen.document(found)
    _show(screen, found)
    for path in (*files, *singles):
        screen.say(f"Written to {path}.")
    say_without_columns(screen, installation)
    return NEEDS_A_PERSON if found.set_aside else 0


PERSONAL = ("name", "email")


def _columns(personal: bool) -> list[str]:
    return ["learner_id", *(PERSONAL if personal else ()), "program", "version", "outcome", "last_missing"]


def _row(one: Single, *, personal: bool) -> dict[str, object]:
    named = (one.learner.display_name, one.learner.email or "") if personal else ()
    values = one.learner.learner_id, *named, one.program, one.version, str(one.outcome), one.last_missing
    return dict(zip(_columns(personal), values, strict=True))


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
