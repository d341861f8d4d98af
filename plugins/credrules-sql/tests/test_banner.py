"""The profile for Banner Student, on tables with its public field names. No Banner was at hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from credrules import Basis, Origin, Registration
from credrules.records import Privacy, Repeat
from credrules.testing import RecordsSuite
from vendor_tables import Tables

FIELDS = {
    "SPRIDEN": "SPRIDEN_PIDM:whole SPRIDEN_ID SPRIDEN_FIRST_NAME SPRIDEN_LAST_NAME SPRIDEN_CHANGE_IND",
    "SPBPERS": "SPBPERS_PIDM:whole SPBPERS_PREF_FIRST_NAME SPBPERS_CONFID_IND SPBPERS_DEAD_IND",
    "SGBSTDN": "SGBSTDN_PIDM:whole SGBSTDN_TERM_CODE_EFF",
    "GOREMAL": "GOREMAL_PIDM:whole GOREMAL_EMAL_CODE GOREMAL_EMAIL_ADDRESS GOREMAL_STATUS_IND GOREMAL_PREFERRED_IND",
    "STVTERM": "STVTERM_CODE STVTERM_DESC STVTERM_START_DATE:date STVTERM_END_DATE:date",
    "STVRSTS": "STVRSTS_CODE STVRSTS_INCL_SECT_ENRL STVRSTS_WITHDRAW_IND STVRSTS_WAIT_IND",
    "SSBSECT": "SSBSECT_TERM_CODE SSBSECT_CRN SSBSECT_SUBJ_CODE SSBSECT_CRSE_NUMB SSBSECT_CRSE_TITLE",
    "SFRSTCR": "SFRSTCR_PIDM:whole SFRSTCR_TERM_CODE SFRSTCR_CRN SFRSTCR_RSTS_CODE SFRSTCR_GMOD_CODE SFRSTCR_LEVL_CODE "
    "SFRSTCR_CREDIT_HR:number SFRSTCR_GRDE_CODE SFRSTCR_ADD_DATE:time",
    "SHRTCKN": "SHRTCKN_PIDM:whole SHRTCKN_TERM_CODE SHRTCKN_SEQ_NO:whole SHRTCKN_CRN SHRTCKN_SUBJ_CODE "
    "SHRTCKN_CRSE_NUMB SHRTCKN_CRSE_TITLE SHRTCKN_REPEAT_COURSE_IND",
    "SHRTCKG": "SHRTCKG_PIDM:whole SHRTCKG_TERM_CODE SHRTCKG_TCKN_SEQ_NO:whole SHRTCKG_SEQ_NO:whole "
    "SHRTCKG_GRDE_CODE_FINAL SHRTCKG_GMOD_CODE SHRTCKG_CREDIT_HOURS:number SHRTCKG_FINAL_GRDE_CHG_DATE:time "
    "SHRTCKG_GRDE_CODE_INCMP_FINAL SHRTCKG_INCMP_EXT_DATE:time",
    "SHRTCKL": "SHRTCKL_PIDM:whole SHRTCKL_TERM_CODE SHRTCKL_TCKN_SEQ_NO:whole SHRTCKL_LEVL_CODE "
    "SHRTCKL_PRIMARY_LEVL_IND",
    "SHRGRDE": "SHRGRDE_CODE SHRGRDE_LEVL_CODE SHRGRDE_TERM_CODE_EFFECTIVE SHRGRDE_ATTEMPTED_IND SHRGRDE_COMPLETED_IND",
    "SHRTRCE": "SHRTRCE_PIDM:whole SHRTRCE_TRIT_SEQ_NO:whole SHRTRCE_TRAM_SEQ_NO:whole SHRTRCE_TRCR_SEQ_NO:whole "
    "SHRTRCE_SEQ_NO:whole SHRTRCE_TERM_CODE_EFF SHRTRCE_LEVL_CODE SHRTRCE_SUBJ_CODE SHRTRCE_CRSE_NUMB "
    "SHRTRCE_CRSE_TITLE SHRTRCE_GRDE_CODE SHRTRCE_CREDIT_HOURS:number SHRTRCE_REPEAT_COURSE",
    "SPRHOLD": "SPRHOLD_PIDM:whole SPRHOLD_HLDD_CODE SPRHOLD_REASON SPRHOLD_FROM_DATE:date SPRHOLD_TO_DATE:date "
    "SPRHOLD_RELEASE_IND",
}
FALL, SPRING = "202610", "202620"


@pytest.fixture
def campus(vendor):
    """Learners 101 to 103, two terms and two sections; nobody is in a section yet."""
    vendor.settings |= {
        "profile": "banner",
        "emails": ["PERS", "UNIV"],
        "values": {"attempts.basis": {"S": "graded", "P": "pass-fail"}, "level": {"GR": "graduate"}},
    }
    tables = vendor.tables = Tables(vendor, FIELDS)
    with tables.at_once():
        for pidm in (101, 102, 103):
            tables.add("SPRIDEN", SPRIDEN_PIDM=pidm, SPRIDEN_ID=f"A{pidm}", SPRIDEN_FIRST_NAME=f"Given{pidm}")
            tables.add("SGBSTDN", SGBSTDN_PIDM=pidm, SGBSTDN_TERM_CODE_EFF="202510")
        for code, words, starts, ends in (
            (FALL, "Fall 2025", "2025-08-25", "2025-12-19"),
            (SPRING, "Spring 2026", "2026-01-21", "2026-05-15"),
        ):
            tables.add(
                "STVTERM", STVTERM_CODE=code, STVTERM_DESC=words, STVTERM_START_DATE=starts, STVTERM_END_DATE=ends
            )
            tables.add(
                "SSBSECT",
                SSBSECT_TERM_CODE=code,
                SSBSECT_CRN="10001",
                SSBSECT_SUBJ_CODE="STA",
                SSBSECT_CRSE_NUMB="501",
            )
        for code, counted, withdrawn, waiting in (
            ("RE", "Y", "N", "N"),
            ("WD", "N", "Y", "N"),
            ("WL", "N", "N", "Y"),
            ("DD", "N", "N", "N"),
        ):
            tables.add(
                "STVRSTS",
                STVRSTS_CODE=code,
                STVRSTS_INCL_SECT_ENRL=counted,
                STVRSTS_WITHDRAW_IND=withdrawn,
                STVRSTS_WAIT_IND=waiting,
            )
        for grade, level, since, completed in (
            ("A", "GR", "200010", "Y"),
            ("C", "GR", "200010", "Y"),
            ("C", "UG", "200010", "Y"),
            ("F", "GR", "200010", "N"),
            ("TP", "GR", "200010", "Y"),
        ):
            meaning(tables, grade, level, since, completed)
    return vendor


def meaning(tables, grade, level, since, completed):
    tables.add(
        "SHRGRDE",
        SHRGRDE_CODE=grade,
        SHRGRDE_LEVL_CODE=level,
        SHRGRDE_TERM_CODE_EFFECTIVE=since,
        SHRGRDE_ATTEMPTED_IND="Y",
        SHRGRDE_COMPLETED_IND=completed,
    )


def register(campus, status="RE", pidm=101, term=FALL, **cells):
    row = {"CRN": "10001", "RSTS_CODE": status, "GMOD_CODE": "S", "LEVL_CODE": "GR", "CREDIT_HR": "3", **cells}
    row["ADD_DATE"] = "2025-08-20 14:31:07"
    campus.tables.add(
        "SFRSTCR", SFRSTCR_PIDM=pidm, SFRSTCR_TERM_CODE=term, **{f"SFRSTCR_{k}": v for k, v in row.items()}
    )


def roll(campus, *grades, pidm=101, repeat=None, levels=(("GR", "Y"),), crn="10001", seq=1):
    """A course in the history, with its grades in the order in which they were given."""
    key = {"PIDM": pidm, "TERM_CODE": FALL}
    name = {"SUBJ_CODE": "STA", "CRSE_NUMB": "501", "CRSE_TITLE": "Statistics", "REPEAT_COURSE_IND": repeat}
    add(campus, "SHRTCKN", **key, SEQ_NO=seq, CRN=crn, **name)
    for number, grade in enumerate(grades, start=1):
        row = {"GMOD_CODE": "S", "CREDIT_HOURS": "3", "FINAL_GRDE_CHG_DATE": "2025-12-22 08:15:00"}
        add(campus, "SHRTCKG", **key, TCKN_SEQ_NO=seq, SEQ_NO=number, GRDE_CODE_FINAL=grade, **row)
    for level, primary in levels:
        add(campus, "SHRTCKL", **key, TCKN_SEQ_NO=seq, LEVL_CODE=level, PRIMARY_LEVL_IND=primary)


def transfer(campus, *courses):
    for number, course in enumerate(courses, start=1):
        subject, digits = course.split()
        key = {"PIDM": 101, "TRIT_SEQ_NO": 1, "TRAM_SEQ_NO": 1, "TRCR_SEQ_NO": 1, "SEQ_NO": number}
        row = {"TERM_CODE_EFF": FALL, "LEVL_CODE": "GR", "SUBJ_CODE": subject, "CRSE_NUMB": digits}
        add(campus, "SHRTRCE", **key, **row, GRDE_CODE="TP", CREDIT_HOURS="3")


def add(campus, table, **cells):
    campus.tables.add(table, **{f"{table}_{name}": cell for name, cell in cells.items()})


def only(campus):
    [attempt] = campus.records()["101"].attempts
    return attempt


class TestBanner(RecordsSuite):
    @pytest.fixture
    def records(self, campus):
        register(campus)
        roll(campus, "A")
        register(campus, pidm=102, term=SPRING)
        transfer(campus, "STA 502")
        return campus.source


# Persons.


def test_an_old_id_and_an_old_name_are_not_the_person(campus):
    add(campus, "SPRIDEN", PIDM=101, ID="OLD", FIRST_NAME="Former", CHANGE_IND="N")
    add(campus, "SPRIDEN", PIDM=101, ID="OLDER", FIRST_NAME="Given101", CHANGE_IND="I")

    assert campus.records()["101"].learner.given_name == "Given101"


@pytest.mark.parametrize(
    ("confidential", "dead", "means"),
    [
        ("Y", None, Privacy.RESTRICTED),
        (None, None, Privacy.OPEN),
        ("N", "N", Privacy.OPEN),
        (None, "Y", Privacy.RESTRICTED),
    ],
)
def test_who_is_confidential_or_has_died_is_restricted_and_no_indicator_is_no(campus, confidential, dead, means):
    add(campus, "SPBPERS", PIDM=101, CONFID_IND=confidential, DEAD_IND=dead)

    assert campus.records()["101"].learner.privacy is means
    assert campus.records()["102"].learner.privacy is Privacy.OPEN


def test_an_address_that_is_not_active_is_not_used(campus):
    add(campus, "GOREMAL", PIDM=101, EMAL_CODE="PERS", EMAIL_ADDRESS="old@home.example", STATUS_IND="I")
    add(campus, "GOREMAL", PIDM=101, EMAL_CODE="UNIV", EMAIL_ADDRESS="ada@campus.example", STATUS_IND="A")

    assert campus.records()["101"].learner.email == "ada@campus.example"


# Attempts.


def test_a_registration_that_is_not_rolled_is_in_progress_whatever_grade_it_has(campus):
    register(campus, GRDE_CODE="A")

    found = only(campus)
    assert (found.grade, found.credits_earned, found.credits_attempted) == (None, None, 3)
    assert (found.registration, found.registered_on) == (Registration.ENROLLED, date(2025, 8, 20))


def test_once_it_is_rolled_it_is_the_same_attempt_with_its_grade(campus):
    register(campus)
    before = only(campus)
    roll(campus, "A")
    after = only(campus)

    assert before.attempt_id == after.attempt_id
    assert (after.grade, after.credits_earned, after.graded_on) == ("A", 3, date(2025, 12, 22))
    assert (str(after.course), after.level, after.basis) == ("STA 501", "graduate", Basis.GRADED)


@pytest.mark.parametrize(
    ("code", "means"),
    [("WD", Registration.WITHDRAWN), ("WL", Registration.WAITLISTED), ("DD", Registration.DROPPED)],
)
def test_what_a_registration_status_means_is_read_from_its_table_and_not_from_its_code(campus, code, means):
    register(campus, code)

    assert only(campus).registration is means


def test_of_several_grades_the_last_in_sequence_is_the_grade(campus):
    roll(campus, "F", "C", "A")

    assert (only(campus).grade, only(campus).credits_earned) == ("A", 3)


def test_a_course_in_two_levels_is_one_attempt_in_the_primary_one(campus):
    roll(campus, "A", levels=(("GR", "Y"), ("UG", "N")))

    assert only(campus).level == "graduate"


def test_what_a_grade_earns_depends_on_the_level(campus):
    meaning(campus.tables, "D", "GR", "200010", "N")
    meaning(campus.tables, "D", "UG", "200010", "Y")
    roll(campus, "D")
    assert only(campus).credits_earned == 0


def test_what_a_grade_earns_is_what_was_in_effect_in_the_term(campus):
    meaning(campus.tables, "C", "GR", "202010", "N")
    meaning(campus.tables, "C", "GR", "202710", "Y")
    roll(campus, "C")

    assert only(campus).credits_earned == 0


def test_a_grade_of_which_the_table_says_nothing_earns_what_nobody_knows(campus):
    roll(campus, "ZZ")

    assert (only(campus).grade, only(campus).credits_earned, only(campus).credits_attempted) == ("ZZ", None, None)


@pytest.mark.parametrize("repeat", [None, "I", "E", "A"])
@pytest.mark.parametrize("grade", ["A", "C", "F"])
def test_credit_is_earned_as_the_published_formula_says(campus, repeat, grade):
    """Hours, times completed, times not repeated as A or E: the metadata of Ellucian's own reporting product."""
    roll(campus, grade, repeat=repeat)

    completed, counted = grade != "F", repeat not in ("A", "E")
    assert only(campus).credits_earned == Decimal(3) * completed * counted
    means = {None: Repeat.INCLUDE, "I": Repeat.INCLUDE, "E": Repeat.EXCLUDE, "A": Repeat.AVERAGE_ONLY}
    assert only(campus).repeat is means[repeat]


def test_history_without_a_section_is_there_too(campus):
    roll(campus, "A", crn=None, seq=1)
    roll(campus, "C", crn=None, seq=2)

    assert {one.attempt_id for one in campus.records()["101"].attempts} == {f"history {FALL}-1", f"history {FALL}-2"}


def test_one_course_from_elsewhere_may_be_several_here(campus):
    transfer(campus, "STA 501", "STA 502")

    found = campus.records()["101"].attempts
    assert [(str(one.course), one.origin, one.credits_earned) for one in found] == [
        ("STA 501", Origin.TRANSFER, 3),
        ("STA 502", Origin.TRANSFER, 3),
    ]


def test_a_grading_mode_is_the_institutions_own_and_not_guessed(campus):
    del campus.settings["values"]
    register(campus)

    _, aside = campus.read()
    assert "basis" in aside["101"][0]


# Holds.


def test_the_release_indicator_does_not_lift_a_hold(campus):
    """It says who may release it; that a hold is over is said by its last day."""
    add(campus, "SPRHOLD", PIDM=101, HLDD_CODE="BU", FROM_DATE="2026-01-01", TO_DATE="2099-12-31", RELEASE_IND="Y")

    [hold] = campus.records()["101"].holds
    assert (hold.code, hold.blocks, hold.since, hold.until) == ("BU", None, date(2026, 1, 1), date(2099, 12, 31))


def test_a_hold_of_somebody_who_is_no_student_is_not_read(campus):
    add(campus, "SPRHOLD", PIDM=900, HLDD_CODE="HR", FROM_DATE="2026-01-01")

    assert list(campus.records()) == ["101", "102", "103"]
