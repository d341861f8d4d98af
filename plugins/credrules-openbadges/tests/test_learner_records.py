"""Learner records: all that a learner has, in one credential (Comprehensive Learner Record 2.0)."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from openbadgeslib.errors import LibOpenBadgesException
from openbadgeslib.ob3.clr import bundled_clr_contexts
from openbadgeslib.ob3.contexts import document_loader
from openbadgeslib.ob3.ldp import verify_data_integrity_proof
from openbadgeslib.ob3.status import check_credential_status
from openbadgeslib.ob3.verifier import OB3VerificationError
from pyld import jsonld

from credrules import Refused
from credrules.testing import sample_award
from credrules_openbadges import OpenBadgesIssuer, Options, new_key_pem, new_rsa_key_pem
from credrules_openbadges.proofs import canonical_statements
from credrules_openbadges.terms import CLR_URL

URL = "https://university.example/badges"


@pytest.fixture
def make(tmp_path):
    def make(key, *earlier, **options):
        records = tmp_path / "records"
        return OpenBadgesIssuer(
            "b", tmp_path / "out", key, URL, Options(earlier_keys=earlier, records=records, **options)
        )

    return make


@pytest.fixture
def issuer(make, key_pem):
    return make(key_pem)


@pytest.fixture
def records(tmp_path):
    """A function that gives the records, the oldest first."""

    def read():
        paths = (tmp_path / "records").glob("*.json")
        return sorted(paths, key=lambda path: int(path.stem[37:]))

    return read


def award(program, learner="L001"):
    return sample_award(learner, key=f"example/{learner}/{program}/badges")


def names(path):
    return [member["id"] for member in said(path)["credentialSubject"]["verifiableCredential"]]


def said(path):
    return json.loads(path.read_text(encoding="utf-8"))


def official_statements(document):
    ours, theirs = document_loader(), bundled_clr_contexts()

    def load(url, options):
        if url == CLR_URL:
            return {
                "contentType": "application/ld+json",
                "contextUrl": None,
                "documentUrl": url,
                "document": theirs[url],
            }
        return ours(url, options)

    return jsonld.normalize(
        document, {"algorithm": "URDNA2015", "format": "application/n-quads", "documentLoader": load}
    )


def judged(document, public_pem):
    verify_data_integrity_proof(document, public_pem, extra_contexts=bundled_clr_contexts())


def test_each_badge_makes_the_next_record_of_its_learner_and_changes_none(issuer, records):
    first = issuer.issue(award("a")).reference
    (path,) = records()
    before = path.read_bytes()

    second = issuer.issue(award("b")).reference
    issuer.issue(award("b"))

    assert [names(one) for one in records()] == [[first], [first, second]]
    assert path.read_bytes() == before
    assert path.stat().st_mode & 0o077 == 0
    verification = issuer.verify(records()[1])
    assert verification.faults == ()
    assert verification.references == (first, second)


def test_no_learner_is_in_the_record_of_another_and_no_id_is_in_any(issuer, records):
    issuer.issue(award("a"))
    issuer.issue(award("a", "L002"))

    assert [path.stem[37:] for path in records()] == ["1", "1"]
    for path in records():
        assert "L00" not in path.read_text() + path.name


def test_another_verifier_accepts_it_and_each_badge_in_it(issuer, records, public_pem):
    issuer.issue(award("a"))
    issuer.issue(award("b"))

    document = said(records()[-1])
    judged(document, public_pem)
    for member in document["credentialSubject"]["verifiableCredential"]:
        verify_data_integrity_proof(member, public_pem)


def test_the_signed_statements_are_those_of_the_official_contexts(issuer, records):
    issuer.issue(award("a"))
    issuer.issue(award("b"))
    document = {name: part for name, part in said(records()[-1]).items() if name != "proof"}

    assert canonical_statements(document) == official_statements(document)


@pytest.mark.parametrize(
    "change",
    [
        lambda record: record.update(name="Another record"),
        lambda record: record["credentialSubject"]["verifiableCredential"].pop(),
        lambda record: record["credentialSubject"]["verifiableCredential"][0].update(name="Doctor of Everything"),
        lambda record: record["credentialSubject"]["identifier"][0].update(salt="x"),
    ],
)
def test_a_record_with_anything_changed_is_refused_by_it_and_by_us(issuer, records, public_pem, change):
    issuer.issue(award("a"))
    issuer.issue(award("b"))
    path = records()[-1]
    document = said(path)
    change(document)
    path.write_text(json.dumps(document))

    assert any("signature does not hold" in fault for fault in issuer.verify(path).faults)
    with pytest.raises(LibOpenBadgesException):
        judged(document, public_pem)


def test_a_badge_that_is_taken_back_takes_back_every_record_with_it_and_the_next_one_has_the_rest(issuer, records):
    kept = issuer.issue(award("a")).reference
    gone = issuer.issue(award("b"))

    issuer.revoke(gone, "By mistake.")
    issuer.revoke(gone, "By mistake.")

    assert [names(path) for path in records()] == [[kept], [kept, gone.reference], [kept]]
    assert [bool(issuer.verify(path).faults) for path in records()] == [False, True, False]

    def download(url):
        return (issuer.folder / url.removeprefix(f"{URL}/")).read_bytes()

    def check(path):
        document = said(path)
        asked = SimpleNamespace(
            issuer=SimpleNamespace(id=document["issuer"]["id"]), credential_status=[document["credentialStatus"]]
        )
        check_credential_status(asked, download=download)

    before, holding, after = records()
    check(before)
    check(after)
    with pytest.raises(OB3VerificationError, match="Credential status 'revocation' is set"):
        check(holding)
    issuer.issue(award("c"))
    assert len(names(records()[-1])) == 2


def test_records_go_on_under_a_new_key(make, key_pem, records):
    first = make(key_pem).issue(award("a")).reference
    after = make(new_key_pem(), key_pem)

    second = after.issue(award("b")).reference

    assert names(records()[-1]) == [first, second]
    assert after.verify(records()[-1]).faults == ()


def test_a_key_that_signs_jwt_is_refused(make):
    with pytest.raises(Refused, match="Use an Ed25519 key"):
        make(new_rsa_key_pem(), web=True).issue(award("a"))
