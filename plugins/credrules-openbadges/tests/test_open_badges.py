"""Badges: what they say, what they hide, and what becomes of bad ones."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from credrules import Evidence, Refused, Unavailable
from credrules.testing import sample_award
from credrules_openbadges import OpenBadgesIssuer, did_of, new_key_pem
from credrules_openbadges.badge_file import MAX_BYTES
from credrules_openbadges.credential import credential
from credrules_openbadges.keys import SigningKey, decoded, multibase
from credrules_openbadges.proofs import signed
from credrules_openbadges.terms import undefined_terms


def test_a_badge_signed_with_another_key_is_told_apart(issuer, issued, tmp_path):
    other = OpenBadgesIssuer("badges", tmp_path / "other", new_key_pem())
    path = issued(other, sample_award()).path

    assert "another key than this institution's" in issuer.verify(path).faults[0]
    assert other.verify(path).faults == ()


def test_a_badge_of_one_issuer_signed_by_another_is_told_apart(issuer, issued, key_pem):
    """Whoever has a key could otherwise write any institution's name into a badge and sign it."""
    made = issued(issuer, sample_award())
    del made.badge["proof"]
    made.badge["issuer"]["id"] = did_of(new_key_pem())
    forged = signed(made.badge, SigningKey.from_pem(key_pem), made.badge["validFrom"])
    made.path.write_text(json.dumps(forged), encoding="utf-8")

    assert issuer.verify(made.path).faults == ("It was signed by another key than its issuer's.",)


def test_a_good_badge_says_what_it_is(issuer, issued):
    made = issued(issuer, sample_award())

    verification = issuer.verify(made.path)

    assert verification.faults == ()
    assert verification.subject == made.badge["id"]
    assert verification.facts == {
        "badge": "Data Analytics",
        "issuer": "Example University",
        "earned on": "2026-05-20",
        "recipient": "hashed emailAddress",
        "credits": "9",
    }


def test_a_badge_holds_criteria_evidence_institution_day_and_credit(issuer, issued, key_pem):
    badge = issued(issuer, sample_award()).badge

    assert badge["issuer"] == {
        "id": did_of(key_pem),
        "type": ["Profile"],
        "name": "Example University",
        "url": "https://university.example",
    }
    assert badge["awardedDate"] == "2026-05-20T00:00:00Z"
    assert badge["credentialSubject"]["creditsEarned"] == 9
    assert badge["credentialSubject"]["achievement"]["achievementType"] == "MicroCredential"
    assert "CSE 574 with B+ or better" in badge["credentialSubject"]["achievement"]["criteria"]["narrative"]
    assert badge["evidence"][0]["name"] == "CSE 574"


def test_a_badge_bears_the_day_of_conferral_and_the_last_day_on_which_it_is_valid(issuer, issued):
    award = sample_award(earned_on=date(2026, 5, 20), conferred_on=date(2026, 5, 31), expires_on=date(2027, 5, 31))

    made = issued(issuer, award)

    assert made.badge["validFrom"] == made.badge["awardedDate"] == "2026-05-31T00:00:00Z"
    assert made.badge["validUntil"] == "2027-05-31T23:59:59Z"
    found = issuer.verify(made.path)
    assert found.faults == ()
    assert found.facts["valid until"] == "2027-05-31"
    assert "validUntil" not in issued(issuer, sample_award("L002")).badge


def test_evidence_that_shares_an_address_is_all_there_and_the_address_once(issuer, issued):
    """To JSON-LD, parts with one address are one part, of which everything would be said at once."""
    page = "https://university.example/portfolio"
    award = sample_award(
        evidence=(Evidence(title="Capstone", detail="", url=page), Evidence(title="Interview", detail="", url=page))
    )

    made = issued(issuer, award)

    assert [(one["name"], one.get("id")) for one in made.badge["evidence"]] == [("Capstone", page), ("Interview", None)]
    assert issuer.verify(made.path).faults == ()


def test_nobody_can_read_the_learner_from_a_badge(issuer, issued):
    made = issued(issuer, sample_award("L001"))

    for personal in ("Ada", "Sample", "l001@learner.example", "L001"):
        assert personal not in made.text + made.path.name


def test_who_knows_the_address_can_check_that_a_badge_is_theirs(issuer, issued):
    identity = issued(issuer, sample_award("L001")).badge["credentialSubject"]["identifier"][0]

    salted = f"l001@learner.example{identity['salt']}".encode()
    assert identity["identityHash"] == "sha256$" + hashlib.sha256(salted).hexdigest()


def test_the_same_award_and_key_give_the_same_bytes(issued, tmp_path, key_pem):
    made = [issued(OpenBadgesIssuer("badges", tmp_path / name, key_pem), sample_award()) for name in ("a", "b")]

    assert made[0].path.read_bytes() == made[1].path.read_bytes()


@pytest.mark.parametrize("part", ["criteria", "title", "description"])
def test_a_badge_without_what_it_needs_is_refused_before_it_is_signed(issuer, part):
    achievement = replace(sample_award().achievement, **{part: " "})

    with pytest.raises(Refused, match=part):
        issuer.issue(sample_award(achievement=achievement))

    assert not issuer.folder.exists()


@pytest.mark.parametrize(
    "change", [{"title": "Data\x00Analytics"}, {"description": "half \ud800"}, {"url": "program"}, {"image": "a b"}]
)
def test_a_badge_that_verifiers_would_not_read_alike_is_refused_before_it_is_signed(issuer, change):
    achievement = replace(sample_award().achievement, **change)

    with pytest.raises(Refused, match=r"control character|full address"):
        issuer.issue(sample_award(achievement=achievement))

    assert not issuer.folder.exists()


def test_a_badge_too_large_for_verifiers_is_refused(issuer):
    achievement = replace(sample_award().achievement, image="data:image/png;base64," + "A" * MAX_BYTES)

    with pytest.raises(Refused, match="Shorten the program's texts, or link its image"):
        issuer.issue(sample_award(achievement=achievement))


def test_a_term_that_no_signature_would_cover_is_found(key_pem):
    document = credential(sample_award(), SigningKey.from_pem(key_pem))
    document["credentialSubject"]["ECTS"] = 3
    document["evidence"][0]["type"] = ["Evidence", "Photograph"]

    assert list(undefined_terms(document)) == ["credentialSubject.ECTS", "evidence[0].type 'Photograph'"]
    with pytest.raises(Refused, match="no signature covers"):
        signed(document, SigningKey.from_pem(key_pem), document["validFrom"])


def test_a_file_in_the_place_of_a_badge_is_not_overwritten(issuer, issued):
    path = issued(issuer, sample_award()).path
    path.write_text('{"half a badge', encoding="utf-8")

    with pytest.raises(Refused, match="not the badge that belongs there"):
        issuer.issue(sample_award())
    assert path.read_text(encoding="utf-8") == '{"half a badge'


def test_a_folder_that_cannot_be_written_to_is_said_and_nothing_happens(tmp_path, key_pem):
    (tmp_path / "out").write_text("a file where the folder should be")
    issuer = OpenBadgesIssuer("badges", tmp_path / "out", key_pem)

    assert "cannot be written" in next(iter(issuer.check()))
    with pytest.raises(Unavailable):
        issuer.issue(sample_award())


@pytest.mark.parametrize("pem", ["", "secret text", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_a_key_that_is_none_is_said_without_showing_it(tmp_path, pem):
    issuer = OpenBadgesIssuer("badges", tmp_path, pem)

    fault = next(iter(issuer.check()))

    assert "is not a private key" in fault
    assert not pem or pem not in fault
    assert not pem or pem not in repr(issuer)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary(max_size=200)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["@context", "type", "id", "issuer", "proof", "name"]), inner, max_size=4)
        ),
    ).map(lambda data: json.dumps(data).encode())
)
def test_no_file_brings_the_verifier_down(issuer, tmp_path, content):
    path = tmp_path / "badge.json"
    path.write_bytes(content)

    issuer.verify(path)


@pytest.mark.parametrize("value", [None, 1, [], {}, "text", [{}], {"type": 5}])
def test_a_mutilated_badge_does_not_bring_the_verifier_down(issuer, issued, value):
    made = issued(issuer, sample_award())
    for key in made.badge:
        made.path.write_text(json.dumps({**made.badge, key: value}), encoding="utf-8")
        verification = issuer.verify(made.path)
        assert verification is None or verification.faults


def hostile(badge, size):
    """Statements about nameless parts, each like the others: putting them in order takes ever longer."""
    badge["evidence"] = [
        {"id": f"_:b{n}", "evidence": [f"_:b{(n + k) % size}" for k in (1, 2, 5)]} for n in range(size)
    ]


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (lambda badge: hostile(badge, 60), "evidence"),
        (lambda badge: badge.update(evidence=badge["evidence"] * 501), "evidence"),
        (lambda badge: badge.update({"@context": ["https://attacker.example/context"]}), "@context"),
        (lambda badge: badge["issuer"].update(id=badge["id"]), "one address to several"),
        (lambda badge: badge["proof"].update(verificationMethod="did:key:z" + "1" * 10_000), "verificationMethod"),
        (lambda badge: badge.update({"x\x1b[31m": 1}), "an odd name"),
    ],
    ids=["circles", "many", "context", "one address", "long key", "terminal codes"],
)
def test_a_hostile_badge_is_refused_without_looking_at_its_signature(issuer, issued, spoil, fault):
    made = issued(issuer, sample_award())
    spoil(made.badge)
    made.path.write_text(json.dumps(made.badge), encoding="utf-8")

    verification = issuer.verify(made.path)

    assert "its signature was not looked at" in verification.faults[0]
    assert fault in verification.faults[0]
    assert verification.facts == {}


@pytest.mark.parametrize(
    "twice", ['"name": "Doctor of Everything", "name"', '"creditsEarned": NaN, "name"'], ids=["name", "number"]
)
def test_a_file_that_readers_take_differently_is_no_badge(issuer, issued, twice):
    made = issued(issuer, sample_award())
    made.path.write_text(made.text.replace('"name"', twice, 1), encoding="utf-8")

    assert issuer.verify(made.path) is None


@given(st.binary(max_size=70))
def test_base58_is_read_back(data):
    assert decoded(multibase(data)) == data


def test_public_address_of_a_badge_is_in_its_receipt(issuer):
    receipt = issuer.issue(sample_award())

    assert receipt.url == f"https://university.example/badges/{receipt.detail['file']}"


def test_credits_that_the_program_states_are_those_of_the_achievement(issuer, issued):
    badge = issued(issuer, sample_award(options={"credits": "4.5"}, credits=None))

    assert badge.badge["credentialSubject"]["achievement"]["creditsAvailable"] == 4.5
    assert "creditsEarned" not in badge.badge["credentialSubject"]
    with pytest.raises(Refused, match="the credits that its program file states are no number"):
        issuer.issue(sample_award("L002", options={"credits": "many"}))
