"""Programs in which columns have to share courses out or add them up: simple ones, so that few are left to plain."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields, replace
from datetime import date
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("pyarrow")

from tests.worked import AS_OF, INSTITUTION

from credrules import Affiliation, Attempt, Course, Learner, Record
from credrules.attestations import Word
from credrules.engines.columnar import ColumnarEngine, known, records_to_arrow
from credrules.engines.plain import PlainEngine
from credrules.errors import RuleFileError
from credrules.plan import make_plan
from credrules.records import Origin, Term
from credrules.rule_files import load

COURSES = [f"{subject} {number}" for subject in ("CSE", "STA") for number in range(500, 506)]
GRADES = ("A", "A", "A-", "B+", "B", "B", "C", "F", None, "??")
TERMS = [Term(date(year, 1, 20), date(year, 5, 15), f"{year}", f"{year}") for year in (2024, 2025, 2026)]
NOW = Term(date(2026, 8, 24), date(2026, 12, 18), "now", "now")


def requirements(random, *, credits_=True):
    """Requirements whose courses overlap."""
    for number in range(random.randint(2, 5)):
        some = ", ".join(random.sample(COURSES, random.randint(2, 5)))
        kind = random.random()
        if kind < 0.2:
            yield f"  - course: {random.choice(COURSES)}\n    id: r{number}"
        elif kind < 0.85 or not credits_:
            yield f"  - choose: {random.randint(1, 2)}\n    of: [{some}]\n    id: r{number}"
        else:
            subject = random.choice(("CSE", "STA"))
            yield f"  - credits: {random.choice((3, 6))}\n    from: {{ subject: {subject} }}\n    id: r{number}"


def counts(random):
    yield from requirements(random, credits_=False)


def apart(random):
    """Requirements that no two of use the same course, some with more courses than they need."""
    pool = list(COURSES)
    random.shuffle(pool)
    for number in range(random.randint(1, 4)):
        mine = [pool.pop() for _ in range(random.randint(1, 3))]
        yield f"  - choose: {random.randint(1, len(mine))}\n    of: [{', '.join(mine)}]\n    id: r{number}"


def totals_of(random):
    if random.random() < 0.5:
        yield f"  - average-grade: {random.choice((2.5, 3.0, 3.5))}"
    kind = random.random()
    subject = "from: { subject: CSE }"
    if kind < 0.3:
        yield f"  - counted-courses: {random.randint(1, 3)}\n    {subject}\n    id: t1"
    elif kind < 0.5:
        yield f"  - counted-credits: {random.choice((3, 6))}\n    {subject}\n    id: t1"
    elif kind < 0.7:
        yield "  - counted-subjects: 2\n    id: t1"
    elif kind < 0.9:
        rounding = random.choice(("", "\n    rounding: up", "\n    rounding: down"))
        yield f"  - counted-percent: 50\n    {subject}\n    id: t1{rounding}"


def limits_of(random):
    if random.random() < 0.5:
        yield f"  - {{ at-most: {random.randint(0, 2)}, of: [CSE 500, CSE 501, STA 500] }}"
    if random.random() < 0.5:
        yield f"  - {{ at-most-credits: {random.choice((3, 6))}, from: {{ origin: transfer }} }}"
    if random.random() < 0.3:
        yield "  - { at-most-credits: 3, below-grade: B+ }"


def plan_of(folder, asked, *, limits=(), more=""):
    (folder / "programs").mkdir(parents=True, exist_ok=True)
    (folder / "institution.yaml").write_text(INSTITUTION)
    text = "program: p\ntitle: P\neffective: 2024-01-01\ncredit-bearing: true\n"
    text += "counting: { minimum-grade: C, origins: [institution, transfer] }\n"
    text += "requirements:\n" + "\n".join(asked) + "\n"
    text += "limits:\n" + "\n".join(limits) + "\n" if limits else ""
    (folder / "programs" / "p.yaml").write_text(f"{text}{more}awards:\n  - issuer: badges\n")
    return make_plan(load(folder))


def learners(random, count):
    found = []
    for number in range(count):
        attempts = [attempt(random, f"a{at}") for at in range(random.randint(0, 9))]
        learner = Learner(learner_id=f"L{number:04}", affiliation=Affiliation.HOME)
        found.append(Record(learner=learner, attempts=tuple(attempts), admissions=(), milestones=(), holds=()))
    return found


def attempt(random, attempt_id):
    grade = random.choice(GRADES)
    term = NOW if grade is None and random.random() < 0.8 else random.choice(TERMS)
    earned = None if random.random() < 0.02 else Decimal(0 if term is NOW or grade in ("F", None) else 3)
    return Attempt(
        attempt_id=attempt_id,
        course=Course.parse(random.choice(COURSES)),
        term=term,
        grade=grade,
        origin=Origin.TRANSFER if random.random() < 0.1 else Origin.INSTITUTION,
        credits_attempted=Decimal(3),
        credits_earned=earned,
    )


def some_plan(folder, random, asked, limits=lambda _: (), more=""):
    """A plan of what is drawn, and drawn again where nobody could ever complete it, or two ids are one."""
    while True:
        try:
            return plan_of(folder, list(asked(random)), limits=list(limits(random)), more=more)
        except RuleFileError as error:
            if "can never be met" not in str(error) and "Give one its own" not in str(error):
                raise


def averaged(random):
    yield from apart(random)
    yield "  - average-grade: 3.0"


def added_up(random):
    yield from apart(random) if random.random() < 0.6 else requirements(random)
    yield from totals_of(random)


SHARE: Counter[str] = Counter()


def agree(plan, held, what):
    """Every learner as the plain engine decides; remembers how many pairs the columns decided themselves."""
    found = ColumnarEngine(plan).decide(records_to_arrow(held), AS_OF)
    plain = PlainEngine(plan)
    expected = [tuple(tuple(map(int, one)) for one in plain.outcomes(record, Word(), AS_OF)) for record in held]
    assert [found.of(at) for at in range(len(held))] == expected
    SHARE[what] += found.pairs - found.by_plain
    SHARE[f"{what} of"] += found.pairs
    SHARE[f"{what} beside"] += len(found.beside.get(0).learners) if 0 in found.beside else 0
    return found


@settings(max_examples=40, deadline=None)
@given(st.integers(min_value=0))
def test_courses_that_requirements_compete_for_are_shared_out_as_the_plain_engine_does(tmp_path_factory, seed):
    random = Random(seed)
    plan = some_plan(tmp_path_factory.mktemp("rules"), random, counts)

    agree(plan, learners(random, 40), "overlapping")


@settings(max_examples=40, deadline=None)
@given(st.integers(min_value=0))
def test_averages_and_tests_and_limits_come_out_as_the_plain_engine_has_them(tmp_path_factory, seed):
    random = Random(seed)
    more = random.choice(("", "", "", "time-limit: { years: 2 }\n"))
    plan = some_plan(tmp_path_factory.mktemp("rules"), random, added_up, limits_of, more)

    agree(plan, learners(random, 40), "totals")


def test_most_of_it_is_decided_in_columns(tmp_path, capsys):
    SHARE.clear()
    for seed in range(25):
        random = Random(seed)
        agree(some_plan(tmp_path / f"o{seed}", random, counts), learners(random, 40), "overlapping")
        agree(some_plan(tmp_path / f"a{seed}", random, averaged, limits_of), learners(random, 40), "averaged")

    with capsys.disabled():
        for what in ("overlapping", "averaged"):
            share, beside = SHARE[what] / SHARE[f"{what} of"], SHARE[f"{what} beside"]
            print(f"\n{what}: {share:.1%} of pairs decided in columns, {beside} learners beside the bits", end="")
    assert SHARE["overlapping"] > 0.95 * SHARE["overlapping of"]
    assert SHARE["overlapping beside"] > 50  # Hall's condition was really asked
    assert SHARE["averaged"] > 0.6 * SHARE["averaged of"]


# What is unknown to columns.


@pytest.mark.parametrize(
    "name", ["_PLAN", "_SCALE", "_PROGRAM_PLAN", "_PROGRAM", "_NODE", "_SELECTION", "_COUNTING", "_WINDOW"]
)
def test_a_field_that_is_not_in_the_list_and_says_something_sends_its_program_to_the_plain_engine(
    tmp_path, monkeypatch, name
):
    """For each field in turn: taken out of the list, a program that uses it is decided by the plain engine."""
    window = "  - choose: 1\n    from: { subject: STA, completed: { since: 2024-01-01 } }\n    id: late\n"
    asked = ["  - choose: 1\n    of: [CSE 500, CSE 501]\n    id: one\n    title: One", window.rstrip()]
    plan = plan_of(tmp_path, asked)
    program = plan.programs[0]
    node, late = (next(node for node in program.nodes if node.id == key) for key in ("one", "late"))
    objects = {
        "_PLAN": plan,
        "_SCALE": plan.scale,
        "_PROGRAM_PLAN": program,
        "_PROGRAM": program.program,
        "_NODE": node,
        "_SELECTION": node.ways[0].selection,
        "_COUNTING": node.ways[0].counting,
        "_WINDOW": late.ways[0].selection.completed,
    }
    for field in fields(objects[name]):
        if field.name not in getattr(known, name):
            continue
        value = getattr(objects[name], field.name)
        monkeypatch.setattr(known, name, getattr(known, name) - {field.name})
        because = known.beyond(plan, program)
        monkeypatch.undo()
        if _is_default(field, value):
            continue
        assert because == f"'{field.name}' of a {type(objects[name]).__name__}"
    assert known.beyond(plan, program) == ""


def _is_default(field, value):
    from dataclasses import MISSING

    default = field.default_factory() if field.default_factory is not MISSING else field.default
    return default is not MISSING and value == default


def test_a_program_with_an_unknown_field_is_decided_by_the_plain_engine_for_everybody(tmp_path, monkeypatch):
    plan = plan_of(tmp_path, ["  - choose: 1\n    of: [CSE 500, CSE 501]\n    id: one"])
    monkeypatch.setattr(known, "_NODE", known._NODE - {"need"})

    found = agree(plan, learners(Random(1), 10), "unknown")

    assert found.by_plain == 10


def test_a_kind_of_requirement_that_is_not_known_is_never_guessed(tmp_path, monkeypatch):
    plan = plan_of(tmp_path, ["  - choose: 1\n    of: [CSE 500, CSE 501]\n    id: one"])
    for kind in sorted(known.KINDS):
        monkeypatch.setattr(known, "KINDS", known.KINDS - {kind})
        used = kind in {node.kind.value for node in plan.programs[0].nodes}
        assert bool(known.beyond(plan, plan.programs[0])) is used
        monkeypatch.undo()


def test_a_choice_between_branches_is_left_to_the_plain_engine(tmp_path):
    plan = plan_of(tmp_path, ["  - choose: 1\n    of: [CSE 500, CSE 501]\n    id: one"])
    program = plan.programs[0]
    odd = replace(program, forks=("anything",))

    assert known.beyond(plan, odd) == "'forks' of a ProgramPlan"
