"""Rule files with a mistake in them: what the person who wrote them is told."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.broken_rules import BROKEN, GOOD, INSTITUTION, PROGRAM, expected, reported, write

from credrules import rule_files
from credrules.errors import RuleFileError

FILES = sorted(BROKEN.glob("*.yaml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_mistake_is_said_with_file_and_line(path, tmp_path):
    rules = write(tmp_path, **{path.stem.partition("-")[0]: path.read_bytes()})

    assert reported(rules) == expected(path)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_message_has_a_place_and_no_word_of_the_machinery(path):
    for message in expected(path):
        assert re.match(r"rules/[a-z./-]+(:\d+)?: ", message)
        assert not re.search(r"pydantic|Input should|NoneType|dict|str\b|\bint\b|Traceback|validator", message)


def test_there_is_a_file_for_each_of_very_many_mistakes():
    assert len(FILES) >= 80


def test_what_stands_around_the_broken_files_is_good(tmp_path):
    assert reported(write(tmp_path)) == []


def test_mistakes_in_several_files_are_reported_at_once(tmp_path):
    rules = write(
        tmp_path,
        institution=INSTITUTION.replace("repeats: best", "repeats: worst").replace("[lead]", "[leed]"),
        program=PROGRAM.replace("STA 501", "Statistics").replace("choose: 2", "choose: 0"),
    )
    (rules / "programs" / "other.yaml").write_text(PROGRAM.replace("title: Data", "titel: Data"))

    problems = reported(rules)

    assert [problem.partition(": ")[0] for problem in problems] == [
        "rules/institution.yaml:10",
        "rules/programs/data.yaml:6",
        "rules/programs/data.yaml:7",
        "rules/programs/other.yaml:1",
        "rules/programs/other.yaml:2",
    ]


def test_two_files_that_define_one_program_are_both_named(tmp_path):
    rules = write(tmp_path)
    (rules / "programs" / "other.yaml").write_text(PROGRAM)

    assert reported(rules) == [
        "rules/programs/other.yaml:1: defines program 'data', which rules/programs/data.yaml defines already. "
        "A new version needs an 'effective' day of its own."
    ]


def test_a_folder_without_programs_says_where_they_belong(tmp_path):
    rules = write(tmp_path)
    (rules / "programs" / "data.yaml").unlink()

    assert reported(rules) == [
        "rules/institution.yaml: has no programs beside it. Put one file a program in programs/."
    ]


def test_a_folder_without_an_institution_file_is_said(tmp_path):
    rules = write(tmp_path)
    (rules / "institution.yaml").unlink()

    assert "rules/institution.yaml: cannot be read" in reported(rules)[0]


@pytest.mark.parametrize("word", ["no", "on", "N", "yes", "010", "1e3", "0x1F", "1_000", "12:30"])
def test_what_older_yaml_takes_for_something_else_is_the_text_it_looks_like(tmp_path, word):
    grades = INSTITUTION.replace("withdrawn: [W]", f"withdrawn: [W, {word}]")
    rules = write(tmp_path, institution=grades)

    if word == "010":  # a whole number in the newer YAML too, and so no grade symbol
        assert "should be text" in reported(rules)[0]
    else:
        assert word in rule_files.load(rules).scale.withdrawn


def test_a_rule_set_is_known_by_its_content_and_not_by_its_place(tmp_path):
    here, there = write(tmp_path / "a"), write(tmp_path / "b")

    assert rule_files.load(here).digest == rule_files.load(there).digest
    assert str(tmp_path) not in repr(rule_files.load(here).programs)
    (there / "programs" / "data.yaml").write_text(PROGRAM.replace("choose: 2", "choose: 1"))
    assert rule_files.load(here).digest != rule_files.load(there).digest


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(GOOD)), st.integers(0, 600), st.integers(0, 20), st.text(max_size=12))
def test_no_mutilated_file_raises_anything_but_its_problems(tmp_path_factory, kind, start, length, inserted):
    text = GOOD[kind]
    start = min(start, len(text))
    mutilated = (text[:start] + inserted + text[start + length :]).encode("utf-8", "surrogatepass")
    rules = write(tmp_path_factory.mktemp("rules"), **{kind: mutilated})

    reported(rules)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=100))
def test_no_file_at_all_raises_anything_but_its_problems(tmp_path_factory, content):
    reported(write(tmp_path_factory.mktemp("rules"), program=content))


@pytest.mark.parametrize(
    "text", ["[" * 5000, "{a: " * 500 + "}" * 500, "- " * 3000 + "x", "a: 1\n" * 300_000, "\0", "a: \x1b[31m"]
)
def test_hostile_files_are_problems_and_not_crashes(tmp_path, text):
    with pytest.raises(RuleFileError):
        rule_files.load(write(tmp_path, program=text))
