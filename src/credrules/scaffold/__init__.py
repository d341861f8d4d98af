"""A new installation that works at once: settings, an institution file, one program with its cases, made-up records."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

from credrules.errors import CredrulesError
from credrules.json_schemas import schemas

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

SETTINGS = """\
# Where credrules finds everything. Paths are from this folder; secrets are named, never written here.
rules = "rules"
ledger = "sqlite:///credrules.db"
engine = "durable" # or "plain", where durable_rules cannot be had
"""


@dataclass(frozen=True, slots=True)
class File:
    """A file of a new installation. A `private` one can be read by its owner alone."""

    path: str
    text: str
    private: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """What one plugin adds: a table of credrules.toml, and files."""

    name: str
    settings: str
    files: tuple[File, ...] = ()


def scaffold(folder: Path, parts: Iterable[Part]) -> list[Path]:
    """Write a new installation into a folder and return what was written. Raises CredrulesError where it would
    overwrite anything; nothing is written then.
    """
    parts = sorted(parts, key=lambda part: part.name)
    files = list(_own_files())
    files.append(File("credrules.toml", "\n".join([SETTINGS, *(part.settings for part in parts)])))
    files += [file for part in parts for file in part.files]
    there = [file.path for file in files if (folder / file.path).exists()]
    if there:
        raise CredrulesError(f"{folder} has {', '.join(there)} already. Nothing was written; choose an empty folder.")
    for file in files:
        _write(folder / file.path, file)
    return [folder / file.path for file in files]


def _own_files() -> Iterator[File]:
    here = resources.files("credrules.scaffold")
    for name in ("institution.yaml", "programs/first-program.yaml", "programs/first-program.cases.yaml"):
        yield File(f"rules/{name}", (here / "rules" / name).read_text(encoding="utf-8"))
    for name, text in schemas().items():
        yield File(f"rules/schema/{name}", text)
    yield File(".gitignore", "*.db\n*.db-*\n*.lock\nkeys/\nout/\n")


def _write(path: Path, file: File) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    mode = 0o600 if file.private else 0o644
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as target:
        target.write(file.text)
