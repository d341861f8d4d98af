"""Static checks: what is said of rules before any learner is looked at, and that it is never said without reason."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.broken_rules import PROGRAM, expected, reported, write

from credrules import rule_files
from credrules.attestations import ExceptionKind
from credrules.decisions import Outcome
from credrules.engines.plain import PlainEngine
from credrules.rule_checks import static_findings
from credrules.testing.random_cases import random_case, random_record, random_word

DOUBTFUL = Path(__file__).with_name("doubtful")
FILES = sorted(DOUBTFUL.glob("*.yaml"))
RULES = Path(__file__).parents[1] / "rules"


def doubts(rules):
    return [str(one) for one in rule_files.load(rules).doubts]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_is_doubtful_is_said_and_keeps_nothing_from_loading(path, tmp_path):
    rules = write(tmp_path, **{path.stem.partition("-")[0]: path.read_bytes()})

    assert reported(rules) == []
    assert doubts(rules) == expected(path)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_warning_has_a_place_and_no_word_of_the_machinery(path):
    for message in expected(path):
        assert re.match(r"rules/[a-z./-]+:\d+: ", message)
        assert not re.search(r"NoneType|frozenset|\bint\b|<[A-Z]|inf\b", message)


def test_there_is_nothing_doubtful_in_the_rules_that_are_shipped():
    assert doubts(RULES) == []


def test_what_stands_around_the_doubtful_files_is_in_no_doubt(tmp_path):
    assert doubts(write(tmp_path)) == []


def test_programs_that_ask_for_each_other_in_a_circle_are_all_named(tmp_path):
    rules = write(tmp_path, program=PROGRAM.replace("- course: STA 501", "- course: STA 501\n  - credential: second"))
    third = PROGRAM.replace("data", "third").replace("course: STA 501", "credential: second")
    second = PROGRAM.replace("data", "second").replace("course: STA 501", "credential: [data, third]")
    (rules / "programs" / "second.yaml").write_text(second)
    (rules / "programs" / "third.yaml").write_text(third)
    circle = (
        "these programs ask for each other in a circle, so that nobody can begin. Leave one of the requirements out."
    )

    assert reported(rules) == [
        f"rules/programs/data.yaml:7: 'credential-second' can never be met: it asks for 'second', and {circle}",
        f"rules/programs/second.yaml:6: 'credential-data-or-third' can never be met: it asks for 'data' and 'third', "
        f"and {circle}",
        f"rules/programs/third.yaml:6: 'credential-second' can never be met: it asks for 'second', and {circle}",
    ]


def test_a_credential_that_may_come_from_elsewhere_breaks_a_circle(tmp_path):
    rules = write(tmp_path, program=PROGRAM.replace("course: STA 501", "credential: second\n    id: sta-501"))
    second = PROGRAM.replace("data", "second").replace("course: STA 501", "credential: [data, licence]")
    (rules / "programs" / "second.yaml").write_text(second)

    assert reported(rules) == []


def test_an_older_version_that_asks_for_less_breaks_a_circle(tmp_path):
    rules = write(tmp_path, program=PROGRAM.replace("course: STA 501", "credential: second\n    id: sta-501"))
    second = PROGRAM.replace("data", "second").replace("course: STA 501", "credential: data")
    (rules / "programs" / "second.yaml").write_text(PROGRAM.replace("data", "second"))
    (rules / "programs" / "second@2027.yaml").write_text(second.replace("2026-01-01", "2027-01-01"))

    assert reported(rules) == []


def test_findings_in_several_programs_are_reported_at_once(tmp_path):
    again = "  - choose: 2\n    of: [CSE 501, CSE 502, CSE 503]\n    id: again\n"
    rules = write(tmp_path, program=PROGRAM.replace("  - milestone", f"{again}  - milestone"))
    other = PROGRAM.replace("data", "other").replace("title: Data", "title: Other\nexcludes: [licence]")
    (rules / "programs" / "other.yaml").write_text(other.replace("- course: STA 501", "- credential: licence"))

    first, second = reported(rules)

    assert first.startswith("rules/programs/data.yaml:9: 'again' can never be met beside '2-of-cse-501' (line 7): ")
    assert second.startswith("rules/programs/other.yaml:7: 'credential-licence' asks for licence, and 'excludes' says ")


def test_a_rule_of_the_institution_that_some_program_meets_is_in_no_doubt(tmp_path):
    rules = write(tmp_path)
    rule = (
        "  - id: free\n    for: conferral\n    when: { program.credit-bearing: false }\n    require: { holds: none }\n"
    )
    with (rules / "institution.yaml").open("a") as file:
        file.write(rule)
    assert "never applies" in doubts(rules)[0]

    free = PROGRAM.replace("data", "free").replace("credit-bearing: true", "credit-bearing: false")
    (rules / "programs" / "free.yaml").write_text(free)

    assert doubts(rules) == []


def test_a_declared_overlap_is_in_no_doubt(tmp_path):
    electives = "  - choose: 1\n    from: { subject: CSE }\n    id: electives\n"
    program = PROGRAM.replace("awards:", f"{electives}awards:")
    assert "write 'overlaps: [2-of-cse-501]'" in doubts(write(tmp_path / "a", program=program))[0]

    declared = program.replace("id: electives", "id: electives\n    overlaps: 2-of-cse-501")
    shared = program.replace("id: electives", "id: electives\n    share-group: electives")
    from_the_other_side = program.replace("    of: [CSE", "    overlaps: electives\n    of: [CSE")

    for number, text in enumerate((declared, shared, from_the_other_side)):
        assert doubts(write(tmp_path / str(number), program=text)) == []


def test_alternatives_may_ask_for_the_same_courses(tmp_path):
    either = (
        "  - any: [{ all: [CSE 501, CSE 502], id: a }, { all: [{ course: CSE 501, id: b }, CSE 503] }]\n    id: c\n"
    )
    rules = write(tmp_path, program=PROGRAM.replace("  - choose: 2\n    of: [CSE 501, CSE 502, CSE 503]\n", either))

    assert doubts(rules) == []


# never without reason


def _without_exceptions(word):
    """Nobody is granted anything: what can never be met can be waived. Only an election stands."""
    return replace(word, exceptions=tuple(one for one in word.exceptions if one.kind is ExceptionKind.ELECTION))


def _certain(plan, equivalents):
    """What can never be met in one program. A circle is left out: somebody may hold the credential from before."""
    found = [one for one in static_findings([plan.program], equivalents) if one.certain]
    return [one for one in found if "asks for itself" not in str(one)]


@pytest.mark.parametrize("block", range(4))
def test_what_is_called_impossible_is_met_by_no_record(block):
    called = 0
    for seed in range(block * 300, (block + 1) * 300):
        random = Random(f"static/{seed}")
        case = random_case(random)
        impossible = [_certain(plan, case.plan.equivalents) for plan in case.plan.programs]
        called += sum(map(bool, impossible))
        if not any(impossible):
            continue
        engine = PlainEngine(case.plan)
        for _ in range(8):
            record, word = random_record(random), _without_exceptions(random_word(random, case.plan))
            outcomes = engine.outcomes(record, word, case.as_of)
            for plan, found, of_program in zip(case.plan.programs, impossible, outcomes, strict=True):
                for one in found:
                    node = plan.node(one.node)
                    assert node is not None
                    assert of_program[node.index] is not Outcome.MET, (seed, str(one))
    assert called >= 30


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32))
def test_no_program_makes_the_checks_fail_and_what_they_say_is_the_same_every_time(seed):
    plan = random_case(Random(seed)).plan
    programs = [one.program for one in plan.programs]

    found = static_findings(programs, plan.equivalents)

    assert static_findings(programs[::-1], tuple(plan.equivalents)) == found
    assert len({(one.problem, one.check) for one in found}) == len(found)
