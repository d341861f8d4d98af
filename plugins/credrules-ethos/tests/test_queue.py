"""Change notifications: at least once, deletions without content, stale content, and resumed where it was kept."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from credrules import RecordsError
from credrules_ethos import Queue, queue_of
from ethos_emulator.campus import guid

REGISTRATION, GRADE = "section-registrations", "student-transcript-grades"


def persons(campus):
    """Everybody whom the waiting notifications are about; each page is kept."""
    found = []
    for changes in campus.queue.pages():
        found.append((changes.persons, changes.everybody))
        campus.queue.keep(changes)
    return found


def names(*people):
    return frozenset(map(guid, people))


def test_nothing_waits_at_first(campus):
    assert persons(campus) == []
    assert campus.queue.position == 0


def test_whose_it_is_is_asked_for_anew_for_content_may_be_stale(campus):
    stale = {**campus.row(GRADE, "grade P1 S1"), "student": {"id": guid("P4")}}
    campus.service.tell("replaced", GRADE, guid("grade P1 S1"), stale)

    assert persons(campus) == [(names("P1"), False)]


def test_a_deletion_names_the_thing_alone_and_whose_it_was_is_remembered(campus):
    campus.service.tell("created", REGISTRATION, guid("registration P2 S1"))
    assert persons(campus) == [(names("P2"), False)]
    campus.drop(REGISTRATION, "registration P2 S1")
    campus.service.tell("deleted", REGISTRATION, guid("registration P2 S1"))

    assert persons(campus) == [(names("P2"), False)]


def test_a_deletion_of_what_nobody_remembers_may_be_anybodys(campus):
    campus.drop(REGISTRATION, "registration P2 S1")
    campus.service.tell("deleted", REGISTRATION, guid("registration P2 S1"))

    assert persons(campus) == [(frozenset(), True)]


def test_a_whole_reading_says_whose_things_are(campus):
    campus.queue.remember(iter([(GRADE, "gone", guid("P3"))]))
    campus.service.tell("deleted", GRADE, "gone")

    assert persons(campus) == [(names("P3"), False)]


def test_what_many_records_refer_to_is_everybodys_and_what_is_not_read_is_nobodys(campus):
    campus.service.versions["buildings"] = "11"
    campus.service.tell("replaced", "buildings", guid("hall"))
    assert persons(campus) == [(frozenset(), False)]

    campus.service.tell("replaced", "grade-definitions", guid("grade A"))
    assert persons(campus) == [(frozenset(), True)]


def test_a_person_and_a_hold_are_that_persons(campus):
    campus.service.tell("replaced", "persons", guid("P4"))
    campus.service.tell("created", "person-holds", guid("hold"))

    assert persons(campus) == [(names("P1", "P4"), False)]


def test_an_answer_of_a_megabyte_holds_fewer_than_were_asked_for_and_is_no_end(campus):
    campus.service.largest = 600
    for number in range(1, 6):
        campus.service.tell("replaced", "persons", guid(f"P{number}"))

    assert [found for found, _ in persons(campus)] == [names(f"P{number}") for number in range(1, 6)]


def test_an_empty_answer_while_some_remain_is_no_end(campus):
    campus.service.tell("replaced", "persons", guid("P1"))
    campus.service.tell("replaced", "persons", guid("P2"))
    original = campus.service._consume

    def nothing(query):
        answer = original(query)
        answer.body, answer.headers = [], {"x-remaining": "2"}
        return answer

    campus.service._consume = nothing
    with pytest.raises(RecordsError, match="gives nothing, though 2 notifications remain"):
        persons(campus)


def test_what_was_not_kept_comes_again_and_what_was_kept_does_not(campus):
    campus.service.tell("replaced", "persons", guid("P1"))
    first = next(campus.queue.pages())
    assert next(campus.queue.pages()) == first  # as after a crash

    campus.queue.keep(first)
    campus.service.tell("replaced", "persons", guid("P2"))
    assert persons(campus) == [(names("P2"), False)]
    assert len(campus.service.queue) == 2  # nothing was ever removed from it


def test_what_comes_again_after_it_was_kept_is_not_taken_again(campus):
    campus.service.tell("replaced", "persons", guid("P1"))
    persons(campus)
    original = campus.service._consume
    campus.service._consume = lambda query: original({**query, "lastProcessedID": "0"})
    campus.service.tell("replaced", "persons", guid("P2"))

    assert next(campus.queue.pages()).persons == names("P2")


def test_an_older_page_that_is_kept_late_does_not_go_back(campus):
    campus.service.tell("replaced", "persons", guid("P1"))
    first = next(campus.queue.pages())
    campus.service.tell("replaced", "persons", guid("P2"))
    persons(campus)

    campus.queue.keep(first)
    assert persons(campus) == []


def test_a_notification_of_nothing_is_not_passed_over(campus):
    campus.service.tell("replaced", "persons", guid("P1"))
    campus.service.queue[0]["resource"] = {}

    with pytest.raises(RecordsError, match="without an id or without what it is about"):
        persons(campus)


def test_a_file_that_cannot_be_had_says_so(campus):
    nowhere = queue_of(campus.read_settings, campus.folder / "nowhere" / "queue.db", campus.clock)

    with pytest.raises(RecordsError, match="cannot hold how far"):
        _ = nowhere.position


def test_a_second_queue_goes_on_where_the_first_one_stopped(campus):
    campus.service.tell("replaced", "persons", guid("P1"))
    persons(campus)
    campus.service.tell("replaced", "persons", guid("P2"))
    again = queue_of(campus.read_settings, campus.folder / "queue.db", campus.clock)

    assert isinstance(again, Queue)
    assert [one.persons for one in again.pages()] == [names("P2")]


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    people=st.lists(st.integers(1, 5), max_size=8),
    largest=st.integers(1, 2000),
    crashes=st.lists(st.booleans(), max_size=4),
)
def test_whatever_the_pages_and_crashes_everybody_is_named(campus, people, largest, crashes):
    campus.service.queue.clear()
    campus.service.largest = largest
    for number in people:
        campus.service.tell("replaced", "persons", guid(f"P{number}"))
    found = set()
    for crashes_now in crashes:
        for changes in campus.queue.pages():
            if not crashes_now:
                found |= changes.persons
                campus.queue.keep(changes)
            break
    for changes in campus.queue.pages():
        found |= changes.persons
        campus.queue.keep(changes)

    assert found == {guid(f"P{number}") for number in people}
