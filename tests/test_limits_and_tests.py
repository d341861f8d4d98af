"""Limits, tests over everything that counted, and share groups: worked by hand, each decided by both engines."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from tests.worked import NOW, PAST, attempt

from credrules import Basis, Origin, ProgramEnrolment, Term
from credrules.engines import durable_attempts
from credrules.windows import later

THREE = "  - choose: 3\n    from: { subject: [CSE, STA] }\n"
EARLIER = Term(date(2024, 8, 26), date(2024, 12, 20), "2024-fall", "fall 2024")


def three(*changes):
    """Three courses with A, changed one by one."""
    parts = [*changes, *({},) * 3][:3]
    return [
        attempt(f"CSE 50{number}", change.pop("grade", "A"), change.pop("term", PAST), **change)
        for number, change in enumerate(map(dict, parts), start=1)
    ]


TRANSFER = {"origin": Origin.TRANSFER}
PASSED = {"basis": Basis.PASS_FAIL}
WIDE = "    origins: [institution, transfer]\n    bases: [graded, pass-fail]\n"


@pytest.mark.parametrize(
    ("limit", "changes", "expected"),
    [
        ("{ at-most: 1, from: { origin: transfer } }", [TRANSFER], "met"),
        ("{ at-most: 1, from: { origin: transfer } }", [TRANSFER, TRANSFER], "unmet"),
        ("{ at-most-credits: 3, from: { origin: transfer } }", [{**TRANSFER, "credits": "3.5"}], "unmet"),
        ("{ at-most-credits: 3.5, from: { origin: transfer } }", [{**TRANSFER, "credits": "3.5"}], "met"),
        ("{ at-most: 1, from: { basis: pass-fail } }", [PASSED, PASSED], "unmet"),
        ("{ at-most: 1, from: { basis: pass-fail } }", [PASSED], "met"),
        ("{ at-most: 1, below-grade: A }", [{"grade": "B+"}, {"grade": "B"}], "unmet"),
        ("{ at-most: 1, below-grade: A }", [{"grade": "B+"}, {"grade": None, "term": NOW}], "pending"),
        ("{ at-most: 1, of: [CSE 501, CSE 502] }", [], "unmet"),
        ("{ at-most: 1, of: [CSE 501, CSE 599] }", [], "met"),
        ("{ at-most: 0, from: { counts-toward: [bs-cs] } }", [{"counts_toward": frozenset({"bs-cs"})}], "unmet"),
        ("{ at-most: 0, from: { counts-toward: [bs-cs] } }", [{"counts_toward": frozenset({"ba-art"})}], "met"),
        ("{ at-most: 0, from: { counts-toward: [bs-cs] } }", [{"counts_toward": None}], "undetermined"),
        ("{ at-most: 1, from: { counts-toward: [bs-cs] } }", [{"counts_toward": None}], "met"),
        ("{ at-most: 0, from: { attribute: online } }", [{"attributes": None}], "undetermined"),
        (
            "{ at-most: 1, from: { level: undergraduate } }",
            [{"level": None}, {"level": "undergraduate"}],
            "undetermined",
        ),
    ],
)
def test_a_limit(outcome, limit, changes, expected):
    assert outcome(f"{THREE}{WIDE}limits:\n  - {limit}", three(*changes)) == expected


def test_a_limit_never_makes_a_claim_worse(outcome):
    """Of two overlapping courses the better one is used, and a third takes the other's place."""
    courses = [attempt(code, "B") for code in ("CSE 501", "CSE 502", "CSE 503", "STA 504")]

    assert outcome(f"{THREE}limits:\n  - {{ at-most: 1, of: [CSE 501, CSE 502] }}", courses) == "met"


@pytest.mark.parametrize(
    ("test", "changes", "expected"),
    [
        ("counted-courses: 1\n    from: { attribute: online }", [{"attributes": frozenset({"online"})}], "met"),
        ("counted-courses: 1\n    from: { attribute: online }", [], "unmet"),
        ("counted-courses: 1\n    from: { attribute: online }", [{"attributes": None}], "undetermined"),
        ("counted-courses: 2\n    from: { number: 502-599 }", [], "met"),
        ("counted-credits: 6\n    from: { number: 502-599 }", [], "met"),
        ("counted-credits: 6.5\n    from: { number: 502-599 }", [], "unmet"),
        ("counted-credits: 6\n    from: { number: 502-599 }", [{}, {"grade": None, "term": NOW}], "pending"),
        ("counted-credits: 6\n    from: { number: 502-599 }", [{"grade": None, "term": NOW}], "pending"),
        ("counted-percent: 50\n    from: { origin: institution }", [TRANSFER, TRANSFER], "unmet"),
        ("counted-percent: 50\n    from: { origin: institution }", [TRANSFER], "met"),
        ("counted-percent: 67\n    from: { origin: institution }", [TRANSFER], "unmet"),
        ("counted-percent: 67\n    rounding: down\n    from: { origin: institution }", [TRANSFER], "met"),
        ("counted-percent: 60\n    rounding: up\n    from: { origin: institution }", [TRANSFER], "met"),
        (
            "counted-percent: 60\n    of: courses\n    rounding: up\n    from: { origin: institution }",
            [TRANSFER],
            "met",
        ),
        (
            "counted-percent: 67\n    of: courses\n    rounding: up\n    from: { origin: institution }",
            [TRANSFER],
            "unmet",
        ),
        ("counted-subjects: 2", [], "unmet"),
    ],
)
def test_a_test_over_everything_that_counted(outcome, test, changes, expected):
    assert outcome(f"{THREE}{WIDE}  - {test}\n", three(*changes)) == expected


def test_what_counts_is_chosen_so_that_the_test_is_passed(outcome):
    """Three better courses are there, but only with the lesser one from another subject are there two subjects."""
    courses = [*three(), attempt("STA 501", "B")]

    assert outcome(f"{THREE}  - counted-subjects: 2", courses) == "met"


def test_two_tests_and_a_limit_are_kept_at_once(outcome):
    tests = "  - counted-subjects: 2\n  - { counted-courses: 1, from: { attribute: lab } }\n"
    limits = "limits:\n  - { at-most: 1, from: { subject: STA } }"
    lab = {"attributes": frozenset({"lab"})}
    courses = [*three(), attempt("STA 501", "B"), attempt("STA 502", "B", **lab)]

    assert outcome(f"{THREE}{tests}{limits}", courses) == "met"
    assert outcome(f"{THREE}{tests}{limits}", courses[:-1]) == "unmet"


def test_half_of_nine_credits_depends_on_the_rounding(outcome):
    """Four of nine credits were earned here."""
    credits_ = [attempt("CSE 501", "A", credits=4), attempt("CSE 502", "A", credits=5, **TRANSFER)]
    rule = "  - credits: 9\n    from: {{ subject: CSE }}\n{}  - counted-percent: 50\n    rounding: {}\n    from: {}\n"
    here = "{ origin: institution }"

    assert outcome(rule.format(WIDE, "exact", here), credits_) == "unmet"
    assert outcome(rule.format(WIDE, "up", here), credits_) == "unmet"
    assert outcome(rule.format(WIDE, "down", here), credits_) == "met"


SHARED = "  - course: CSE 501\n  - { choose: 1, from: { attribute: writing }, share-group: writing }\n"
WRITING = {"attributes": frozenset({"writing"})}


def test_a_requirement_in_a_share_group_takes_no_course_from_the_others(outcome):
    assert outcome(SHARED, [attempt("CSE 501", "A", **WRITING)]) == "met"
    assert outcome(SHARED.replace(", share-group: writing", ""), [attempt("CSE 501", "A", **WRITING)]) == "unmet"


def test_within_a_share_group_a_course_counts_once(outcome):
    twice = SHARED + "  - { choose: 1, from: { subject: CSE }, share-group: writing }\n"

    assert outcome(twice, [attempt("CSE 501", "A", **WRITING)]) == "unmet"
    assert outcome(twice, [attempt("CSE 501", "A", **WRITING), attempt("CSE 502", "A")]) == "met"


def test_what_a_share_group_claims_is_under_no_limit(outcome):
    rules = SHARED + "limits:\n  - { at-most: 1, from: { subject: CSE } }"

    assert outcome(rules, [attempt("CSE 501", "A", **WRITING)]) == "met"


SAME = "  - { choose: 2, from: { subject: [CSE, STA] }, same: subject }"


def test_all_of_one_subject_whichever_it_is(outcome):
    mixed = [attempt("CSE 501", "A"), attempt("STA 501", "A")]

    assert outcome(SAME, mixed) == "unmet"
    assert outcome(SAME, [*mixed, attempt("STA 502", "B")]) == "met"


def test_courses_that_are_excepted_are_never_among_the_filters(outcome):
    rule = "  - { choose: 1, from: { subject: CSE, except: [CSE 501] } }"

    assert outcome(rule, [attempt("CSE 501", "A")]) == "unmet"
    assert outcome(rule, [attempt("CSE 501", "A"), attempt("CSE 502", "B")]) == "met"


WINDOW = "  - { choose: 1, from: { subject: CSE, completed: %s } }"


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        ("{ since: 2025-12-19 }", "met"),
        ("{ since: 2025-12-20 }", "unmet"),
        ("{ until: 2025-12-19 }", "met"),
        ("{ until: 2025-12-18 }", "unmet"),
        ("{ since: 2025-12-19, until: 2025-12-19 }", "met"),
        ("{ within: { months: 3 } }", "unmet"),  # before 2026-04-01
        ("{ within: { months: 4 } }", "met"),
        ("{ within: { years: 1 } }", "met"),
        ("{ after: enrolment }", "met"),
    ],
)
def test_work_counts_within_a_window(outcome, window, expected):
    """The term ended on 2025-12-19."""
    enrolled = (ProgramEnrolment(program="p", since=date(2025, 12, 19)),)

    assert outcome(WINDOW % window, [attempt("CSE 501", "A")], enrolments=enrolled) == expected


@pytest.mark.parametrize(
    ("enrolments", "expected"),
    [
        (None, "undetermined"),
        ((), "unmet"),
        ((ProgramEnrolment(program="p"),), "undetermined"),
        ((ProgramEnrolment(program="p"), ProgramEnrolment(program="p", since=date(2025, 1, 1))), "met"),
        ((ProgramEnrolment(program="another", since=date(2025, 1, 1)),), "unmet"),
        ((ProgramEnrolment(program="p", since=date(2025, 12, 20)),), "unmet"),
    ],
)
def test_after_enrolment(outcome, enrolments, expected):
    assert outcome(WINDOW % "{ after: enrolment }", [attempt("CSE 501", "A")], enrolments=enrolments) == expected


def test_a_term_that_is_not_known_is_in_no_window_surely(outcome):
    unknown = replace(attempt("CSE 501", "A"), term=None)

    assert outcome(WINDOW % "{ since: 2025-01-01 }", [unknown]) == "undetermined"


LIMITED = THREE + "time-limit: { months: 16 }\n"


def test_a_time_limit_begins_with_the_first_course_that_counts(outcome):
    early = attempt("CSE 501", "A", EARLIER)
    others = [attempt("CSE 502", "A"), attempt("CSE 503", "A", PAST)]

    assert outcome(LIMITED, [early, *others]) == "met"  # 2024-08-26 and 16 months: until 2025-12-26
    assert outcome(LIMITED.replace("16", "15"), [early, *others]) == "unmet"
    assert outcome(LIMITED.replace("16", "15"), [early, *others, attempt("STA 501", "B")]) == "met"


def test_work_in_progress_must_end_within_the_time_limit_too(outcome):
    courses = [attempt("CSE 501", "A"), attempt("CSE 502", "A"), attempt("CSE 503", None, NOW)]

    assert outcome(LIMITED, courses) == "pending"
    assert outcome(LIMITED.replace("16", "8"), courses) == "unmet"


def test_a_course_of_an_unknown_term_may_lie_within_the_time_limit(outcome):
    unknown = replace(attempt("CSE 503", "A"), term=None)

    assert outcome(LIMITED, [attempt("CSE 501", "A"), attempt("CSE 502", "A"), unknown]) == "undetermined"
    assert outcome(LIMITED, [*three(), unknown]) == "met"


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2025, 1, 31), 1, date(2025, 2, 28)),
        (date(2025, 3, 31), -1, date(2025, 2, 28)),
        (date(2025, 12, 15), 1, date(2026, 1, 15)),
        (date(9999, 12, 31), 1, date.max),
        (date(1, 1, 1), -1, date.min),
    ],
)
def test_months_are_counted_alike_by_both_engines(day, months, expected):
    assert later(day, months) == expected
    assert durable_attempts.months_on(day, months) == expected
