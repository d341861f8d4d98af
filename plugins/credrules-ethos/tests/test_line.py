"""Tokens, pages and faults: what ends early never looks like the end."""

from __future__ import annotations

import pytest

from credrules import RecordsError
from ethos_emulator.campus import ref, registration


def ids(campus):
    return sorted(campus.records())


def test_a_token_holds_for_five_minutes_and_is_renewed_before_it_ends(campus):
    campus.fault(429, "/courses", headers={"Retry-After": "280"})

    assert len(ids(campus)) == 5
    assert campus.service.minutes_asked == ["5", "5"]


def test_a_token_that_ends_early_is_renewed_in_the_middle_of_a_list(campus):
    campus.service.scripts.append(("persons", 2, lambda service: service.end_tokens()))

    assert len(ids(campus)) == 5
    assert campus.service.calls["auth"] == 2


def test_a_page_that_is_clamped_is_no_end(campus):
    campus.settings["page"] = 1000
    campus.service.clamp = 2
    campus.service.total = False

    assert len(ids(campus)) == 5


@pytest.mark.parametrize("skip", [0, 1, 2, 3])
def test_an_empty_page_is_no_end(campus, skip):
    campus.service.total = False
    campus.fault("empty", "/student-transcript-grades", skip=skip)

    assert [one.grade for one in campus.records()["A00000001"].attempts] == ["B+", "B+"]


def test_a_row_put_in_or_taken_out_between_two_pages_hides_no_other(campus):
    def insert(service):
        service.campus["section-registrations"].insert(0, registration("P5", "S3"))
        service.campus["section-registrations"].pop(3)

    campus.service.campus["sections"].append({**campus.row("sections", "S1"), **ref("S3")})
    campus.service.scripts.append(("section-registrations", 2, insert))

    records = campus.records()
    assert len(records) == 5
    assert len(records["A00000005"].attempts) == 3


@pytest.mark.parametrize(
    "name", ["persons", "section-registrations", "student-transcript-grades", "sections", "courses"]
)
def test_an_empty_answer_is_not_nobody(campus, name):
    campus.service.empty = (name,)

    with pytest.raises(RecordsError, match=rf"api/{name}: answers that there is nobody"):
        ids(campus)


def test_nothing_is_filtered_for_banner_and_colleague_filter_differently(campus):
    ids(campus)

    assert {name for query in campus.service.asked for name in query} == {"limit", "offset"}


def test_no_holds_are_no_holds(campus):
    campus.service.empty = ("person-holds",)

    assert campus.records()["A00000001"].holds == ()


def test_it_waits_as_long_as_it_is_asked_to_and_tries_trouble_four_times(campus):
    campus.fault(429, "/persons", headers={"Retry-After": "17"})
    campus.fault(503, "/courses", times=3)
    assert len(ids(campus)) == 5
    assert campus.clock.waits == [1.0, 2.0, 4.0, 17.0]

    campus.fault(500, "/courses", times=4)
    with pytest.raises(RecordsError, match="gave 500, 4 times"):
        ids(campus)


def test_a_token_that_is_not_taken_twice_is_an_error_and_a_right_that_is_lacking_too(campus):
    campus.fault(401, "/courses", times=2)
    with pytest.raises(RecordsError, match="the token that it has just given"):
        ids(campus)

    campus.fault(403, "/courses")
    with pytest.raises(RecordsError, match=r"may not read this \(403\)"):
        ids(campus)


def test_what_is_no_json_and_what_is_no_list_are_errors(campus):
    campus.fault("malformed", "/persons")
    assert len(ids(campus)) == 5

    campus.fault("malformed", "/persons", times=4)
    with pytest.raises(RecordsError, match="no answer that can be read"):
        ids(campus)
    campus.fault("wrong-shape", "/persons")
    with pytest.raises(RecordsError, match="something else than a list of objects"):
        ids(campus)
