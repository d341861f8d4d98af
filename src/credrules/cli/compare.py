"""`credrules compare`: who gains and who loses by a change of the rules, before it takes effect."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from credrules import rule_files
from credrules.cli.files import write_rows, write_text
from credrules.cli.options import as_of, only_programs, out_files
from credrules.cli.population import say_without_columns
from credrules.compare import Comparison, compare
from credrules.installation import assemble
from credrules.reports import html
from credrules.wording import listing, number

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from credrules.cli.screen import Screen

SHOWN = 20
DIRECTIONS = {
    "gains": "would have the credential, and would not have had it",
    "loses": "would not have the credential, and would have had it",
    "nearer": "would stand better, without being complete",
    "further": "would stand worse, without having been complete",
}
_folder = click.Path(path_type=Path, exists=True, file_okay=False)


@click.command("compare")
@click.argument("old_rules", type=_folder)
@click.argument("new_rules", type=_folder)
@as_of
@only_programs
@out_files
@click.option("--people", is_flag=True, help="List the learners' ids in the HTML report as well.")
@click.pass_obj
def compare_command(
    screen: Screen,
    old_rules: Path,
    new_rules: Path,
    as_of: date,
    programs: tuple[str, ...],
    files: tuple[Path, ...],
    people: bool,
) -> None:
    """Decide on everybody by OLD_RULES and by NEW_RULES, two folders, and list whose outcome is another, and why.

    Nothing is recorded and nothing issued. A file named with --out is fit to be kept as the record of the change.
    """
    installation = assemble(screen.settings())
    old, new = rule_files.load(old_rules), rule_files.load(new_rules)
    known = dict.fromkeys((*old.program_ids, *new.program_ids))
    if unknown := [name for name in programs if name not in known]:
        raise click.UsageError(f"{listing(unknown, 'and')}: no such program. There are: {', '.join(known)}.")
    with screen.progress() as progress:
        task = progress.add_task("Comparing", total=installation.records.count())
        found = compare(
            installation, old, new, as_of, only=programs or None, on_progress=lambda n: progress.advance(task, n)
        )
    for path in files:
        if path.suffix == ".html":
            title = f"{installation.rule_set.institution.name}: what a change of the rules changes"
            parts = {"found": found, "people": people, "directions": DIRECTIONS, "counts": found.counts()}
            write_text(path, html("compare", title, **parts))
        else:
            write_rows(path, rows(found))
    screen.document({**_summary(found), "changes": rows(found)})
    _show(screen, found)
    for path in files:
        screen.say(f"Written to {path}.")
    say_without_columns(screen, installation)


def rows(found: Comparison) -> list[Mapping[str, object]]:
    """One row a learner and program whose outcome is another."""
    return [
        {
            "learner_id": change.learner_id,
            "program": change.program,
            "change": change.direction,
            "before": "" if change.old is None else str(change.old),
            "now": "" if change.new is None else str(change.new),
            "why": "; ".join(change.why),
        }
        for change in found.changes
    ]


def _summary(found: Comparison) -> dict[str, object]:
    counts = found.counts()
    return {
        "as_of": found.as_of,
        "old_rules": found.old_rules,
        "new_rules": found.new_rules,
        "learners": found.learners,
        "set_aside": found.set_aside,
        "columns": found.columns,
        "plain": found.plain,
        "unchanged": found.unchanged,
        **{direction: counts[direction] for direction in DIRECTIONS},
    }


def _show(screen: Screen, found: Comparison) -> None:
    screen.table(
        ["program", *DIRECTIONS, "most often because"],
        [
            [
                tally.program,
                *(tally.directions[direction] for direction in DIRECTIONS),
                tally.ranked_causes[0][0] if tally.causes else "",
            ]
            for tally in found.programs
        ],
        title=f"As of {found.as_of}",
    )
    for change in found.changes[:SHOWN]:
        before, now = (("none" if side is None else str(side)) for side in (change.old, change.new))
        screen.say(f"{change.learner_id} {change.program}: {before} before, {now} now. {'; '.join(change.why)}.")
    if len(found.changes) > SHOWN:
        screen.say(f"{len(found.changes) - SHOWN} more; --out FILE.csv lists them all.")
    aside = f", {number(found.set_aside, 'learner')} set aside" if found.set_aside else ""
    screen.say(f"{number(found.learners, 'learner')} compared{aside}, decided {found.engines}. Nothing was recorded.")
