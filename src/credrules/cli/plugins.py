"""`credrules plugins` and `credrules completion`: what is installed, and how the tab key learns of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from click.shell_completion import get_completion_class

from credrules.plugins import Plugins

if TYPE_CHECKING:
    from credrules.cli.screen import Screen

NEEDS_A_PERSON = 1


@click.command()
@click.pass_obj
def plugins(screen: Screen) -> int:
    """List the installed plugins and what they offer."""
    found = Plugins().found
    screen.document(found)
    screen.table(
        ["plugin", "distribution", "version", "offers"],
        [[p.name, p.distribution, p.version, p.fault or ", ".join(p.hooks)] for p in found],
    )
    if not found:
        screen.say("No plugin is installed. Records come through one: pip install credrules-csv.")
    return NEEDS_A_PERSON if any(plugin.fault for plugin in found) else 0


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the script that teaches a shell the tab key: eval "$(credrules completion bash)"."""
    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"there is no completion for {shell}")
    root = context.find_root().command
    click.echo(kind(root, {}, "credrules", "_CREDRULES_COMPLETE").source())
