"""When work was done: windows of days, and months counted on a calendar."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from tests.worked import PAST, attempt

from credrules import Learner, ProgramEnrolment, Record
from credrules.windows import Window, later

ENDED = PAST.ends  # 2025-12-19
BEFORE, AFTER = date(2025, 12, 18), date(2025, 12, 20)
AS_OF = date(2026, 4, 1)


def holds(window, enrolments=(), term=PAST, as_of=AS_OF):
    record = Record(learner=Learner(learner_id="L1"), enrolments=enrolments)
    return window.holds(replace(attempt("STA 501", "A"), term=term), record, as_of)


@pytest.mark.parametrize(
    ("window", "held"),
    [
        (Window(), True),
        (Window(since=ENDED, until=ENDED), True),
        (Window(since=AFTER), False),
        (Window(since=BEFORE), True),
        (Window(until=BEFORE), False),
        (Window(until=AFTER), True),
        (Window(since=BEFORE, until=AFTER), True),
        (Window(since=AFTER, until=AFTER), False),
        (Window(since=BEFORE, until=BEFORE), False),
    ],
)
def test_what_ended_on_the_first_or_the_last_day_is_within(window, held):
    assert holds(window) is held
    assert holds(window, term=None) is None


@pytest.mark.parametrize(("as_of", "held"), [(date(2026, 6, 19), True), (date(2026, 6, 20), False)])
def test_months_are_counted_back_from_the_day_of_the_decision(as_of, held):
    assert holds(Window(months=6), as_of=as_of) is held


def test_without_months_nothing_is_too_old():
    assert holds(Window(), as_of=date(2090, 1, 1)) is True


@pytest.mark.parametrize(
    ("enrolments", "held"),
    [
        ([("p", ENDED)], True),
        ([("p", AFTER)], False),
        ([("q", BEFORE)], False),
        ([("p", None)], None),
        ([("p", None), ("p", BEFORE)], True),
        ([("p", None), ("p", AFTER)], None),
        ([("p", AFTER), ("p", BEFORE)], True),
        ([], False),
        (None, None),
    ],
)
def test_what_is_done_after_enrolment_ended_on_that_day_or_later(enrolments, held):
    window = Window(after_enrolment_in="p")
    known = enrolments and tuple(ProgramEnrolment(program=name, since=since) for name, since in enrolments)

    assert holds(window, () if enrolments == [] else known) is held


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        ("2026-01-31", 0, "2026-01-31"),
        ("2026-01-31", 1, "2026-02-28"),
        ("2024-01-31", 1, "2024-02-29"),
        ("2026-01-15", 1, "2026-02-15"),
        ("2026-12-31", 1, "2027-01-31"),
        ("2026-11-30", 1, "2026-12-30"),
        ("2026-01-31", -1, "2025-12-31"),
        ("2026-03-31", -1, "2026-02-28"),
        ("2026-05-20", 24, "2028-05-20"),
        ("0001-01-15", -1, "0001-01-01"),
        ("0001-03-15", -2, "0001-01-15"),
        ("9999-12-15", 1, "9999-12-31"),
        ("9999-11-15", 1, "9999-12-15"),
    ],
)
def test_so_many_months_on_is_the_same_day_or_the_last_of_the_month(day, months, expected):
    assert later(date.fromisoformat(day), months) == date.fromisoformat(expected)
