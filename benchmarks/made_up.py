"""Programs in the ordinary rule language, and a population in columns: what the benchmarks of whole populations share.

Programs ask for courses by name, so many of a list, credits of a subject, one of two, milestones and people's words;
requirements are drawn from a smaller stock, as an institution's are, so that several programs share them. The
population is made as arrays, with a seed, and is the same everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from credrules.plan import Plan, make_plan
from credrules.rule_files import load

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

AS_OF = date(2026, 11, 2)
SUBJECTS = ("ACC", "BIO", "CSE", "EDU", "HIS", "LAW", "MTH", "NUR", "PSY", "STA")
NUMBERS = tuple(range(400, 700, 10))
COURSES = tuple(f"{subject} {number}" for subject in SUBJECTS for number in NUMBERS)
MILESTONES = ("capstone", "portfolio", "reflection", "training")
GRADES = ("A", "A-", "B+", "B", "B-", "C+", "C", "F", "W", "I", "S", "??")
CHANCES = (0.16, 0.16, 0.16, 0.18, 0.09, 0.06, 0.06, 0.03, 0.04, 0.02, 0.03, 0.01)
ATTEMPTS = 12
PROGRAMS = 20  # whose courses learners take; beyond it, programs share the courses of these

INSTITUTION = """\
institution: { id: made-up, name: Made-up University, url: https://university.example }
grades:
  points: { A: 4.0, A-: 3.67, B+: 3.33, B: 3.0, B-: 2.67, C+: 2.33, C: 2.0, D: 1.0, F: 0.0 }
  passing-without-points: [S]
  not-passing-without-points: [U]
  incomplete: [I]
  withdrawn: [W]
counting: { minimum-grade: B }
rules:
  - id: outside-learners-are-admitted
    for: conferral
    when: { learner.affiliation: outside }
    require: { learner.admission: non-degree }
    otherwise: Apply as a non-degree student.
  - id: complete
    for: conferral
    require: { requirements: met, attestations: [lead, office], holds: none }
"""


def program_text(number: int) -> str:
    """A program of five to nine requirements; no course serves two of them."""
    random = Random(f"program {number}")
    named, subjects = _drawn(number)
    lines = [
        f"program: program-{number:03}",
        f"title: Program {number}",
        "effective: 2024-01-01",
        "credit-bearing: true",
    ]
    lines += ["requirements:", f"  - {named[0]}", f"  - {{ course: {named[1]}, minimum-grade: B+ }}"]
    lines += [f"  - {{ choose: 2, of: [{', '.join(named[2:6])}] }}"]
    lines += [f"  - any: [{named[6]}, {named[7]}]"]
    lines += [f"  - {{ credits: {random.choice((6, 9))}, from: {{ subject: {subjects[0]}, number: 500-699 }} }}"]
    if number % 2:
        lines += [f"  - {{ choose: {random.choice((1, 3))}, from: {{ subject: {subjects[1]}, number: 400-499 }} }}"]
    if number % 3:
        lines += [f"  - {{ milestone: {random.choice(MILESTONES)}, evidence: required }}"]
    if number % 5 == 0:
        lines += [f"  - any: [{named[8]}, {{ milestone: {random.choice(MILESTONES)}, id: instead }}]"]
    return "\n".join([*lines, "awards:", "  - issuer: badges", ""])


def _drawn(number: int) -> tuple[list[str], list[str]]:
    """The courses that a program names and the subjects it filters by. There are forty stocks of courses to name."""
    subjects = Random(f"subjects {number}").sample(SUBJECTS, 2)
    courses = [course for course in COURSES if course.partition(" ")[0] not in subjects]
    Random(f"stock {number % 40}").shuffle(courses)
    return courses, subjects


def fitting(number: int) -> list[int]:
    """Twelve courses that would complete a program, as positions in COURSES."""
    named, subjects = _drawn(number)
    filtered = [f"{subjects[0]} {number}" for number in (510, 520, 610)]
    some = [*named[:4], named[6], *filtered, *(f"{subjects[1]} {number}" for number in (400, 410, 420)), named[8]]
    return [COURSES.index(course) for course in some]


def write_rules(folder: Path, programs: int) -> Path:
    """A folder of rules as an institution keeps it."""
    (folder / "programs").mkdir(parents=True)
    (folder / "institution.yaml").write_text(INSTITUTION, encoding="utf-8")
    for number in range(programs):
        text = program_text(number)
        (folder / "programs" / f"program-{number:03}.yaml").write_text(text, encoding="utf-8")
    return folder


def plan_of(folder: Path) -> Plan:
    return make_plan(load(folder))


@dataclass(frozen=True)
class Tables:
    """A population as flat tables, each ordered by learner."""

    tables: dict[str, Any]

    @property
    def learners(self) -> int:
        return int(self.tables["learners"].num_rows)


_TERMS = [
    (date(year, *first), date(year, *last))
    for year in (2024, 2025, 2026)
    for first, last in (((1, 26), (5, 15)), ((5, 26), (8, 14)), ((8, 24), (12, 18)))
]


def _chosen(names: tuple[str, ...], at: Any) -> Any:
    return pa.DictionaryArray.from_arrays(pa.array(at.astype(np.int32)), pa.array(names))


def ids(first: int, count: int) -> Any:
    return pa.array([f"L{number:08}" for number in range(first, first + count)])


def made_tables(learners: int, first: int = 0, seed: int = 1) -> Tables:
    """Learners from `first` on. A learner has a program in mind; one in seven does all of it."""
    random = np.random.default_rng([seed, first])
    names = ids(first, learners)
    count = random.integers(ATTEMPTS - 4, ATTEMPTS + 5, learners)
    whose = np.repeat(np.arange(learners), count)
    rows = len(whose)
    wishes = np.array([fitting(number) for number in range(PROGRAMS)])
    program = random.integers(0, PROGRAMS, learners)
    diligent = random.random(learners) < 0.15
    place = np.arange(rows) - np.repeat(np.cumsum(count) - count, count)
    course = wishes[program[whose], place % 12]
    anywhere = ~diligent[whose] & (random.random(rows) < 0.7)
    course[anywhere] = random.integers(0, len(COURSES), int(anywhere.sum()))
    term = random.integers(0, len(_TERMS), rows)
    now = np.array([start <= AS_OF <= end for start, end in _TERMS])[term]
    now &= ~diligent[whose] | (place % 12 == 11)
    term = np.where(~now & (term == len(_TERMS) - 1), 0, term)
    grade = np.where(diligent[whose] & (random.random(rows) < 0.9), 0, random.choice(len(GRADES), rows, p=CHANCES))
    credits_ = random.choice(np.array([3000, 3000, 3000, 4000, 1000], np.int32), rows)
    earns = ~now & np.isin(grade, [GRADES.index(one) for one in ("A", "A-", "B+", "B", "B-", "C+", "C", "S")])
    starts, ends = (np.array([day[at] for day in _TERMS], "datetime64[D]") for at in (0, 1))
    symbols = pa.DictionaryArray.from_arrays(
        pa.array(np.where(now, -1, grade).astype(np.int32), mask=now), pa.array(GRADES)
    )
    attempts = pa.table(
        {
            "learner_id": names.take(pa.array(whose)),
            "course": _chosen(COURSES, course),
            "term_starts": pa.array(starts[term]),
            "term_ends": pa.array(ends[term]),
            "grade": symbols,
            "credits_attempted": pa.array(credits_),
            "credits_earned": pa.array(np.where(earns, credits_, 0).astype(np.int32)),
        }
    )
    outside = random.random(learners) < 0.1
    learner_table = pa.table(
        {"learner_id": names, "affiliation": _chosen(("home", "outside"), outside.astype(np.int32))}
    )
    admitted = np.flatnonzero(~outside | (random.random(learners) < 0.8))
    admissions = pa.table(
        {
            "learner_id": names.take(pa.array(admitted)),
            "kind": _chosen(("degree", "non-degree"), outside[admitted].astype(np.int32)),
            "since": pa.array(np.full(len(admitted), np.datetime64("2023-08-01"))),
        }
    )
    return Tables(
        {
            "learners": learner_table,
            "attempts": attempts,
            "admissions": admissions,
            "milestones": _milestones(names, random),
            "holds": _holds(names, random),
            "attestations": _attestations(names, program, random),
        }
    )


def _some(names: Any, random: Any, share: float, kinds: int) -> tuple[Any, Any, Any]:
    """Of each kind some learners, in order of learner: their ids, the kind, and how many rows there are."""
    chosen = random.random((len(names), kinds)) < share
    who, kind = np.nonzero(chosen)
    return names.take(pa.array(who)), kind, len(who)


def _milestones(names: Any, random: Any) -> Any:
    who, kind, rows = _some(names, random, 0.3, len(MILESTONES))
    status = random.choice(3, rows, p=(0.8, 0.1, 0.1))
    evidence = np.where(random.random(rows) < 0.9, 0, -1)
    return pa.table(
        {
            "learner_id": who,
            "code": _chosen(MILESTONES, kind),
            "status": _chosen(("complete", "submitted", "in-progress"), status),
            "evidence": pa.DictionaryArray.from_arrays(
                pa.array(evidence.astype(np.int32), mask=evidence < 0), pa.array(["https://evidence.example/1"])
            ),
        }
    )


def _holds(names: Any, random: Any) -> Any:
    who, _, rows = _some(names, random, 0.03, 1)
    return pa.table(
        {"learner_id": who, "code": pa.array(["BURSAR"] * rows), "blocks": pa.array([["conferral"]] * rows)}
    )


def _attestations(names: Any, program: Any, random: Any) -> Any:
    """What leads and the office have said of every tenth learner's own program."""
    chosen = random.random((len(names), 2)) < 0.1
    chosen[:, 1] &= chosen[:, 0]
    chosen[random.random(len(names)) < 0.08] = True
    who, role = np.nonzero(chosen)
    return pa.table(
        {
            "learner_id": names.take(pa.array(who)),
            "program": _chosen(tuple(f"program-{number:03}" for number in range(PROGRAMS)), program[who]),
            "role": _chosen(("lead", "office"), role),
            "statement": _chosen(("complete",), np.zeros(len(who), np.int32)),
            "on": pa.array(np.full(len(who), np.datetime64("2026-10-20"))),
        }
    )


def write_parquet(folder: Path, learners: int, chunk: int = 100_000) -> Path:
    """The tables as Parquet files, ordered by learner."""
    folder.mkdir(parents=True, exist_ok=True)
    writers: dict[str, Any] = {}
    for first in range(0, learners, chunk):
        for name, table in made_tables(min(chunk, learners - first), first).tables.items():
            if name not in writers:
                writers[name] = pq.ParquetWriter(folder / f"{name}.parquet", table.schema)
            writers[name].write_table(table)
    for writer in writers.values():
        writer.close()
    return folder


def chunks(learners: int, size: int) -> Iterator[tuple[int, int]]:
    for first in range(0, learners, size):
        yield first, min(size, learners - first)
