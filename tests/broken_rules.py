"""Broken rule files: what stands around each of them, and what it must be told.

Each file in tests/broken/ is a good file with one mistake. Its first lines say what must be reported, each after '#! '.
Its name begins with the kind of file that it is: institution-, program-, cases- or template-.
"""

from __future__ import annotations

from pathlib import Path

from credrules import rule_files
from credrules.case_files import check_cases
from credrules.errors import RuleFileError

BROKEN = Path(__file__).with_name("broken")

INSTITUTION = """\
institution: { id: uni, name: University }
grades:
  points: { A: 4.0, B+: 3.33, B: 3.0, C: 2.0, F: 0.0 }
  passing-without-points: [S]
  not-passing-without-points: [U]
  incomplete: [I]
  withdrawn: [W]
counting:
  minimum-grade: B
  repeats: best
  floor: [minimum-grade, repeats, origins, bases]
rules:
  - id: attested
    for: conferral
    require: { attestations: [lead] }
"""

PROGRAM = """\
program: data
title: Data
effective: 2026-01-01
credit-bearing: true
requirements:
  - course: STA 501
  - choose: 2
    of: [CSE 501, CSE 502, CSE 503]
  - milestone: capstone
awards:
  - issuer: badges
"""

CASES = """\
cases:
  - name: Nothing is done
    as-of: 2026-06-01
    given: { attempts: [{ course: STA 501, grade: C, term: fall 2025 }] }
    expect: { outcome: unmet, because: [below-minimum], nodes: { sta-501: unmet } }
"""

TEMPLATE = """\
parameters:
  credits: { least: 9, most: 30, default: 12 }
  grade: { least: B, default: B }
  subject: { kind: subjects }
requirements:
  - credits: $credits
    from: { subject: $subject }
    minimum-grade: $grade
    id: minimum
awards:
  - issuer: badges
"""

GOOD = {"institution": INSTITUTION, "program": PROGRAM, "cases": CASES, "template": TEMPLATE}
PLACES = {
    "institution": "institution.yaml",
    "program": "programs/data.yaml",
    "cases": "programs/data.cases.yaml",
    "template": "templates/minimum.yaml",
}


def write(folder: Path, **texts: str | bytes) -> Path:
    """A rule folder with these files, good ones in the place of those left out."""
    rules = folder / "rules"
    for name in ("programs", "templates"):
        (rules / name).mkdir(parents=True)
    for kind, good in GOOD.items():
        text = texts.get(kind, good)
        (rules / PLACES[kind]).write_bytes(text.encode() if isinstance(text, str) else text)
    return rules


def reported(rules: Path) -> list[str]:
    """Every problem with a rule folder and its cases, as it is printed."""
    try:
        rule_set = rule_files.load(rules)
        list(check_cases(rules, rule_set, None))
    except RuleFileError as error:
        return [str(problem) for problem in error.problems]
    return []


def expected(path: Path) -> list[str]:
    lines = path.read_bytes().decode("utf-8", errors="replace").splitlines()
    return [line.removeprefix("#! ") for line in lines if line.startswith("#! ")]
