"""`credrules sync`: find out who has changed since the records were last read, and for whom a day has come."""

from __future__ import annotations

from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING

import click

from credrules.cli.options import as_of
from credrules.plugins import Plugins
from credrules.sync import Scope, Store, synchronise
from credrules.sync.turns import store_of
from credrules.wording import number

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from credrules.cli.screen import Screen
    from credrules.settings import SyncSettings
    from credrules.sync import Report

DAYS_SHOWN = 4


@click.command()
@as_of
@click.option("--full", is_flag=True, help="Read everybody, whatever the stamps say.")
@click.option("--accept-loss", is_flag=True, help="Believe it, this once, that more is gone than the settings allow.")
@click.option("--dry-run", is_flag=True, help="Read, and say what was found; remember nothing.")
@click.pass_obj
def sync(screen: Screen, as_of: date, full: bool, accept_loss: bool, dry_run: bool) -> None:
    """Find who has changed in the student records. `credrules run --changed` then decides on them alone."""
    settings = screen.settings()
    records = Plugins().records(settings.records)
    path = store_of(settings)
    with Store.open_to_read(path) if dry_run else Store.open(path) as store, screen.progress() as progress:
        reading = progress.add_task("Reading", total=records.count() if full or not store.state() else None)
        report = synchronise(
            records,
            store,
            scope_of(settings.sync),
            as_of,
            full=full,
            accept_loss=accept_loss,
            dry_run=dry_run,
            on_read=lambda count: progress.advance(reading, count),
        )
        waiting = len(store.waiting().learners)
    screen.document({**_figures(report), "waiting": waiting})
    for line in _sentences(report, waiting):
        screen.say(line)


def scope_of(settings: SyncSettings) -> Scope:
    return Scope(
        overlap=timedelta(hours=settings.overlap_hours),
        overlap_numbers=settings.overlap_numbers,
        terms=frozenset(settings.terms),
        scope_days=settings.scope_days,
        full_days=settings.full_days,
        most_gone=settings.most_gone,
        few=settings.few,
    )


def _figures(report: Report) -> dict[str, object]:
    names = ("as_of", "reading", "because", "read", "new", "changed", "gone", "due", "dry_run")
    days = {day.isoformat(): count for day, count in report.days.items()}
    return {**{name: getattr(report, name) for name in names}, "days": days}


_READINGS = {
    "everybody": "Everybody was read",
    "scope": "Whoever is stamped, or of whom the scope says something else, was read",
    "changes": "Whoever is stamped was read",
    "nothing": "The source is the same as before, so that nobody has to be read",
}


def _sentences(report: Report, waiting: int) -> Iterator[str]:
    because = f", because {report.because}" if report.because else ""
    read = f": {number(report.read, 'learner')}" if report.reading != "nothing" else ""
    yield f"{_READINGS[report.reading]}{because}{read}."
    yield f"{report.new} new, {report.changed} changed, {report.gone} gone, {report.due} due as of {report.as_of}."
    if report.days:
        shown = ", ".join(f"{count} on {day}" for day, count in islice(report.days.items(), DAYS_SHOWN))
        more = len(report.days) - DAYS_SHOWN
        yield f"To come: {shown}, and on {number(more, 'later day')}." if more > 0 else f"To come: {shown}."
    if report.dry_run:
        yield "Dry run: nothing of this is remembered."
    else:
        yield f"{number(waiting, 'learner')} waiting for `credrules run --changed`."
