"""The command line: parse, call, print. What each command does is elsewhere."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from credrules import __version__
from credrules.cli import (
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
)
from credrules.cli.screen import Screen
from credrules.errors import CredrulesError
from credrules.settings import FILE_NAME

WRONG_INPUT = 2
"""Nothing was done: the input, the settings or the rules have to be mended first."""


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
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
    plugins.plugins,
    verify.verify,
    plugins.completion,
):
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
        click.echo(str(error), err=True)
        code = WRONG_INPUT
    sys.exit(code if isinstance(code, int) else 0)
