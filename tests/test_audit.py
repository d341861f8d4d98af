"""Audits and comparisons: numbers of people, and whose outcome a change of the rules would change."""

from __future__ import annotations

import csv
import json
import shutil
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from tests.command_line import credrules
from tests.worked import AS_OF as WORKED_AS_OF
from tests.worked import INSTITUTION, attempt

from credrules import rule_files
from credrules.attestations import Word
from credrules.audit import ALL_BUT_ONE, BEGUN, EVERYTHING, HALF, Audit, ProgramAuditor, flat
from credrules.compare import Comparer
from credrules.deciding import Decider
from credrules.decisions import Outcome
from credrules.errors import EngineError
from credrules.plan import make_plan
from credrules.records import record_faults
from credrules.reports import html
from credrules.testing.population import AS_OF, population
from credrules.testing.samples import sample_record

RULES = Path(__file__).parents[1] / "rules"
HEAD = "program: p\ntitle: P\neffective: 2024-01-01\ncredit-bearing: true\nawards: [{ issuer: badges }]\n"


@pytest.fixture
def audited(tmp_path):
    """Audits learners, each given as attempts, under one program, written as its requirements."""

    def add(requirements, *learners):
        (tmp_path / "programs").mkdir(exist_ok=True)
        (tmp_path / "institution.yaml").write_text(INSTITUTION)
        (tmp_path / "programs" / "p.yaml").write_text(HEAD + requirements)
        decider = Decider(make_plan(rule_files.load(tmp_path)), None)
        auditor = ProgramAuditor(decider.plan.programs[0])
        for number, attempts in enumerate(learners):
            record = sample_record(f"L{number}", attempts=attempts)
            for _, outcomes in decider.outcomes(record, Word(), WORKED_AS_OF):
                auditor.add(outcomes)
        return auditor.tally

    return add


def test_who_has_done_nothing_has_not_begun(audited):
    tally = audited("requirements: [STA 501]", (), (attempt("STA 501", "A"),), (attempt("CSE 1", "A"),))

    assert (tally.learners, tally.begun, tally.outcomes["met"]) == (3, 1, 1)


def test_a_word_that_is_awaited_is_no_beginning(audited):
    tally = audited("requirements: [{ milestone: talk, attested-by: lead }, STA 501]", ())

    assert tally.begun == 0


def test_the_last_thing_missing_is_counted_for_those_who_lack_one_thing(audited):
    one, two = attempt("STA 501", "A"), attempt("STA 502", "A")

    tally = audited("requirements: [STA 501, STA 502, STA 503]", (one, two), (one,), (two, attempt("STA 503", "A")))

    assert tally.near == 2
    assert dict(tally.missing) == {"STA 503 with B or better": 1, "STA 501 with B or better": 1}


def test_each_stage_has_fewer_learners_than_the_one_before(audited):
    one, two = attempt("STA 501", "A"), attempt("STA 502", "A")

    tally = audited("requirements: [STA 501, STA 502, STA 503]", (), (one,), (one, two), (two,))

    assert dict(tally.funnel) == {
        BEGUN: 3,
        HALF: 1,
        ALL_BUT_ONE: 1,
        EVERYTHING: 0,
        "All requirements and rules": 0,
    }


def test_an_audit_agrees_with_decisions_one_by_one():
    decider = Decider(make_plan(rule_files.load(RULES)), None)
    auditors = [ProgramAuditor(plan) for plan in decider.plan.programs]
    decided = Counter()
    for person in population(rule_files.load(RULES), 60):
        word = Word()
        if any(record_faults(person.record)):
            continue
        for at, outcomes in decider.outcomes(person.record, word, AS_OF):
            auditors[at].add(outcomes)
        for decision in decider.decide(person.record, word, AS_OF, everyone=True).decisions:
            decided[decision.program, decision.version, str(decision.outcome)] += 1

    for auditor in auditors:
        tally = auditor.tally
        of_this = {outcome: decided[tally.program, tally.version, str(outcome)] for outcome in Outcome}
        assert sum(of_this.values()) == tally.learners
        for outcome in Outcome:
            if outcome is not Outcome.UNMET:
                assert tally.outcomes[str(outcome)] == of_this[outcome]


def test_rows_hold_every_requirement_and_nobodys_name(audited):
    tally = audited("requirements: [STA 501, STA 502]", (attempt("STA 501", "A"),))

    rows = flat(Audit(date(2026, 1, 1), "0" * 64, [tally]))

    assert [row["node"] for row in rows] == ["conferral", "sta-501", "sta-502"]
    assert "L0" not in json.dumps(rows)


def test_what_a_rule_file_says_is_never_markup_in_a_report(audited):
    tally = audited(
        "requirements: [{ course: STA 501, title: '<script>alert(1)</script>' }]", (attempt("STA 501", "A"),)
    )

    page = html("audit", "T", audit=Audit(date(2026, 1, 1), "0" * 64, [tally]))

    assert "<script>" not in page
    assert "&lt;script&gt;" in page


# Comparing two rule sets.


@pytest.fixture(scope="module")
def changed_rules(tmp_path_factory):
    """The shipped rules, with another minimum grade for one program, one program gone and one new."""
    folder = tmp_path_factory.mktemp("new") / "rules"
    shutil.copytree(RULES, folder)
    path = folder / "programs" / "early-childhood-education.yaml"
    text = path.read_text()
    (folder / "programs" / "new.yaml").write_text(
        text.replace("program: early-childhood-education", "program: new-one").replace("title: Early", "title: New")
    )
    path.write_text(text.replace("requirements:", "counting: { minimum-grade: A }\nrequirements:"))
    for gone in folder.glob("programs/jax-mix*"):
        gone.unlink()
    return folder


def test_a_comparison_equals_a_difference_worked_out_by_hand(changed_rules):
    old, new = rule_files.load(RULES), rule_files.load(changed_rules)
    comparer = Comparer(old, new, AS_OF)
    deciders = [Decider(make_plan(rules), None) for rules in (old, new)]
    expected = set()
    for person in population(old, 120):
        record = person.record
        if any(record_faults(record)):
            continue
        assert comparer.add([(record, Word())]) == 0
        sides = [
            {one.program: one.outcome for one in decider.decide(record, Word(), AS_OF, everyone=True).decisions}
            for decider in deciders
        ]
        for name in {*sides[0], *sides[1]}:
            was, now = sides[0].get(name), sides[1].get(name)
            if was is not now and {was, now} != {None, Outcome.UNMET}:
                expected.add((record.learner.learner_id, name, was, now))

    found = {(one.learner_id, one.program, one.old, one.new) for one in comparer.result.changes}
    assert found == expected
    assert {program for _, program, _, _ in found} >= {"early-childhood-education", "new-one", "jax-mix"}


def test_programs_that_are_the_same_are_not_decided_again(changed_rules):
    comparer = Comparer(rule_files.load(RULES), rule_files.load(changed_rules), AS_OF)

    assert "data-analytics" in comparer.result.unchanged
    assert comparer.differing == ["early-childhood-education", "jax-mix", "new-one"]


def test_the_requirement_that_made_the_difference_is_named(changed_rules):
    comparer = Comparer(rule_files.load(RULES), rule_files.load(changed_rules), AS_OF)
    comparer.add([(sample_record(grades={"EDU 270": "A", "EDU 370": "B"}), Word())])

    (change,) = [one for one in comparer.result.changes if one.program == "early-childhood-education"]

    assert change.direction == "further"
    assert change.why == ("EDU 370 with A or better: met before, unmet now",)


def test_a_learner_who_cannot_be_decided_is_set_aside_and_not_compared(changed_rules, monkeypatch):
    comparer = Comparer(rule_files.load(RULES), rule_files.load(changed_rules), AS_OF)

    def fail(*_):
        raise EngineError("no")

    monkeypatch.setattr(comparer.sides[1].decider, "outcomes", fail)

    assert comparer.add([(sample_record(), Word())]) == 1
    assert comparer.result.changes == []


# The commands, as a person types them.


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("audit")
    assert credrules(folder, "init", "uni").returncode == 0
    return folder / "uni"


def test_an_audit_is_written_in_every_form(home):
    done = credrules(home, "audit", "--out", "a.html", "--out", "a.csv", "--out", "a.json")

    assert done.returncode == 0, done.stderr
    assert "Nothing was recorded." in done.stdout
    with (home / "a.csv").open(newline="") as file:
        assert next(iter(csv.DictReader(file)))["node"] == "conferral"
    assert json.loads((home / "a.json").read_text())[0]["node"] == "conferral"
    assert "<title>" in (home / "a.html").read_text()


def test_a_comparison_lists_people_in_the_report_only_where_asked(home):
    shutil.copytree(home / "rules", home / "new", dirs_exist_ok=True)
    path = home / "new" / "institution.yaml"
    path.write_text(path.read_text().replace("minimum-grade: B\n", "minimum-grade: A\n"))

    plain = credrules(home, "compare", "rules", "new", "--out", "c.html", "--out", "c.csv")
    named = credrules(home, "compare", "rules", "new", "--out", "n.html", "--people")

    assert (plain.returncode, named.returncode) == (0, 0), plain.stderr + named.stderr
    with (home / "c.csv").open(newline="") as file:
        people = [row["learner_id"] for row in csv.DictReader(file)]
    assert people
    assert people[0] not in (home / "c.html").read_text()
    assert people[0] in (home / "n.html").read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("audit", "--out", "a.doc"), "'a.doc' ends in none of .html, .csv, .json, .parquet"),
        (("compare", "rules", "nowhere"), "does not exist"),
        (("compare", "rules", "rules", "--program", "none"), "none: no such program. There are: "),
    ],
)
def test_what_cannot_be_audited_or_compared_is_said(home, words, said):
    done = credrules(home, *words)

    assert done.returncode == 2
    assert said in done.stderr
