"""Options that several commands share."""

from __future__ import annotations

from datetime import date, datetime

import click

from credrules.cli.screen import complete_program


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
