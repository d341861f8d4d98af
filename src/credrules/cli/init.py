"""`credrules init`: a new installation that works at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from credrules.plugins import Plugins
from credrules.scaffold import scaffold

if TYPE_CHECKING:
    from credrules.cli.screen import Screen


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path())
@click.pass_obj
def init(screen: Screen, folder: Path) -> None:
    """Make a folder with settings, an institution file, a first program with its cases, and made-up records."""
    plugins = Plugins()
    written = scaffold(folder, plugins.scaffold_parts())
    screen.document([str(path) for path in written])
    for path in written:
        screen.say(f"wrote {path}")
    at = "" if folder == Path() else f"cd {folder} && "
    screen.say(f"\nNext: {at}credrules check, credrules test, credrules run --dry-run, credrules run")
