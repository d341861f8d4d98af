"""`credrules rotate-key`: one key after another, and every badge holds."""

from __future__ import annotations

import json
import tomllib

import pytest
from click.testing import CliRunner
from openbadgeslib.ob3.ldp import OB3LdpVerifier
from openbadgeslib.ob3.verifier import OB3Verifier

from credrules import Section
from credrules.errors import CredrulesError
from credrules.plugins import Plugins
from credrules.testing import sample_award
from credrules_openbadges import new_key_pem, new_rsa_key_pem
from credrules_openbadges.commands import rotate_key

URL = "https://university.example/badges"
DID = "did:web:university.example:badges"


class Office:
    """An installation with one issuer of badges, as its office sees it."""

    def __init__(self, folder, pem):
        self.folder = folder
        self.settings = folder / "credrules.toml"
        (folder / "keys").mkdir()
        self.key = folder / "keys" / "badges.pem"
        self.key.write_text(pem)
        self.write()

    def write(self, *earlier, key="file:keys/badges.pem"):
        self.settings.write_text(
            'rules = "rules"\n[records]\nplugin = "csv"\n[issuers.badges]\nplugin = "openbadges"\nfolder = "out"\n'
            f'key = "{key}"\nearlier-keys = {json.dumps(earlier)}\npublic-url = "{URL}"\ndid = "web"\n'
        )

    def issuer(self):
        values = tomllib.loads(self.settings.read_text())["issuers"]["badges"]
        values.pop("plugin")
        return Plugins().issuer(Section("badges", "openbadges", values, where=str(self.settings)))

    def rotate(self, name="badges"):
        from credrules.cli.screen import Screen

        return CliRunner().invoke(
            rotate_key, [name], obj=Screen(self.settings, as_json=False, color=False), standalone_mode=False
        )


def holds(office, award):
    """Whether openbadgeslib takes the badge by the keys that are published."""
    issuer = office.issuer()
    path = issuer.folder / issuer.find(award).detail["file"]
    text = path.read_text()

    def download(url):
        return (issuer.folder / url.removeprefix(f"{URL}/")).read_bytes()

    if path.suffix == ".jwt":
        OB3Verifier.for_issuer_did(DID, download=download).verify(text)
    else:
        OB3LdpVerifier.for_issuer_did(DID, download=download).verify(text, download=download)
    return issuer.verify(path).faults == ()


@pytest.mark.parametrize("new_pem", [new_key_pem, new_rsa_key_pem], ids=["data integrity", "jwt"])
def test_badges_hold_after_each_of_two_rotations(tmp_path, new_pem):
    office = Office(tmp_path, new_pem())
    first = office.key.read_text()
    office.issuer().issue(sample_award("L001"))

    assert 'earlier-keys = ["file:keys/badges-1.pem", …]' in office.rotate().output
    assert office.key.read_text() == first  # nothing was replaced before it is named
    office.write("file:keys/badges-1.pem")
    assert "which still hold" in office.rotate().output
    assert office.key.read_text() != first
    office.issuer().issue(sample_award("L002"))

    assert "badges-2.pem" in office.rotate().output
    office.write("file:keys/badges-2.pem", "file:keys/badges-1.pem")
    office.rotate()
    office.issuer().issue(sample_award("L003"))

    assert all(holds(office, sample_award(learner)) for learner in ("L001", "L002", "L003"))
    methods = json.loads((tmp_path / "out" / "did.json").read_text())["verificationMethod"]
    assert len({method["id"] for method in methods}) == 3
    for path in (tmp_path / "keys").iterdir():
        assert path.stat().st_mode & 0o077 == 0 or path == office.key  # made by this test, not by the command


def test_a_rotation_that_is_called_too_often_makes_no_second_copy(tmp_path):
    office = Office(tmp_path, new_key_pem())
    office.rotate()
    office.rotate()

    assert sorted(path.name for path in (tmp_path / "keys").iterdir()) == ["badges-1.pem", "badges.pem"]


def test_what_cannot_be_rotated_is_named(tmp_path, monkeypatch):
    office = Office(tmp_path, new_key_pem())
    monkeypatch.setenv("BADGE_KEY", office.key.read_text())
    assert isinstance(office.rotate("badgers").exception, CredrulesError)

    office.write(key="env:BADGE_KEY")

    assert "where only you can change it" in str(office.rotate().exception)
