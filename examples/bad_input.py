"""What a person is told when the input is wrong: each mistake on a new installation of its own.

python examples/bad_input.py
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

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


def row(name: str, text: str) -> Callable[[Path], None]:
    def damage(home: Path) -> None:
        with (home / "records" / name).open("a", encoding="utf-8") as file:
            file.write(f"{text}\n")

    return damage


def twice(home: Path) -> None:
    path = home / "records" / "attempts.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([*lines, lines[1]]) + "\n", encoding="utf-8")


def issuer_that_raises(home: Path) -> None:
    (home / "out").mkdir()
    (home / "out" / "badges").write_text("a file where the folder of badges should be")


MISTAKES: dict[str, Callable[[Path], None]] = {
    "a CSV file with a byte order mark, as Excel writes it": with_bom,
    "a missing column": change("records/attempts.csv", "learner_id", "lerner_id"),
    "a key that stands twice": twice,
    "a blank grade": change("records/attempts.csv", ",A-,graded", ",,graded"),
    "a learner nobody knows": row("attempts.csv", "9999,50019999,STA 501,,2259,,institution,,,A,graded,,,,3,3,,"),
    "a rule that asks for what the records cannot tell": lambda home: (home / "records" / "holds.csv").unlink(),
    "a rule file with mistakes": change("rules/programs/first-program.yaml", "course: STA 501", "cuorse: STA 501"),
    "an issuer that cannot write": issuer_that_raises,
    "a table of settings misspelt": change("credrules.toml", "[issuers.badges]", "[issuers.badge]"),
}


def main() -> None:
    for what, damage in MISTAKES.items():
        with tempfile.TemporaryDirectory() as folder:
            home = Path(folder) / "uni"
            credrules(Path(folder), "init", "uni")
            damage(home)
            print(f"\n=== {what}")
            for word in ("check", "run"):
                done = credrules(home, word, *(["--as-of", "2026-06-01"] if word == "run" else []))
                print(f"$ credrules {word}  -> exit code {done.returncode}")
                print("".join(f"    {line}\n" for line in relevant(done.stdout + done.stderr)), end="")


def relevant(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip() and line[0] not in "┏┃┡│└┌├" and "━" not in line]


def credrules(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([PROGRAM, *words], cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603


if __name__ == "__main__":
    main()
