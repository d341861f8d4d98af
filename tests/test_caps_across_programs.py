"""A course that an awarded program used counts toward it when other programs are decided."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.life import installed, rules

from credrules import Knows
from credrules.adapters import Capabilities
from credrules.attestations import ProgramUse, Word
from credrules.decisions import Outcome
from credrules.needs import unmet_needs
from credrules.pipeline import run
from credrules.plan import make_plan
from credrules.testing import FakeIssuer, FakeRecords, sample_record
from credrules.uses import asked_about, in_order, marked, used_by

DAY = date(2026, 6, 1)
COURSES = [f"STA 50{number}" for number in range(5)]
GRADES = {"STA 501": "A", "STA 502": "A", "STA 503": "A"}


def program(need, *others):
    limit = f"limits: [{{ at-most: 0, from: {{ counts-toward: [{', '.join(others)}] }} }}]\n" if others else ""
    return f"{limit}requirements: [{{ choose: {need}, of: [{', '.join(COURSES)}] }}]\n"


def outcomes(installation, *programs):
    with installation.ledger() as ledger:
        return {name: str(ledger.decision("L001", name).outcome) for name in programs}


def used(installation, name):
    with installation.ledger() as ledger:
        return used_by(ledger.decision("L001", name).reason)


def test_of_two_new_ones_the_first_by_id_has_its_courses_and_the_other_those_that_are_left(tmp_path):
    made = rules(tmp_path, one=program(2, "two"), two=program(2, "one"))
    installation = installed(tmp_path, made, [sample_record("L001", GRADES)])

    report = run(installation, DAY)

    assert outcomes(installation, "one", "two") == {"one": "met", "two": "unmet"}
    assert report.new_awards == 1
    with installation.ledger() as ledger:
        reason = {one.node: one for one in ledger.decision("L001", "two").reason.walk()}["2-of-sta-500"]
    assert reason.because == "limited"
    assert "over-limit" in {refusal.because for refusal in reason.refused}


def test_what_is_asked_about_is_decided_first_whatever_its_id(tmp_path):
    made = rules(tmp_path, one=program(2, "two"), two=program(2))
    installation = installed(tmp_path, made, [sample_record("L001", GRADES)])

    run(installation, DAY)

    assert outcomes(installation, "one", "two") == {"one": "unmet", "two": "met"}


def test_what_was_awarded_first_keeps_its_courses_and_stays_as_it_is(tmp_path):
    made = rules(tmp_path, one=program(2, "two"), two=program(2, "one"))
    issuers = {"badges": FakeIssuer("badges")}
    few = sample_record("L001", {"STA 501": "A", "STA 502": "A"})
    alone = rules(tmp_path / "alone", two=program(2))
    run(installed(tmp_path, alone, [few], issuers=issuers), DAY)
    installation = installed(tmp_path, made, [sample_record("L001", GRADES)], issuers=issuers)

    run(installation, DAY + timedelta(days=1))
    again = run(installation, DAY + timedelta(days=2))

    assert outcomes(installation, "one", "two") == {"one": "unmet", "two": "met"}
    assert again.new_decisions == 0


def test_with_courses_enough_for_both_each_has_its_own(tmp_path):
    made = rules(tmp_path, one=program(1, "two"), two=program(2, "one"))
    installation = installed(tmp_path, made, [sample_record("L001", GRADES)])

    run(installation, DAY)

    assert outcomes(installation, "one", "two") == {"one": "met", "two": "met"}
    assert used(installation, "one").isdisjoint(used(installation, "two"))


def test_a_run_that_names_one_decides_what_it_asks_about_as_well(tmp_path):
    made = rules(tmp_path, one=program(2, "two"), two=program(2), three=program(2))

    assert [one.program.id for one in make_plan(made, ["one"]).programs] == ["one", "two"]
    assert [one.program.id for one in make_plan(made, ["two"]).programs] == ["two"]


def test_a_source_that_does_not_track_it_is_no_doubt_about_programs_here(tmp_path):
    made = rules(tmp_path, one=program(1, "two"), two=program(1), three=program(1, "two", "bs-cs"))
    record = sample_record("L001", {"STA 501": "A"})
    untracked = replace(record, attempts=tuple(replace(one, counts_toward=None) for one in record.attempts))
    installation = installed(tmp_path, made, [untracked])

    run(installation, DAY)

    assert outcomes(installation, "one", "two") == {"one": "unmet", "two": "met"}
    nothing = FakeRecords(
        capabilities=replace(Capabilities(), **dict.fromkeys(("grading_basis", "origins"), Knows.FULL))
    )
    assert [problem.where for problem in unmet_needs(make_plan(made), nothing)] == ["rules/programs/three.yaml"]


def test_evidence_says_which_program_used_an_attempt(tmp_path):
    made = rules(tmp_path, one=program(1, "two"), two=program(1))
    installation = installed(tmp_path, made, [])
    record = sample_record("L001", {"STA 501": "A"})

    def evidence(names):
        word = Word(uses=tuple(ProgramUse(name, frozenset({record.attempts[0].attempt_id})) for name in names))
        decided = installation.decider.decide(record, word, DAY, everyone=True)
        return {one.program: one.evidence for one in decided.decisions}

    assert evidence(["two"])["one"] == evidence(["two"])["one"]
    assert evidence(["two"])["two"] == evidence([])["two"]


@pytest.mark.parametrize(
    ("asked", "order"),
    [
        ({"a": set(), "b": set()}, ["a", "b"]),
        ({"a": {"b"}, "b": set()}, ["b", "a"]),
        ({"a": {"b"}, "b": {"a"}}, ["a", "b"]),
        ({"a": {"b"}, "b": {"c"}, "c": set()}, ["c", "b", "a"]),
        ({"a": {"gone"}}, ["a"]),
    ],
)
def test_programs_come_after_those_that_they_ask_about(asked, order):
    assert in_order({name: frozenset(others) for name, others in asked.items()}) == order


@pytest.mark.parametrize(
    "rule",
    [
        "requirements: [{ choose: 1, from: { counts-toward: [two] } }]",
        "requirements: [{ credits: 3, from: { counts-toward: [two] } }]",
        "requirements: [STA 501, { counted-courses: 1, from: { counts-toward: [two] } }]",
        "requirements: [STA 501]\nlimits: [{ at-most: 1, from: { counts-toward: [two] } }]",
    ],
)
def test_a_program_asks_about_another_in_whatever_part_names_it(tmp_path, rule):
    made = rules(tmp_path, one=f"{rule}\n", two="requirements: [STA 502]\n")

    assert asked_about([made.program("one")]) == {"two"}
    assert asked_about([made.program("two")]) == frozenset()


def test_an_attempt_says_of_the_programs_asked_about_which_have_used_it(tmp_path):
    made = rules(tmp_path, two=program(1), three=program(1))
    record = sample_record("L001", GRADES)
    first, second, third = (one.attempt_id for one in record.attempts)
    decided = installed(tmp_path, made, []).decider.decide(record, Word(), DAY, everyone=True).decisions
    ((used_in_run,),) = {used_by(one.reason) for one in decided}
    awarded = [ProgramUse("two", frozenset({second})), ProgramUse("three", frozenset({third}))]

    def seen(asks, awarded, decided=()):
        found = marked(record, "one", frozenset(asks), awarded, decided)
        return {one.attempt_id: set(one.used_for) for one in found.attempts if one.used_for}

    assert used_in_run == first
    assert seen({"two"}, awarded) == {second: {"two"}}
    assert seen({"one", "two"}, [*awarded, ProgramUse("one", frozenset({first, second}))]) == {}
    assert seen({"two"}, [], decided) == {first: {"two"}}
    assert seen({"two", "three"}, awarded, decided) == {
        first: {"two", "three"}, second: {"two"}, third: {"three"},
    }  # fmt: skip
    assert seen({"two"}, [], [replace(one, outcome=Outcome.UNMET) for one in decided]) == {}


def test_a_record_of_which_nothing_was_used_stays_what_it_is():
    record = sample_record("L001", GRADES)

    assert marked(record, "one", frozenset({"two"}), [], []) is record


NAMES = ("one", "two", "three")
STEPS = st.tuples(st.sets(st.sampled_from(COURSES)), st.sets(st.sampled_from(NAMES), min_size=1))


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example((1, 1, 1), [({"STA 501"}, {"one"}), ({"STA 500"}, {"one"})])  # a better course came after the award
@given(st.tuples(*[st.integers(1, 3)] * 3), st.lists(STEPS, min_size=1, max_size=4))
def test_no_course_is_used_for_two_awards_in_whatever_order_they_are_run(tmp_path_factory, needs, steps):
    folder = tmp_path_factory.mktemp("caps")
    programs = {
        name: program(need, *(other for other in NAMES if other != name))
        for name, need in zip(NAMES, needs, strict=True)
    }
    made = rules(folder, **programs)
    issuers = {"badges": FakeIssuer("badges")}
    taken: set[str] = set()
    for number, (courses, only) in enumerate(steps):
        taken |= courses
        record = sample_record("L001", dict.fromkeys(sorted(taken), "A"))
        installation = installed(folder, made, [record], only=sorted(only), issuers=issuers, engine=None)
        run(installation, DAY + timedelta(days=number))

    awarded = [key.split("/")[2] for key in issuers["badges"].issued]
    uses = [used(installation, name) for name in awarded]
    assert len(frozenset().union(*uses)) == sum(map(len, uses))
    assert all(outcomes(installation, name) == {name: "met"} for name in awarded)
