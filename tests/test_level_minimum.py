"""The least grade by level: worked by hand, and decided by both engines."""

from __future__ import annotations

import pytest
from tests.worked import INSTITUTION, NOW, attempt

from credrules.rule_files import load

BY_LEVEL = "{ undergraduate: C, graduate: B, other: B+ }"
COURSE = f"  - {{ course: STA 501, minimum-grade: {BY_LEVEL} }}"


@pytest.mark.parametrize(
    ("grade", "level", "expected"),
    [
        ("C", "undergraduate", "met"),
        ("C", "graduate", "unmet"),
        ("B", "graduate", "met"),
        ("B", "professional", "unmet"),
        ("B+", "professional", "met"),
        ("F", None, "unmet"),  # too low at every level
        ("C", None, "undetermined"),
        ("B", None, "undetermined"),
        ("B+", None, "met"),  # enough at every level
        ("A", None, "met"),
    ],
)
def test_the_level_decides_the_least_grade(outcome, grade, level, expected):
    assert outcome(COURSE, [attempt("STA 501", grade, level=level)]) == expected


def test_work_in_progress_at_an_unknown_level_is_pending(outcome):
    assert outcome(COURSE, [attempt("STA 501", None, NOW, level=None)]) == "pending"


def test_an_unknown_level_does_not_matter_where_one_grade_is_asked_of_all(outcome):
    assert outcome("  - STA 501", [attempt("STA 501", "B", level=None)]) == "met"
    assert outcome("  - STA 501", [attempt("STA 501", "C", level=None)]) == "unmet"


def test_a_group_hands_its_least_grades_on_and_one_for_all_levels_replaces_them(outcome):
    group = f"  - all: [STA 501, {{ course: STA 502, minimum-grade: B }}]\n    minimum-grade: {BY_LEVEL}"
    first = attempt("STA 501", "C", level="undergraduate")

    assert outcome(group, [first, attempt("STA 502", "B", level="undergraduate")]) == "met"
    assert outcome(group, [first, attempt("STA 502", "C", level="undergraduate")]) == "unmet"


PROGRAM = (
    "program: p\ntitle: P\neffective: 2025-01-01\ncredit-bearing: true\n{counting}requirements: [STA 501]\n"
    "awards:\n  - issuer: badges\n"
)


@pytest.mark.parametrize("floor", ["[minimum-grade]", "{ minimum-grade: { undergraduate: C, other: B } }"])
def test_the_institution_may_say_it_for_all_programs(tmp_path, floor):
    folder = tmp_path / "rules"
    (folder / "programs").mkdir(parents=True)
    counting = f"{{ minimum-grade: {{ undergraduate: C, other: B }}, floor: {floor} }}"
    (folder / "institution.yaml").write_text(INSTITUTION.replace("{ minimum-grade: B }", counting))
    raised = "counting: { minimum-grade: { undergraduate: B, other: B+ } }\n"
    (folder / "programs" / "p.yaml").write_text(PROGRAM.format(counting=raised))
    (folder / "programs" / "q.yaml").write_text(PROGRAM.format(counting="").replace("program: p", "program: q"))

    programs = load(folder).programs

    titles = [program.requirements.parts[0].title for program in programs]
    assert titles == [
        "STA 501 with B+ or better (B at undergraduate level)",
        "STA 501 with B or better (C at undergraduate level)",
    ]
