"""Work that is no course: amounts, scores and times, each decided by both engines."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from credrules import (
    Activity,
    Affiliation,
    Attempt,
    Course,
    Knows,
    Learner,
    Milestone,
    MilestoneStatus,
    Record,
    Term,
)
from credrules.adapters import Capabilities
from credrules.attestations import ExceptionKind, GrantedException, Word
from credrules.deciding import Decider
from credrules.engines.durable import DurableEngine
from credrules.needs import unmet_needs
from credrules.plan import make_plan
from credrules.records import record_faults
from credrules.rule_files import load
from credrules.testing import FakeRecords
from credrules.timing import Timing

AS_OF = date(2026, 6, 1)
INSTITUTION = """\
institution: { id: uni, name: University }
grades: { points: { A: 4.0, B: 3.0, C: 2.0, F: 0.0 } }
counting: { minimum-grade: B }
"""
COMPLETE, SUBMITTED, OPEN, FAILED = (
    MilestoneStatus.COMPLETE,
    MilestoneStatus.SUBMITTED,
    MilestoneStatus.IN_PROGRESS,
    MilestoneStatus.FAILED,
)


@pytest.fixture
def decide(tmp_path):
    """The decision on a program with these requirements, by both engines."""

    def decide(requirements, activities=(), *, as_of=AS_OF, exceptions=(), **parts):
        record = Record(
            learner=Learner(learner_id="L1", affiliation=Affiliation.HOME),
            activities=activities if activities is None else tuple(activities),
            **{"admissions": (), "milestones": (), "holds": (), **parts},
        )
        assert list(record_faults(record)) == []
        plan = plan_of(tmp_path, requirements)
        decided = Decider(plan, DurableEngine(plan)).decide(record, Word((), tuple(exceptions)), as_of, everyone=True)
        assert decided.disagreements == ()
        return decided.decisions[0]

    return decide


@pytest.fixture
def outcome(decide):
    return lambda *args, **parts: str(decide(*args, **parts).outcome)


def plan_of(folder, requirements):
    rules = folder / "rules"
    (rules / "programs").mkdir(parents=True, exist_ok=True)
    (rules / "institution.yaml").write_text(INSTITUTION)
    (rules / "programs" / "p.yaml").write_text(
        "program: p\ntitle: P\neffective: 2025-01-01\ncredit-bearing: false\n"
        f"requirements:\n{requirements}\nawards:\n  - issuer: badges\n"
    )
    return make_plan(load(rules))


def activity(code="service", status=COMPLETE, category=None, on=date(2026, 3, 1), **amounts):
    activity.number = getattr(activity, "number", 0) + 1
    exact = {name: None if amount is None else Decimal(str(amount)) for name, amount in amounts.items()}
    return Activity(activity_id=f"v{activity.number}", code=code, status=status, category=category, on=on, **exact)


HOURS = "  - hours: 10\n    of: { activity: service }"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ([], "unmet"),
        ([activity(hours=4)], "met"),
        ([activity(hours="3.999")], "unmet"),
        ([activity(status=SUBMITTED, hours=4)], "awaiting"),
        ([activity(status=OPEN, hours=4)], "pending"),
        ([activity(status=OPEN, hours=2), activity(status=SUBMITTED, hours=2)], "pending"),
        ([activity(status=None, hours=4)], "undetermined"),
        ([activity(status=None, hours=3)], "unmet"),
        ([activity(hours=None)], "undetermined"),
        ([activity(status=OPEN, hours=None)], "undetermined"),
        ([activity(status=FAILED, hours=4)], "unmet"),
        ([activity(on=AS_OF + timedelta(1), hours=4)], "pending"),
        ([activity("training", hours=40)], "unmet"),
    ],
)
def test_six_hours_of_ten_and_something_more(outcome, more, expected):
    assert outcome(HOURS, [activity(hours="2.5"), activity(hours="3.5"), *more]) == expected


def test_a_source_that_cannot_tell_of_activities_leaves_them_open(decide):
    decision = decide(HOURS, None)

    assert str(decision.outcome) == "undetermined"
    assert [reason.because for reason in decision.reason.walk()][-1] == "work-unknown"


POINTS = """\
  - points: 50
    of: { category: [language, travel, research] }
    at-most: { language: 30 }
    categories: 2"""


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ({"language": 30, "travel": 20}, "met"),
        ({"language": 90, "travel": 19}, "unmet"),
        ({"travel": 60}, "unmet"),
        ({"travel": 60, "language": 0}, "unmet"),
        ({"travel": 49, None: 1}, "undetermined"),
        ({"travel": 48, None: 1}, "unmet"),
        ({"travel": 60, "sports": 60}, "unmet"),
    ],
)
def test_a_category_counts_up_to_its_ceiling_and_enough_categories_are_needed(outcome, points, expected):
    done = [activity("any-code", category=category, points=amount) for category, amount in points.items()]

    assert outcome(POINTS, done) == expected


def test_the_amount_and_the_categories_are_asked_of_the_same_work(outcome):
    done = [activity("x", category="travel", points=60), activity("x", OPEN, category="research", points=1)]

    assert outcome(POINTS, done) == "pending"


def test_an_event_may_count_as_several(outcome):
    rule = "  - events: 3\n    of: { activity: [workshop, conference] }\n    weights: { conference: 2 }"

    assert outcome(rule, [activity("workshop"), activity("workshop")]) == "unmet"
    assert outcome(rule, [activity("workshop"), activity("conference")]) == "met"


def score(value, day=1, status=COMPLETE, code="exam", category=None):
    return activity(code, status, category, None if day is None else date(2026, 4, day), score=value)


@pytest.mark.parametrize(
    ("tries", "best", "latest"),
    [
        ([], "unmet", "unmet"),
        ([score(70)], "met", "met"),
        ([score("69.999")], "unmet", "unmet"),
        ([score(80, 1), score(60, 2)], "met", "unmet"),
        ([score(60, 1), score(80, 2)], "met", "met"),
        ([score(80, 1), score(60, 1)], "met", "undetermined"),
        ([score(80, 1), score(60, None)], "met", "undetermined"),
        ([score(80, 1), score(75, None)], "met", "met"),
        ([score(60, 1), score(None, 2)], "undetermined", "undetermined"),
        ([score(80, 1), score(None, 2)], "met", "undetermined"),
        ([score(80, 2), score(None, 1)], "met", "met"),
        ([score(80, 1), score(None, 2, OPEN)], "met", "met"),
        ([score(60, 1), score(None, 2, OPEN)], "pending", "pending"),
        ([score(60, 1), score(None, 2, SUBMITTED)], "awaiting", "awaiting"),
        ([score(80, 1, None)], "undetermined", "undetermined"),
        ([score(80, 1, FAILED)], "unmet", "unmet"),
        ([score(101)], "undetermined", "undetermined"),
    ],
)
def test_the_best_or_the_latest_score_stands(outcome, tries, best, latest):
    rule = "  - score: 70\n    in: exam\n    attempts: "

    assert (outcome(rule + "best", tries), outcome(rule + "latest", tries)) == (best, latest)


@pytest.mark.parametrize(
    ("tries", "expected"),
    [
        ([score(80), score(70, code="project")], "met"),
        ([score(80), score(67, code="project")], "unmet"),
        ([score(100)], "unmet"),
        ([score(100), score(None, code="project")], "undetermined"),
        ([score(50), score(None, code="project")], "unmet"),
        ([score(100), score(38, code="project", status=FAILED)], "met"),
        ([score(100), score(None, code="project", status=FAILED)], "undetermined"),
        ([score(60), score(None, code="project", status=OPEN)], "pending"),
    ],
)
def test_a_weighted_score_takes_an_unknown_part_for_all_that_it_may_be(outcome, tries, expected):
    assert outcome("  - weighted-score: 75\n    of: { exam: 60, project: 40 }", tries) == expected


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ({"clarity": 3, "evidence": 4}, "met"),
        ({"clarity": 2, "evidence": 4}, "unmet"),
        ({"clarity": 3}, "unmet"),
        ({"clarity": 3, None: 4}, "undetermined"),
        ({"clarity": 3, "evidence": None}, "undetermined"),
        ({"clarity": 3, "evidence": 5}, "undetermined"),
    ],
)
def test_a_rubric_asks_for_every_criterion(outcome, scores, expected):
    rule = "  - rubric: portfolio\n    every: 3\n    out-of: 4\n    criteria: [clarity, evidence]"
    given = [score(value, code="portfolio", category=criterion) for criterion, value in scores.items()]

    assert outcome(rule, given) == expected


# Time.

BY = "  - milestone: talk\n    by: 2026-05-31"


@pytest.mark.parametrize(
    ("status", "on", "before", "after"),
    [
        (COMPLETE, date(2026, 5, 31), "met", "met"),
        (COMPLETE, date(2026, 6, 1), "unmet", "unmet"),
        (COMPLETE, None, "met", "undetermined"),
        (SUBMITTED, date(2026, 5, 31), "awaiting", "awaiting"),
        (SUBMITTED, None, "awaiting", "undetermined"),
        (OPEN, None, "pending", "unmet"),
        (OPEN, date(2026, 6, 9), "unmet", "unmet"),
        (None, None, "undetermined", "undetermined"),
    ],
)
def test_what_is_open_is_pending_until_the_last_day_and_unmet_after_it(outcome, status, on, before, after):
    milestones = (Milestone(code="talk", status=status, completed_on=on),)

    assert outcome(BY, as_of=date(2026, 5, 31), milestones=milestones) == before
    assert outcome(BY, as_of=date(2026, 6, 1), milestones=milestones) == after


def test_an_extension_gives_one_learner_a_later_last_day(outcome, decide):
    late = (Milestone(code="talk", status=COMPLETE, completed_on=date(2026, 6, 3)),)
    granted = GrantedException(
        learner_id="L1",
        program="p",
        kind=ExceptionKind.EXTENSION,
        requirement="talk",
        reason="illness",
        by="the office",
        on=date(2026, 5, 20),
        until=date(2026, 6, 3),
    )
    day = date(2026, 6, 10)

    assert outcome(BY, as_of=day, milestones=late) == "unmet"
    assert "not-in-time" in [reason.because for reason in decide(BY, as_of=day, milestones=late).reason.walk()]
    assert outcome(BY, as_of=day, milestones=late, exceptions=[granted]) == "met"


@pytest.mark.parametrize(
    ("timing", "period", "deadline"),
    [
        (Timing(after="talk"), False, False),
        (Timing(by=date(2026, 5, 31)), False, True),
        (Timing(days=1), True, False),
        (Timing(months=1, since="talk"), True, True),
        (Timing(renews="licence", term=12), False, False),
    ],
)
def test_a_last_day_is_one_that_is_named_or_follows_from_what_came_before(timing, period, deadline):
    assert (timing.period, timing.deadline) == (period, deadline)


def test_nothing_is_timed_that_nobody_asked_to_be():
    assert Timing() == Timing(days=0, months=0, renews="", term=0)


def test_a_period_that_leaves_the_calendar_ends_with_it():
    assert Timing(days=1).last_from(date.max) == date.max
    assert Timing(days=1).first_until(date.min) == date.min
    assert Timing(months=12, days=1).last_from(date(2026, 1, 31)) == date(2027, 2, 1)


RECENT = "  - hours: 10\n    of: { activity: service }\n    within: { months: 12, before: conferral }"


@pytest.mark.parametrize(
    ("on", "expected"),
    [(date(2025, 6, 1), "met"), (date(2025, 5, 31), "unmet"), (None, "undetermined")],
)
def test_only_what_is_recent_enough_counts(outcome, on, expected):
    assert outcome(RECENT, [activity(on=on, hours=10)]) == expected


SEQUENCE = """\
  - id: training
    events: 2
    of: { activity: session }
  - milestone: demonstration
    within: { days: 90, after: training }"""


@pytest.mark.parametrize(
    ("sessions", "demonstrated", "expected"),
    [
        ([date(2026, 1, 10), date(2026, 1, 20)], date(2026, 1, 20), "met"),
        ([date(2026, 1, 10), date(2026, 1, 20)], date(2026, 4, 20), "met"),
        ([date(2026, 1, 10), date(2026, 1, 20)], date(2026, 4, 21), "unmet"),
        ([date(2026, 1, 10), date(2026, 1, 20)], date(2026, 1, 19), "unmet"),
        ([date(2026, 1, 10), date(2026, 1, 20), date(2026, 5, 1)], date(2026, 4, 21), "unmet"),
        ([date(2026, 1, 10), None], date(2026, 3, 1), "undetermined"),
        ([date(2026, 1, 10)], date(2026, 3, 1), "unmet"),
        ([date(2026, 1, 10), date(2026, 6, 20)], date(2026, 3, 1), "pending"),
    ],
)
def test_the_period_begins_on_the_first_day_by_which_enough_was_done(outcome, sessions, demonstrated, expected):
    milestones = (Milestone(code="demonstration", status=COMPLETE, completed_on=demonstrated),)

    assert outcome(SEQUENCE, [activity("session", on=day) for day in sessions], milestones=milestones) == expected


AFTER_COURSE = "  - course: STA 501\n  - milestone: reflection\n    after: sta-501"


@pytest.mark.parametrize(
    ("graded_on", "reflected", "expected"),
    [
        (date(2026, 5, 18), date(2026, 5, 18), "met"),
        (date(2026, 5, 18), date(2026, 5, 17), "unmet"),
        (None, date(2026, 5, 14), "unmet"),
        (None, date(2026, 5, 15), "met"),
    ],
)
def test_a_course_is_met_on_the_day_of_its_grade_or_at_the_end_of_its_term(outcome, graded_on, reflected, expected):
    term = Term(date(2026, 1, 26), date(2026, 5, 15), "2026-spring", "spring 2026")
    attempt = Attempt(attempt_id="1", course=Course("STA", "501"), term=term, grade="A", graded_on=graded_on)
    milestones = (Milestone(code="reflection", status=COMPLETE, completed_on=reflected),)

    assert outcome(AFTER_COURSE, attempts=(attempt,), milestones=milestones) == expected


def test_what_comes_after_something_that_is_missing_is_no_further_than_that(decide):
    milestones = (Milestone(code="reflection", status=COMPLETE, completed_on=date(2026, 5, 1)),)

    decision = decide(AFTER_COURSE, milestones=milestones)

    reasons = {reason.node: reason for reason in decision.reason.walk()}
    assert (str(reasons["reflection"].outcome), reasons["reflection"].because) == ("unmet", "comes-first")
    assert "STA 501" in reasons["reflection"].text


def test_after_something_that_was_waived_nothing_has_to_wait(outcome):
    waiver = GrantedException(
        learner_id="L1",
        program="p",
        kind=ExceptionKind.WAIVER,
        requirement="sta-501",
        reason="done elsewhere",
        by="the office",
        on=date(2026, 5, 20),
    )
    milestones = (Milestone(code="reflection", status=COMPLETE, completed_on=date(2026, 5, 1)),)

    assert outcome(AFTER_COURSE, milestones=milestones, exceptions=[waiver]) == "met"


def test_courses_are_not_shared_out_for_an_alternative_whose_work_is_missing(outcome):
    rule = """\
  - any:
      - all: [{ course: STA 501 }, { milestone: reflection, after: sta-501 }]
      - credits: 3
        of: [STA 501]"""
    term = Term(date(2026, 1, 26), date(2026, 5, 15), "2026-spring", "spring 2026")
    attempt = Attempt(attempt_id="1", course=Course("STA", "501"), term=term, grade="A", credits_earned=Decimal(3))

    assert outcome(rule, attempts=(attempt,)) == "met"


# What is around them.


def test_the_program_is_earned_on_the_day_by_which_enough_was_done(decide):
    done = [activity(on=date(2026, 2, 1), hours=6), activity(on=date(2026, 3, 9), hours=4), activity(hours=None)]

    assert decide(HOURS, [*done[:2], activity(on=date(2026, 4, 1), hours=8)]).earned_on == date(2026, 3, 9)


def test_evidence_is_the_work_that_was_asked_for_and_no_other(decide):
    done = [activity(hours=4)]

    assert decide(HOURS, done).evidence == decide(HOURS, [*done, activity("training", hours=4)]).evidence
    assert decide(HOURS, done).evidence != decide(HOURS, [*done, activity(hours=4)]).evidence
    assert decide(HOURS, []).evidence != decide(HOURS, None).evidence


def test_a_learner_who_did_some_of_the_work_takes_part(decide):
    assert decide(HOURS, [activity(status=FAILED)]).takes_part
    assert not decide(HOURS, [activity("training", hours=4)]).takes_part


def test_rules_about_activities_are_refused_where_the_source_has_none(tmp_path):
    source = FakeRecords([], capabilities=Capabilities(milestones=Knows.FULL))

    problems = unmet_needs(plan_of(tmp_path, HOURS), source)

    assert [problem.line for problem in problems] == [6]
    assert "asks for activities" in problems[0].message


@pytest.mark.parametrize(
    ("done", "fault"),
    [
        ([activity(hours="-1")], "hours is -1"),
        ([activity(points="1.0001")], "points is 1.0001"),
        ([activity(score="100001")], "score is 100001"),
        ([activity(score="NaN")], "score is NaN"),
    ],
)
def test_an_amount_that_cannot_be_sets_the_learner_aside(done, fault):
    (found,) = record_faults(Record(learner=Learner(learner_id="L1"), activities=tuple(done)))

    assert fault in found
