"""What commands print on: text for people, or one JSON document for programs."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from credrules import settings
from credrules.attestations import STAFF
from credrules.records import plain_data
from credrules.rule_files import rule_paths
from credrules.yaml_files import read

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import click

    from credrules.decisions import Outcome

COLORS = {"met": "green", "awaiting": "cyan", "pending": "blue", "undetermined": "yellow", "unmet": "red"}
MARKS = {"met": "✓", "awaiting": "…", "pending": "→", "undetermined": "?", "unmet": "✗"}


class Screen:
    """Standard output for results, standard error for progress and remarks."""

    def __init__(self, settings_path: Path, *, as_json: bool, color: bool | None) -> None:
        self.settings_path = settings_path
        self.as_json = as_json
        forced = {} if color is None else {"force_terminal": color, "no_color": not color}
        self.out = Console(highlight=False, soft_wrap=True, **forced)  # type: ignore[arg-type]  # both are bools
        if not self.out.is_terminal:
            self.out.width = 1_000  # a file or a pipe has no edge to wrap at
        self.err = Console(stderr=True, highlight=False, soft_wrap=True, **forced)  # type: ignore[arg-type]

    def settings(self) -> settings.Settings:
        return settings.load(self.settings_path)

    def say(self, text: str) -> None:
        """A line of the result, for people; left out of JSON output. Text is printed as it is, never as markup."""
        if not self.as_json:
            self.out.print(printable(text), markup=False)

    def remark(self, text: str) -> None:
        self.err.print(printable(text), markup=False)

    def document(self, data: Any) -> None:
        """The whole result, for programs."""
        if self.as_json:
            sys.stdout.write(json.dumps(plain_data(data), ensure_ascii=False, indent=2) + "\n")

    def table(self, heads: Sequence[str], rows: Sequence[Sequence[object]], title: str = "") -> None:
        if self.as_json:
            return
        table = Table(title=title or None, title_justify="left")
        for number, head in enumerate(heads):
            table.add_column(head, justify="left" if number == 0 else "right", no_wrap=number == 0)
        for row in rows:
            table.add_row(*(escape(printable(str(cell))) for cell in row))
        self.out.print(table)

    def progress(self) -> Progress:
        """A progress bar on standard error; nothing where that is no terminal."""
        return Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=self.err,
            disable=self.as_json or not self.err.is_terminal,
        )


def mark(outcome: Outcome | str) -> str:
    """'✓ met': an outcome that can be told apart without colour."""
    return f"{MARKS[str(outcome)]} {outcome}"


def printable(text: str) -> str:
    """The text without signs that a terminal would obey: what records hold may be anybody's."""
    return "".join(sign if sign.isprintable() or sign in "\n " else "\N{REPLACEMENT CHARACTER}" for sign in text)


def complete_program(context: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Program ids, for the shell's tab key. Silent where the settings or rules cannot be read."""
    try:
        root = context.find_root()
        folder = settings.load(root.params["path"]).rules
        documents = [read(path, name) for name, path in list(rule_paths(folder).items())[1:]]
        ids = [document.data["program"] for document in documents if "program" in (document.data or ())]
        return sorted({str(name) for name in ids if str(name).startswith(incomplete)})
    except Exception:
        return []


def complete_role(context: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Roles, for the shell's tab key. Silent where the settings or rules cannot be read."""
    try:
        folder = settings.load(context.find_root().params["path"]).rules
        name, path = next(iter(rule_paths(folder).items()))
        declared = (read(path, name).data or {}).get("roles", ())
        return [str(role) for role in (*STAFF, *declared) if str(role).startswith(incomplete)]
    except Exception:
        return []
