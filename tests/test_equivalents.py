"""Courses under several codes: counted as one, under any of them, in the terms for which they are one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from tests.worked import AS_OF, INSTITUTION, NOW, PAST, attempt

from credrules import Course, Learner, Record
from credrules.attestations import ExceptionKind, GrantedException, Word
from credrules.deciding import Decider
from credrules.engines.durable import DurableEngine
from credrules.equivalents import Equivalence, EquivalenceKind
from credrules.plan import make_plan
from credrules.rule_files import load

SAME = "equivalents: [{ courses: [STA 401, STA 501], kind: renumbered, from: 2025-01-01, until: 2025-12-31 }]\n"
EITHER = "  - choose: 2\n    of: [STA 401, STA 501, STA 502]"


def undated(code, grade):
    return replace(attempt(code, grade), term=None)


@pytest.mark.parametrize(
    ("requirements", "attempts", "expected"),
    [
        ("  - STA 501", [attempt("STA 401", "A")], "met"),
        ("  - STA 401", [attempt("STA 501", "A")], "met"),
        ("  - STA 501", [attempt("STA 401", "A", NOW)], "unmet"),  # its term starts after the last day
        ("  - STA 501", [attempt("STA 501", "A", NOW)], "met"),
        (EITHER, [attempt("STA 401", "A"), attempt("STA 501", "A")], "unmet"),  # one course, counted once
        (EITHER, [attempt("STA 401", "A"), attempt("STA 502", "A")], "met"),
        ("  - credits: 6\n    of: [STA 401, STA 501]", [attempt("STA 401", "A"), attempt("STA 501", "B")], "unmet"),
        ("  - STA 401\n  - STA 501", [attempt("STA 401", "A"), attempt("STA 501", "A")], "unmet"),
        ("  - choose: 1\n    from: { number: 500-599 }", [attempt("STA 401", "A")], "unmet"),  # filters go by the code
        ("  - choose: 1\n    from: { subject: STA, except: [STA 501] }", [attempt("STA 401", "A")], "unmet"),
        ("  - STA 501", [attempt("STA 501", None, NOW), attempt("STA 401", "A")], "met"),
    ],
)
def test_attempts_at_any_of_them_are_attempts_at_one_course(outcome, requirements, attempts, expected):
    assert outcome(requirements, attempts, rules=SAME) == expected


@pytest.mark.parametrize(("repeats", "expected"), [("best", "met"), ("latest", "unmet"), ("first", "met")])
def test_a_course_taken_again_under_its_new_number_is_repeated(outcome, repeats, expected):
    attempts = [attempt("STA 401", "A"), attempt("STA 501", "C", replace(PAST, starts=date(2025, 10, 1)))]

    assert outcome("  - STA 501", attempts, rules=SAME, repeats=repeats) == expected


@pytest.mark.parametrize(
    ("requirements", "attempts", "expected"),
    [
        ("  - STA 501", [undated("STA 401", "A")], "undetermined"),
        ("  - STA 501", [undated("STA 401", "F")], "unmet"),
        ("  - STA 501", [undated("STA 501", "A")], "met"),
        (EITHER, [undated("STA 401", "A"), attempt("STA 501", "A")], "undetermined"),
        ("  - choose: 1\n    from: { subject: STA, except: [STA 501] }", [undated("STA 401", "A")], "undetermined"),
    ],
)
def test_a_term_that_is_not_known_leaves_it_open_whether_they_are_one(outcome, requirements, attempts, expected):
    assert outcome(requirements, attempts, rules=SAME) == expected


def equal(since=None, until=None):
    courses = (Course("STA", "401"), Course("STA", "501"))
    return Equivalence(courses=courses, kind=EquivalenceKind.RENUMBERED, since=since, until=until)


FIRST, LAST, DAY_AFTER = date(2025, 1, 1), date(2025, 12, 31), date(2026, 1, 1)


@pytest.mark.parametrize(
    ("dates", "starts", "covered"),
    [
        ((FIRST, LAST), date(2024, 12, 31), False),
        ((FIRST, LAST), FIRST, True),
        ((FIRST, LAST), LAST, True),
        ((FIRST, LAST), DAY_AFTER, False),
        ((FIRST, None), date(2024, 12, 31), False),
        ((FIRST, None), DAY_AFTER, True),
        ((None, LAST), date(2024, 12, 31), True),
        ((None, LAST), DAY_AFTER, False),
        ((FIRST, None), None, None),
        ((None, LAST), None, None),
        ((None, None), None, True),
    ],
)
def test_a_term_that_starts_within_the_dates_both_included_is_covered(dates, starts, covered):
    term = starts and replace(PAST, starts=starts, ends=date(2026, 5, 1))

    assert equal(*dates).covers(replace(attempt("STA 401", "A"), term=term)) is covered


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [
        ((None, None), (None, None), True),
        ((None, None), (FIRST, LAST), True),
        ((FIRST, LAST), (LAST, None), True),  # one day in both
        ((FIRST, LAST), (DAY_AFTER, None), False),
        ((None, LAST), (DAY_AFTER, None), False),
        ((None, LAST), (None, FIRST), True),
        ((FIRST, None), (DAY_AFTER, None), True),
        ((FIRST, None), (None, LAST), True),
    ],
)
def test_dates_overlap_where_a_day_is_within_both(one, other, overlap):
    assert equal(*one).overlaps(equal(*other)) is overlap
    assert equal(*other).overlaps(equal(*one)) is overlap


def test_without_dates_no_term_is_needed(outcome):
    always = "equivalents: [{ courses: [APX 101, STA 501], kind: exam }]\n"

    assert outcome("  - STA 501", [undated("APX 101", "A")], rules=always) == "met"


def test_a_limit_is_on_the_course_and_not_on_its_code(outcome):
    limited = "  - choose: 1\n    from: { subject: STA }\nlimits:\n  - { at-most: 0, of: [STA 501] }"

    assert outcome(limited, [attempt("STA 401", "A")], rules=SAME) == "unmet"
    assert outcome(limited, [attempt("STA 401", "A", NOW)], rules=SAME) == "met"
    assert outcome(limited, [undated("STA 401", "A")], rules=SAME) == "undetermined"


def test_a_substitute_may_have_been_taken_under_another_code(outcome):
    granted = GrantedException(
        learner_id="L1",
        program="p",
        kind=ExceptionKind.SUBSTITUTION,
        requirement="cse-574",
        reason="asked for it",
        by="A. Registrar",
        on=AS_OF,
        course="STA 501",
    )

    assert outcome("  - CSE 574", [attempt("STA 401", "A")], rules=SAME, word=Word((), (granted,))) == "met"


@pytest.mark.parametrize(
    ("kind", "asked", "taken", "said"),
    [
        ("renumbered", "STA 501", "STA 401", "STA 401, now STA 501 (A, fall 2025) counts."),
        ("renumbered", "STA 401", "STA 501", "STA 501, formerly STA 401 (A, fall 2025) counts."),
        ("cross-listed", "STA 501", "STA 401", "STA 401, also listed as STA 501 (A, fall 2025) counts."),
        ("exam", "STA 501", "STA 401", "STA 401, taken for STA 501 (A, fall 2025) counts."),
        ("renumbered", "STA 401", "STA 401", "STA 401 (A, fall 2025) counts."),
    ],
)
def test_the_reason_names_the_code_that_was_taken_and_the_one_that_was_asked_for(tmp_path, kind, asked, taken, said):
    (tmp_path / "programs").mkdir()
    (tmp_path / "institution.yaml").write_text(INSTITUTION + SAME.replace("renumbered", kind))
    (tmp_path / "programs" / "p.yaml").write_text(
        "program: p\ntitle: P\neffective: 2025-01-01\ncredit-bearing: true\n"
        f"requirements: [{asked}]\nawards: [{{ issuer: badges }}]\n"
    )
    plan = make_plan(load(tmp_path))
    record = Record(learner=Learner(learner_id="L1"), attempts=(attempt(taken, "A"),), admissions=(), holds=())

    (decision,) = Decider(plan, DurableEngine(plan)).decide(record, Word(), AS_OF).decisions

    assert said in str(decision.reason)
    assert [use.course for reason in decision.reason.walk() for use in reason.used] == [taken]
