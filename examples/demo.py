"""The main job on an embedded default: a folder of CSV files as the SIS, SQLite as the ledger, 2,000 made-up learners.

make demo                                    everything
python examples/demo.py --learners 200       fewer
python examples/demo.py --fresh              forget what an earlier demo did
"""

from __future__ import annotations

import argparse
import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from credrules import rule_files
from credrules.records import plain_data
from credrules.testing.population import AS_OF, TERMS, population
from credrules_openbadges import new_key_pem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from credrules.attestations import Attestation
    from credrules.testing.population import Person

ROOT = Path(__file__).resolve().parents[1]
RULES = ROOT / "rules"
SETTINGS = """\
# Written by examples/demo.py.
rules = "../../rules"
ledger = "sqlite:///credrules.db"

[records]
plugin = "csv"
folder = "sis"

[issuers.badges]
plugin = "openbadges"
key = "file:keys/badges.pem"
folder = "out/badges"

[issuers.transcript]
plugin = "transcript"
folder = "out/transcript"
"""

COLUMNS = {
    "learners": "learner_id given_name family_name preferred_name email affiliation privacy",
    "terms": "term_id title starts ends",
    "attempts": "attempt_id learner_id course term_id level origin registration registered_on grade basis graded_on "
    "lapses_to lapses_on credits_attempted credits_earned repeat attributes counts_toward",
    "admissions": "learner_id kind since until",
    "milestones": "learner_id code status completed_on evidence",
    "activities": "activity_id learner_id code status category on hours points score",
    "credentials": "learner_id code status earned_on expires_on",
    "holds": "learner_id code blocks reason since until",
    "enrolments": "learner_id program since until",
    "attestations": "learner_id program role statement by on evidence",
}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--learners", type=int, default=2000)
    options.add_argument("--folder", type=Path, default=ROOT / "build" / "demo")
    options.add_argument("--fresh", action="store_true")
    asked = options.parse_args()
    if asked.fresh:
        shutil.rmtree(asked.folder, ignore_errors=True)
    if not (asked.folder / "credrules.toml").exists():
        print(f"Making up {asked.learners} learners in {shown(asked.folder)}")
        make(asked.folder, asked.learners)
        credrules(asked.folder, "check")
        credrules(asked.folder, "test")
        credrules(asked.folder, "attest", "--from", "attestations.csv")
    credrules(asked.folder, "run", "--as-of", str(AS_OF))
    learner, program = somebody_worth_explaining(asked.folder)
    credrules(asked.folder, "explain", learner, program, "--as-of", str(AS_OF))
    badges = sorted((asked.folder / "out" / "badges").glob("*.json"))
    if badges:
        credrules(asked.folder, "verify", str(badges[0].relative_to(asked.folder)))
    print(f"\n{len(badges)} badges are in {shown(asked.folder / 'out' / 'badges')},")
    print(f"notes for the registrar in {shown(asked.folder / 'out' / 'transcript')}.")
    print("Run it again: nothing will be new, and nothing issued.")


def shown(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def credrules(folder: Path, *words: str) -> None:
    """Run one command as a user would, in the demo's folder; stop where it says that the input is wrong."""
    print(f"\n$ credrules {' '.join(words)}", flush=True)
    program = Path(sys.executable).with_name("credrules")
    code = subprocess.run([program, *words], cwd=folder, check=False).returncode  # noqa: S603  our own program
    if code not in (0, 1):
        sys.exit(code)


def somebody_worth_explaining(folder: Path) -> tuple[str, str]:
    """The first learner with a statement about them, and its program."""
    with (folder / "attestations.csv").open(encoding="utf-8", newline="") as lines:
        row = next(csv.DictReader(lines))
    return row["learner_id"], row["program"]


def make(folder: Path, learners: int, rules: Path = RULES) -> None:
    """Write the settings, a key, and the records of a made-up population as CSV files."""
    for name in ("sis", "keys"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    key = os.open(folder / "keys" / "badges.pem", os.O_WRONLY | os.O_CREAT, 0o600)
    with os.fdopen(key, "w", encoding="ascii") as file:
        file.write(new_key_pem())
    write_records(folder, population(rule_files.load(rules), learners))
    (folder / "credrules.toml").write_text(SETTINGS, encoding="utf-8")


def write_records(folder: Path, people: Iterator[Person]) -> None:
    """The CSV files of a population, as the CSV plugin reads them, and its attestations beside them."""
    files = {
        name: (folder / ("" if name == "attestations" else "sis") / f"{name}.csv").open(
            "w", encoding="utf-8", newline=""
        )
        for name in COLUMNS
    }
    writers = {name: csv.DictWriter(file, COLUMNS[name].split(), extrasaction="ignore") for name, file in files.items()}
    for writer in writers.values():
        writer.writeheader()
    for term in TERMS:
        writers["terms"].writerow(plain_data(term))
    for person in people:
        for name, row in rows(person):
            writers[name].writerow(row)
    for file in files.values():
        file.close()


def rows(person: Person) -> Iterator[tuple[str, dict[str, Any]]]:
    data = plain_data(person.record)
    mine = {"learner_id": person.record.learner.learner_id}
    yield "learners", data["learner"]
    for attempt in data["attempts"]:
        course = f"{attempt['course']['subject']} {attempt['course']['number']}"
        sets = {"attributes": ";".join(attempt["attributes"]), "counts_toward": ";".join(attempt["counts_toward"])}
        yield "attempts", {**attempt, **mine, "course": course, "term_id": attempt["term"]["term_id"], **sets}
    for name in ("admissions", "milestones", "activities", "credentials", "enrolments"):
        for row in data[name]:
            yield name, {**row, **mine}
    for hold in data["holds"]:
        yield "holds", {**hold, **mine, "blocks": ";".join(hold["blocks"])}
    for attestation in person.attestations:
        yield "attestations", said(attestation)


def said(attestation: Attestation) -> dict[str, Any]:
    return {**plain_data(attestation), "on": attestation.on.isoformat()}


if __name__ == "__main__":
    main()
