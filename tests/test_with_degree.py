"""Conferral with a degree: only once it is held, together with it, or not after it; decided by both engines."""

from __future__ import annotations

from datetime import date

import pytest
from tests.life import installed, rules

from credrules import CredentialHeld, CredentialStatus
from credrules.attestations import Word
from credrules.decisions import Outcome
from credrules.testing import sample_record

ACTIVE, EXPIRED, REVOKED = CredentialStatus.ACTIVE, CredentialStatus.EXPIRED, CredentialStatus.REVOKED
AS_OF = date(2026, 6, 1)
DEGREE_DAY = date(2026, 5, 31)
PROGRAM = """\
requirements: [STA 501]
rules:
  - id: degree
    for: conferral
    require: {{ {asked}: [bs, ba] }}
    otherwise: Ask the office.
"""


def degree(status=ACTIVE, **parts):
    return CredentialHeld(code="bs", status=status, **{"earned_on": DEGREE_DAY, **parts})


@pytest.fixture
def decide(tmp_path):
    def decide(asked, held, as_of=AS_OF, word=Word()):  # noqa: B008
        installation = installed(tmp_path, rules(tmp_path, p=PROGRAM.format(asked=asked)), [])
        record = sample_record("L001", {"STA 501": "A"}, credentials=held)
        decided = installation.decider.decide(record, word, as_of, everyone=True)
        assert decided.disagreements == ()
        return decided.decisions[0]

    return decide


@pytest.mark.parametrize(
    ("held", "once", "not_after"),
    [
        ((degree(),), "met", "unmet"),
        ((), "unmet", "met"),
        (None, "undetermined", "undetermined"),
        ((degree(None),), "undetermined", "undetermined"),
        ((degree(REVOKED),), "unmet", "met"),
        ((degree(EXPIRED),), "unmet", "unmet"),
        ((degree(earned_on=date(2026, 6, 2)),), "unmet", "met"),  # tomorrow
        ((CredentialHeld(code="ms", status=ACTIVE),), "unmet", "met"),
        ((CredentialHeld(code="ba", status=ACTIVE),), "met", "unmet"),
    ],
)
def test_a_degree_that_is_held_or_not(decide, held, once, not_after):
    assert str(decide("credentials", held).outcome) == once
    assert str(decide("not-credentials", held).outcome) == not_after


def test_what_was_complete_before_the_degree_is_conferred_together_with_it(decide):
    assert decide("credentials", (degree(),)).conferral == DEGREE_DAY


def test_what_is_complete_after_the_degree_is_conferred_when_it_is(decide):
    earlier = degree(earned_on=date(2020, 5, 31))

    assert decide("credentials", (earlier,)).conferral == date(2025, 12, 19)


def test_a_credential_that_was_awarded_here_is_one(decide):
    word = Word(held=(CredentialHeld(code="ba", status=ACTIVE, earned_on=DEGREE_DAY),))

    assert decide("credentials", (), word=word).outcome is Outcome.MET


def test_the_reasons_say_what_is_missing_and_what_to_do(decide):
    def text(asked, held):
        found = {reason.node: reason for reason in decide(asked, held).reason.walk()}
        return found[f"degree/{asked}"].text

    assert text("credentials", ()) == "ba or bs is not held. Ask the office."
    assert text("credentials", (degree(EXPIRED),)) == "ba or bs is expired; an active one is asked for. Ask the office."
    assert text("not-credentials", (degree(),)) == (
        "bs is held, and this is not awarded to who holds it. Ask the office."
    )
    assert text("not-credentials", ()) == "ba or bs is not held."
