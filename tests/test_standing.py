"""What has become of an attempt by a given day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from tests.worked import AS_OF, NOW, PAST, attempt

from credrules import Basis, Course, Learner, Record, Registration
from credrules.equivalents import Equivalence, EquivalenceKind
from credrules.rules import GradeScale, Selection
from credrules.standing import rank, stand, stand_as

SCALE = GradeScale(
    points={"A": 4000, "B": 3000, "F": 0},
    passing=frozenset({"S"}),
    not_passing=frozenset({"U"}),
    incomplete=frozenset({"I"}),
    withdrawn=frozenset({"W"}),
)
BEFORE, AFTER = date(2026, 3, 31), date(2026, 4, 2)


@pytest.mark.parametrize(
    ("grade", "parts", "stage", "symbol", "points"),
    [
        ("A", {}, "graded", "A", 4000),
        ("F", {}, "graded", "F", 0),
        ("S", {}, "passed", "S", None),
        ("U", {}, "failed", "U", None),
        ("W", {}, "withdrawn", "W", None),
        ("?", {}, "unreadable", "?", None),
        ("A", {"registration": Registration.DROPPED}, "dropped", None, None),
        ("A", {"registration": Registration.WITHDRAWN}, "withdrawn", None, None),
        ("A", {"registration": Registration.WAITLISTED}, "waitlisted", None, None),
        ("A", {"registration": Registration.PLANNED}, "planned", None, None),
        ("A", {"basis": Basis.AUDIT}, "audited", None, None),
        ("A", {"basis": Basis.NON_GRADED}, "audited", None, None),
        ("A", {"basis": Basis.PASS_FAIL}, "graded", "A", 4000),
        ("A", {"basis": None}, "graded", "A", 4000),
        ("A", {"registered_on": AS_OF}, "graded", "A", 4000),
        ("A", {"registered_on": AFTER}, "planned", None, None),
        ("A", {"registered_on": None}, "graded", "A", 4000),
        ("A", {"graded_on": AS_OF}, "graded", "A", 4000),
        ("A", {"graded_on": AFTER}, "not-reported", None, None),
        ("A", {"graded_on": AFTER, "term": NOW}, "in-progress", None, None),
        (None, {}, "not-reported", None, None),
        (None, {"term": NOW}, "in-progress", None, None),
        (None, {"term": replace(PAST, ends=AS_OF)}, "in-progress", None, None),
        (None, {"term": replace(PAST, ends=BEFORE)}, "not-reported", None, None),
        (None, {"term": None}, "not-reported", None, None),
        ("I", {}, "incomplete", "I", None),
        ("I/B", {}, "incomplete", "I/B", None),
        ("I/B", {"lapses_on": AFTER}, "incomplete", "I/B", None),
        ("I/B", {"lapses_on": AS_OF}, "graded", "B", 3000),
        ("I/B", {"lapses_on": AS_OF, "lapses_to": "F"}, "graded", "F", 0),
        ("I", {"lapses_on": AS_OF}, "incomplete", "I", None),
        ("I", {"lapses_on": AS_OF, "lapses_to": "F"}, "graded", "F", 0),
        ("I", {"lapses_to": "F"}, "incomplete", "I", None),
    ],
)
def test_an_attempt_stands_as_what_is_known_of_it_by_that_day(grade, parts, stage, symbol, points):
    standing = stand(replace(attempt("STA 501", grade), **parts), SCALE, AS_OF)

    assert (standing.stage.value, standing.symbol, standing.points) == (stage, symbol, points)


STA_401, STA_501 = Course("STA", "401"), Course("STA", "501")
SAME = Equivalence(courses=(STA_401, STA_501), kind=EquivalenceKind.RENUMBERED, since=date(2025, 1, 1))
RECORD = Record(learner=Learner(learner_id="L1"))


def stood(code, term=PAST, equivalents=None):
    known = {STA_401: (SAME,), STA_501: (SAME,)} if equivalents is None else equivalents
    return stand_as(replace(attempt(code, "A"), term=term), SCALE, AS_OF, known)


@pytest.mark.parametrize(
    ("standing", "course", "names", "unsure"),
    [
        (stood("STA 401"), STA_501, {STA_401, STA_501}, False),
        (stood("STA 501"), STA_501, {STA_401, STA_501}, False),
        (stood("STA 401", None), STA_401, {STA_401, STA_501}, True),
        (stood("STA 501", None), STA_501, {STA_401, STA_501}, False),
        (stood("STA 401", equivalents={}), STA_401, {STA_401}, False),
    ],
)
def test_an_attempt_is_one_at_the_last_of_the_codes_that_are_one(standing, course, names, unsure):
    assert (standing.course, standing.names, standing.unsure) == (course, names, unsure)


@pytest.mark.parametrize(
    ("standing", "asked", "found"),
    [
        (stood("STA 401"), STA_501, True),
        (stood("STA 401", None), STA_501, None),  # if its term is one of those
        (stood("STA 401", None), STA_401, True),
        (stood("STA 401", None), Course("CSE", "574"), False),
        (stood("STA 401", equivalents={}), STA_501, False),
        (stood("STA 401", equivalents={}), STA_401, True),
    ],
)
def test_an_attempt_belongs_to_a_list_that_names_its_course_by_any_code(standing, asked, found):
    assert standing.is_in(Selection(courses=frozenset({asked})), RECORD, AS_OF) is found


def test_the_better_attempt_is_used_first_then_the_earlier_then_by_key():
    def one(key, grade, term=PAST):
        return stand(replace(attempt("STA 501", grade), attempt_id=key, term=term), SCALE, AS_OF)

    in_order = [
        one("z", "A", PAST),
        one("a", "A", NOW),
        one("b", "A", NOW),
        one("a", "A", None),
        one("a", "B", PAST),
        one("a", "F", PAST),
        one("a", "S", PAST),
        one("b", "S", PAST),
        one("c", "S", NOW),
    ]

    backwards = in_order[::-1]
    assert sorted(backwards, key=rank) == in_order
