"""Options that several commands share."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from credrules.cli.files import FORMATS, ROWS
from credrules.cli.screen import complete_program

if TYPE_CHECKING:
    from collections.abc import Callable


class Day(click.ParamType):  # type: ignore[type-arg]  # generic in new releases of click only
    """A day, written as 2026-08-24."""

    name = "day"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(str(value))
        except ValueError:
            self.fail(f"'{value}' is not a day; write it as 2026-08-24.", param, ctx)


def today() -> date:
    """The institution's day, by this machine's clock and time zone: the only place where decisions meet a clock."""
    return datetime.now().astimezone().date()


as_of = click.option("--as-of", type=Day(), default=today, help="Decide as of this day; today where left out.")
program_argument = click.argument("program", shell_complete=complete_program)
only_programs = click.option(
    "--program", "programs", multiple=True, shell_complete=complete_program, help="Only this program; repeatable."
)


def _of_kind(*kinds: str) -> Callable[[click.Context, click.Parameter, tuple[Path, ...]], tuple[Path, ...]]:
    def checked(_: click.Context, __: click.Parameter, files: tuple[Path, ...]) -> tuple[Path, ...]:
        for path in files:
            if path.suffix not in kinds:
                raise click.UsageError(f"'{path}' ends in none of {', '.join(kinds)}: what should it be?")
        return files

    return checked


_file = click.Path(path_type=Path, dir_okay=False)
out_files = click.option(
    "--out",
    "files",
    multiple=True,
    type=_file,
    callback=_of_kind(*FORMATS),
    help="Write it to a .html, .csv, .json or .parquet file as well; repeatable.",
)
single_files = click.option(
    "--singles",
    multiple=True,
    type=_file,
    callback=_of_kind(*ROWS),
    help="Write a row for each learner and program they have begun to a .csv, .json or .parquet file; repeatable.",
)
