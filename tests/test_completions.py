"""The fewest courses that would complete a program: worked by hand, and against trying everything."""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from tests.worked import AS_OF, INSTITUTION, NOW, PAST, attempt

from credrules import Affiliation, Learner
from credrules.attestations import ExceptionKind, GrantedException, Word
from credrules.completions import away, completion
from credrules.decisions import Outcome
from credrules.engines.plain import PlainEngine
from credrules.errors import RuleFileError
from credrules.plan import Plan, make_plan
from credrules.rule_files import load
from credrules.testing.samples import sample_record

HEAD = """\
program: p
title: P
effective: 2024-01-01
credit-bearing: true
awards: [{ issuer: badges }]
"""


@pytest.fixture
def shortest(tmp_path):
    """Asks for the smallest completion of one program, written as its requirements."""

    def ask(requirements, *attempts, word=Word(), **parts):  # noqa: B008  a Word cannot be changed
        (tmp_path / "programs").mkdir(exist_ok=True)
        (tmp_path / "institution.yaml").write_text(INSTITUTION)
        (tmp_path / "programs" / "p.yaml").write_text(HEAD + requirements)
        plan = make_plan(load(tmp_path))
        return completion(plan, plan.programs[0], sample_record(attempts=attempts, **parts), word, AS_OF)

    return ask


def test_what_is_complete_needs_nothing_more(shortest):
    found = shortest("requirements: [STA 501]", attempt("STA 501", "A"))

    assert (found.size, found.text) == (0, "nothing more")


def test_of_several_that_would_do_any_one_is_enough(shortest):
    found = shortest("requirements: [{ choose: 2, of: [STA 501, STA 502, MTH 437] }]", attempt("STA 501", "A"))

    assert (found.size, found.text) == (1, "1 of STA 502 or MTH 437 with B or better")


def test_a_course_that_was_failed_may_be_taken_again(shortest):
    found = shortest("requirements: [STA 501]", attempt("STA 501", "C"))

    assert found.text == "STA 501 with B or better"


def test_work_in_progress_is_counted_on_and_an_unknown_grade_is_not(shortest):
    both = "requirements: [STA 501, STA 502]"

    found = shortest(both, attempt("STA 501", None, NOW), attempt("STA 502", None, PAST))

    assert found.text == "STA 502 with B or better"


def test_a_course_that_would_serve_two_is_counted_once(shortest):
    two = "requirements: [{ any: [STA 501, STA 502], id: a }, { any: [STA 501, STA 503], id: b }]"

    found = shortest(two, attempt("STA 501", "A"))

    assert found.size == 1
    assert [step.courses for way in found.ways for step in way] == [("STA 502",), ("STA 503",)]


def test_the_shorter_of_two_alternatives_is_named(shortest):
    found = shortest("requirements: [{ any: [{ all: [CSE 1, CSE 2, CSE 3] }, { all: [STA 501, STA 502] }] }]")

    assert found.text == "STA 501 with B or better and STA 502 with B or better"


def test_what_is_no_course_is_named_beside_the_courses(shortest):
    found = shortest("requirements: [STA 501, { milestone: capstone }]", milestones=())

    assert found.size == 1
    assert found.others == ("The milestone 'capstone'",)


def test_credits_are_filled_with_courses_of_three(shortest):
    found = shortest("requirements: [{ credits: 9, from: { subject: CSE } }]", attempt("CSE 500", "A"))

    assert found.text == "2 of the CSE courses with B or better"


def test_a_limit_is_kept_to(shortest):
    requirements = """\
requirements: [{ choose: 2, of: [STA 501, STA 502, STA 503] }]
limits: [{ at-most: 1, of: [STA 501, STA 502] }]
"""
    found = shortest(requirements, attempt("STA 501", "A"))

    assert [step.courses for way in found.ways for step in way] == [("STA 503",)]


def test_a_test_over_what_counts_is_passed_as_well(shortest):
    requirements = """\
requirements:
  - choose: 2
    from: { subject: [CSE, STA] }
  - counted-courses: 1
    from: { attribute: online }
"""
    found = shortest(requirements, attempt("CSE 500", "A"))

    assert found.text == "1 of the CSE/STA courses (marked online) with B or better"


def test_what_was_waived_needs_no_course(shortest):
    waiver = GrantedException(
        learner_id="L001",
        program="p",
        kind=ExceptionKind.WAIVER,
        requirement="sta-501",
        reason="r",
        by="b",
        on=AS_OF,
    )

    found = shortest("requirements: [STA 501, STA 502]", word=Word(exceptions=(waiver,)))

    assert found.text == "STA 502 with B or better"


def test_one_course_may_bring_two_programs_within_reach(tmp_path):
    (tmp_path / "programs").mkdir()
    (tmp_path / "institution.yaml").write_text(INSTITUTION)
    for name, other in (("p", "STA 502"), ("q", "STA 503")):
        body = f"{HEAD}requirements: [STA 501, {other}]".replace("program: p", f"program: {name}")
        (tmp_path / "programs" / f"{name}.yaml").write_text(body)
    plan = make_plan(load(tmp_path))
    record = sample_record(attempts=(attempt("STA 502", "A"), attempt("STA 503", "A")))

    found = [completion(plan, program, record, Word(), AS_OF) for program in plan.programs]

    assert away([one for one in found if one]) == (2, ("STA 501",))


COURSES = ("STA 1", "STA 2", "CSE 1", "CSE 2", "MTH 1")
_lists = st.lists(st.sampled_from(COURSES), min_size=2, max_size=4, unique=True)
_requirement = _lists.flatmap(
    lambda courses: st.integers(1, len(courses)).map(lambda need: f"{{ choose: {need}, of: [{', '.join(courses)}] }}")
)
_grades = st.dictionaries(st.sampled_from(COURSES), st.sampled_from(["A", "C", "I", None]), max_size=3)


@settings(deadline=None, max_examples=40)
@given(st.lists(_requirement, min_size=1, max_size=3), _grades, st.booleans())
def test_no_smaller_set_of_courses_would_do(tmp_path_factory, requirements, grades, limited):
    """All sets of courses are tried, one by one and by the rules as they stand."""
    folder = tmp_path_factory.mktemp("rules")
    (folder / "programs").mkdir()
    (folder / "institution.yaml").write_text(INSTITUTION)
    listed = ", ".join(text.replace("{", f"{{ id: r{at},", 1) for at, text in enumerate(requirements))
    limit = "limits: [{ at-most: 1, of: [STA 1, STA 2] }]" if limited else ""
    (folder / "programs" / "p.yaml").write_text(f"{HEAD}requirements: [{listed}]\n{limit}\n")
    try:
        plan = make_plan(load(folder))
    except RuleFileError:
        reject()  # rules that nobody can meet are refused when they are read
    program = plan.programs[0]
    record = sample_record(attempts=tuple(attempt(code, grade) for code, grade in grades.items()))
    engine = PlainEngine(Plan(plan.scale, (program,)))

    def completes(codes):
        more = tuple(replace(attempt(code, "A"), attempt_id=f"new {code}") for code in codes)
        outcomes = engine.evaluate(replace(record, attempts=record.attempts + more), Word(), AS_OF)[0].outcomes
        return outcomes[program.requirements] >= Outcome.PENDING

    sizes = (
        size
        for size in range(len(COURSES) + 1)
        if any(completes(codes) for codes in itertools.combinations(COURSES, size))
    )
    smallest = next(sizes, None)

    found = completion(plan, program, record, Word(), AS_OF)

    assert (found.size if found else None) == smallest
    for way in found.ways if found else ():
        codes = [code for step in way for code in step.courses[: step.count]]
        assert completes(codes)


def test_credits_of_courses_not_taken_yet_are_as_asked(shortest, tmp_path):
    shortest("requirements: [{ credits: 8, from: { subject: CSE } }]")
    plan = make_plan(load(tmp_path))

    found = completion(plan, plan.programs[0], sample_record(), Word(), AS_OF, credits_=Decimal(4))

    assert found is not None
    assert found.size == 2


def test_an_average_is_reached_with_the_grade_that_the_completion_names(shortest):
    found = shortest(
        "requirements: [STA 501, STA 502, { average-grade: 3.4 }]",
        attempt("STA 501", "B"),
    )

    assert found.text == "STA 502 with A or better"


def test_a_cap_on_low_grades_is_kept_with_the_grade_that_the_completion_names(shortest):
    requirements = """\
counting: { minimum-grade: C }
requirements: [STA 501, STA 502]
limits: [{ at-most: 1, below-grade: B }]
"""
    found = shortest(requirements, attempt("STA 501", "C"))

    assert found.text == "STA 502 with B or better"


def test_a_least_grade_by_level_is_that_of_every_level_where_none_is_asked_for(shortest):
    found = shortest("counting: { minimum-grade: { undergraduate: C, other: B } }\nrequirements: [STA 501]")

    assert found.text == "STA 501 with B or better"


def test_a_course_that_weighs_more_is_the_shorter_way(shortest):
    found = shortest("requirements: [{ choose: 2, of: [STA 501, STA 502, STA 700], weights: { STA 700: 2 } }]")

    assert [[step.courses for step in way] for way in found.ways] == [[("STA 700",)]]


CHOICE = """\
requirements:
  - if: { learner.affiliation: outside }
    then: STA 501
    else: { all: [{ course: STA 501, id: statistics }, STA 502] }
"""


def test_only_the_branch_that_is_asked_is_to_be_completed(shortest):
    assert shortest(CHOICE, learner=Learner(learner_id="L1", affiliation=Affiliation.OUTSIDE)).size == 1
    assert shortest(CHOICE, learner=Learner(learner_id="L1", affiliation=Affiliation.HOME)).size == 2


def test_where_what_is_asked_is_unknown_nothing_is_said_but_that_all_is_done(shortest):
    unknown = Learner(learner_id="L1", affiliation=None)

    assert shortest(CHOICE, learner=unknown) is None
    assert shortest(CHOICE, attempt("STA 501", "A"), attempt("STA 502", "A"), learner=unknown).size == 0


NAMED = ["STA 1", "STA 2", "CSE 1", "CSE 2"]
FRESH = ["STA 100", "STA 101", "STA 102", "CSE 100", "CSE 101"]  # that a filter admits, and no rule names
BOUND = 3
"""Larger sets of courses are not tried one by one."""

_named = st.lists(st.sampled_from(NAMED), min_size=2, max_size=4, unique=True)
SHARED = {"share-group": "s"}
_filters = st.sampled_from([{"subject": "STA"}, {"subject": ["CSE", "STA"]}, {"subject": "STA", "number": "100-199"}])
_leaves = st.one_of(
    st.builds(lambda codes: {"course": codes[0]}, _named),
    st.builds(lambda codes, share: {"choose": 1, "of": codes, **share}, _named, st.sampled_from([{}, SHARED])),
    st.builds(
        lambda codes, need, weight: {"choose": need, "of": codes, "weights": {codes[0]: weight}},
        _named,
        st.integers(1, 2),
        st.sampled_from([2, 0.5, 1.5]),
    ),
    st.builds(lambda codes, need: {"credits": need, "of": codes}, _named, st.sampled_from([3, 4, 6])),
    st.builds(lambda found, need: {"choose": need, "from": found}, _filters, st.integers(1, 2)),
    st.builds(lambda found, need: {"credits": need, "from": found}, _filters, st.sampled_from([3, 5])),
    st.just({"choose": 2, "from": {"subject": ["CSE", "STA"]}, "same": "subject"}),
)
_whose = st.sampled_from([{"learner.affiliation": "home"}, {"learner.affiliation": "outside"}])
_nodes = st.one_of(
    _leaves,
    st.builds(lambda one, two: {"any": [one, two]}, _leaves, _leaves),
    st.builds(lambda whose, one, two: {"if": whose, "then": one, "else": two}, _whose, _leaves, _leaves),
    st.builds(lambda whose, one, two: {"any": [one, {"if": whose, "then": two}]}, _whose, _leaves, _leaves),
)
_tests = st.sampled_from(
    [
        {"counted-courses": 1, "from": {"subject": "CSE"}},
        {"counted-subjects": 2},
        {"counted-percent": 50, "from": {"subject": "CSE"}, "of": "courses", "rounding": "up"},
        {"average-grade": 3.2},
    ]
)
_limits = st.sampled_from(
    [
        {"at-most": 1, "of": ["STA 1", "STA 2"]},
        {"at-most-credits": 3, "from": {"subject": "STA"}},
        {"at-most-credits": 3, "below-grade": "B"},
    ]
)
_minima = st.sampled_from(["B", "C", {"undergraduate": "C", "other": "B"}])
_symbols = st.sampled_from(["A", "B", "C", "I", None])


def with_ids(node, number):
    """Each requirement with an id of its own."""
    for key in ("any", "then", "else"):
        for one in node.get(key, ()) if key == "any" else [node[key]] if key in node else ():
            with_ids(one, number)
    node["id"] = f"r{next(number)}"


@settings(deadline=None, max_examples=25)
@given(
    st.lists(_nodes, min_size=1, max_size=2),
    st.lists(_tests, max_size=1),
    st.lists(_limits, max_size=2, unique_by=str),
    _minima,
    st.dictionaries(st.sampled_from(NAMED), _symbols, max_size=2),
)
def test_no_smaller_completion_would_do_and_each_does_with_the_grades_it_names(
    tmp_path_factory, nodes, tests, limits, minimum, grades
):
    """Every set of courses is tried, by weights, conditions on the learner, levels, caps and tests as they stand."""
    folder = tmp_path_factory.mktemp("rules")
    (folder / "programs").mkdir()
    (folder / "institution.yaml").write_text(INSTITUTION)
    asked, number = json.loads(json.dumps([*nodes, *tests])), itertools.count()
    for node in asked:
        with_ids(node, number)
    parts = {"counting": {"minimum-grade": minimum}, "requirements": asked, "limits": limits}
    text = "".join(f"{key}: {json.dumps(part)}\n" for key, part in parts.items())
    (folder / "programs" / "p.yaml").write_text(HEAD + text)
    try:
        plan = make_plan(load(folder))
    except RuleFileError:
        reject()
    program = plan.programs[0]
    record = sample_record(attempts=tuple(attempt(code, grade) for code, grade in grades.items()))
    engine = PlainEngine(Plan(plan.scale, (program,)))

    def completes(taken):
        more = tuple(replace(attempt(code, grade), attempt_id=f"new {code}") for code, grade in taken)
        outcomes = engine.evaluate(replace(record, attempts=record.attempts + more), Word(), AS_OF)[0].outcomes
        return outcomes[program.requirements] >= Outcome.PENDING

    sets = (codes for size in range(BOUND + 1) for codes in itertools.combinations([*NAMED, *FRESH], size))
    smallest = next((len(codes) for codes in sets if completes([(code, "A") for code in codes])), None)

    found = completion(plan, program, record, Word(), AS_OF)

    if smallest is None and found:
        assert found.size > BOUND or not found.proved
    elif found is None or found.proved:
        assert (found.size if found else None) == smallest
    for way in found.ways if found else ():
        if all(step.courses for step in way):
            grade = re.compile(r"with (\S+) or better")
            assert completes(
                [(code, grade.search(step.text)[1]) for step in way for code in step.courses[: step.count]]
            )
