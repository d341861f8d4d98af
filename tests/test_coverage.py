"""What case files leave untried."""

from __future__ import annotations

import json

import pytest
from tests.broken_rules import CASES, write
from tests.command_line import credrules

ALL_MET = """\
  - name: Everything is there
    as-of: 2026-06-01
    given:
      attempts:
        - { course: STA 501, grade: A, term: fall 2025 }
        - { course: CSE 501, grade: A, term: fall 2025 }
        - { course: CSE 502, grade: A, term: fall 2025 }
      milestones: [{ code: capstone }]
      attestations: [lead]
    expect: { outcome: met }
"""


@pytest.fixture
def tested(tmp_path):
    """What `credrules test` says of these cases, and its exit code."""

    def run(cases, *words):
        folder = write(tmp_path, cases=cases)
        done = credrules(tmp_path, "--json", "test", "--rules", folder, "--engine", "plain", *words)
        return json.loads(done.stdout)["coverage"][0], done.returncode

    return run


def test_what_no_case_has_met_is_named(tested):
    coverage, code = tested(CASES)

    assert coverage["never_met"] == ["sta-501", "2-of-cse-501", "capstone", "attested"]
    assert coverage["never_failed"] == []
    assert code == 0


def test_what_no_case_has_failed_is_named(tested):
    coverage, _ = tested(f"cases:\n{ALL_MET}")

    assert coverage["never_met"] == []
    assert coverage["never_failed"] == ["sta-501", "2-of-cse-501", "capstone", "attested"]


def test_full_coverage_can_be_required(tested):
    assert tested(CASES, "--require-coverage")[1] == 1


def test_cases_that_meet_and_fail_everything_are_enough(tested):
    coverage, code = tested(CASES + ALL_MET, "--require-coverage")

    assert coverage["never_met"] == coverage["never_failed"] == []
    assert code == 0
