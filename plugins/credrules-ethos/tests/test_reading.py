"""What Ethos says, and what it does not say: each pitfall as a fact."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from credrules import RecordsError
from credrules.errors import SettingsError
from credrules.records import Basis, Origin, Privacy, Registration, Repeat
from ethos_emulator.campus import guid, ref, registration, transcript_grade


def test_a_registration_and_a_grade_on_the_transcript_are_one_attempt(campus):
    attempt = campus.attempt()

    assert (attempt.grade, attempt.title, attempt.term.title, attempt.level) == ("B+", "Course 501", "Fall 2025", "UG")
    assert (attempt.credits_attempted, attempt.credits_earned) == (Decimal(3), Decimal(3))
    assert (attempt.registration, attempt.basis, attempt.repeat) == (
        Registration.ENROLLED,
        Basis.GRADED,
        Repeat.INCLUDE,
    )
    assert (attempt.registered_on, attempt.graded_on) == (date(2025, 8, 1), date(2025, 12, 20))
    assert len(campus.records()["A00000001"].attempts) == 2


def test_a_person_has_an_id_by_credential_a_preferred_name_and_an_address_of_the_kind_that_is_wished_for(campus):
    learner = campus.records()["A00000001"].learner
    assert (learner.given_name, learner.preferred_name, learner.email) == ("Ada", "Ada-Lou", "p1@home.example")
    assert learner.privacy is Privacy.OPEN

    campus.settings["emails"] = ["school"]
    assert campus.records()["A00000001"].learner.email == "p1@campus.example"
    campus.settings["emails"] = []
    assert campus.records()["A00000001"].learner.email is None


def test_a_privacy_status_is_kept_and_one_that_is_missing_is_unknown(campus):
    campus.row("persons", "P1")["privacyStatus"] = {"privacyCategory": "restricted"}
    del campus.row("persons", "P2")["privacyStatus"]

    records = campus.records()
    assert records["A00000001"].learner.privacy is Privacy.RESTRICTED
    assert records["A00000002"].learner.privacy is None


def test_whoever_has_no_registration_and_no_grade_is_no_learner(campus):
    assert sorted(campus.records()) == [f"A{number:08}" for number in range(1, 6)]


def test_a_grade_is_a_reference_and_one_that_leads_nowhere_sets_the_learner_aside(campus):
    campus.row("student-transcript-grades", "grade P1 S1")["grade"] = {"id": "nowhere"}

    assert "a grade 'nowhere' is not among the grade-definitions" in campus.set_aside()["A00000001"]


def test_a_registration_without_a_grade_has_none_whatever_was_entered_but_not_verified(campus):
    campus.drop("student-transcript-grades", "grade P1 S1")

    attempt = campus.attempt()
    assert (attempt.grade, attempt.credits_attempted, attempt.credits_earned) == (None, Decimal(3), None)


def test_a_grade_without_a_registration_is_an_attempt(campus):
    campus.drop("section-registrations", "registration P1 S1")

    assert campus.attempt().grade == "B+"


def test_an_incomplete_lapses_to_its_default_on_its_day(campus):
    row = campus.row("student-transcript-grades", "grade P1 S1")
    row |= {"grade": ref("grade I"), "incompleteGrade": {"finalGrade": ref("grade F"), "extensionDate": "2026-03-01"}}

    attempt = campus.attempt()
    assert (attempt.grade, attempt.lapses_to, attempt.lapses_on) == ("I", "F", date(2026, 3, 1))


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("notRepeated", Repeat.INCLUDE),
        ("repeatedIncludeBoth", Repeat.INCLUDE),
        ("repeatedIncludeNeither", Repeat.EXCLUDE),
        ("repeatedIncludeQualityPoints", Repeat.AVERAGE_ONLY),
    ],
)
def test_what_repeat_checking_says_is_kept(campus, said, meant):
    campus.row("student-transcript-grades", "grade P1 S1")["credit"]["repeatedSection"] = said

    assert campus.attempt().repeat is meant


def test_a_repeat_that_no_record_can_say_is_not_guessed(campus):
    campus.row("student-transcript-grades", "grade P1 S1")["credit"]["repeatedSection"] = "repeatedIncludeCredit"
    assert "[records.repeats]" in campus.set_aside()["A00000001"]

    campus.settings["repeats"] = {"repeatedIncludeCredit": "exclude"}
    assert campus.attempt().repeat is Repeat.EXCLUDE


@pytest.mark.parametrize(
    ("reason", "meant"), [("dropped", "dropped"), ("withdrawn", "withdrawn"), ("canceled", "dropped")]
)
def test_whoever_is_not_registered_is_so_for_a_reason(campus, reason, meant):
    status = {"registrationStatus": "notRegistered", "sectionRegistrationStatusReason": reason}
    campus.row("section-registrations", "registration P1 S1")["status"] = status

    assert campus.attempt().registration == meant


def test_a_status_that_nobody_knows_is_not_guessed(campus):
    status = {"registrationStatus": "notRegistered", "sectionRegistrationStatusReason": "pending"}
    campus.row("section-registrations", "registration P1 S1")["status"] = status
    assert "a registration has the status 'pending'" in campus.set_aside()["A00000001"]

    campus.settings["registrations"] = {"pending": "waitlisted"}
    assert campus.attempt().registration is Registration.WAITLISTED


def test_a_mode_that_nobody_knows_is_an_unknown_basis(campus):
    campus.row("section-registrations", "registration P1 S1")["gradingOption"]["mode"] = "mysterious"
    assert campus.attempt().basis is None

    campus.settings["modes"] = {"mysterious": "satisfactory"}
    assert campus.attempt().basis is Basis.SATISFACTORY


def test_a_registration_may_be_in_another_period_than_its_section(campus):
    campus.row("section-registrations", "registration P1 S1")["override"] = {"academicPeriod": ref("T2")}

    assert campus.attempt().term.title == "Spring 2026"


def test_a_hold_blocks_what_its_category_is_said_to_and_else_nobody_knows_what(campus):
    (hold,) = campus.records()["A00000001"].holds
    assert (hold.code, hold.blocks, hold.since) == ("academic", frozenset({"conferral"}), date(2026, 1, 17))

    campus.settings["holds"] = {}
    (hold,) = campus.records()["A00000001"].holds
    assert hold.blocks is None


def test_two_registrations_or_two_grades_in_one_section_set_the_learner_aside(campus):
    campus.service.campus["section-registrations"].append({**registration("P1", "S1"), "id": guid("another")})
    campus.service.campus["student-transcript-grades"].append(
        {**transcript_grade("P1", "S1", "A"), "id": guid("another")}
    )

    text = campus.set_aside()["A00000001"]
    assert "has 2 registrations" in text
    assert "has 2 grades" in text


def test_a_section_without_a_course_and_a_person_without_an_id_are_set_aside(campus):
    campus.row("sections", "S1")["course"] = {"id": "nowhere"}
    campus.row("persons", "P2")["credentials"] = []
    campus.drop("persons", "P3")

    aside = campus.set_aside()
    assert "has no course with a subject and a number" in aside["A00000001"]
    assert "has no bannerId among the credentials" in aside[guid("P2")]
    assert "is not among the persons" in aside[guid("P3")]


def test_a_learner_may_be_known_by_the_guid(campus):
    campus.settings["learner-id"] = "id"

    assert sorted(campus.records()) == sorted(guid(f"P{number}") for number in range(1, 6))


def test_the_catalogue_is_that_of_the_courses(campus):
    assert {(str(one.course), one.title, one.since) for one in campus.source.courses()} == {
        ("STA 501", "Course 501", date(2020, 1, 1)),
        ("CSE 574", "Course 574", date(2020, 1, 1)),
    }


def test_transfer_credit_and_admissions_are_not_read_and_rules_that_need_them_are_told_so(campus):
    lacking = campus.source.capabilities.lacking()

    assert {"origins", "admissions", "milestones", "credentials", "attributes"} <= lacking
    assert not {"credits", "holds", "privacy", "registration_dates", "grading_basis"} & lacking


def test_each_resource_has_a_version_of_its_own_and_one_that_is_not_there_says_so(campus):
    campus.service.versions["sections"] = "11"
    with pytest.raises(RecordsError, match=r"api/sections: has no version 16 here \(406\).*\[records.versions\]"):
        campus.records()

    campus.settings["versions"] = {"sections": "11"}
    assert len(campus.records()) == 5


def test_an_answer_in_another_version_is_not_read(campus):
    campus.service.heeds_accept = False
    campus.service.versions["sections"] = "17.0.0"

    with pytest.raises(RecordsError, match="answers in another version"):
        campus.records()


def test_a_version_of_a_resource_that_is_not_read_is_a_mistake_in_the_settings(campus):
    campus.settings["versions"] = {"buildings": "11"}

    with pytest.raises(SettingsError, match="no resource that is read"):
        campus.records()


def test_the_key_is_in_no_repr_and_in_no_message(campus, monkeypatch):
    assert "an-api-key" not in repr(campus.source)

    monkeypatch.setenv("ETHOS_API_KEY", "an-api-key-that-is-wrong")
    with pytest.raises(RecordsError, match=r"/auth: gives no token \(401\)") as refused:
        campus.records()
    assert "an-api-key" not in str(refused.value)


def test_the_origin_is_known_where_the_institution_answers_for_it(campus):
    campus.settings["origin"] = "institution"

    assert "origins" not in campus.source.capabilities.lacking()
    assert campus.attempt().origin is Origin.INSTITUTION
