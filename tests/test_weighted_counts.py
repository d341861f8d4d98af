"""Courses that count as more than one, or less: worked by hand, and decided by both engines."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.worked import NOW, attempt

LIST = "  - choose: 2\n    of: [CSE 599, CSE 601, CSE 602, CSE 700]\n    weights: { CSE 700: 2, CSE 599: 0.5 }"
FILTER = LIST.replace("of: [CSE 599, CSE 601, CSE 602, CSE 700]", "from: { subject: CSE, number: 500-799 }")


def taken(*codes, grade="A"):
    return [attempt(code, grade) for code in codes]


@pytest.mark.parametrize("requirements", [LIST, FILTER])
@pytest.mark.parametrize(
    ("attempts", "expected"),
    [
        (taken("CSE 700"), "met"),  # 2
        (taken("CSE 601"), "unmet"),  # 1
        (taken("CSE 601", "CSE 602"), "met"),  # 1 + 1
        (taken("CSE 599", "CSE 601"), "unmet"),  # 0.5 + 1
        (taken("CSE 599", "CSE 601", "CSE 602"), "met"),
        (taken("CSE 700", grade="C"), "unmet"),
        ([attempt("CSE 700", None, NOW)], "pending"),
        ([*taken("CSE 601"), attempt("CSE 599", None, NOW)], "unmet"),  # 1.5 at best
        ([*taken("CSE 601"), attempt("CSE 602", "??")], "undetermined"),
        ([*taken("CSE 700"), attempt("CSE 700", None, NOW)], "met"),  # once, however often it is taken
    ],
)
def test_a_course_counts_as_much_as_it_weighs(outcome, requirements, attempts, expected):
    assert outcome(requirements, attempts) == expected


def test_a_heavy_course_is_left_to_the_requirement_that_has_no_other(outcome):
    attempts = taken("CSE 601", "CSE 602", "CSE 700")

    assert outcome(f"{LIST}\n  - CSE 700", attempts) == "met"
    assert outcome(f"{LIST}\n  - CSE 602", attempts) == "met"
    assert outcome(f"{LIST}\n  - CSE 700\n  - CSE 601", attempts) == "unmet"


def test_a_limit_and_a_test_count_courses_and_not_what_they_weigh(outcome):
    counted = "  - counted-courses: 2\n    from: { subject: CSE }"

    assert outcome(f"{LIST}\n{counted}", taken("CSE 700")) == "unmet"
    assert outcome(f"{LIST}\n{counted}", taken("CSE 601", "CSE 602")) == "met"


EQUIVALENTS = "equivalents:\n  - { courses: [CSE 499, CSE 700], kind: renumbered, until: 2025-12-31 }\n"


def test_a_renumbered_course_has_the_weight_of_its_new_code(outcome):
    assert outcome(LIST, taken("CSE 499"), rules=EQUIVALENTS) == "met"
    assert outcome(LIST, [attempt("CSE 499", "A", NOW)], rules=EQUIVALENTS) == "unmet"


def test_where_the_term_is_unknown_so_is_the_weight_that_depends_on_it(outcome):
    undated = replace(attempt("CSE 499", "A"), term=None)

    assert outcome(LIST, [undated], rules=EQUIVALENTS) == "undetermined"
    assert outcome(FILTER.replace("500", "400"), [undated, *taken("CSE 601")], rules=EQUIVALENTS) == "undetermined"
