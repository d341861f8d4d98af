"""Lists in pages: nothing is believed but rows, and a list that ends early never looks like its end."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from credrules import RecordsError
from oneroster_emulator.roster import sample
from oneroster_emulator.service import Behaviour, Service


def ids(campus):
    return sorted(campus.records())


def test_a_server_that_clamps_the_page_and_sends_no_header_is_read_to_its_end(campus):
    campus.settings["page"] = 500
    campus.behaviour.clamp = 2
    campus.behaviour.total = False

    assert ids(campus) == ["U0001", "U0002", "U0003", "U0004", "U0005"]


def test_a_server_that_gives_one_row_a_page_is_an_error_and_not_a_list_of_one(campus):
    campus.behaviour.clamp = 1

    with pytest.raises(RecordsError, match="one row a page"):
        ids(campus)


def test_an_order_is_always_asked_for(campus):
    ids(campus)

    assert {(query["sort"], query["orderBy"]) for _, query in campus.service.asked} == {("sourcedId", "asc")}


def test_an_empty_answer_is_not_nobody(campus):
    campus.behaviour.empty = ("students",)

    with pytest.raises(RecordsError, match="there is nobody and nothing"):
        ids(campus)


@pytest.mark.parametrize("name", ["academicSessions", "courses", "classes", "enrollments", "categories", "lineItems"])
def test_an_empty_list_of_anything_that_is_needed_is_an_error(campus, name):
    campus.behaviour.empty = (name,)

    with pytest.raises(RecordsError, match=name):
        ids(campus)


@pytest.mark.parametrize("skip", [0, 1, 2])
def test_an_empty_page_is_no_end(campus, skip):
    campus.behaviour.total = False
    campus.fault("empty", "/students", skip=skip)

    assert len(ids(campus)) == 5


def test_results_that_seem_to_be_none_are_asked_for_again(campus):
    campus.behaviour.total = False
    campus.fault("empty", "/results")

    assert campus.grades()["STA 501"] == "B+"


def test_a_list_that_always_ends_early_is_an_error(campus):
    for skip in (1, 2, 3):  # the second page of each of three readings
        campus.fault("empty", "/students", skip=skip)

    with pytest.raises(RecordsError, match="moved while it was read"):
        ids(campus)


def test_an_answer_that_is_cut_off_is_asked_for_again(campus):
    campus.fault("cut", "/students", times=2)

    assert len(ids(campus)) == 5


def test_a_row_put_in_between_two_pages_is_noticed_and_nothing_comes_twice(campus):
    def insert(service):
        first = {**service.roster["users"][0], "sourcedId": "U0000"}
        service.roster["users"].insert(0, first)

    campus.service.scripts.append(("students", 2, insert))

    assert ids(campus) == ["U0000", "U0001", "U0002", "U0003", "U0004", "U0005"]


def test_a_row_taken_out_between_two_pages_does_not_hide_another(campus):
    campus.service.scripts.append(("students", 2, lambda service: service.roster["users"].pop(0)))
    campus.roster["enrollments"] = [one for one in campus.roster["enrollments"] if "U0001" not in one["sourcedId"]]
    campus.roster["results"] = [one for one in campus.roster["results"] if "U0001" not in one["sourcedId"]]

    assert ids(campus) == ["U0002", "U0003", "U0004", "U0005"]


def test_a_server_that_does_not_heed_offset_is_said_to(campus):
    campus.behaviour.ignore_offset = True

    with pytest.raises(RecordsError, match="does not heed `offset`"):
        ids(campus)


def test_a_total_above_what_was_read_is_an_error_and_one_below_it_ends_nothing(campus):
    campus.behaviour.wrong_total = 1
    campus.settings["results"] = "all"
    assert len(ids(campus)) == 5

    campus.behaviour.wrong_total = 10_000
    with pytest.raises(RecordsError, match=r"has 2 rows, though the server counts 10000"):
        ids(campus)


def test_the_same_row_on_two_pages_is_one_row(campus):
    campus.roster["users"].insert(0, dict(campus.row("users", "U0003")))

    assert len(ids(campus)) == 5


def test_another_envelope_is_opened(campus):
    campus.behaviour.envelope = "data"

    assert len(ids(campus)) == 5


@pytest.mark.parametrize("fault", ["malformed", "deep"])
def test_what_is_no_json_is_asked_for_again_and_then_an_error(campus, fault):
    campus.fault(fault, "/students")
    assert len(ids(campus)) == 5

    campus.fault(fault, "/students", times=4)
    with pytest.raises(RecordsError, match="no answer that can be read"):
        ids(campus)


def test_what_is_json_but_no_list_of_objects_is_an_error(campus):
    campus.fault("wrong-shape", "/students")

    with pytest.raises(RecordsError, match="something else than a list 'students' of objects"):
        ids(campus)


def test_a_token_that_ends_early_is_renewed_in_the_middle_of_a_list(campus):
    campus.service.scripts.append(("students", 2, lambda service: service.end_tokens()))

    assert len(ids(campus)) == 5
    assert campus.service.calls["token"] == 2


def test_a_service_that_takes_none_of_its_tokens_is_an_error(campus):
    campus.fault(401, "/courses", times=2)

    with pytest.raises(RecordsError, match="the token that it has just given"):
        ids(campus)


def test_an_account_without_the_right_is_told_so(campus):
    campus.fault(403, "/results")

    with pytest.raises(RecordsError, match=r"may not read this \(403\)"):
        ids(campus)


def test_it_waits_as_long_as_it_is_asked_to(campus):
    campus.fault(429, "/students", headers={"Retry-After": "17"}, times=2)

    assert len(ids(campus)) == 5
    assert campus.clock.waits == [17.0, 17.0]


def test_it_does_not_hammer_a_server_that_says_to_wait_for_no_time(campus):
    campus.fault(429, "/students", headers={"Retry-After": "0"}, times=10_000)
    campus.settings["patience"] = 20

    with pytest.raises(RecordsError, match="asks to wait"):
        ids(campus)
    assert len(campus.clock.waits) <= 20


def test_it_does_not_wait_for_ever(campus):
    campus.fault(429, "/students", headers={"Retry-After": "86400"})

    with pytest.raises(RecordsError, match="asks to wait"):
        ids(campus)
    assert campus.clock.waits == []


def test_trouble_of_the_server_is_tried_four_times(campus):
    campus.fault(503, "/students", times=3, headers={"Retry-After": "5"})
    assert len(ids(campus)) == 5
    assert campus.clock.waits == [5.0, 5.0, 5.0]

    campus.fault(500, "/students", times=4)
    with pytest.raises(RecordsError, match=r"students: gave 500, 4 times"):
        ids(campus)


def test_a_redirect_is_not_followed_with_the_token(campus):
    campus.fault(302, "/students", headers={"Location": "https://elsewhere.invalid/students"})

    with pytest.raises(RecordsError, match="redirect"):
        ids(campus)


def test_a_filter_that_the_server_does_not_allow_says_so(campus):
    campus.settings["filters"] = {"enrollments": "user.sourcedId='U0001'"}
    with pytest.raises(RecordsError, match=r"answers 400 \('this filter is not supported'\).*\[records.filters\]"):
        ids(campus)

    campus.settings["filters"] = {"students": "username='user1' AND status='active'", "results": "status='active'"}
    assert ids(campus) == ["U0001"]


def test_another_path_is_configured(campus):
    campus.settings |= {"version": "1.2", "rostering": "/ims/oneroster/v1p1/", "gradebook": "ims/oneroster/v1p1"}
    campus.settings["grade"] = ["metadata.letterGrade"]
    assert len(ids(campus)) == 5

    campus.settings["gradebook"] = "nowhere"
    with pytest.raises(RecordsError, match=r"answers 404.*`gradebook`"):
        ids(campus)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(learners=st.integers(1, 9), page=st.integers(2, 7), clamp=st.integers(2, 7), total=st.booleans())
def test_whatever_the_pages_everybody_is_read_once(campus, learners, page, clamp, total):
    campus.server.service = Service(sample(learners), Behaviour(clamp=clamp, total=total))
    campus.settings["page"] = page

    assert ids(campus) == [f"U{number:04}" for number in range(1, learners + 1)]
