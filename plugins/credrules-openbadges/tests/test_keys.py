"""Keys: badges as JWT, the did:web, and one key after another."""

from __future__ import annotations

import json
import tomllib

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from openbadgeslib.errors import LibOpenBadgesException
from openbadgeslib.ob3.ldp import OB3LdpVerifier
from openbadgeslib.ob3.status import check_credential_status
from openbadgeslib.ob3.verifier import OB3VerificationError, OB3Verifier

from credrules import Section
from credrules.errors import SettingsError
from credrules.testing import sample_award
from credrules_openbadges import (
    Look,
    OpenBadgesIssuer,
    OpenBadgesSettings,
    Options,
    credrules_issuers,
    new_key_pem,
    new_rsa_key_pem,
)
from credrules_openbadges.keys import did_web

URL = "https://university.example/badges"
DID = "did:web:university.example:badges"


@pytest.fixture(scope="module")
def rsa_pem():
    return new_rsa_key_pem()


@pytest.fixture
def make(tmp_path):
    def make(key, *earlier, web=True, look=None):
        return OpenBadgesIssuer("b", tmp_path / "out", key, URL, Options(web=web, earlier_keys=earlier, look=look))

    return make


def path_of(issuer, award):
    return issuer.folder / issuer.issue(award).detail["file"]


def download(issuer):
    def get(url):
        return (issuer.folder / url.removeprefix(f"{URL}/")).read_bytes()

    return get


def judged(issuer, path):
    """By openbadgeslib, with the keys from the did.json that is published."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".jwt":
        verifier = OB3Verifier.for_issuer_did(DID, download=download(issuer))
        return verifier.verify(text)
    did = json.loads(text)["issuer"]["id"]
    return OB3LdpVerifier.for_issuer_did(did, download=download(issuer)).verify(text, download=download(issuer))


@pytest.mark.parametrize(
    ("url", "did"),
    [
        ("https://university.example", "did:web:university.example"),
        ("https://University.example:8443/a/b", "did:web:university.example%3A8443:a:b"),
    ],
)
def test_a_did_web_says_where_its_document_is(url, did):
    assert did_web(url) == did


@pytest.mark.parametrize("url", ["http://university.example", "https://a@b.example", "https://a.example/?q=1"])
def test_an_address_whose_document_would_be_looked_for_elsewhere_is_refused(url):
    with pytest.raises(ValueError, match="https"):
        did_web(url)


def test_at_the_root_of_a_host_the_document_is_well_known(tmp_path, key_pem):
    issuer = OpenBadgesIssuer("b", tmp_path, key_pem, "https://badges.example/", Options(web=True))
    issuer.issue(sample_award())

    assert json.loads((tmp_path / ".well-known" / "did.json").read_text())["id"] == "did:web:badges.example"


@pytest.mark.parametrize("rsa", [False, True], ids=["data integrity", "jwt"])
def test_other_verifiers_accept_a_badge_of_a_did_web(make, key_pem, rsa_pem, npm_if, rsa):
    issuer = make(rsa_pem if rsa else key_pem)
    path = path_of(issuer, sample_award())

    judged(issuer, path)
    assert issuer.verify(path).faults == ()
    if npm_if:
        served = [f"{DID}={issuer.folder / 'did.json'}", f"{URL}/status-1.json={issuer.folder / 'status-1.json'}"]
        assert npm_if("jwt" if rsa else "badge", path, *served)["verified"]


@pytest.mark.parametrize("rsa", [False, True], ids=["data integrity", "jwt"])
def test_a_badge_signed_before_a_rotation_still_holds_and_one_byte_changed_does_not(make, key_pem, rsa_pem, rsa):
    old_key = rsa_pem if rsa else key_pem
    before = make(old_key)
    old = path_of(before, sample_award("L001"))
    text = old.read_text(encoding="utf-8")
    after = make(new_rsa_key_pem() if rsa else new_key_pem(), old_key)

    new = path_of(after, sample_award("L002"))

    for path in (old, new):
        judged(after, path)
        assert after.verify(path).faults == ()
    assert old.read_text(encoding="utf-8") == text
    assert after.find(sample_award("L001")) == before.find(sample_award("L001"))
    assert after.issue(sample_award("L001")).reference == before.issue(sample_award("L001")).reference
    place = text.index("Analytics") if not rsa else len(text) // 2
    changed = "B" if text[place] == "A" else "A" if rsa else "a"
    old.write_text(text[:place] + changed + text[place + 1 :], encoding="utf-8")
    verification = after.verify(old)
    assert verification is None or verification.faults
    with pytest.raises((LibOpenBadgesException, ValueError)):
        judged(after, old)


def test_a_badge_whose_key_was_taken_out_holds_no_more(make, key_pem):
    old = path_of(make(key_pem), sample_award("L001"))
    after = make(new_key_pem())
    path_of(after, sample_award("L002"))

    assert "another key" in after.verify(old).faults[0]
    with pytest.raises(LibOpenBadgesException):
        judged(after, old)


def test_of_an_earlier_key_the_public_half_is_enough_to_check_by(make, key_pem, public_pem):
    old = path_of(make(key_pem), sample_award("L001"))
    after = make(new_key_pem(), public_pem.decode())
    path_of(after, sample_award("L002"))

    assert after.verify(old).faults == ()
    judged(after, old)


@pytest.mark.parametrize("web", [False, True], ids=["did:key", "did:web"])
def test_a_badge_signed_before_a_rotation_can_still_be_taken_back(make, key_pem, npm_if, web):
    before = make(key_pem, web=web)
    old = path_of(before, sample_award("L001"))
    after = make(new_key_pem(), key_pem, web=web)
    new = path_of(after, sample_award("L002"))

    after.revoke(after.find(sample_award("L001")), "It was awarded by mistake.")

    assert "taken back" in after.verify(old).faults[0]
    assert after.verify(new).faults == ()
    if npm_if:
        pages = [f"{URL}/{path.name}={path}" for path in after.folder.glob("status-*")]
        pages.append(f"{DID}={after.folder / 'did.json'}")
        assert [npm_if("badge", path, *pages).get("revoked") for path in (old, new)] == [[True], [False]]


def test_going_over_to_a_did_web_and_to_jwt_breaks_no_badge(make, key_pem, rsa_pem):
    first = path_of(make(key_pem, web=False), sample_award("L001"))
    second = path_of(make(key_pem), sample_award("L002"))
    now = make(rsa_pem, key_pem)
    third = path_of(now, sample_award("L003"))

    assert [path.suffix for path in (first, second, third)] == [".json", ".json", ".jwt"]
    for path in (first, second, third):
        judged(now, path)
        assert now.verify(path).faults == ()
    for learner in ("L001", "L002", "L003"):
        now.revoke(now.find(sample_award(learner)), "It was awarded by mistake.")
    assert all("taken back" in now.verify(path).faults[0] for path in (first, second, third))


def test_a_jwt_that_is_taken_back_is_seen_elsewhere(make, rsa_pem):
    issuer = make(rsa_pem)
    path = path_of(issuer, sample_award())
    public = load_pem_private_key(rsa_pem.encode(), None).public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def check():
        check_credential_status(judged(issuer, path), download(issuer), verify_list=True, list_pubkey_pem=pem)

    check()
    issuer.revoke(issuer.find(sample_award()), "It was awarded by mistake.")

    with pytest.raises(OB3VerificationError, match="revocation"):
        check()


@pytest.mark.parametrize(
    "change",
    [
        lambda header: header.update(alg="none"),
        lambda header: header.update(alg="HS256"),
        lambda header: header.update(jwk={"kty": "RSA", "e": "AQAB", "n": "AQAB"}),
        lambda header: header.update(kid=f"{DID}#other"),
        lambda header: header.pop("kid"),
    ],
)
def test_no_header_chooses_how_a_badge_is_checked(make, rsa_pem, change):
    from credrules_openbadges.keys import base64url, from_base64url

    issuer = make(rsa_pem)
    path = path_of(issuer, sample_award())
    head, rest = path.read_text().split(".", 1)
    header = json.loads(from_base64url(head))
    change(header)
    path.write_text(f"{base64url(json.dumps(header).encode())}.{rest}")

    verification = issuer.verify(path)

    assert verification is None or verification.faults


def test_everything_is_published_anew_by_the_keys_as_they_are_now(make, key_pem):
    path_of(make(key_pem, look=Look()), sample_award())
    after = make(new_key_pem(), key_pem, look=Look())

    assert after.publish() == 1

    assert len(json.loads((after.folder / "did.json").read_text())["verificationMethod"]) == 2
    assert list(after.check()) == []


@pytest.fixture
def npm_if(request):
    """The verifiers from npm, or None: they are a second opinion here."""
    try:
        return request.getfixturevalue("npm")
    except pytest.skip.Exception:
        return None


def section(text, tmp_path):
    where = tmp_path / "credrules.toml"
    values = tomllib.loads(text)["issuers"]["badges"]
    return Section("badges", values.pop("plugin"), values, str(where), text)


def test_everything_can_be_set(tmp_path, key_pem):
    (tmp_path / "new.pem").write_text(new_key_pem())
    (tmp_path / "old.pem").write_text(key_pem)
    settings = f"""[issuers.badges]
plugin = "openbadges"
key = "file:new.pem"
earlier-keys = ["file:old.pem"]
folder = "out"
public-url = "{URL}"
did = "web"
pages = true
look = {{ colour = "#884400", linkedin = "12345" }}
profile = {{ phone = "+1 716 555 0100", description = "A university.", logo = "https://u.example/logo.png" }}
skills = {{ Python = "https://skills.example/python" }}
"""
    [issuer] = credrules_issuers(section(settings, tmp_path))

    badge = json.loads(path_of(issuer, sample_award()).read_text(encoding="utf-8"))

    assert list(issuer.check()) == []
    assert badge["issuer"]["id"] == DID
    assert badge["issuer"]["phone"] == "+1 716 555 0100"
    OB3LdpVerifier.for_issuer_did(DID, download=download(issuer)).verify(badge, download=download(issuer))


def test_settings_as_they_were_mean_what_they_did(tmp_path, key_pem):
    (tmp_path / "badges.pem").write_text(key_pem)
    settings = '[issuers.badges]\nplugin = "openbadges"\nkey = "file:badges.pem"\nfolder = "out"\n'
    [issuer] = credrules_issuers(section(settings, tmp_path))

    issuer.issue(sample_award())

    assert [path.suffix for path in (tmp_path / "out").iterdir()] == [".json"]
    assert not issuer.books.exists()


def test_pages_without_an_address_are_refused_and_said(tmp_path, key_pem):
    (tmp_path / "badges.pem").write_text(key_pem)
    settings = '[issuers.badges]\nplugin = "openbadges"\nkey = "file:badges.pem"\nfolder = "out"\npages = true\n'

    with pytest.raises(SettingsError, match="need a public-url"):
        section(settings, tmp_path).read(OpenBadgesSettings)
