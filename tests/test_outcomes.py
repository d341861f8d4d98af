"""The outcomes that the design works by hand, each decided by both engines."""

from __future__ import annotations

from datetime import date

import pytest
from tests.worked import AS_OF, NOW, PAST, attempt

from credrules import (
    Admission,
    AdmissionKind,
    Affiliation,
    Basis,
    Hold,
    Milestone,
    MilestoneStatus,
    Registration,
)
from credrules.adapters import Capabilities
from credrules.attestations import COMPLETE, Attestation, ExceptionKind, GrantedException, Role, Word
from credrules.errors import RuleFileError
from credrules.needs import unmet_needs
from credrules.plan import make_plan
from credrules.rule_files import load
from credrules.testing import FakeRecords

MET, PENDING, UNKNOWN, UNMET = (
    attempt("STA 501", "A"),
    attempt("STA 502", None, NOW),
    attempt("STA 503", "??"),
    attempt("STA 504", "F"),
)
BY_OUTCOME = {"met": MET, "pending": PENDING, "undetermined": UNKNOWN, "unmet": UNMET}


@pytest.mark.parametrize(
    ("group", "parts", "expected"),
    [
        ("all", ("met", "undetermined"), "undetermined"),
        ("all", ("unmet", "undetermined"), "unmet"),
        ("any", ("unmet", "undetermined"), "undetermined"),
        ("any", ("pending", "undetermined"), "pending"),
        ("choose: 2\n    of", ("met", "pending", "undetermined"), "pending"),
        ("all", ("met", "met"), "met"),
        ("all", ("met", "pending"), "pending"),
        ("any", ("unmet", "met"), "met"),
        ("choose: 2\n    of", ("met", "unmet", "undetermined"), "undetermined"),
        ("choose: 2\n    of", ("met", "unmet", "unmet"), "unmet"),
    ],
)
@pytest.mark.parametrize("nested", [False, True], ids=["courses", "groups"])
def test_a_group_takes_the_least_the_greatest_or_the_n_th_of_its_parts(outcome, group, parts, expected, nested):
    courses = [f"AA {index}01" for index in range(1, len(parts) + 1)]
    attempts = [
        attempt(course, BY_OUTCOME[part].grade, BY_OUTCOME[part].term)
        for course, part in zip(courses, parts, strict=True)
    ]
    listed = ", ".join(f"{{ all: [{course}] }}" if nested else course for course in courses)

    assert outcome(f"  - {group}: [{listed}]", attempts) == expected


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (attempt("STA 501", "B-"), "unmet"),
        (attempt("STA 501", "B"), "met"),
        (attempt("STA 501", None, NOW), "pending"),
        (attempt("STA 501", "I"), "pending"),
        (attempt("STA 501", "??"), "undetermined"),
        (attempt("STA 501", None), "undetermined"),
        (attempt("STA 501", None, NOW, registration=Registration.WAITLISTED), "unmet"),
        (attempt("STA 501", None, NOW, registration=Registration.DROPPED), "unmet"),
        (attempt("STA 501", "A", registration=Registration.WITHDRAWN), "unmet"),
        (attempt("STA 501", "W"), "unmet"),
        (attempt("STA 501", "A", basis=Basis.AUDIT), "unmet"),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{value.grade} {value.registration} {value.term.title}",
)
def test_a_course_of_which_b_is_the_least(outcome, one, expected):
    assert outcome("  - course: STA 501", [one]) == expected


@pytest.mark.parametrize("repeats", ["best", "latest"])
def test_a_repeat_in_progress_displaces_nothing(outcome, repeats):
    attempts = [attempt("STA 501", "A"), attempt("STA 501", None, NOW)]

    assert outcome("  - course: STA 501", attempts, repeats=repeats) == "met"


@pytest.mark.parametrize(("repeats", "expected"), [("latest", "unmet"), ("best", "met"), ("first", "met")])
def test_passed_with_a_and_repeated_with_c(outcome, repeats, expected):
    attempts = [attempt("STA 501", "A"), attempt("STA 501", "C", NOW)]

    assert outcome("  - course: STA 501", attempts, repeats=repeats) == expected


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        (attempt("STA 503", None, NOW), "pending"),
        (attempt("STA 503", "??"), "undetermined"),
        (attempt("STA 503", "B-"), "unmet"),
        (attempt("STA 503", "B"), "met"),
    ],
    ids=["in progress", "unknown", "below", "counted"],
)
def test_nine_credits_of_which_six_are_counted(outcome, last, expected):
    attempts = [attempt("STA 501", "A"), attempt("STA 502", "B"), last]

    assert outcome("  - credits: 9\n    from: { subject: STA }", attempts) == expected


AVERAGE = "  - all: [STA 501, STA 502]\n  - average-grade: 3.2"


@pytest.mark.parametrize(
    ("grades", "expected"),
    [
        (("B+", "B+"), "met"),
        (("B", "B"), "unmet"),
        (("B", None), "pending"),
        (("C", None), "unmet"),
        (("B", "??"), "undetermined"),
    ],
    ids=str,
)
def test_an_average_over_what_was_claimed(outcome, grades, expected):
    """With C and the top grade it would be 3.0: not even then."""
    attempts = [attempt("STA 501", grades[0]), attempt("STA 502", grades[1], PAST if grades[1] else NOW)]

    assert outcome(AVERAGE, attempts, minimum="C") == expected


def test_an_average_that_is_reached_does_not_wait_for_work_outside_the_claim(outcome):
    attempts = [attempt("STA 501", "B+"), attempt("STA 502", "B+"), attempt("STA 503", None, NOW)]

    assert outcome(AVERAGE, attempts) == "met"


def test_of_several_courses_those_are_claimed_that_serve_the_average_best(outcome):
    attempts = [attempt("STA 501", "C"), attempt("STA 502", "A"), attempt("STA 503", "B+")]
    requirements = "  - choose: 2\n    from: { subject: STA }\n  - average-grade: 3.5"

    assert outcome(requirements, attempts, minimum="C") == "met"


ATTESTED = "rules:\n  - { id: attested, for: conferral, require: { requirements: met, attestations: [lead] } }\n"


def said(role=Role.LEAD, statement=COMPLETE, evidence=None):
    return Attestation(
        learner_id="L1", program="p", role=role, statement=statement, by="A. Person", on=AS_OF, evidence=evidence
    )


@pytest.mark.parametrize(
    ("grade", "word", "expected"),
    [
        ("A", Word(), "awaiting"),
        ("A", Word((said(),)), "met"),
        ("F", Word((said(),)), "unmet"),
        ("F", Word(), "unmet"),
        ("??", Word(), "undetermined"),
    ],
    ids=["done, not attested", "done and attested", "attested, not done", "neither", "unknown"],
)
def test_the_leads_word(outcome, grade, word, expected):
    assert outcome("  - course: STA 501", [attempt("STA 501", grade)], rules=ATTESTED, word=word) == expected


GATE = """\
rules:
  - id: non-degree
    for: registration
    when: { learner.affiliation: outside }
    require: { learner.admission: non-degree }
"""
BEFORE = (Admission(kind=AdmissionKind.NON_DEGREE, since=date(2025, 8, 1)),)
AFTER = (Admission(kind=AdmissionKind.NON_DEGREE, since=date(2025, 9, 1)),)
ENDED = (Admission(kind=AdmissionKind.NON_DEGREE, since=date(2024, 8, 1), until=date(2025, 6, 1)),)
DEGREE = (Admission(kind=AdmissionKind.DEGREE, since=date(2023, 8, 1)),)


@pytest.mark.parametrize(
    ("affiliation", "admissions", "expected"),
    [
        (Affiliation.OUTSIDE, BEFORE, "met"),
        (Affiliation.HOME, DEGREE, "met"),
        (Affiliation.OUTSIDE, None, "undetermined"),
        (Affiliation.OUTSIDE, (), "unmet"),
        (Affiliation.OUTSIDE, AFTER, "unmet"),
        (Affiliation.OUTSIDE, ENDED, "unmet"),
        (None, BEFORE, "met"),
        (None, (), "undetermined"),
    ],
    ids=[
        "outside, non-degree before registering",
        "home, degree-seeking: the gate does not apply",
        "outside, admission unknown",
        "outside, never admitted",
        "outside, admitted after registering",
        "outside, admission ended before registering",
        "of unknown affiliation, non-degree either way",
        "of unknown affiliation, never admitted",
    ],
)
def test_the_registration_gate(outcome, affiliation, admissions, expected):
    found = outcome(
        "  - course: STA 501", [attempt("STA 501", "A")], rules=GATE, affiliation=affiliation, admissions=admissions
    )

    assert found == expected


def test_an_exception_lifts_the_gate(outcome):
    granted = GrantedException(
        learner_id="L1",
        program="p",
        kind=ExceptionKind.WAIVER,
        requirement="non-degree",
        reason="Registered by the office",
        by="A. Person",
        on=AS_OF,
    )
    found = outcome(
        "  - course: STA 501",
        [attempt("STA 501", "A")],
        rules=GATE,
        affiliation=Affiliation.OUTSIDE,
        word=Word((), (granted,)),
    )

    assert found == "met"


HOLDS = "rules:\n  - { id: no-hold, for: conferral, require: { holds: none } }\n"


@pytest.mark.parametrize(
    ("holds", "expected"),
    [
        ((), "met"),
        ((Hold(code="H", blocks=frozenset({"conferral"})),), "unmet"),
        ((Hold(code="H", blocks=frozenset({"conferral"}), until=date(2026, 3, 1)),), "met"),
        ((Hold(code="H", blocks=frozenset({"conferral"}), since=date(2026, 5, 1)),), "met"),
        ((Hold(code="H", blocks=frozenset({"registration"})),), "met"),
        ((Hold(code="H", blocks=None),), "undetermined"),
        (None, "undetermined"),
    ],
    ids=["none", "active", "lifted", "later", "of another kind", "unclear", "unknown"],
)
def test_a_hold_on_conferral(outcome, holds, expected):
    assert outcome("  - course: STA 501", [attempt("STA 501", "A")], rules=HOLDS, holds=holds) == expected


def test_rules_about_holds_are_refused_where_the_records_cannot_tell(outcome, tmp_path):
    outcome("  - course: STA 501", rules=HOLDS)
    plan = make_plan(load(tmp_path / "rules"))
    records = FakeRecords(name="campus", capabilities=Capabilities())

    problems = [str(problem) for problem in unmet_needs(plan, records)]

    assert any("'no-hold/holds' asks for holds, which records from 'campus' do not have" in one for one in problems)
    assert any("asks for the grading basis" in one for one in problems)
    assert issubclass(RuleFileError, Exception)


@pytest.mark.parametrize(
    ("milestones", "expected"),
    [
        ((), "unmet"),
        (None, "undetermined"),
        ((Milestone(code="paper", status=MilestoneStatus.COMPLETE, evidence="https://e.example"),), "met"),
        ((Milestone(code="paper", status=MilestoneStatus.COMPLETE),), "awaiting"),
        ((Milestone(code="paper", status=MilestoneStatus.SUBMITTED),), "awaiting"),
        ((Milestone(code="paper", status=MilestoneStatus.IN_PROGRESS),), "pending"),
        ((Milestone(code="paper", status=MilestoneStatus.FAILED),), "unmet"),
        ((Milestone(code="paper", status=None),), "undetermined"),
    ],
    ids=["none", "unknown", "done", "without evidence", "submitted", "under way", "failed", "of unknown status"],
)
def test_a_milestone_that_the_records_hold(outcome, milestones, expected):
    assert outcome("  - milestone: paper\n    evidence: required", milestones=milestones) == expected


def test_what_is_dated_after_the_day_of_the_decision_has_not_happened(outcome):
    later = attempt("STA 501", "A", NOW, graded_on=date(2026, 5, 20))

    assert outcome("  - course: STA 501", [later]) == "pending"


def test_an_incomplete_lapses_on_its_day(outcome):
    waiting = attempt("STA 501", "I/B", lapses_on=date(2026, 6, 1))
    lapsed = attempt("STA 501", "I/B", lapses_on=date(2026, 3, 1))

    assert outcome("  - course: STA 501", [waiting]) == "pending"
    assert outcome("  - course: STA 501", [lapsed]) == "met"
