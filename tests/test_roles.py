"""A named role or committee that has to approve: worked by hand, and decided by both engines."""

from __future__ import annotations

import pytest
from tests.test_cli import credrules, fresh, home  # noqa: F401  fixtures
from tests.worked import AS_OF, attempt

from credrules.attestations import COMPLETE, Attestation, Role, Word
from credrules.ledger import Ledger

RULES = """
roles: [committee]
rules:
  - { id: approved, for: conferral, require: { attestations: [lead, committee] } }
"""
THESIS = "  - STA 501\n  - { milestone: thesis, attested-by: committee, evidence: required }"


def said(*words):
    """'lead' or 'committee: thesis'; with '+' at the end, with its evidence."""
    found = []
    for text in words:
        role, _, statement = text.removesuffix("+").partition(": ")
        evidence = "https://evidence.example/1" if text.endswith("+") else None
        parts = {"role": role, "statement": statement or COMPLETE, "evidence": evidence}
        found.append(Attestation(learner_id="L1", program="p", by="A. Person", on=AS_OF, **parts))
    return Word(tuple(found))


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        (said("lead", "committee", "committee: thesis+"), "met"),
        (said("lead", "committee"), "awaiting"),
        (said("lead", "committee", "committee: thesis"), "awaiting"),  # without the evidence
        (said("lead", "committee", "lead: thesis+"), "awaiting"),  # another's word is no word of the committee's
        (said("lead", "office", "committee: thesis+"), "awaiting"),
        (said(), "awaiting"),
    ],
)
def test_the_word_of_a_declared_role_is_asked_for_by_its_name(outcome, word, expected):
    assert outcome(THESIS, [attempt("STA 501", "A")], rules=RULES, word=word) == expected


def test_a_role_from_a_file_and_a_built_in_one_are_the_same_word():
    assert said("lead").attestations[0].role == Role.LEAD


@pytest.fixture
def with_committee(home):  # noqa: F811
    path = home / "rules" / "institution.yaml"
    path.write_text(path.read_text().replace("\nrules:\n", "\nroles: [committee]\nrules:\n", 1))
    program = next((home / "rules" / "programs").glob("first-program.yaml"))
    program.write_text(
        program.read_text().replace("requirements:\n", "requirements:\n  - {milestone: x, attested-by: committee}\n", 1)
    )
    return home


def test_the_word_of_a_committee_is_recorded_by_its_name(with_committee):
    done = credrules(
        with_committee, "attest", "L001", "first-program", "--role", "committee", "--milestone", "x", "--by", "A. Chair"
    )

    assert done.returncode == 0, done.stderr
    with Ledger.open(f"sqlite:///{with_committee / 'credrules.db'}", create=False) as ledger:
        assert [one.role for one in ledger.word_of(["L001"])["L001"].attestations] == ["committee"]


@pytest.mark.parametrize(
    ("role", "says"),
    [
        ("comittee", "'comittee' is no role. There are: lead, office, committee. Did you mean 'committee'?"),
        ("Lead", "'Lead' is no role. There are: lead, office, committee."),
        ("office", "'x' is nothing that the office attests here. There is: complete."),
    ],
)
def test_a_role_that_the_rules_do_not_know_records_nothing(with_committee, role, says):
    done = credrules(
        with_committee, "attest", "L001", "first-program", "--role", role, "--milestone", "x", "--by", "A. Chair"
    )

    assert done.returncode == 2
    assert says in " ".join(done.stderr.split())
