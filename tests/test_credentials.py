"""Credentials that are held: asked for, stacked, and excluding one another; each decided by both engines."""

from __future__ import annotations

from datetime import date

import pytest
from tests.worked import AS_OF

from credrules import CredentialHeld, CredentialStatus
from credrules.attestations import Word

ACTIVE, EXPIRED, REVOKED = CredentialStatus.ACTIVE, CredentialStatus.EXPIRED, CredentialStatus.REVOKED
EARLIER, LATER = date(2025, 6, 30), date(2027, 6, 30)


def licence(status, **parts):
    return CredentialHeld(code="licence", status=status, **parts)


@pytest.mark.parametrize(
    ("held", "active", "either"),
    [
        ((licence(ACTIVE),), "met", "met"),
        ((licence(ACTIVE, expires_on=LATER),), "met", "met"),
        ((licence(ACTIVE, expires_on=AS_OF),), "met", "met"),  # its last day
        ((licence(ACTIVE, expires_on=EARLIER),), "unmet", "met"),
        ((licence(EXPIRED),), "unmet", "met"),
        ((licence(REVOKED),), "unmet", "unmet"),
        ((licence(REVOKED, expires_on=EARLIER),), "unmet", "unmet"),
        ((licence(None),), "undetermined", "undetermined"),
        ((licence(None, expires_on=EARLIER),), "unmet", "met"),
        ((licence(None, expires_on=LATER),), "undetermined", "undetermined"),
        ((licence(ACTIVE, earned_on=LATER),), "unmet", "unmet"),
        ((licence(REVOKED), licence(ACTIVE)), "met", "met"),
        ((licence(REVOKED), licence(None)), "undetermined", "undetermined"),
        ((CredentialHeld(code="badge", status=ACTIVE),), "unmet", "unmet"),
        ((), "unmet", "unmet"),
        (None, "undetermined", "undetermined"),
    ],
)
def test_a_credential_that_is_asked_for(outcome, held, active, either):
    assert outcome("  - credential: licence", credentials=held) == active
    assert outcome("  - { credential: licence, active: any }", credentials=held) == either


def test_one_of_several_is_enough(outcome):
    assert outcome("  - credential: [licence, degree]", credentials=(licence(ACTIVE),)) == "met"


def test_what_was_awarded_here_counts_whatever_the_source_knows(outcome):
    word = Word(held=(CredentialHeld(code="level-one", status=ACTIVE, earned_on=EARLIER),))

    assert outcome("  - credential: level-one", credentials=(), word=word) == "met"
    assert outcome("  - credential: level-one", credentials=None, word=word) == "met"


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        ((), "met"),
        (None, "undetermined"),
        ((licence(ACTIVE),), "unmet"),
        ((licence(EXPIRED),), "unmet"),
        ((licence(REVOKED),), "met"),
        ((licence(None),), "undetermined"),
        ((CredentialHeld(code="badge", status=ACTIVE),), "met"),
    ],
)
def test_a_credential_beside_which_this_one_is_not_awarded(outcome, held, expected):
    badge = (CredentialHeld(code="badge", status=ACTIVE),)
    rule = "  - any: [{ credential: badge }, { credential: other, id: anything }]\nexcludes: [licence]"

    assert outcome(rule, credentials=None if held is None else (*held, *badge)) == expected
