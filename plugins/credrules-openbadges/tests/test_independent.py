"""Badges before a verifier that is not ours and has the official contexts: openbadgeslib."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openbadgeslib.errors import LibOpenBadgesException
from openbadgeslib.ob3.contexts import document_loader
from openbadgeslib.ob3.ldp import OB3LdpVerifier
from pyld import jsonld

from credrules import Evidence, Institution
from credrules.testing import sample_award
from credrules_openbadges import Additions, OpenBadgesIssuer
from credrules_openbadges.credential import NOTHING, credential
from credrules_openbadges.keys import SigningKey
from credrules_openbadges.proofs import canonical_statements, signed
from credrules_openbadges.status_list import list_credential, status_entry
from credrules_openbadges.terms import CONTEXTS, OB_URL, VC_URL

URL = "https://university.example/badges"


EVERYTHING = Additions(
    skills={"Python": "https://skills.example/python", "Statistics": "https://skills.example/statistics"},
    phone="+1 716 555 0100",
    about="A public university.",
    logo="https://university.example/logo.png",
    image=f"{URL}/image-1.png",
    caption="Data Analytics, Example University",
)


def official_statements(document):
    options = {"algorithm": "URDNA2015", "format": "application/n-quads", "documentLoader": document_loader()}
    return jsonld.normalize(document, options)


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_it_accepts_every_badge(key_pem, public_pem, issued, awards, data):
    with tempfile.TemporaryDirectory() as folder:
        issuer = OpenBadgesIssuer("badges", Path(folder), key_pem)
        badge = issued(issuer, data.draw(awards))

        OB3LdpVerifier(public_pem).verify(badge.text)
        assert issuer.verify(badge.path).faults == ()


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_the_signed_statements_are_those_of_the_official_contexts(key_pem, awards, data):
    key = SigningKey.from_pem(key_pem)
    status = status_entry(f"{URL}/status-1.json", data.draw(st.integers(0, 131_071)))
    additions = data.draw(st.sampled_from([NOTHING, EVERYTHING]))
    document = credential(data.draw(awards), key, data.draw(st.none() | st.just(status)), additions)
    proof = signed(document, key, document["validFrom"])["proof"]
    options = {"@context": document["@context"], **{name: proof[name] for name in proof if name != "proofValue"}}

    assert canonical_statements(document) == official_statements(document)
    assert canonical_statements(options) == official_statements(options)


def test_the_statements_of_a_status_list_are_those_of_the_official_contexts(key_pem):
    key = SigningKey.from_pem(key_pem)
    document = list_credential(f"{URL}/status-1.json", key.did, [94_567], "2026-06-01T00:00:00Z")

    assert canonical_statements(document) == official_statements(document)


def test_a_badge_with_everything_in_it_uses_every_term_of_the_vocabulary(key_pem):
    """So that a term which no badge uses, and no test compares, does not stay."""
    key = SigningKey.from_pem(key_pem)
    document = credential(full_award(), key, status_entry(f"{URL}/status-1.json", 94_567), EVERYTHING)
    document["validUntil"] = "2031-06-01T23:59:59Z"
    drawn = credential(sample_award(), key, additions=EVERYTHING)  # a program that names no picture has one drawn
    document = signed(document, key, document["validFrom"])
    revoked = list_credential(f"{URL}/status-1.json", key.did, [94_567], "2026-06-01T00:00:00Z")

    def used(node):
        if isinstance(node, dict):
            types = node.get("type", [])
            yield from [*node, *([types] if isinstance(types, str) else types)]
            for value in node.values():
                yield from used(value)
        elif isinstance(node, list):
            for item in node:
                yield from used(item)

    terms = set(CONTEXTS[VC_URL]) | set(CONTEXTS[OB_URL])
    assert terms - set(used(document)) - set(used(drawn)) - set(used(revoked)) == {
        "assertionMethod"
    }  # a value, not a key
    assert document["proof"]["proofPurpose"] == "assertionMethod"


def full_award():
    award = sample_award()
    return replace(
        award,
        institution=replace(award.institution, email="registrar@university.example"),
        achievement=replace(award.achievement, image="https://university.example/badge.png", skills=("Python",)),
        evidence=(Evidence(title="Capstone", detail="Passed", url="https://u.example/c", kind="milestone"),),
        credits=Decimal("4.5"),
        options={"credits": "4.5"},
    )


@pytest.mark.parametrize("credits_", ["0.5", "0.125", "4.5", "9", "0", "99", "98.999", "10"])
def test_it_reads_every_number_of_credits_as_we_do(issuer, public_pem, issued, credits_):
    badge = issued(issuer, sample_award(credits=Decimal(credits_)))

    assert Decimal(str(badge.badge["credentialSubject"]["creditsEarned"])) == Decimal(credits_)
    OB3LdpVerifier(public_pem).verify(badge.text)


def test_it_accepts_a_badge_of_an_institution_that_has_only_a_name(issuer, public_pem, issued):
    badge = issued(issuer, sample_award(institution=Institution(id="example", name="Example University")))

    OB3LdpVerifier(public_pem).verify(badge.text)


def test_it_accepts_skills_and_evidence_that_are_there_twice(issuer, public_pem, issued):
    award = sample_award(evidence=(Evidence(title="CSE 574", detail="A"),) * 3)
    award = replace(award, achievement=replace(award.achievement, skills=("Python", "Python")))

    badge = issued(issuer, award)

    assert badge.badge["credentialSubject"]["achievement"]["tag"] == ["Python"]
    OB3LdpVerifier(public_pem).verify(badge.text)


@pytest.mark.parametrize(
    "change",
    [
        lambda badge: badge.update(name="Doctor of Everything"),
        lambda badge: badge["credentialSubject"].update(creditsEarned=99),
        lambda badge: badge["credentialSubject"]["identifier"][0].update(identityHash="sha256$" + "0" * 64),
        lambda badge: badge["credentialSubject"]["achievement"]["criteria"].update(narrative="Nothing."),
        lambda badge: badge.update(awardedDate="2020-01-01T00:00:00Z"),
        lambda badge: badge["evidence"].pop(),
        lambda badge: badge["evidence"].append(badge["evidence"][0]),
        lambda badge: badge["proof"].update(created="2020-01-01T00:00:00Z"),
    ],
)
def test_a_badge_with_anything_changed_is_refused_by_it_and_by_us(issuer, public_pem, issued, change):
    badge = issued(issuer, sample_award())
    change(badge.badge)
    badge.path.write_text(json.dumps(badge.badge), encoding="utf-8")

    with pytest.raises(LibOpenBadgesException):
        OB3LdpVerifier(public_pem).verify(badge.text)
    assert "signature does not hold" in issuer.verify(badge.path).faults[0]


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_badge_with_one_byte_changed_is_refused_unless_it_says_the_same(key_pem, public_pem, issued, data):
    with tempfile.TemporaryDirectory() as folder:
        issuer = OpenBadgesIssuer("badges", Path(folder), key_pem)
        badge = issued(issuer, full_award())
        content = bytearray(badge.path.read_bytes())
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255).filter(lambda byte: byte != content[place]))
        badge.path.write_bytes(content)

        verification = issuer.verify(badge.path)

        accepted = verification is not None and not verification.faults
        assert not accepted or json.loads(content) == badge.badge  # white space outside of the texts
        if not accepted:
            with pytest.raises(LibOpenBadgesException):
                OB3LdpVerifier(public_pem).verify(content.decode("utf-8", "replace"))
