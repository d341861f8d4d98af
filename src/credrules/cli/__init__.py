"""The command line: parse, call, print. What each command does is elsewhere."""

from __future__ import annotations

import sys
from functools import cache
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

import click

from credrules import __version__
from credrules.cli.screen import Screen, printable
from credrules.errors import CredrulesError, InputError, PluginError
from credrules.settings import FILE_NAME

WRONG_INPUT = 2
"""Nothing was done: the input, the settings or the rules have to be mended first."""


COMMANDS = {
    "init": "init:init",
    "import": "import_:import_",
    "check": "check:check",
    "schema": "check:schema",
    "run": "run:run",
    "work": "work:work",
    "dead-letters": "work:dead_letters",
    "retry": "run:retry",
    "migrate": "run:migrate",
    "explain": "explain:explain",
    "audit": "audit:audit_command",
    "compare": "compare:compare_command",
    "whatif": "whatif:whatif",
    "test": "test:test",
    "attest": "attest:attest",
    "except": "attest:grant_exception",
    "elect": "attest:elect",
    "claim": "wish:claim",
    "decline": "wish:decline",
    "consent": "privacy:consent",
    "erase": "privacy:erase",
    "cases": "cases:cases",
    "case": "cases:case",
    "status": "status:status",
    "sync": "sync:sync",
    "doctor": "doctor:doctor",
    "connect": "connect:connect",
    "acceptance": "acceptance:acceptance",
    "plugins": "plugins:plugins",
    "verify": "verify:verify",
    "completion": "plugins:completion",
}
"""Each command, by its module in credrules.cli: imported when it is called, so that a command starts fast."""


class _Commands(click.Group):
    """The commands; where one fails and JSON is asked for, the failure is a JSON document too."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*COMMANDS, *_of_plugins()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.commands:
            command = _imported(COMMANDS[cmd_name]) if cmd_name in COMMANDS else _of_plugin(cmd_name)
            if command is None:
                return None
            self.add_command(_with_json(command), cmd_name)
        return self.commands[cmd_name]

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except CredrulesError as error:
            problems = error.problems if isinstance(error, InputError) else ()
            ctx.obj.document({"error": str(error), "problems": problems})
            raise


def _imported(place: str) -> click.Command:
    module, name = place.split(":")
    command: click.Command = getattr(import_module(f"credrules.cli.{module}"), name)
    return command


@cache
def _of_plugins() -> dict[str, metadata.EntryPoint]:
    """What plugins add, by entry points in the group `credrules.commands`; ours go before theirs."""
    return {point.name: point for point in metadata.entry_points(group="credrules.commands")}


def _of_plugin(name: str) -> click.Command | None:
    """None where no plugin has it. One that is broken says so when it is called, and breaks no other nor `--help`."""
    if name not in _of_plugins():
        return None
    try:
        command = _of_plugins()[name].load()
    except Exception as error:
        return _unusable(name, f"{type(error).__name__}: {error}")
    if not isinstance(command, click.Command):
        return _unusable(name, f"it is a {type(command).__name__}, which is no command")
    return command


def _unusable(name: str, why: str) -> click.Command:
    fault = f"The command '{name}' of a plugin cannot be used: {why}."

    def say(args: tuple[str, ...]) -> None:
        raise PluginError(fault)

    taken = click.Argument(["args"], nargs=-1, type=click.UNPROCESSED)
    return click.Command(
        name, callback=say, params=[taken], help=fault, context_settings={"ignore_unknown_options": True}
    )


def _with_json(command: click.Command) -> click.Command:
    if isinstance(command, click.Group):
        for one in command.commands.values():
            _with_json(one)
        return command
    command.params.append(
        click.Option(["--json"], is_flag=True, expose_value=False, callback=_also_json, help="Print one JSON document.")
    )
    return command


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
