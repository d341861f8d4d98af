"""Credentials that are held: asked for, stacked, and excluding one another; each decided by both engines."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from tests.life import installed, rules
from tests.worked import AS_OF

from credrules import CredentialHeld, CredentialStatus
from credrules.attestations import Word
from credrules.credentials import held_back, held_by, statuses, term_end, that_fit
from credrules.plan import Kind, Node
from credrules.records import Learner, Record
from credrules.rules import Place
from credrules.testing import sample_record

ACTIVE, EXPIRED, REVOKED = CredentialStatus.ACTIVE, CredentialStatus.EXPIRED, CredentialStatus.REVOKED
EARLIER, LATER, TOMORROW = date(2025, 6, 30), date(2027, 6, 30), date(2026, 4, 2)


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


def held(*credentials):
    return Record(learner=Learner(learner_id="L1"), credentials=credentials)


@pytest.mark.parametrize(("earned", "counts"), [(None, True), (EARLIER, True), (AS_OF, True), (TOMORROW, False)])
def test_what_is_earned_by_a_day_is_held_on_it(earned, counts):
    one, awarded = licence(ACTIVE, earned_on=earned), CredentialHeld(code="p", status=ACTIVE, earned_on=earned)

    assert list(held_by(held(one), Word(held=(awarded,)), AS_OF)) == ([one, awarded] if counts else [])
    assert list(held_by(Record(learner=Learner(learner_id="L1")), Word(held=(awarded,)), AS_OF)) == [awarded] * counts


@pytest.mark.parametrize(
    ("credentials", "end"),
    [
        ((licence(ACTIVE, expires_on=EARLIER), licence(ACTIVE, expires_on=LATER)), LATER),
        ((licence(ACTIVE, expires_on=EARLIER), licence(REVOKED, expires_on=LATER)), EARLIER),
        ((licence(EXPIRED, expires_on=EARLIER), licence(ACTIVE)), EARLIER),
        ((licence(None, expires_on=EARLIER), licence(ACTIVE, expires_on=LATER, earned_on=TOMORROW)), EARLIER),
        ((CredentialHeld(code="badge", status=ACTIVE, expires_on=LATER),), None),
        ((licence(ACTIVE),), None),
        ((), None),
    ],
)
def test_the_last_term_ends_on_the_latest_last_day_of_what_was_not_revoked(credentials, end):
    assert term_end("licence", held(*credentials), Word(), AS_OF) == end


def test_only_the_credentials_that_count_are_named():
    good, old, unsure = licence(ACTIVE), licence(ACTIVE, expires_on=EARLIER), licence(None)
    other, revoked = CredentialHeld(code="badge", status=ACTIVE), licence(REVOKED)
    node = Node(index=0, id="c", title="", kind=Kind.CREDENTIAL, place=Place("a", 1), codes=frozenset({"licence"}))

    assert that_fit(node, held(good, old, unsure, other, revoked), Word(), AS_OF) == [good]
    assert statuses([unsure, old, revoked, good]) == "active, of unknown standing, revoked"


@pytest.mark.parametrize(
    ("days", "excluded", "waits"),
    [
        ((1, 2), {"one": "two", "two": "one"}, {"two"}),
        ((2, 1), {"one": "two", "two": "one"}, {"one"}),
        ((1, 1), {"one": "two", "two": "one"}, {"two"}),
        ((1, 2), {"one": "two"}, {"one"}),  # though it was earned first: the other is awarded beside anything
        ((1, 2), {"two": "one"}, {"two"}),
        ((1, 2), {"one": "elsewhere"}, set()),
        ((1, 2), {"one": "one"}, set()),
        ((1, 2), {}, set()),
    ],
)
def test_what_excludes_another_that_is_met_waits_and_of_two_the_one_earned_later(tmp_path, days, excluded, waits):
    made = rules(tmp_path, one="requirements: [STA 501]\n", two="requirements: [STA 501]\n")
    programs = {one.id: replace(one, excludes=frozenset({excluded.get(one.id, "nothing")})) for one in made.programs}
    decided = installed(tmp_path, made, []).decider.decide(sample_record("L1", {"STA 501": "A"}), Word(), AS_OF)
    met = [
        replace(decision, earned_on=date(2026, 1, day))
        for decision, day in zip(decided.decisions, days, strict=True)
    ]  # fmt: skip

    assert held_back(programs, met) == waits
