"""Rows of any source as records: cells that have a type of their own are taken as they are, or refused."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credrules import Course, Origin, Record, Term
from credrules.rows import Reader, Rows, cell_of, read_courses, read_terms
from credrules.rows.cells import Unreadable, to_course, to_credits, to_key, to_one_of, to_text
from credrules.rows.layouts import ATTEMPTS, LAYOUTS, LEARNERS, TERMS

FALL = Term(date(2025, 8, 25), date(2025, 12, 19), "2259", "fall 2025")


class Named:
    """Rows of a made-up source, called by their entity and their second cell."""

    def where(self, layout, row):
        return f"{layout.entity} {row[1]}"

    source = where

    def other(self, row):
        return f"row {row[1]}"

    def called(self, layout):
        return f"the query '{layout.entity}'"


def attempt(**cells):
    known = {"attempt_id": "A1", "learner_id": "L1", "course": "STA 501", "grade": "A", "origin": "institution"}
    return (0, *({**known, **cells}.get(column) for column in ATTEMPTS.columns))


def read(row, names=(None, None)):
    learner = (0, "L1", *names, *(None for _ in LEARNERS.columns[3:]))
    present = {layout.entity: frozenset(layout.columns) for layout in LAYOUTS[:3]}
    rows = Rows("L1", {"learners": [learner], "attempts": [row]})
    result = Reader(present, {"2259": FALL}, Named()).record(rows)
    return result if isinstance(result, Record) else [str(problem) for problem in result]


@given(st.decimals(0, 99, places=3))
def test_credits_of_a_decimal_type_are_exact(number):
    assert read(attempt(credits_earned=number)).attempts[0].credits_earned == number


def test_whole_numbers_days_and_midnights_are_what_they_say():
    row = attempt(term_id=2259, credits_earned=3, graded_on=date(2025, 12, 20), registered_on=datetime(2025, 8, 11))  # noqa: DTZ001  as a driver gives it

    found = read(row).attempts[0]

    assert (found.credits_earned, found.term, found.graded_on, found.registered_on) == (
        Decimal(3),
        FALL,
        date(2025, 12, 20),
        date(2025, 8, 11),
    )
    assert type(found.registered_on) is date


def test_what_a_float_holds_is_never_read_even_where_the_same_whole_number_was_read_before():
    assert read(attempt(credits_earned=3)).attempts[0].credits_earned == Decimal(3)
    assert read(attempt(credits_earned=3.0)) == [
        "attempts A1: credits_earned is '3.0'. It is a binary floating-point number, which holds few decimals exactly. "
        "Cast it to a decimal type or to text in the query."
    ]


@pytest.mark.parametrize("cell", [Decimal("NaN"), Decimal("Infinity"), "NaN", "Infinity", Decimal("3.0001"), -1, 100])
def test_what_is_no_number_of_credits_is_a_fault_and_never_zero(cell):
    assert read(attempt(credits_earned=cell))[0].startswith("attempts A1: credits_earned is ")


@pytest.mark.parametrize(
    "cell",
    ["0000-00-00", "infinity", datetime(2025, 1, 1, 9, 30), datetime(2025, 1, 1, tzinfo=UTC), 20250101, 1.5, b"2025"],  # noqa: DTZ001  as a driver gives it
)
def test_what_is_no_day_is_a_fault_and_never_a_day(cell):
    assert read(attempt(graded_on=cell))[0].startswith("attempts A1: graded_on is ")


@pytest.mark.parametrize("cell", [3.0, True, b"A", datetime(2025, 1, 1)])  # noqa: DTZ001  as a driver gives it
@pytest.mark.parametrize("convert", [to_text, to_key, to_course, to_credits, to_one_of(Origin)])
def test_text_is_not_made_of_what_can_be_written_in_two_ways(convert, cell):
    with pytest.raises(Unreadable):
        convert(cell)


def test_a_date_is_no_number_of_credits():
    with pytest.raises(Unreadable):
        to_credits(date(2025, 1, 1))


def test_one_blank_is_as_none():
    """PeopleSoft's CHAR columns hold a single blank, and no NULL."""
    assert (cell_of(" "), cell_of(""), cell_of(None), cell_of(" I "), cell_of(0)) == (None, None, None, "I", 0)


def test_a_fault_says_where_the_row_is_in_the_words_of_its_source():
    assert read(attempt(term_id="2295")) == [
        "attempts A1: term_id is '2295'. the query 'terms' has no such term. Did you mean '2259'? Add it there."
    ]


def test_a_name_in_the_wrong_column_is_not_repeated_whatever_its_type():
    assert "personal" in read(attempt(graded_on="Lovelace"), names=("Ada", "Lovelace"))[0]


def test_a_term_with_a_fault_says_all_that_is_wrong_with_it():
    problems = []
    rows = [
        (0, 2259, "fall 2025", date(2025, 8, 25), "2025-12-19"),
        (0, "2259", "again", date(2025, 8, 25), date(2025, 12, 19)),
        (0, 1.5, "spring", "0000-00-00", None),
    ]

    assert read_terms(rows, Named(), problems) == {"2259": FALL}
    assert [problem.message.partition(".")[0] for problem in problems] == [
        "term_id '2259' is there more than once",
        "ends is blank",
        "term_id is '1",
        "starts is '0000-00-00'",
    ]
    assert len(TERMS.columns) == 4


def test_a_course_of_a_catalogue_may_have_cells_with_types():
    problems = []
    rows = [(0, "STA 501", "Statistics", date(2020, 1, 1), None, None, Decimal("3.00"), None)]

    (course,) = read_courses(rows, Named(), problems, says_attributes=False)

    assert (course.course, course.since, course.credits) == (Course("STA", "501"), date(2020, 1, 1), Decimal(3))
    assert problems == []
