"""The profile for PeopleSoft Campus Solutions, on tables with its public field names, since no system is at hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from credrules import Basis, Origin, Registration
from credrules.records import AdmissionKind, MilestoneStatus, Privacy, Repeat
from credrules.testing import RecordsSuite
from vendor_tables import Tables

TODAY = date(2026, 3, 1)
FIELDS = {
    "PS_ACAD_PROG": "EMPLID ACAD_CAREER STDNT_CAR_NBR:whole EFFDT:date EFFSEQ:whole INSTITUTION ACAD_PROG PROG_STATUS",
    "PS_ACAD_PLAN": "EMPLID ACAD_CAREER STDNT_CAR_NBR:whole EFFDT:date EFFSEQ:whole ACAD_PLAN",
    "PS_NAMES": "EMPLID NAME_TYPE EFFDT:date EFF_STATUS FIRST_NAME LAST_NAME",
    "PS_FERPA_OVERRIDE": "EMPLID RECNAME FIELDNAME",
    "PS_EMAIL_ADDRESSES": "EMPLID E_ADDR_TYPE EMAIL_ADDR PREF_EMAIL_FLAG",
    "PS_TERM_TBL": "INSTITUTION ACAD_CAREER STRM DESCR TERM_BEGIN_DT:date TERM_END_DT:date",
    "PS_CLASS_TBL": "CRSE_ID CRSE_OFFER_NBR:whole STRM SESSION_CODE CLASS_SECTION INSTITUTION CLASS_NBR:whole SUBJECT "
    "CATALOG_NBR DESCR CLASS_TYPE",
    "PS_STDNT_ENRL": "EMPLID ACAD_CAREER INSTITUTION STRM CLASS_NBR:whole STDNT_ENRL_STATUS GRADING_BASIS_ENRL "
    "AUDIT_GRADE_BASIS CRSE_GRADE_OFF GRADE_DT:date UNT_TAKEN:number UNT_EARNED:number EARN_CREDIT INCLUDE_IN_GPA "
    "REPEAT_CODE ENRL_ADD_DT:date",
    "PS_STDNT_CAR_TERM": "EMPLID ACAD_CAREER INSTITUTION STRM WITHDRAW_CODE",
    "PS_TRNS_CRSE_SCH": "EMPLID ACAD_CAREER INSTITUTION MODEL_NBR:whole MODEL_STATUS",
    "PS_TRNS_CRSE_DTL": "EMPLID ACAD_CAREER INSTITUTION MODEL_NBR:whole ARTICULATION_TERM TRNSFR_EQVLNCY_GRP:whole "
    "TRNSFR_EQVLNCY_SEQ:whole CRSE_ID CRSE_OFFER_NBR:whole UNT_TRNSFR:number CRSE_GRADE_OFF EARN_CREDIT REPEAT_CODE "
    "TRNSFR_STAT",
    "PS_CRSE_OFFER": "CRSE_ID CRSE_OFFER_NBR:whole EFFDT:date INSTITUTION SUBJECT CATALOG_NBR ACAD_CAREER",
    "PS_CRSE_CATALOG": "CRSE_ID EFFDT:date EFF_STATUS DESCR UNITS_MAXIMUM:number",
    "PS_STDNT_CAR_MLSTN": "EMPLID INSTITUTION ACAD_CAREER ACAD_PROG EFFDT:date MILESTONE MILESTONE_COMPLETE "
    "DATE_COMPLETED:date",
    "PS_SRVC_IND_DATA": "EMPLID SRVC_IND_DTTM:time INSTITUTION SRVC_IND_CD SRVC_IND_REASON POS_SRVC_INDICATOR",
}
ADA, BAO, CY = "50010001", "50010002", "50010003"
WHO = {"ACAD_CAREER": "GRAD", "INSTITUTION": "UBFLO"}
ENROLLED = {
    **WHO,
    "EMPLID": ADA,
    "STRM": "2259",
    "STDNT_ENRL_STATUS": "E",
    "GRADING_BASIS_ENRL": "GRD",
    "AUDIT_GRADE_BASIS": "N",
    "UNT_TAKEN": "3",
    "UNT_EARNED": "3",
    "EARN_CREDIT": "Y",
    "INCLUDE_IN_GPA": "Y",
}


@pytest.fixture
def hub(vendor):
    """Three learners, two terms, and sections 100 and 200 with the lab 101; nobody is in a section yet."""
    vendor.settings |= {
        "profile": "peoplesoft",
        "parameters": {"institution": "UBFLO", "nondegree": "ND%", "as_of": TODAY},
    }
    tables = vendor.tables = Tables(vendor, FIELDS, blank=" ")
    with tables.at_once():
        for learner in (ADA, BAO, CY):
            program(tables, learner)
            name(tables, learner, "PRI", "2020-01-01", f"Given{learner}")
        for strm, descr, begins, ends in (
            ("2259", "Fall 2025", "2025-08-25", "2025-12-19"),
            ("2261", "Spring 2026", "2026-01-21", "2026-05-15"),
        ):
            term = {"STRM": strm, "DESCR": descr, "TERM_BEGIN_DT": begins, "TERM_END_DT": ends}
            tables.add("PS_TERM_TBL", **WHO, **term)
            tables.add("PS_TERM_TBL", INSTITUTION="OTHER", ACAD_CAREER="GRAD", **term)
            for number, catalog, kind in ((100, " 501", "E"), (101, " 501", "N"), (200, " 502", "E")):
                tables.add(
                    "PS_CLASS_TBL",
                    CRSE_ID=f"00{catalog.strip()}",
                    STRM=strm,
                    INSTITUTION="UBFLO",
                    CLASS_NBR=number,
                    SUBJECT="STA",
                    CATALOG_NBR=catalog,
                    DESCR="Statistics",
                    CLASS_TYPE=kind,
                )
    return vendor


def program(tables, learner, **cells):
    row = {
        "STDNT_CAR_NBR": 0,
        "EFFDT": "2025-06-01",
        "EFFSEQ": 0,
        "ACAD_PROG": "GRDEG",
        "PROG_STATUS": "AC",
        **WHO,
        **cells,
    }
    tables.add("PS_ACAD_PROG", EMPLID=learner, **row)


def name(tables, learner, kind, day, first, status="A"):
    row = {"NAME_TYPE": kind, "EFFDT": day, "EFF_STATUS": status, "FIRST_NAME": first, "LAST_NAME": "Example"}
    tables.add("PS_NAMES", EMPLID=learner, **row)


def enrol(hub, section=100, **cells):
    hub.tables.add("PS_STDNT_ENRL", **{**ENROLLED, "CLASS_NBR": section, **cells})


def transfer(hub, *, posted="P", model="P", **cells):
    key = {"EMPLID": ADA, **WHO, "MODEL_NBR": 1}
    hub.tables.add("PS_TRNS_CRSE_SCH", **key, MODEL_STATUS=model)
    row = {
        "ARTICULATION_TERM": "2259",
        "TRNSFR_EQVLNCY_GRP": 1,
        "TRNSFR_EQVLNCY_SEQ": 1,
        "CRSE_ID": "00501",
        "CRSE_OFFER_NBR": 1,
        "UNT_TRNSFR": "3",
        "CRSE_GRADE_OFF": "TP",
        "EARN_CREDIT": "Y",
        "TRNSFR_STAT": posted,
        **cells,
    }
    hub.tables.add("PS_TRNS_CRSE_DTL", **key, **row)
    offer(hub, "2020-01-01", " 501")


def offer(hub, day, number):
    course = {"CRSE_ID": "00501", "CRSE_OFFER_NBR": 1, "SUBJECT": "STA", **WHO}
    hub.tables.add("PS_CRSE_OFFER", **course, EFFDT=day, CATALOG_NBR=number)


def ada(hub):
    return hub.records()[ADA]


def only(hub):
    [attempt] = ada(hub).attempts
    return attempt


class TestPeopleSoft(RecordsSuite):
    @pytest.fixture
    def records(self, hub):
        enrol(hub, CRSE_GRADE_OFF="A")
        enrol(hub, EMPLID=BAO, STRM="2261")
        transfer(hub)
        hub.tables.add("PS_CRSE_CATALOG", CRSE_ID="00501", EFFDT="2020-01-01", EFF_STATUS="A", DESCR="Statistics")
        return hub.source


# Attempts.


def test_an_enrolment_is_an_attempt_with_the_registrars_words(hub):
    enrol(hub, CRSE_GRADE_OFF="B+", GRADE_DT="2025-12-22", ENRL_ADD_DT="2025-08-20")

    found = only(hub)
    assert (str(found.course), found.grade, found.credits_earned, found.level) == ("STA 501", "B+", 3, "graduate")
    assert (found.term.term_id, found.term.title) == ("GRAD-2259", "Fall 2025")
    assert (found.registered_on, found.graded_on) == (date(2025, 8, 20), date(2025, 12, 22))
    assert (found.basis, found.origin, found.repeat) == (Basis.GRADED, Origin.INSTITUTION, Repeat.INCLUDE)


def test_a_lab_beside_the_lecture_is_no_attempt(hub):
    enrol(hub, 100, CRSE_GRADE_OFF="A")
    enrol(hub, 101)

    assert only(hub).attempt_id == "GRAD-2259-100"


@pytest.mark.parametrize(
    ("status", "means"),
    [("E", Registration.ENROLLED), ("W", Registration.WAITLISTED), ("D", Registration.DROPPED)],
)
def test_a_dropped_or_waitlisted_row_stays_and_says_so(hub, status, means):
    enrol(hub, STDNT_ENRL_STATUS=status)

    assert only(hub).registration is means


def test_a_blank_grade_is_work_in_progress_even_where_units_are_earned_already(hub):
    enrol(hub, STRM="2261", CRSE_GRADE_OFF=" ", UNT_EARNED="3")

    found = only(hub)
    assert (found.grade, found.credits_earned, found.credits_attempted) == (None, None, 3)


@pytest.mark.parametrize("symbol", [">F<", "#B", "S*", "TP", "R", "W"])
def test_a_symbol_is_passed_on_as_the_registrar_prints_it(hub, symbol):
    enrol(hub, CRSE_GRADE_OFF=symbol)

    assert only(hub).grade == symbol


def test_an_incomplete_with_its_default_says_what_it_lapses_to(hub):
    enrol(hub, CRSE_GRADE_OFF="I/B", EARN_CREDIT="N")

    found = only(hub)
    assert (found.grade, found.lapses_to, found.credits_earned) == ("I/B", "B", 0)


@pytest.mark.parametrize(
    ("basis", "means"),
    [
        ("SUS", Basis.SATISFACTORY),
        ("PNP", Basis.PASS_FAIL),
        ("AUD", Basis.AUDIT),
        ("NON", Basis.NON_GRADED),
        ("CNC", Basis.CREDIT),
    ],
)
def test_the_grading_basis_is_that_of_the_enrolment(hub, basis, means):
    enrol(hub, GRADING_BASIS_ENRL=basis)

    assert only(hub).basis is means


def test_an_enrolment_to_audit_is_an_audit_whatever_its_basis(hub):
    enrol(hub, AUDIT_GRADE_BASIS="Y", CRSE_GRADE_OFF="A")

    assert only(hub).basis is Basis.AUDIT


def test_a_grading_basis_of_the_institutions_own_is_asked_about_and_not_guessed(hub):
    enrol(hub, GRADING_BASIS_ENRL="LAW")

    records, aside = hub.read()
    assert list(records) == [BAO, CY]
    assert "basis" in aside[ADA][0]

    hub.settings["values"] = {"attempts.basis": {"LAW": "graded"}}
    assert only(hub).basis is Basis.GRADED


@pytest.mark.parametrize(
    ("code", "earns", "in_average", "means", "credits"),
    [
        (" ", "Y", "Y", Repeat.INCLUDE, 3),
        ("ILGL", "N", "N", Repeat.EXCLUDE, 0),
        ("RPTG", "N", "Y", Repeat.AVERAGE_ONLY, 0),
        ("RPTI", "Y", "Y", Repeat.INCLUDE, 3),
    ],
)
def test_what_repeat_checking_decided_is_read_from_the_flags_and_not_from_the_local_code(
    hub, code, earns, in_average, means, credits
):
    enrol(hub, CRSE_GRADE_OFF="A", REPEAT_CODE=code, EARN_CREDIT=earns, INCLUDE_IN_GPA=in_average)

    assert (only(hub).repeat, only(hub).credits_earned) == (means, credits)


def test_who_withdrew_from_the_term_is_withdrawn_from_what_was_not_graded(hub):
    enrol(hub, 100, CRSE_GRADE_OFF="A")
    enrol(hub, 200)
    hub.tables.add("PS_STDNT_CAR_TERM", EMPLID=ADA, **WHO, STRM="2259", WITHDRAW_CODE="WDR")

    graded, ungraded = sorted(ada(hub).attempts, key=lambda one: one.attempt_id)
    assert (graded.registration, ungraded.registration) == (Registration.ENROLLED, Registration.WITHDRAWN)


def test_another_institution_in_the_same_tables_is_not_read(hub):
    enrol(hub, INSTITUTION="OTHER", CRSE_GRADE_OFF="A")
    program(hub.tables, "50019999", INSTITUTION="OTHER")

    assert list(hub.records()) == [ADA, BAO, CY]
    assert ada(hub).attempts == ()


# Transfer.


def test_transfer_that_is_posted_counts_as_transfer(hub):
    transfer(hub)

    found = only(hub)
    assert (found.origin, found.basis, found.grade) == (Origin.TRANSFER, Basis.TRANSFER, "TP")
    assert (str(found.course), found.credits_earned) == ("STA 501", Decimal(3))


@pytest.mark.parametrize(("posted", "model"), [("S", "P"), ("P", "S"), ("S", "S")])
def test_transfer_is_posted_twice_the_course_and_its_model(hub, posted, model):
    transfer(hub, posted=posted, model=model)

    assert ada(hub).attempts == ()


def test_transfer_is_to_the_course_as_it_is_called_on_the_day(hub):
    transfer(hub)
    offer(hub, "2025-01-01", " 511")
    offer(hub, "2027-01-01", " 599")

    assert str(only(hub).course) == "STA 511"


# Persons.


def test_a_name_of_the_future_is_not_yet_the_name(hub):
    name(hub.tables, ADA, "PRI", "2024-05-01", "Now")
    name(hub.tables, ADA, "PRI", "2030-01-01", "Later")

    assert ada(hub).learner.given_name == "Now"


def test_it_becomes_the_name_on_its_day_without_any_write(hub):
    name(hub.tables, ADA, "PRI", "2026-04-01", "Later")
    hub.settings["parameters"]["as_of"] = date(2026, 4, 1)

    assert ada(hub).learner.given_name == "Later"


def test_a_preferred_name_stands_beside_the_primary_one_until_it_is_made_inactive(hub):
    name(hub.tables, ADA, "PRF", "2024-05-01", "Addie")
    assert ada(hub).learner.preferred_name == "Addie"

    name(hub.tables, ADA, "PRF", "2025-05-01", "Addie", status="I")
    assert ada(hub).learner.preferred_name is None


def test_the_personal_address_comes_before_the_campus_one_whichever_is_preferred(hub):
    for kind, address, preferred in (("CAMP", "ada@campus.example", "Y"), ("HOME", "ada@home.example", "N")):
        row = {"E_ADDR_TYPE": kind, "EMAIL_ADDR": address, "PREF_EMAIL_FLAG": preferred}
        hub.tables.add("PS_EMAIL_ADDRESSES", EMPLID=ADA, **row)

    assert ada(hub).learner.email == "ada@home.example"

    hub.settings["emails"] = ["CAMP"]
    assert ada(hub).learner.email == "ada@campus.example"


def test_who_has_restricted_anything_is_restricted_until_the_office_says_it_more_finely(hub):
    hub.tables.add("PS_FERPA_OVERRIDE", EMPLID=ADA, RECNAME="ADDRESSES", FIELDNAME="ADDRESS1")

    assert ada(hub).learner.privacy is Privacy.RESTRICTED
    assert hub.records()[BAO].learner.privacy is Privacy.OPEN


def test_the_privacy_is_the_institutions_own_expression_where_it_gives_one(hub):
    hub.queries = "-- entity: learners\nSELECT DISTINCT EMPLID AS learner_id, NULL AS privacy FROM PS_ACAD_PROG"

    assert ada(hub).learner.privacy is None


# Programs, milestones, holds.


def test_non_degree_is_what_the_institution_says_and_lasts_to_the_day_before_the_next_row(hub):
    program(hub.tables, CY, EFFDT="2026-01-10", ACAD_PROG="NDGRD")
    program(hub.tables, CY, EFFDT="2026-02-01", ACAD_PROG="NDGRD", PROG_STATUS="DC")

    found = [(one.kind, one.since, one.until) for one in hub.records()[CY].admissions]
    assert found == [
        (AdmissionKind.DEGREE, date(2025, 6, 1), date(2026, 1, 9)),
        (AdmissionKind.NON_DEGREE, date(2026, 1, 10), date(2026, 1, 31)),
    ]


def test_of_several_rows_of_one_day_the_last_in_sequence_holds(hub):
    program(hub.tables, CY, EFFDT="2025-06-01", EFFSEQ=1, ACAD_PROG="NDGRD")

    [admission] = hub.records()[CY].admissions
    assert (admission.kind, admission.since) == (AdmissionKind.NON_DEGREE, date(2025, 6, 1))


def test_a_plan_is_that_of_the_row_in_effect_since_the_plans_own_first_day(hub):
    program(hub.tables, ADA, EFFDT="2026-02-01")
    program(hub.tables, ADA, EFFDT="2026-06-01")
    for day, plan in (
        ("2025-06-01", "DATA-ANALYTICS"),
        ("2026-02-01", "DATA-ANALYTICS"),
        ("2026-06-01", "LATER"),
    ):
        hub.tables.add(
            "PS_ACAD_PLAN", EMPLID=ADA, ACAD_CAREER="GRAD", STDNT_CAR_NBR=0, EFFDT=day, EFFSEQ=0, ACAD_PLAN=plan
        )

    found = [(one.program, one.since) for one in ada(hub).enrolments]
    assert found == [("DATA-ANALYTICS", date(2025, 6, 1))]


def test_a_milestone_is_its_latest_row_that_is_in_effect(hub):
    row = {"EMPLID": ADA, **WHO, "ACAD_PROG": "GRDEG", "MILESTONE": "CAPSTONE"}
    hub.tables.add("PS_STDNT_CAR_MLSTN", **row, EFFDT="2025-09-01", MILESTONE_COMPLETE="N")
    hub.tables.add("PS_STDNT_CAR_MLSTN", **row, EFFDT="2026-02-01", MILESTONE_COMPLETE="Y", DATE_COMPLETED="2026-01-30")
    hub.tables.add("PS_STDNT_CAR_MLSTN", **row, EFFDT="2026-09-01", MILESTONE_COMPLETE="N")

    [found] = ada(hub).milestones
    assert (found.code, found.status, found.completed_on) == ("CAPSTONE", MilestoneStatus.COMPLETE, date(2026, 1, 30))


def test_a_positive_indicator_is_no_hold(hub):
    for code, positive in (("DEAN", "Y"), ("BUR", "N")):
        row = {"SRVC_IND_DTTM": "2026-01-01 10:00:00", "SRVC_IND_CD": code, "POS_SRVC_INDICATOR": positive}
        hub.tables.add("PS_SRVC_IND_DATA", EMPLID=ADA, INSTITUTION="UBFLO", **row)

    [hold] = ada(hub).holds
    assert (hold.code, hold.blocks) == ("BUR", None)


def test_an_indicator_of_somebody_who_is_no_student_is_not_read(hub):
    hub.tables.add("PS_SRVC_IND_DATA", EMPLID="70000000", INSTITUTION="UBFLO", SRVC_IND_CD="HR", POS_SRVC_INDICATOR="N")

    assert list(hub.records()) == [ADA, BAO, CY]


def test_the_institution_has_to_be_said(hub):
    del hub.settings["parameters"]["institution"]

    assert "needs institution. Set it in the table [records.parameters]." in hub.refusal()[0]


def test_emplids_of_several_lengths_are_read_with_the_binary_order(hub):
    program(hub.tables, "9")
    program(hub.tables, "A9")
    program(hub.tables, "a9")
    hub.settings["order"] = "binary"

    assert list(hub.records()) == [ADA, BAO, CY, "9", "A9", "a9"]


# Effective dating, whatever the rows.

DAYS = st.dates(date(2024, 1, 1), date(2028, 12, 31))


@given(rows=st.dictionaries(DAYS, st.sampled_from("AI"), min_size=1, max_size=6), today=DAYS)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_name_is_always_the_latest_active_one_up_to_the_day(hub, rows, today):
    if hub.url.get_backend_name() != "sqlite":
        pytest.skip("one database shows it")
    hub.settings["parameters"]["as_of"] = today
    with hub.tables.at_once():
        hub.run(f"DELETE FROM PS_NAMES WHERE EMPLID = '{ADA}'")
        for day, status in rows.items():
            name(hub.tables, ADA, "PRI", day.isoformat(), f"Since {day}", status)

    current = max((day for day in rows if day <= today), default=None)
    expected = f"Since {current}" if current and rows[current] == "A" else None
    assert ada(hub).learner.given_name == expected
