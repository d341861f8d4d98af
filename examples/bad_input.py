"""What a person is told when the input is wrong: each mistake on a new installation of its own.

python examples/bad_input.py
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

AS_OF = "2026-06-01"
PROGRAM = Path(sys.executable).with_name("credrules")


def change(name: str, old: str, new: str) -> Callable[[Path], None]:
    def damage(home: Path) -> None:
        text = (home / name).read_text(encoding="utf-8")
        if old not in text:
            raise ValueError(f"{name} has no {old!r}")
        (home / name).write_text(text.replace(old, new, 1), encoding="utf-8")

    return damage


def with_bom(home: Path) -> None:
    path = home / "records" / "learners.csv"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())


def row_of_a_stranger(home: Path) -> None:
    path = home / "records" / "attempts.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    header = lines[0].split(",")
    cells = dict(zip(header, lines[1].split(","), strict=True)) | {"learner_id": "9999", "attempt_id": "9999-1"}
    path.write_text("\n".join([*lines, ",".join(cells[name] for name in header)]) + "\n", encoding="utf-8")


def twice(home: Path) -> None:
    path = home / "records" / "attempts.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([*lines, lines[1]]) + "\n", encoding="utf-8")


def issuer_that_raises(home: Path) -> None:
    """An award that is owed, and a file where the folder of badges should be."""
    said = ["learner_id,program,role,statement,by,on,evidence"]
    said += [
        f"50010001,first-program,{role},{what},A. Person,2026-05-20,https://university.example/1"
        for role, what in (("lead", "complete"), ("office", "complete"), ("lead", "portfolio"))
    ]
    (home / "said.csv").write_text("\n".join(said) + "\n", encoding="utf-8")
    credrules(home, "attest", "--from", "said.csv")
    (home / "out").mkdir()
    (home / "out" / "badges").write_text("a file where the folder of badges should be")


@dataclass(frozen=True)
class Mistake:
    """`says` is what the last command has to answer."""

    damage: Callable[[Path], None]
    says: str
    commands: tuple[str, ...] = ("check", f"run --as-of {AS_OF}")


MISTAKES = {
    "a CSV file with a byte order mark, as Excel writes it": Mistake(with_bom, "7 learners, 7 decisions"),
    "a missing column": Mistake(
        change("records/attempts.csv", "learner_id", "lerner_id"), "the column 'learner_id' is missing. Did you mean"
    ),
    "a key that stands twice": Mistake(twice, "attempts.csv:16: the attempt_id of this row is there again in line 2."),
    "a blank grade": Mistake(
        change("records/attempts.csv", ",A-,graded", ",,graded"),
        "? undetermined: STA 501",
        ("check", f"explain 50010001 first-program --as-of {AS_OF}"),
    ),
    "a learner nobody knows": Mistake(row_of_a_stranger, "attempts.csv:16: learners.csv has no such learner_id."),
    "a rule that asks for what the records cannot tell": Mistake(
        lambda home: (home / "records" / "holds.csv").unlink(), "asks for holds, which records from 'csv' do not have"
    ),
    "a rule file with mistakes": Mistake(
        change("rules/programs/first-program.yaml", "course: STA 501", "cuorse: STA 501"), "Did you mean 'course'?"
    ),
    "an issuer that raises": Mistake(
        issuer_that_raises, "out/badges: File exists.", ("check", f"run --as-of {AS_OF}", "status --awards")
    ),
    "a table of settings misspelt": Mistake(
        change("credrules.toml", "[issuers.badges]", "[issuers.badge]"), "'badges' is no issuer in credrules.toml."
    ),
}


def main() -> None:
    for what, mistake in MISTAKES.items():
        print(f"\n=== {what}")
        with tempfile.TemporaryDirectory() as folder:
            for command, done in said_of(mistake, Path(folder)):
                print(f"$ credrules {command}  -> exit code {done.returncode}")
                print("".join(f"    {line}\n" for line in relevant(done.stdout + done.stderr)), end="")


def said_of(mistake: Mistake, folder: Path) -> Iterator[tuple[str, subprocess.CompletedProcess[str]]]:
    """Each command and what came of it, on a new installation with the mistake in it."""
    credrules(folder, "init", "uni")
    mistake.damage(folder / "uni")
    for command in mistake.commands:
        yield command, credrules(folder / "uni", *command.split())


def relevant(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip() and line[0] not in "┏┃┡└┌├" and "━" not in line]


def credrules(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([PROGRAM, *words], cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603


if __name__ == "__main__":
    main()
