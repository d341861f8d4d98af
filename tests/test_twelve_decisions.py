"""The twelve decisions of docs/decisions/0007, each as a fact that both engines agree on."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from random import Random

import pytest
from tests.worked import NOW, PAST, attempt

from credrules import Basis, Origin, Registration, Term
from credrules.attestations import ExceptionKind, GrantedException, Word
from credrules.engines.plain import PlainEngine
from credrules.testing.random_cases import random_case

COURSE = "  - course: STA 501"
EARLIER = Term(date(2024, 8, 26), date(2024, 12, 20), "2024-fall", "fall 2024")
COMING = Term(date(2026, 8, 24), date(2026, 12, 18), "2026-fall", "fall 2026")


def granted(kind, requirement, course=None):
    """An exception of the office's."""
    return Word(
        exceptions=(
            GrantedException(
                learner_id="L1",
                program="p",
                kind=kind,
                requirement=requirement,
                reason="equal in content",
                by="the office",
                on=date(2026, 3, 1),
                course=course,
            ),
        )
    )


def test_1_what_only_a_person_can_judge_is_awaited_and_neither_met_nor_unmet(outcome):
    assert outcome("  - { milestone: portfolio, attested-by: lead }") == "awaiting"


@pytest.mark.parametrize("minimum", ["B", "C"])
def test_2_a_grade_that_is_missing_stays_unknown(outcome, minimum):
    assert outcome(COURSE, [attempt("STA 501", None)], minimum=minimum) == "undetermined"


PASSED, FAILED = attempt("STA 501", "A", EARLIER), attempt("STA 501", "C", EARLIER)
OPEN = attempt("STA 501", None, NOW)
PLANNED = attempt("STA 501", None, COMING, registration=Registration.PLANNED)
WITHDRAWN = attempt("STA 501", "W", PAST)
UNREPORTED = attempt("STA 501", None, PAST)


@pytest.mark.parametrize("repeats", ["best", "latest"])
@pytest.mark.parametrize(
    ("attempts", "expected"),
    [
        ([PASSED, OPEN], "met"),  # the old pass stays while the repeat has no grade
        ([PASSED, PLANNED], "met"),
        ([PASSED, WITHDRAWN], "met"),
        ([PASSED, UNREPORTED], "met"),
        ([FAILED, OPEN], "pending"),
        ([FAILED, PLANNED], "unmet"),
        ([FAILED, WITHDRAWN], "unmet"),
        ([FAILED, UNREPORTED], "undetermined"),
        ([FAILED, attempt("STA 501", "C")], "unmet"),  # two too low do not make one high enough
        ([FAILED, attempt("STA 501", "A")], "met"),
    ],
)
def test_3_an_attempt_without_a_grade_displaces_nothing(outcome, repeats, attempts, expected):
    assert outcome(COURSE, attempts, repeats=repeats) == expected


@pytest.mark.parametrize(("repeats", "expected"), [("best", "met"), ("latest", "unmet"), ("first", "met")])
def test_3_which_of_several_grades_stands_is_the_institutions_word(outcome, repeats, expected):
    assert outcome(COURSE, [PASSED, attempt("STA 501", "C")], repeats=repeats) == expected


def test_3_a_repeat_in_progress_counts_once(outcome):
    assert outcome("  - { choose: 2, from: { subject: STA } }", [PASSED, OPEN]) == "unmet"


def test_5_what_is_done_of_a_requirement_is_shown_and_does_not_make_it_met(outcome):
    assert outcome("  - { choose: 2, from: { subject: STA } }", [PASSED]) == "unmet"


def test_6_a_course_counts_once_unless_the_rule_says_otherwise(outcome):
    twice = "  - course: STA 501\n  - { choose: 1, from: { subject: STA }%s }"

    assert outcome(twice % "", [PASSED]) == "unmet"
    assert outcome(twice % ", share-group: second-look", [PASSED]) == "met"


def test_8_a_substitute_is_judged_by_the_grade_that_the_requirement_asks(outcome):
    word = granted(ExceptionKind.SUBSTITUTION, "sta-501", "MTH 437")

    assert outcome(COURSE, [attempt("MTH 437", "A")], word=word) == "met"
    assert outcome(COURSE, [attempt("MTH 437", "C")], word=word) == "unmet"
    assert outcome(COURSE, [attempt("MTH 437", None, NOW)], word=word) == "pending"
    assert outcome(COURSE, [attempt("MTH 437", "F")], word=word) == "unmet"


def test_8_no_exception_lifts_a_limit(outcome):
    word = granted(ExceptionKind.SUBSTITUTION, "sta-501", "MTH 437")

    assert (
        outcome(f"{COURSE}\nlimits:\n  - {{ at-most: 0, of: [MTH 437] }}", [attempt("MTH 437", "A")], word=word)
        == "unmet"
    )


def test_9_an_exception_is_bound_to_a_requirement_and_to_no_other(outcome):
    two = "  - course: STA 501\n  - course: STA 502"

    assert outcome(two, [attempt("STA 502", "A")], word=granted(ExceptionKind.WAIVER, "sta-501")) == "met"
    assert outcome(two, [attempt("STA 502", "A")], word=granted(ExceptionKind.WAIVER, "sta-599")) == "unmet"


@pytest.mark.parametrize("seed", range(40))
def test_10_the_order_of_facts_does_not_matter(seed):
    case = random_case(Random(seed))
    shuffled = list(case.record.attempts)
    Random(seed).shuffle(shuffled)
    other = replace(case.record, attempts=tuple(shuffled))
    engine = PlainEngine(case.plan)

    assert engine.outcomes(other, case.word, case.as_of) == engine.outcomes(case.record, case.word, case.as_of)


@pytest.mark.parametrize(
    ("grade", "basis", "expected"),
    [
        ("B", Basis.GRADED, "met"),
        ("B-", Basis.GRADED, "unmet"),  # the scale says what is lower
        ("B*", Basis.GRADED, "undetermined"),
        ("87", Basis.GRADED, "undetermined"),
        ("b", Basis.GRADED, "undetermined"),
        ("B", None, "undetermined"),
        ("B", Basis.PASS_FAIL, "unmet"),
    ],
)
def test_11_only_the_declared_scale_says_what_a_grade_is_worth(outcome, grade, basis, expected):
    assert outcome(COURSE, [attempt("STA 501", grade, basis=basis)]) == expected


def test_11_a_grade_from_elsewhere_counts_where_the_program_takes_it(outcome):
    elsewhere = attempt("STA 501", "A", origin=Origin.TRANSFER)

    assert outcome(COURSE, [elsewhere]) == "unmet"
    assert outcome("  - { course: STA 501, origins: [institution, transfer] }", [elsewhere]) == "met"


def test_12_credits_of_a_course_are_not_split(outcome):
    """Six credits in one course are three for one requirement, and none for the other."""
    two = "  - { credits: 3, from: { subject: STA } }\n  - { credits: 3, from: { number: 500-599 } }"

    assert outcome(two, [attempt("STA 501", "A", credits=6)]) == "unmet"
    assert outcome(two, [attempt("STA 501", "A"), attempt("STA 502", "A")]) == "met"
