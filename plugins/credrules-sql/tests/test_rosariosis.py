"""The profile for RosarioSIS, on tables with its field names.

The rows are written by `rows_of_a_school`, after what was observed of the application when its own forms had posted the
grades of twelve learners: 73 rows of grades, in these numbers. They are not an export.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from credrules import Knows, Origin, Registration
from credrules.testing import RecordsSuite
from vendor_tables import Tables

FIELDS = {
    "students": "student_id:whole first_name last_name",
    "school_marking_periods": "marking_period_id:whole syear:whole school_id:whole mp parent_id:whole title "
    "start_date:date end_date:date",
    "courses": "course_id:whole syear:whole school_id:whole title short_name",
    "course_periods": "course_period_id:whole course_id:whole marking_period_id:whole mp credits:number",
    "schedule": "student_id:whole course_period_id:whole start_date:date end_date:date",
    "student_report_card_grades": "id:whole student_id:whole course_period_id:whole marking_period_id:whole "
    "grade_letter course_title credit_attempted:number credit_earned:number created_at:time updated_at:time",
}
YEAR, S1, S2, Q1, Q2 = 1, 2, 3, 4, 5
PERIODS = {
    YEAR: ("FY", None, "Full Year", "2025-09-01", "2026-06-15"),
    S1: ("SEM", YEAR, "Semester 1", "2025-09-01", "2026-01-31"),
    S2: ("SEM", YEAR, "Semester 2", "2026-02-01", "2026-06-15"),
    Q1: ("QTR", S1, "Quarter 1", "2025-09-01", "2025-11-15"),
    Q2: ("QTR", S1, "Quarter 2", "2025-11-16", "2026-01-31"),
}
SECTIONS = {11: ("CSE 101", S1, "3"), 12: ("CSE 250", S2, "4"), 13: ("STA 301", YEAR, "3")}
PASSED = {11: 8, 12: 8, 13: 6}  # the learners with the lowest numbers
FRAGMENTS = {Q1: "0.75", Q2: "0.75", S1: "1.5"}


def rows_of_a_school(tables):
    for period, (kind, parent, title, starts, ends) in PERIODS.items():
        tables.add(
            "school_marking_periods",
            marking_period_id=period,
            syear=2025,
            school_id=1,
            mp=kind,
            parent_id=parent,
            title=title,
            start_date=starts,
            end_date=ends,
        )
    for section, (course, period, credits) in SECTIONS.items():
        tables.add("courses", course_id=section, syear=2025, school_id=1, title=course.lower(), short_name=course)
        tables.add(
            "course_periods", course_period_id=section, course_id=section, marking_period_id=period, credits=credits
        )
    grades = iter(range(1, 100))
    for learner in range(1, 13):
        tables.add("students", student_id=learner, first_name=f"Given{learner}", last_name="Example")
        for section, (_, period, credits) in SECTIONS.items():
            left = "2025-10-15" if (learner, section) == (12, 11) else None
            tables.add("schedule", student_id=learner, course_period_id=section, start_date="2025-09-01", end_date=left)
            parts = {period: credits, **(FRAGMENTS if section == 13 else {})}
            for marking_period, credit in parts.items():
                grade(tables, next(grades), learner, section, marking_period, credit, passed=learner <= PASSED[section])
    tables.add(
        "student_report_card_grades",
        id=next(grades),
        student_id=2,
        marking_period_id=99,
        grade_letter="B",
        course_title="Statistics at another school",
        credit_attempted="3",
        credit_earned="3",
    )


def grade(tables, key, learner, section, period, credit, *, passed):
    tables.add(
        "student_report_card_grades",
        id=key,
        student_id=learner,
        course_period_id=section,
        marking_period_id=period,
        grade_letter="B" if passed else "F",
        course_title=SECTIONS[section][0].lower(),
        credit_attempted=credit,
        credit_earned=credit if passed else "0",
        created_at="2026-06-16 10:00:00",
    )


@pytest.fixture
def school(vendor):
    vendor.settings |= {"profile": "rosariosis", "parameters": {"as_of": date(2026, 9, 1)}}
    vendor.tables = Tables(vendor, FIELDS)
    with vendor.tables.at_once():
        rows_of_a_school(vendor.tables)
    return vendor


class TestRosarioSIS(RecordsSuite):
    @pytest.fixture
    def records(self, school):
        return school.source


def attempts_of(school):
    return [attempt for record in school.records().values() for attempt in record.attempts]


def one(school, learner, course):
    [found] = [a for a in school.records()[learner].attempts if str(a.course) == course]
    return found


def count(school, statement):
    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    with create_engine(school.url, poolclass=NullPool).connect() as connection:
        return connection.exec_driver_sql(statement).scalar()


def test_73_rows_of_grades_are_37_attempts_and_77_credits(school):
    assert count(school, "SELECT count(*) FROM student_report_card_grades") == 73
    assert count(school, "SELECT sum(credit_earned) FROM student_report_card_grades") == 95

    found = attempts_of(school)

    assert len(found) == 37
    assert sum(attempt.credits_earned for attempt in found) == 77


def test_the_grades_for_quarters_and_semesters_are_parts_of_a_years_and_no_attempts(school):
    found = one(school, "1", "STA 301")

    assert (found.grade, found.credits_earned, found.term.title) == ("B", 3, "Full Year 2025")


def test_a_regrade_changes_the_credit_of_the_same_attempt(school):
    before = one(school, "12", "CSE 101")
    school.run(
        "UPDATE student_report_card_grades SET grade_letter = 'C', credit_earned = 3, updated_at = '2026-06-20' "
        "WHERE student_id = 12 AND course_period_id = 11"
    )
    after = one(school, "12", "CSE 101")

    assert (before.grade, before.credits_earned) == ("F", 0)
    assert (after.grade, after.credits_earned) == ("C", 3)
    assert after.attempt_id == before.attempt_id


def test_a_cleared_grade_is_no_grade_and_its_credit_unknown_rather_than_none(school):
    """The application leaves the row, with NULL for the letter and 0 for the credit."""
    school.run(
        "UPDATE student_report_card_grades SET grade_letter = NULL, credit_earned = 0 "
        "WHERE student_id = 1 AND course_period_id = 11"
    )
    found = one(school, "1", "CSE 101")

    assert (found.grade, found.credits_earned, found.credits_attempted) == (None, None, 3)
    assert len(attempts_of(school)) == 37


def test_a_removed_grade_leaves_no_trace_and_the_learner_is_still_in_the_section(school):
    school.run("DELETE FROM student_report_card_grades WHERE student_id = 1 AND course_period_id = 11")

    assert count(school, "SELECT count(*) FROM student_report_card_grades WHERE course_period_id = 11") == 11
    found = one(school, "1", "CSE 101")
    assert (found.grade, found.credits_earned, found.registration) == (None, None, Registration.ENROLLED)


@pytest.mark.parametrize("letter", ["I", "N/A"])
def test_incomplete_and_not_applicable_are_letters_that_are_passed_on_as_they_are(school, letter):
    school.run(f"UPDATE student_report_card_grades SET grade_letter = '{letter}', credit_earned = 0 WHERE id = 1")

    found = one(school, "1", "CSE 101")
    assert (found.grade, found.credits_earned) == (letter, 0)


def test_the_credit_is_the_schools_word_and_not_the_letters(school):
    """A D- earns nothing where the scale passes from a higher mark on."""
    school.run("UPDATE student_report_card_grades SET grade_letter = 'D-', credit_earned = 0 WHERE id = 1")

    assert one(school, "1", "CSE 101").credits_earned == 0


def test_a_learner_who_left_the_section_is_withdrawn_although_there_is_a_final_grade(school):
    found = one(school, "12", "CSE 101")

    assert (found.registration, found.grade) == (Registration.WITHDRAWN, "F")


def test_somebody_who_left_a_section_and_came_back_is_one_attempt(school):
    school.tables.add("schedule", student_id=12, course_period_id=11, start_date="2025-11-01", end_date=None)

    assert one(school, "12", "CSE 101").registration is Registration.ENROLLED


def test_a_section_that_has_not_begun_for_the_learner_is_planned(school):
    school.settings["parameters"]["as_of"] = date(2025, 8, 1)

    assert one(school, "3", "CSE 250").registration is Registration.PLANNED
    assert one(school, "3", "CSE 250").registered_on == date(2025, 9, 1)


def test_transfer_has_a_title_and_a_code_that_no_rule_names(school):
    [found] = [a for a in attempts_of(school) if a.origin is Origin.TRANSFER]

    assert (found.title, str(found.course), found.term) == ("Statistics at another school", "HISTORY 73", None)
    assert found.credits_earned == Decimal(3)


def test_credits_that_are_not_there_are_unknown(school):
    school.run("UPDATE student_report_card_grades SET credit_earned = NULL, credit_attempted = NULL WHERE id = 1")

    found = one(school, "1", "CSE 101")
    assert (found.credits_earned, found.credits_attempted) == (None, None)


def test_a_grade_is_not_lost_with_its_line_in_the_schedule(school):
    school.run("DELETE FROM schedule WHERE student_id = 1 AND course_period_id = 13")

    assert one(school, "1", "STA 301").credits_earned == 3
    assert len(attempts_of(school)) == 37


def test_what_the_system_does_not_have_is_not_made_up(school):
    knows = school.source.capabilities

    assert (knows.holds, knows.privacy, knows.milestones, knows.grading_basis) == (Knows.NONE,) * 4
