"""What a OneRoster service says, and what it does not say: each pitfall as a fact."""

from __future__ import annotations

import pytest

from credrules import Knows, RecordsError
from credrules.errors import SettingsError
from credrules.records import Basis, Origin, Registration
from oneroster_emulator.roster import ref


def test_a_final_result_is_the_grade_of_its_class_and_a_quiz_is_not(campus):
    ada = campus.records()["U0001"]

    assert [(str(a.course), a.title, a.term.title, a.grade) for a in ada.attempts] == [
        ("STA 501", "Data Mining", "Fall 2025", "B+"),
        ("CSE 574", "Machine Learning", "Spring 2026", "B+"),
    ]
    assert (ada.learner.preferred_name, ada.learner.email) == ("Augusta", "u0001@learner.example")


def test_only_results_of_final_line_items_are_asked_for(campus):
    campus.records()

    assert {path.rpartition("/lineItems/")[2] for path, _ in campus.service.asked if "results" in path} == {
        "CL1-final/results",
        "CL2-final/results",
    }


def test_there_are_no_credits_no_repeats_and_no_transfer_and_rules_that_need_them_are_told_so(campus):
    lacking = campus.source.capabilities.lacking()

    assert {"credits", "origins", "grading_basis", "levels", "holds", "privacy", "registration_dates"} <= lacking
    for record in campus.records().values():
        assert all(a.credits_earned is None and a.credits_attempted is None for a in record.attempts)
        assert record.holds is None


def test_which_line_item_is_final_is_configured_and_never_guessed(campus):
    del campus.settings["final"]["category"]
    with pytest.raises(SettingsError, match="convention of your own"):
        _ = campus.source

    campus.settings["final"] = {"title": ["Quiz"]}
    assert campus.grades() == {"STA 501": "A", "CSE 574": "A"}

    campus.settings["final"] = {"category": ["Term Grade"]}
    with pytest.raises(RecordsError, match=r"no line item is a final grade.*'Final Grade', 'Quiz'"):
        campus.records()


def test_a_category_can_be_named_by_its_id_and_title_and_category_must_both_hold(campus):
    campus.settings["final"] = {"category": ["CA1"]}
    assert campus.grades()["STA 501"] == "B+"

    campus.row("lineItems", "CL1-final")["title"] = "Midterm"
    campus.settings["final"] = {"category": ["CA1"], "title": ["Final"]}
    assert campus.grades() == {"STA 501": None, "CSE 574": "B+"}


def test_two_final_results_in_one_class_set_the_learner_aside(campus):
    campus.roster["lineItems"].append({**campus.row("lineItems", "CL1-final"), "sourcedId": "CL1-other"})
    other = {
        **campus.row("results", "R-CL1-final-U0001"),
        "sourcedId": "R-other",
        "lineItem": ref("lineItem", "CL1-other"),
    }
    campus.roster["results"].append(other)

    assert "2 final results ('R-CL1-final-U0001', 'R-other')" in campus.set_aside()["U0001"]
    assert "U0001" not in campus.records()


@pytest.mark.parametrize(
    ("status", "grade"),
    [
        ("fully graded", "B+"),
        ("fullyGraded", "B+"),
        ("exempt", None),
        ("submitted", None),
        ("not submitted", None),
        ("partially graded", None),
    ],
)
def test_exempt_is_no_pass_and_only_what_is_fully_graded_is_a_grade(campus, status, grade):
    campus.row("results", "R-CL1-final-U0001")["scoreStatus"] = status

    assert campus.grades()["STA 501"] == grade


def test_a_status_that_the_specification_does_not_know_is_not_guessed_but_can_be_mapped(campus):
    campus.row("results", "R-CL1-final-U0001")["scoreStatus"] = "earnedFull"
    assert "scoreStatus 'earnedFull'. Possible: exempt, fully graded" in campus.set_aside()["U0001"]

    campus.settings["score-status"] = {"earnedFull": "fully graded"}
    assert campus.grades()["STA 501"] == "B+"


def test_what_is_in_progress_has_no_grade_and_what_is_incomplete_the_symbol_of_the_settings(campus):
    campus.row("results", "R-CL1-final-U0001")["inProgress"] = "true"
    campus.row("results", "R-CL2-final-U0001")["incomplete"] = True
    assert campus.grades() == {"STA 501": None, "CSE 574": None}

    campus.settings["incomplete"] = "I"
    assert campus.grades() == {"STA 501": None, "CSE 574": "I"}


def test_the_grade_is_read_where_the_settings_say_and_a_number_stays_as_it_is_written(campus):
    campus.row("results", "R-CL1-final-U0001")["textScore"] = ""
    assert campus.grades() == {"STA 501": None, "CSE 574": "B+"}

    campus.settings["grade"] = ["textScore", "score"]
    assert campus.grades() == {"STA 501": "89.5", "CSE 574": "B+"}


def test_a_reference_with_an_href_alone_is_followed_by_its_end(campus):
    for row in (*campus.roster["enrollments"], *campus.roster["results"]):
        for one in row.values():
            if isinstance(one, dict):
                one.pop("sourcedId", None)

    assert campus.grades() == {"STA 501": "B+", "CSE 574": "B+"}


def test_a_server_that_marks_nothing_as_deleted_is_read_anew_each_time(campus):
    before = campus.grades()
    campus.roster["results"] = [one for one in campus.roster["results"] if one["sourcedId"] != "R-CL1-final-U0001"]

    assert before["STA 501"] == "B+"
    assert campus.grades()["STA 501"] is None


def test_what_is_marked_as_deleted_is_gone(campus):
    campus.row("results", "R-CL1-final-U0001")["status"] = "tobedeleted"
    campus.row("enrollments", "E-CL2-U0001")["status"] = "tobedeleted"
    campus.row("users", "U0002")["status"] = "tobedeleted"

    records = campus.records()
    assert "U0002" not in records
    assert [(str(a.course), a.grade, a.registration) for a in records["U0001"].attempts] == [
        ("STA 501", None, Registration.ENROLLED),
        ("CSE 574", "B+", Registration.DROPPED),
    ]
    assert campus.set_aside() == {}


def test_enrolled_twice_in_one_class_is_one_attempt(campus):
    again = {**campus.row("enrollments", "E-CL1-U0001"), "sourcedId": "E-again", "status": "tobedeleted"}
    campus.roster["enrollments"].append(again)

    attempts = campus.records()["U0001"].attempts
    assert [(str(a.course), a.registration) for a in attempts] == [
        ("STA 501", Registration.ENROLLED),
        ("CSE 574", Registration.ENROLLED),
    ]


def test_a_class_of_two_terms_is_in_the_later_one(campus):
    campus.row("classes", "CL1")["terms"] = [ref("academicSession", "T2"), ref("academicSession", "T1")]

    assert {a.term.term_id for a in campus.records()["U0001"].attempts} == {"T2"}


@pytest.mark.parametrize(
    "text",
    ["2025-12-20", "2025-12-20Z", "2025-12-20T00:00:00.000Z", "2025-12-20T00:00:00+00:00Z", "2025-12-20T17:30:00Z"],
)
def test_days_are_read_as_servers_write_them_but_a_time_of_day_is_nobodys_day(campus, text):
    campus.row("results", "R-CL1-final-U0001")["scoreDate"] = text
    campus.row("academicSessions", "T1")["startDate"] = "2025-08-25T00:00:00Z"

    (attempt,) = [a for a in campus.records()["U0001"].attempts if str(a.course) == "STA 501"]
    assert str(attempt.graded_on) == ("None" if "17:30" in text else "2025-12-20")


def test_the_last_day_of_a_term_may_be_the_one_after_it(campus):
    campus.settings["last-day"] = "exclusive"

    assert str(campus.records()["U0001"].attempts[0].term.ends) == "2025-12-18"


def test_a_learner_is_known_by_the_id_that_the_settings_choose(campus):
    campus.settings["learner-id"] = "userIds:Local"
    assert sorted(campus.records()) == [f"5000000{number}" for number in range(1, 6)]

    campus.row("users", "U0002")["userIds"] = []
    campus.row("users", "U0003")["userIds"] = campus.row("users", "U0004")["userIds"]
    aside = campus.set_aside()
    assert "has no userIds:Local" in aside["U0002"]
    assert "2 users have this id" in aside["50000004"]


def test_results_of_somebody_who_is_no_student_here_set_that_one_aside(campus):
    campus.roster["users"] = [one for one in campus.roster["users"] if one["sourcedId"] != "U0003"]

    assert "not in the list of students" in campus.set_aside()["U0003"]
    assert sorted(campus.records()) == ["U0001", "U0002", "U0004", "U0005"]


def test_a_class_or_a_course_or_a_term_that_is_nowhere_sets_aside_whoever_was_in_it(campus):
    campus.row("classes", "CL1")["course"] = ref("course", "CO9")
    campus.row("enrollments", "E-CL2-U0001")["class"] = ref("class", "CL9")
    campus.row("classes", "CL2")["terms"] = [ref("academicSession", "T9")]

    aside = campus.set_aside()
    assert "the class 'CL1' has no courseCode" in aside["U0001"]
    assert "the class 'CL9' is named, but is not in the list of classes" in aside["U0001"]
    assert "in a term 'T9' that is not in the list" in aside["U0002"]


def test_a_course_code_that_is_none_sets_aside_whoever_took_it(campus):
    campus.row("courses", "CO1")["courseCode"] = "HOMEROOM!"

    assert "course is 'HOMEROOM!'" in campus.set_aside()["U0001"]
    assert campus.records() == {}


def test_the_catalogue_is_that_of_the_courses(campus):
    assert {str(one.course): one.title for one in campus.source.courses()} == {
        "STA 501": "Data Mining",
        "CSE 574": "Machine Learning",
    }
    assert campus.source.capabilities.catalogue is Knows.FULL


def test_only_reading_is_asked_for_and_no_demographics(campus):
    campus.records()

    assert campus.service.scopes_asked == [
        "https://purl.imsglobal.org/spec/or/v1p2/scope/roster-core.readonly "
        "https://purl.imsglobal.org/spec/or/v1p2/scope/gradebook.readonly"
    ]


def test_the_secret_is_in_no_repr_and_in_no_message(campus, monkeypatch):
    assert "a-secret" not in repr(campus.source)

    monkeypatch.setenv("ONEROSTER_SECRET", "a-secret-that-is-wrong")
    with pytest.raises(RecordsError, match=r"gives no token \(401\)") as refused:
        campus.records()
    assert "a-secret" not in str(refused.value)


def test_a_secret_is_never_written_in_the_settings(campus):
    campus.settings["client-secret"] = "a-secret-of-the-emulator"

    with pytest.raises(SettingsError, match="never written here"):
        _ = campus.source


def test_an_address_without_encryption_is_refused(campus):
    campus.settings["token-url"] = "http://sis.university.example/token"

    with pytest.raises(SettingsError, match="https"):
        _ = campus.source


def test_origin_and_basis_are_known_where_the_institution_answers_for_them(campus):
    assert campus.records()["U0001"].attempts[0].basis is None

    campus.settings |= {"origin": "institution", "basis": "graded"}
    assert not {"origins", "grading_basis"} & campus.source.capabilities.lacking()
    assert {(a.origin, a.basis) for a in campus.records()["U0001"].attempts} == {(Origin.INSTITUTION, Basis.GRADED)}
