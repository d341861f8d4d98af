"""What program files say to issuers is held against the issuers before anything is decided."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from credrules.award_options import unusable_options
from credrules.errors import Unavailable
from credrules.rule_files import load
from credrules.testing import FakeIssuer


@dataclass
class Choosy(FakeIssuer):
    """An issuer that knows no template, or is not to be reached."""

    down: bool = False
    asked: list[dict] = field(default_factory=list)

    def option_faults(self, options):
        self.asked.append(dict(options))
        if self.down:
            raise Unavailable("The service does not answer.")
        return [] if options.get("template") == "known" else ["there is no such template."]


@pytest.fixture
def program():
    programs = load(Path(__file__).parents[1] / "rules").programs
    return next(one for one in programs if one.id == "data-analytics")


def asking_for(program, **options):
    return replace(program, awards=tuple(replace(award, options=options) for award in program.awards))


def test_a_fault_names_the_program_the_award_the_file_and_the_line(program):
    problems = unusable_options([program], {"badges": Choosy("badges"), "transcript": FakeIssuer()})

    badge = next(award for award in program.awards if award.issuer == "badges")
    assert [str(one) for one in problems] == [
        f"{badge.place.file}:{badge.place.line}: "
        f"program 'data-analytics', award '{badge.kind}': there is no such template."
    ]


def test_what_can_be_made_is_no_problem(program):
    assert unusable_options([asking_for(program, template="known")], {"badges": Choosy("badges")}) == []


def test_an_issuer_that_cannot_be_asked_is_asked_once_and_makes_no_rule_wrong(program):
    issuer, failures = Choosy("badges", down=True), []

    assert unusable_options([program, program], {"badges": issuer}, failures.append) == []

    assert failures == ["issuer badges: The service does not answer."]
    assert len(issuer.asked) == 1


def test_two_versions_of_a_program_in_one_place_are_told_of_once(program):
    assert len(unusable_options([program, program], {"badges": Choosy("badges")})) == 1
