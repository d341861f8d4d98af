"""Templates: what a program takes from one, and where its mistakes are said to be."""

from __future__ import annotations

import pytest
from tests.broken_rules import TEMPLATE, reported, write

from credrules import rule_files
from credrules.rules import CreditSum

FILLED = """\
program: data
title: Data
effective: 2026-01-01
credit-bearing: true
template: minimum
set: { subject: CSE }
"""


def load(folder, program, template=TEMPLATE):
    rule_set = rule_files.load(write(folder, program=program, template=template, cases=NO_CASES))
    return rule_set.program("data")


NO_CASES = "cases:\n  - { name: A, as-of: 2026-06-01, given: {}, expect: { outcome: unmet } }\n"


def test_a_program_has_the_requirements_of_its_template_with_its_own_values(tmp_path):
    program = load(tmp_path, FILLED.replace("subject: CSE", "subject: [CSE, STA], credits: 15, grade: A"))

    (minimum,) = program.requirements.parts
    assert isinstance(minimum, CreditSum)
    assert (minimum.id, minimum.need, minimum.ways[0].counting.minimum_symbol) == ("minimum", 15000, "A")
    assert minimum.ways[0].selection.subjects == {"CSE", "STA"}


def test_what_is_not_set_is_the_default(tmp_path):
    (minimum,) = load(tmp_path, FILLED).requirements.parts

    assert (minimum.need, minimum.ways[0].counting.minimum_symbol) == (12000, "B")


def test_a_program_adds_to_its_template_and_takes_nothing_from_it(tmp_path):
    program = load(tmp_path, FILLED + "requirements:\n  - course: STA 501\nawards:\n  - issuer: transcript\n")

    assert [part.id for part in program.requirements.parts] == ["minimum", "sta-501"]
    assert [award.issuer for award in program.awards] == ["badges", "transcript"]


def test_each_part_knows_the_file_and_line_that_it_was_written_on(tmp_path):
    minimum, own = load(tmp_path, FILLED + "requirements:\n  - course: STA 501\n").requirements.parts

    assert (str(minimum.place), str(own.place)) == ("rules/templates/minimum.yaml:6", "rules/programs/data.yaml:8")


def test_a_template_is_part_of_what_a_program_is_known_by(tmp_path):
    before = load(tmp_path / "a", FILLED)
    after = load(tmp_path / "b", FILLED, TEMPLATE.replace("default: 12", "default: 15"))
    unused = rule_files.load(write(tmp_path / "c"))

    assert before.digest != after.digest
    assert "rules/templates/minimum.yaml" in unused.files


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("{ subject: $subject }", "{ subjct: $subject }", "rules/templates/minimum.yaml:7: 'subjct' is not a key here"),
        ("id: minimum", "id: Minimum", "rules/templates/minimum.yaml:9: 'id': an id has only small letters"),
        ("default: 12", "default: 12.0005", "rules/templates/minimum.yaml:2: 'credits': 12.0005 has more than three"),
    ],
)
def test_a_mistake_in_the_template_is_said_once_and_there(tmp_path, old, new, message):
    rules = write(tmp_path, program=FILLED, template=TEMPLATE.replace(old, new), cases=NO_CASES)
    (rules / "programs" / "other.yaml").write_text(FILLED.replace("program: data", "program: other"))

    (problem,) = reported(rules)

    assert problem.startswith(message)


def test_a_value_below_the_institutions_floor_is_said_where_it_was_set(tmp_path):
    template = TEMPLATE.replace("grade: { least: B, default: B }", "grade: { least: C, default: B }")
    rules = write(tmp_path, program=FILLED.replace("subject: CSE", "subject: CSE, grade: C"), template=template)

    assert [problem.partition(": ")[0] for problem in reported(rules)] == ["rules/programs/data.yaml:6"]


def test_a_value_is_nothing_but_a_value(tmp_path):
    rules = write(tmp_path, program=FILLED.replace("subject: CSE", "subject: { level: graduate }"))

    assert reported(rules) == [
        "rules/programs/data.yaml:6: 'subject' should be a subject, such as CSE, or a list of them; found a mapping."
    ]


def test_a_broken_template_that_no_program_uses_is_a_problem_too(tmp_path):
    rules = write(tmp_path, template="requirements: all of them\n")

    assert [problem.partition(": ")[0] for problem in reported(rules)] == ["rules/templates/minimum.yaml:1"]


def test_what_decides_stands_in_one_place(tmp_path):
    template = TEMPLATE + "open-to: [home]\ntitle: Minimum\n"
    rules = write(tmp_path, program=FILLED + "open-to: [outside]\n", template=template, cases=NO_CASES)

    assert reported(rules) == [
        "rules/programs/data.yaml:7: 'open-to' stands in the template too (rules/templates/minimum.yaml:12). "
        "Leave it out here."
    ]
