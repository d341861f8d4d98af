"""The example programs: real ones, labelled as modelled, each with its cases."""

from __future__ import annotations

from pathlib import Path

import pytest

from credrules import rule_files
from credrules.case_files import check_cases
from credrules.coverage import coverage
from credrules.engines.durable import DurableEngine
from credrules.reasons import NOT_USED, OUTCOMES, UNSURE

RULES = Path(__file__).parents[1] / "rules"
RULE_SET = rule_files.load(RULES)
RESULTS = list(check_cases(RULES, RULE_SET, DurableEngine))


@pytest.mark.parametrize("result", RESULTS, ids=lambda result: f"{result.program}: {result.name}")
def test_a_situation_comes_out_as_its_case_says(result):
    assert result.faults == ()


@pytest.mark.parametrize("program", RULE_SET.programs, ids=lambda program: program.place.file)
def test_a_program_has_at_least_eight_situations_and_says_what_it_is_modelled_on(program):
    assert sum(result.file == program.place.file for result in RESULTS) >= 8
    assert program.modelled_on


def test_the_cases_meet_nearly_every_reason():
    given = {reason.because for result in RESULTS for reason in result.decision.reason.walk()}
    given |= {one.because for result in RESULTS for reason in result.decision.reason.walk() for one in reason.refused}
    given |= {use.because for result in RESULTS for reason in result.decision.reason.walk() for use in reason.used}

    missing = {*OUTCOMES, *NOT_USED, *UNSURE} - given
    assert missing <= {
        "average-unknown",
        "average-nothing-counted",
        "basis-unknown",
        "condition-fails",  # of these two, tests/test_choices.py
        "no-alternative",
        "credits-unknown",
        "dropped",
        "displaced",
        "enough-parts",
        "excluded",
        "not-excluded",
        "evidence-awaited",
        "no-credit",
        "not-passing",
        "order-unknown",
        "planned",
        "program-closed",
        "repeat-excluded",
        "repeat-unknown",
        "version-not-needed",
        "version-unknown",
    }


def test_no_requirement_and_no_rule_is_left_untried():
    untried = [one for one in coverage(RULE_SET, RESULTS) if not one.is_full]

    assert untried == []


def test_the_fifteen_public_programs_are_there():
    modelled = " ".join(program.modelled_on or "" for program in RULE_SET.programs)

    assert [number for number in range(1, 16) if f"(P{number:02})" not in modelled] == []
