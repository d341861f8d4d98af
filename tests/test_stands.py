"""Everybody at once: in columns, and one by one, it is the same; and what is written about single learners."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.life import declines, rules

from credrules import rule_files
from credrules.attestations import Word
from credrules.cli import cli
from credrules.compare import Comparer
from credrules.plan import make_plan
from credrules.records import record_faults
from credrules.stands import NOWHERE, InColumns, OneByOne
from credrules.testing.population import AS_OF, population
from credrules.testing.random_cases import TODAY, random_plan, random_record, random_word
from credrules.testing.samples import sample_record

pytest.importorskip("pyarrow")

RULES = Path(__file__).parents[1] / "rules"


@pytest.fixture(scope="module")
def shipped():
    return rule_files.load(RULES)


@pytest.fixture(scope="module")
def everybody(shipped):
    found = [(one.record, Word(one.attestations)) for one in population(shipped, 60)]
    return [(record, word) for record, word in found if not any(record_faults(record))]


def ways(stands):
    """How each learner stands, program by program."""
    return {
        name: [None if at == NOWHERE else program.ways[at] for at in program.of]
        for name, program in stands.programs.items()
    }


def test_a_population_stands_in_columns_as_it_does_one_by_one(shipped, everybody):
    plan = make_plan(shipped)

    columns, plain = InColumns(plan).of(everybody, AS_OF), OneByOne(plan).of(everybody, AS_OF)

    assert ways(columns) == ways(plain)
    assert columns.undecided == plain.undecided
    assert columns.pairs == plain.pairs == plain.by_plain > columns.by_plain


@settings(max_examples=10, deadline=None)
@given(st.integers(min_value=0))
def test_made_up_programs_and_learners_stand_alike_both_ways(seed):
    plan = random_plan(Random(seed))
    known = []
    for number in range(8):
        random = Random(f"{seed}/{number}")
        record = random_record(random)
        record = replace(record, learner=replace(record.learner, learner_id=f"L{number}"))
        known.append((record, random_word(random, plan)))

    assert ways(InColumns(plan).of(known, TODAY)) == ways(OneByOne(plan).of(known, TODAY))


def test_who_declined_a_program_does_not_have_it_in_columns_either(tmp_path):
    plan = make_plan(rules(tmp_path, p="requirements: [STA 501]"))
    record = sample_record("L001", {"STA 501": "A"})
    known = [(record, Word((declines("2026-05-01"),))), (record, Word())]

    found = InColumns(plan).of(known, date(2026, 6, 1))

    assert ways(found) == ways(OneByOne(plan).of(known, date(2026, 6, 1)))
    assert len(found.programs["p"].ways) == 2


def test_an_amount_that_no_column_holds_keeps_nobody_from_being_decided(tmp_path):
    plan = make_plan(rules(tmp_path, p="requirements: [STA 501]"))
    odd = sample_record("L001", {"STA 501": "A"})
    odd = replace(odd, attempts=tuple(replace(one, credits_earned=Decimal("1.00001")) for one in odd.attempts))
    known = [(odd, Word()), (sample_record("L002", {"STA 501": "A"}), Word())]

    found = InColumns(plan).of(known, date(2026, 6, 1))

    assert ways(found) == ways(OneByOne(plan).of(known, date(2026, 6, 1)))


def test_a_comparison_in_columns_is_the_one_that_is_made_one_by_one(shipped, everybody, tmp_path):
    stricter = tmp_path / "rules"
    shutil.copytree(RULES, stricter)
    for path in (stricter / "programs").glob("*.yaml"):
        path.write_text(path.read_text() + "\n# other rules\n")
    path = stricter / "institution.yaml"
    path.write_text(path.read_text().replace("minimum-grade: B\n", "minimum-grade: A\n"))
    new = rule_files.load(stricter)
    found = []
    for columns in (True, False):
        comparer = Comparer(shipped, new, AS_OF, columns=columns)
        assert comparer.add(everybody) == 0
        found.append(comparer.result)

    assert found[0].changes == found[1].changes != []
    assert [one.moves for one in found[0].programs] == [one.moves for one in found[1].programs]
    assert [one.causes for one in found[0].programs] == [one.causes for one in found[1].programs]
    assert found[0].columns > found[1].columns == 0


# The command.


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stands") / "uni"
    assert CliRunner().invoke(cli, ["init", str(folder)], standalone_mode=False).exit_code == 0
    return folder


def audit(home, *words):
    arguments = ["--settings", str(home / "credrules.toml"), *words]
    done = CliRunner().invoke(cli, arguments, standalone_mode=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def set_population(home, way):
    path = home / "credrules.toml"
    lines = [line for line in path.read_text().splitlines() if not line.startswith("population")]
    path.write_text("\n".join([f'population = "{way}"', *lines]))


def test_an_audit_says_the_same_both_ways_and_how_it_decided(home):
    found = []
    for way in ("columnar", "plain"):
        set_population(home, way)
        found.append(json.loads(audit(home, "audit", "--json")))

    assert found[0]["programs"] == found[1]["programs"]
    assert found[0]["columns"] > 0
    assert found[1]["columns"] == 0


def test_single_learners_are_written_with_the_last_thing_missing_and_no_name(home, tmp_path):
    set_population(home, "columnar")
    files = [tmp_path / f"singles.{ending}" for ending in ("csv", "json", "parquet")]
    told = json.loads(audit(home, "audit", "--json", *(f"--singles={path}" for path in files)))

    rows = json.loads(files[1].read_text())
    with files[0].open(newline="") as file:
        assert [dict(row) for row in csv.DictReader(file)] == rows
    import pyarrow.parquet

    assert pyarrow.parquet.read_table(files[2]).to_pylist() == rows
    assert len(rows) == sum(program["begun"] for program in told["programs"])
    assert sum(bool(row["last_missing"]) for row in rows) == sum(program["near"] for program in told["programs"])
    assert set(rows[0]) == {"learner_id", "program", "version", "outcome", "last_missing"}


def test_names_are_in_the_rows_only_where_asked(home, tmp_path):
    path = tmp_path / "named.json"
    audit(home, "audit", f"--singles={path}", "--personal")

    assert set(json.loads(path.read_text())[0]) >= {"name", "email"}
