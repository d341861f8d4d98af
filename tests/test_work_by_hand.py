"""What work comes to, worked by hand at each outcome: amounts and their ceilings, scores, and days."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from credrules.decisions import Outcome
from credrules.engines.plain_work import (
    Done,
    Window,
    amount,
    done,
    first_day,
    in_time,
    is_certain,
    looked_at,
    measured,
    outcome_of,
    score_of,
    scores,
    tally,
)
from credrules.records import Activity, MilestoneStatus
from credrules.rules import Repeats
from credrules.work import WHOLE, Amount, Chosen, Measure, Scored, Scores

MET, AWAITING, PENDING, UNDETERMINED, UNMET = sorted(Outcome, reverse=True)
DAY, BEFORE, AFTER, LATER = date(2026, 4, 2), date(2026, 4, 1), date(2026, 4, 3), date(2026, 4, 4)


def item(level=MET, code="x", on=DAY, unsure=False, key="1", **parts):
    amounts = {
        name: None if value is None else Decimal(str(value)) for name, value in parts.items() if name != "category"
    }
    activity = Activity(
        activity_id=key, code=code, status=MilestoneStatus.COMPLETE, on=on, category=parts.get("category"), **amounts
    )
    return Done(activity, level, unsure)


@pytest.mark.parametrize(
    ("status", "on", "level"),
    [
        (MilestoneStatus.COMPLETE, DAY, MET),
        (MilestoneStatus.COMPLETE, AFTER, PENDING),
        (MilestoneStatus.COMPLETE, None, MET),
        (MilestoneStatus.SUBMITTED, DAY, AWAITING),
        (MilestoneStatus.SUBMITTED, AFTER, PENDING),
        (MilestoneStatus.IN_PROGRESS, DAY, PENDING),
        (MilestoneStatus.FAILED, DAY, UNMET),
        (MilestoneStatus.FAILED, AFTER, PENDING),
        (None, DAY, UNDETERMINED),
        (None, AFTER, UNDETERMINED),
    ],
)
def test_what_is_dated_later_is_still_to_be_done(status, on, level):
    (found,) = done([Activity(activity_id="1", code="x", status=status, on=on)], DAY)

    assert (found.level, found.unsure) == (level, False)


def test_activities_are_taken_in_order_of_their_keys():
    items = [Activity(activity_id=key, code="x", status=None) for key in "bca"]

    assert [one.activity.activity_id for one in done(items, DAY)] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("window", "level", "on", "admitted"),
    [
        (Window(), MET, DAY, True),
        (Window(), MET, None, True),
        (Window(), PENDING, None, True),
        (Window(), UNDETERMINED, None, True),
        (Window(known=False), MET, DAY, None),
        (Window(known=False), PENDING, DAY, None),
        (Window(first=DAY, last=DAY), MET, DAY, True),
        (Window(first=AFTER), MET, DAY, False),
        (Window(first=BEFORE), MET, DAY, True),
        (Window(last=BEFORE), MET, DAY, False),
        (Window(last=AFTER), MET, DAY, True),
        (Window(first=BEFORE), MET, None, None),
        (Window(last=DAY), MET, None, True),  # it was done by today
        (Window(last=AFTER), MET, None, True),
        (Window(last=BEFORE), MET, None, None),
        (Window(first=BEFORE, last=AFTER), MET, None, None),
        (Window(last=DAY), PENDING, None, True),
        (Window(last=BEFORE), PENDING, None, False),
        (Window(last=DAY), PENDING, BEFORE, True),  # today at the earliest
        (Window(last=BEFORE), PENDING, BEFORE, False),
        (Window(last=DAY), PENDING, AFTER, False),
        (Window(last=AFTER), PENDING, AFTER, True),
        (Window(last=DAY), AWAITING, BEFORE, True),
        (Window(last=BEFORE), AWAITING, DAY, False),
        (Window(first=DAY, last=DAY), UNDETERMINED, DAY, True),
        (Window(last=BEFORE), UNDETERMINED, BEFORE, None),  # done in time, or open and too late
        (Window(first=AFTER), UNDETERMINED, DAY, None),
        (Window(last=BEFORE), UNDETERMINED, DAY, False),
        (Window(last=BEFORE), UNDETERMINED, None, None),
    ],
)
def test_what_is_under_way_can_be_done_until_the_last_day_and_what_is_done_was_by_today(window, level, on, admitted):
    assert window.admits(level, on, DAY) is admitted
    kept, missed = in_time([item(level, on=on)], window, DAY)
    assert [one.unsure for one in kept] == ([] if admitted is False else [admitted is None])
    assert len(missed) == (admitted is False)


def hours(need=10, **parts):
    return Amount(measure=Measure.HOURS, need=need * 1000, among=Chosen(frozenset({"x"})), **parts)


def points(need=10, categories=0, among=(), **ceilings):
    limits = tuple((name, most * 1000) for name, most in ceilings.items())
    chosen = Chosen(categories=frozenset(among))
    return Amount(measure=Measure.POINTS, need=need * 1000, among=chosen, ceilings=limits, categories=categories)


@pytest.mark.parametrize(
    ("work", "items", "level", "expected"),
    [
        (hours(), [item(hours=4), item(hours="2.5")], MET, (6500, 2)),
        (hours(), [item(hours=4), item(AWAITING, hours=2)], MET, (4000, 1)),
        (hours(), [item(hours=4), item(AWAITING, hours=2)], AWAITING, (6000, 2)),
        (hours(), [item(hours=4), item(UNMET, hours=2)], UNDETERMINED, (4000, 1)),
        (hours(), [item(hours=4), item(code="y", hours=2)], UNDETERMINED, (4000, 1)),
        (hours(), [item(hours=None)], PENDING, (0, 0)),
        (hours(), [item(hours=None)], UNDETERMINED, (10000, 1)),
        (hours(), [item(hours=4, unsure=True)], PENDING, (0, 0)),
        (hours(), [item(hours=4, unsure=True)], UNDETERMINED, (4000, 1)),
        (hours(), [item(hours=0)], MET, (0, 0)),
        (points(a=5), [item(points=4, category="a"), item(points=4, category="a")], MET, (5000, 1)),
        (points(a=5), [item(points=4, category="a"), item(points=4, category="b")], MET, (8000, 2)),
        (points(a=5), [item(points=4)], PENDING, (0, 0)),
        (points(a=5), [item(points=4)], UNDETERMINED, (4000, 1)),
        (points(categories=1), [item(points=4)], PENDING, (0, 0)),
        (points(categories=1), [item(points=4), item(points=1)], UNDETERMINED, (5000, 2)),
        (points(categories=1), [item(points=0, category="a"), item(points=1, category="b")], MET, (1000, 1)),
        (points(among="ab"), [item(points=1, category="c")], UNDETERMINED, (0, 0)),
        (points(among="ab"), [item(points=1)], UNDETERMINED, (1000, 1)),
        (
            points(among="ab", categories=2),
            [item(points=1), item(points=1), item(points=1, category="a")],
            UNDETERMINED,
            (3000, 2),
        ),
    ],
)
def test_a_tally_is_of_what_is_worth_so_much_or_more(work, items, level, expected):
    assert tally(work, items, level) == expected


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ([item(hours=10)], MET),
        ([item(hours="9.999")], UNMET),
        ([item(hours=9), item(AWAITING, hours=1)], AWAITING),
        ([item(hours=9), item(PENDING, hours=1)], PENDING),
        ([item(hours=9), item(UNDETERMINED, hours=1)], UNDETERMINED),
        ([item(hours=9), item(UNMET, hours=1)], UNMET),
        ([], UNMET),
    ],
)
def test_an_amount_is_as_sure_as_what_is_needed_for_it(items, expected):
    assert amount(hours(), items) is expected
    assert outcome_of(hours(), items) is expected


def test_enough_categories_are_needed_beside_the_amount():
    two = [item(points=9, category="a"), item(points=1, category="b")]

    assert amount(points(categories=2), two) is MET
    assert amount(points(categories=3), two) is UNMET
    assert amount(points(11, categories=2), two) is UNMET


def test_an_event_counts_as_one_or_as_its_weight():
    events = Amount(measure=Measure.EVENTS, need=3000, among=Chosen(), weights=(("x", 2000),))

    assert [measured(events, item(code=code).activity) for code in "xy"] == [2000, 1000]
    assert measured(hours(), item(hours="1.5", points=7).activity) == 1500
    assert measured(points(), item(hours="1.5", points=7).activity) == 7000
    assert measured(points(), item().activity) is None


@pytest.mark.parametrize(
    ("items", "day"),
    [
        ([item(hours=6, on=DAY), item(hours=4, on=AFTER), item(hours=9, on=LATER)], AFTER),
        ([item(hours=10, on=AFTER), item(hours=10, on=DAY)], DAY),
        ([item(hours=9, on=DAY)], None),
        ([item(hours=10, on=None)], None),
        ([item(hours=10, on=DAY), item(hours=1, on=None)], DAY),
        ([item(hours=10, on=DAY), item(hours=10, on=None)], None),
        ([item(hours=10, on=DAY), item(UNDETERMINED, hours=10, on=BEFORE)], None),
        ([item(hours=10, on=DAY), item(UNDETERMINED, hours=10, on=AFTER)], DAY),
        ([item(hours=10, on=DAY), item(hours=10, on=BEFORE, unsure=True)], None),
        ([item(hours=10, on=DAY), item(AWAITING, hours=10, on=BEFORE)], DAY),
        ([item(hours=10, on=DAY), item(PENDING, hours=10, on=BEFORE)], DAY),
        ([item(hours=10, on=DAY), item(UNMET, hours=10, on=BEFORE)], DAY),
    ],
)
def test_the_first_day_is_that_by_which_enough_was_certainly_done(items, day):
    assert first_day(hours(), items) == day


PART = Scored("x")


def exam(need=60, stands=Repeats.BEST, parts=(PART,), weighted=False):
    return Scores(need=need * 1000, top=100_000, parts=parts, stands=stands, weighted=weighted)


BEST, LATEST = exam(), exam(stands=Repeats.LATEST)


@pytest.mark.parametrize(
    ("items", "best", "latest"),
    [
        ([], (0, 0, 0), (0, 0, 0)),
        ([item(score=70)], (70, 70, 70), (70, 70, 70)),
        ([item(score=100)], (100, 100, 100), (100, 100, 100)),
        ([item(score="100.001")], (0, 0, 100), (0, 0, 100)),
        ([item(score=None)], (0, 0, 100), (0, 0, 100)),
        ([item(UNMET, score=70)], (0, 0, 0), (0, 0, 0)),
        ([item(score=70, code="y")], (0, 0, 0), (0, 0, 0)),
        ([item(PENDING)], (0, 100, 100), (0, 100, 100)),
        ([item(score=70), item(PENDING)], (70, 100, 100), (70, 100, 100)),
        ([item(score=70), item(score=50, on=AFTER)], (70, 70, 70), (50, 50, 50)),
        ([item(score=50), item(score=70, on=AFTER)], (70, 70, 70), (70, 70, 70)),
        ([item(score=50), item(score=70)], (70, 70, 70), (50, 50, 70)),
        ([item(score=50), item(score=None)], (50, 50, 100), (0, 0, 100)),
        ([item(score=50), item(score=70, on=None)], (70, 70, 70), (50, 50, 70)),
        ([item(score=70, on=None), item(score=50, on=None)], (70, 70, 70), (50, 50, 70)),
        ([item(score=50), item(score=70, unsure=True)], (50, 50, 70), (50, 50, 70)),
        ([item(score=50), item(score=30, unsure=True)], (50, 50, 50), (30, 30, 50)),
        ([item(score=50), item(score=30, on=BEFORE, unsure=True)], (50, 50, 50), (50, 50, 50)),
        ([item(score=50), item(score=30, on=AFTER, unsure=True)], (50, 50, 50), (30, 30, 50)),
        ([item(score=50), item(score=30, on=None, unsure=True)], (50, 50, 50), (30, 30, 50)),
        ([item(score=50, on=None), item(score=30, unsure=True)], (50, 50, 50), (30, 30, 50)),
        ([item(score=70, unsure=True)], (0, 0, 70), (0, 0, 70)),
        ([item(UNDETERMINED, score=70)], (0, 0, 100), (0, 0, 100)),
        ([item(AWAITING, score=70, unsure=True)], (0, 0, 100), (0, 0, 100)),
    ],
)
def test_a_score_at_each_outcome_is_the_most_that_is_certain_of_it(items, best, latest):
    for work, expected in ((BEST, best), (LATEST, latest)):
        found = [score_of(work, PART, items, level) for level in (MET, PENDING, UNDETERMINED)]
        assert found == [one * 1000 for one in expected]


@pytest.mark.parametrize(
    ("items", "certain"),
    [
        ([item(score=70)], True),
        ([item(UNMET, score=70)], True),
        ([], False),
        ([item(score=None)], False),
        ([item(score=70), item(score=None)], False),
        ([item(score=70), item(score=70, unsure=True)], False),
        ([item(score=70), item(PENDING)], True),
        ([item(score=70, code="y")], False),
    ],
)
def test_a_score_is_certain_that_somebody_gave(items, certain):
    assert is_certain(BEST, PART, items) is certain


TWO = (Scored("x", weight=WHOLE * 6 // 10), Scored("y", weight=WHOLE * 4 // 10))


@pytest.mark.parametrize(
    ("one", "other", "each", "mean"),
    [
        (60, 60, MET, MET),
        (80, 30, UNMET, MET),
        (80, "29.999", UNMET, UNMET),
        (60, None, UNDETERMINED, UNDETERMINED),
        (30, None, UNMET, UNMET),
        ("59.999", 100, UNMET, MET),
    ],
)
def test_each_part_has_to_reach_it_or_their_weighted_mean(one, other, each, mean):
    items = [item(score=one), item(code="y", score=other)]

    assert scores(exam(parts=TWO), items) is each
    assert scores(exam(parts=TWO, weighted=True), items) is mean
    assert outcome_of(exam(parts=TWO), items) is each


def test_a_mean_takes_the_score_of_what_was_failed():
    items = [item(UNMET, score=80), item(code="y", score=30)]

    assert scores(exam(parts=TWO, weighted=True), items) is MET


@pytest.mark.parametrize(("category", "found"), [("a", True), ("b", False), (None, True)])
def test_only_what_may_be_asked_for_is_looked_at(category, found):
    rubric = exam(parts=(Scored("x", "a"), Scored("y", "a")))

    assert looked_at(rubric, item(category=category).activity) is found
    assert not looked_at(rubric, item(code="z", category="a").activity)
    assert looked_at(points(among="a"), item(category=category).activity) is found


@pytest.mark.parametrize(("category", "expected"), [("a", 70_000), ("b", 0)])
def test_a_criterion_has_the_scores_of_its_category(category, expected):
    part = Scored("x", "a")

    assert score_of(exam(parts=(part,)), part, [item(score=70, category=category)], UNDETERMINED) == expected


def test_a_score_of_an_unknown_criterion_may_be_for_any():
    part = Scored("x", "a")

    assert score_of(exam(parts=(part,)), part, [item(score=70)], PENDING) == 0
    assert score_of(exam(parts=(part,)), part, [item(score=70)], UNDETERMINED) == 70_000
