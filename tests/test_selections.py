"""Which attempts a selection is about, which grade is least, and what a tree of requirements may ask."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from tests.life import rules
from tests.worked import AS_OF, PAST, attempt

from credrules import Basis, Course, Learner, Origin, Record
from credrules.choices import choice
from credrules.rules import (
    Condition,
    Counting,
    GradeScale,
    Group,
    LevelMinimum,
    Measure,
    MilestoneDone,
    Place,
    Selection,
    may_ask_nothing,
    walk,
)
from credrules.windows import Window

RECORD = Record(learner=Learner(learner_id="L1"))
STA, OLD = frozenset({Course("STA", "501")}), frozenset({Course("STA", "401")})
ONE, TWO = frozenset({"one"}), frozenset({"two"})


@pytest.mark.parametrize(
    ("asked", "parts", "admitted"),
    [
        ({}, {}, True),
        ({"courses": STA}, {}, True),
        ({"courses": OLD}, {}, False),
        ({"excluded": STA}, {}, False),
        ({"excluded": OLD}, {}, True),
        ({"courses": STA, "excluded": STA}, {}, False),
        ({"subjects": frozenset({"STA"})}, {}, True),
        ({"subjects": frozenset({"CSE"})}, {}, False),
        ({"low": 501, "high": 501}, {}, True),
        ({"low": 502}, {}, False),
        ({"high": 500}, {}, False),
        ({"origins": frozenset({Origin.INSTITUTION})}, {}, True),
        ({"origins": frozenset({Origin.TRANSFER})}, {}, False),
        ({"completed": Window(since=PAST.ends)}, {}, True),
        ({"completed": Window(since=date(2026, 1, 1))}, {}, False),
        ({"completed": Window(since=PAST.ends)}, {"term": None}, None),
        ({"levels": ONE}, {"level": "one"}, True),
        ({"levels": ONE}, {"level": "two"}, False),
        ({"levels": ONE}, {"level": None}, None),
        ({"attributes": ONE}, {"attributes": ONE | TWO}, True),
        ({"attributes": ONE | TWO}, {"attributes": ONE}, False),
        ({"attributes": ONE}, {"attributes": frozenset()}, False),
        ({"attributes": ONE}, {"attributes": None}, None),
        ({"bases": frozenset({Basis.GRADED})}, {}, True),
        ({"bases": frozenset({Basis.GRADED})}, {"basis": Basis.PASS_FAIL}, False),
        ({"bases": frozenset({Basis.GRADED})}, {"basis": None}, None),
        ({"toward": ONE}, {"counts_toward": ONE}, True),
        ({"toward": ONE}, {"counts_toward": TWO}, False),
        ({"toward": ONE}, {"counts_toward": None}, None),
        ({"toward": ONE}, {"counts_toward": None, "used_for": ONE}, True),
        ({"toward": ONE}, {"counts_toward": None, "used_for": TWO}, None),
        ({"toward": ONE, "own": ONE}, {"counts_toward": None}, False),
        ({"toward": ONE | TWO, "own": ONE}, {"counts_toward": None}, None),
        ({"toward": ONE}, {"used_for": ONE}, True),
        ({}, {"counts_toward": None, "level": None, "attributes": None, "basis": None}, True),
        ({"levels": ONE, "bases": frozenset({Basis.GRADED})}, {"level": None, "basis": Basis.AUDIT}, False),
    ],
)
def test_an_attempt_is_one_of_a_selection_or_not_or_the_source_does_not_say(asked, parts, admitted):
    one = replace(attempt("STA 501", "A"), **parts)

    assert Selection(**asked).admits(one, RECORD, AS_OF) is admitted


@pytest.mark.parametrize(
    ("asked", "admitted"),
    [({"courses": OLD}, True), ({"courses": STA}, True), ({"excluded": OLD}, False), ({"excluded": STA}, False)],
)
def test_a_list_may_name_a_course_by_any_of_its_codes(asked, admitted):
    assert Selection(**asked).admits(attempt("STA 501", "A"), RECORD, AS_OF, STA | OLD) is admitted
    assert Selection(courses=STA).admits(attempt("STA 501", "A"), RECORD, AS_OF, OLD) is False


@pytest.mark.parametrize(
    ("symbol", "known", "default"),
    [
        ("A", True, None),
        ("S", True, None),
        ("U", True, None),
        ("W", True, None),
        ("I", True, ""),
        ("I/B", True, "B"),
        ("X/B", False, None),
        ("X", False, None),
    ],
)
def test_a_symbol_that_the_scale_does_not_have_is_not_known(symbol, known, default):
    of_one = [frozenset({one}) for one in "SUIW"]
    scale = GradeScale({"A": 4000, "B": 3000}, *of_one)

    assert (scale.knows(symbol), scale.incomplete_default(symbol)) == (known, default)
    assert scale.top == 4000


def test_the_least_grade_is_that_of_the_level_or_any_of_them_where_it_is_not_known():
    high, low = LevelMinimum("graduate", 3330, "B+"), LevelMinimum("basic", 2000, "C")
    other = LevelMinimum("other", 3000, "B")
    counting = Counting(3000, "B", by_level=(high, low))

    assert [counting.least(level) for level in ("graduate", "basic", "odd")] == [high, low, other]
    assert [counting.minima(level) for level in ("graduate", "odd")] == [[high], [other]]
    assert counting.minima(None) == [low, other, high]
    assert Counting(3000, "B").minima(None) == [other]


def test_shares_and_credits_are_measured_as_such():
    assert [one.value for one in Measure if one.is_share] == ["share-of-courses", "share-of-credits"]
    assert [one.value for one in Measure if one.of_credits] == ["credits", "share-of-credits"]


PLACE = Place("a.yaml", 1)
LEAF = MilestoneDone(id="talk", title="", place=PLACE, code="talk", evidence=False, attested_by=None)


def group(need, *parts):
    return Group(id="group", title="", place=PLACE, need=need, parts=parts)


def asked_of_some(then, otherwise=None, *, alternative=False):
    conditions = [Condition("learner.affiliation", frozenset({"outside"}))]
    return choice(conditions, then, otherwise, alternative=alternative, id="if", title="", place=PLACE)


SOME = asked_of_some(LEAF)


@pytest.mark.parametrize(
    ("requirement", "nothing"),
    [
        (LEAF, False),
        (SOME, True),
        (asked_of_some(LEAF, alternative=True), False),
        (asked_of_some(LEAF, replace(LEAF, id="paper")), False),
        (asked_of_some(replace(SOME, id="some"), LEAF), True),
        (asked_of_some(LEAF, replace(SOME, id="some")), True),
        (group(2, SOME, LEAF), False),
        (group(2, SOME, SOME), True),
        (group(1, SOME, SOME), False),
        (group(0), False),
    ],
)
def test_a_requirement_may_ask_nothing_where_all_of_it_depends_on_the_learner(requirement, nothing):
    assert may_ask_nothing(requirement) is nothing


def test_a_program_is_found_by_its_version_and_is_the_newest_where_none_is_named(tmp_path):
    made = rules(tmp_path, p="requirements: [STA 501, { milestone: talk }]\n", q="requirements: [STA 504]\n")
    (old, other) = made.programs
    new = replace(old, effective=date(2026, 1, 1))
    both = replace(made, programs=(old, new, other))

    assert both.program_ids == ("p", "q")
    assert [both.program("p", version) for version in ("2025-01-01", "2026-01-01", None)] == [old, new, new]
    assert both.program("q") is other
    assert (both.program("p", "2027-01-01"), both.program("r")) == (None, None)
    assert [one.id for one in walk(old.requirements)] == ["requirements", "sta-501", "talk"]
