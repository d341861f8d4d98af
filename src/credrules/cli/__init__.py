"""The command line: parse, call, print. What each command does is elsewhere."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from credrules import __version__
from credrules.cli import (
    acceptance,
    attest,
    audit,
    check,
    compare,
    explain,
    import_,
    init,
    plugins,
    run,
    status,
    test,
    verify,
    whatif,
    wish,
    work,
)
from credrules.cli.screen import Screen, printable
from credrules.errors import CredrulesError, InputError
from credrules.settings import FILE_NAME

WRONG_INPUT = 2
"""Nothing was done: the input, the settings or the rules have to be mended first."""


class _Commands(click.Group):
    """The commands; where one fails and JSON is asked for, the failure is a JSON document too."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except CredrulesError as error:
            problems = error.problems if isinstance(error, InputError) else ()
            ctx.obj.document({"error": str(error), "problems": problems})
            raise


def _also_json(context: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked and context.obj:
        context.obj.as_json = True


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="credrules")
@click.option(
    "--settings",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path(FILE_NAME),
    envvar="CREDRULES_SETTINGS",
    show_default=True,
    help="The settings file.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of text.")
@click.option("--color/--no-color", default=None, help="Colours; by default where the terminal has them.")
@click.pass_context
def cli(context: click.Context, path: Path, as_json: bool, color: bool | None) -> None:
    """Decide on micro-credentials by declared rules, and award each exactly once.

    Exit codes: 0 done; 1 done, but something needs a person; 2 wrong input, nothing was done.
    """
    context.obj = Screen(path, as_json=as_json, color=color)


for command in (
    init.init,
    import_.import_,
    check.check,
    check.schema,
    run.run,
    work.work,
    work.dead_letters,
    run.retry,
    run.migrate,
    explain.explain,
    audit.audit_command,
    compare.compare_command,
    whatif.whatif,
    test.test,
    attest.attest,
    attest.grant_exception,
    attest.elect,
    wish.claim,
    wish.decline,
    status.status,
    acceptance.acceptance,
    plugins.plugins,
    verify.verify,
    plugins.completion,
):
    command.params.append(
        click.Option(["--json"], is_flag=True, expose_value=False, callback=_also_json, help="Print one JSON document.")
    )
    cli.add_command(command)


def main() -> None:
    """The `credrules` program."""
    try:
        code = cli.main(standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("Stopped. What was done is in the ledger; run again to go on.", err=True)
        code = 130
    except click.ClickException as error:
        error.show()
        code = WRONG_INPUT
    except CredrulesError as error:
        click.echo(printable(str(error)), err=True)
        code = WRONG_INPUT
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        click.echo(printable(f"{place}{error.strerror or error}."), err=True)
        code = WRONG_INPUT
    sys.exit(code if isinstance(code, int) else 0)
