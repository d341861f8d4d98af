"""The guides, followed step by step: what they say is printed is what is printed."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from tests.command_line import credrules

DOCS = Path(__file__).parents[1] / "docs"
PAGES = ["writing-a-program.md", "importing.md", "synchronising.md", "connecting-an-unknown-sis.md"]
STEP = re.compile(r"<!-- (?P<note>.*?) -->|```(?P<kind>yaml|text|sql|toml|console)\n(?P<text>.*?)```", re.S)
CHANGE = re.compile(r'"(.*?)" to "(.*?)"')
PROGRAM = "rules/programs/community-health-data.yaml"


def followed(page: str, home: Path) -> list[tuple[str, str]]:
    """Every command of the page, with what it printed; what a note says is done for the step after it."""
    shown = []
    note = ""
    for step in STEP.finditer(page):
        if step["note"] is not None:
            note = step["note"]
            if note.startswith("edit"):
                edit(note, home)
                note = ""
        elif note.startswith("show"):
            assert (home / note.partition(": ")[2]).read_text() == step["text"]
            note = ""
        elif step["kind"] != "console" and not note:
            continue  # shown to be read, not to be done
        elif step["kind"] != "console":
            name = note.partition(": ")[2]
            before = (home / name).read_text() if note.startswith("add") else ""
            (home / name).write_text(before + step["text"])
            note = ""
        else:
            command = step["text"].splitlines()[0].removeprefix("$ ")
            shown.append((command, printed(command, home, note if note.startswith("change") else "")))
            note = ""
    return shown


def edit(note: str, home: Path) -> None:
    """A change to a file that stays, as in `edit in FILE: "old" to "new"`."""
    path = home / note.partition(": ")[0].removeprefix("edit in ")
    text = path.read_text()
    for old, new in CHANGE.findall(note):
        assert old in text, old
        text = text.replace(old, new, 1)
    path.write_text(text)


def printed(command: str, home: Path, change: str) -> str:
    """What a command prints, after a change to a file that is taken back again."""
    path = home / (change.partition(": ")[0].removeprefix("change").removeprefix(" in ") or PROGRAM)
    whole = path.read_text() if change else ""
    text = whole
    for old, new in CHANGE.findall(change):
        assert old in text, old
        text = text.replace(old, new, 1)
    if change:
        path.write_text(text)
    program, *words = shlex.split(command)
    if program == "credrules":
        done = credrules(home, *words)
    else:
        done = subprocess.run(
            [Path(sys.executable).with_name(program), *words], cwd=home, capture_output=True, text=True, check=False
        )
    if change:
        path.write_text(whole)
    return done.stdout + done.stderr


@pytest.mark.parametrize("name", PAGES)
def test_every_step_of_the_guide_prints_what_it_says(tmp_path, name):
    page = (DOCS / name).read_text(encoding="utf-8")
    written = [
        (text.splitlines()[0].removeprefix("$ "), "".join(f"{line}\n" for line in text.splitlines()[1:]))
        for text in re.findall(r"```console\n(.*?)```", page, re.S)
    ]

    shown = followed(page, tmp_path)

    assert len(written) == len(shown)
    for (command, expected), (_, output) in zip(written, shown, strict=True):
        if expected:
            assert expected == output, command
