"""The settings, and where a token may be kept."""

from __future__ import annotations

import keyring
import keyring.backend
import keyring.errors
import pytest

from credrules.errors import SettingsError
from credrules.plugins import Plugins
from credrules.settings import Section

from .conftest import ORGANIZATION, TOKEN

LEAST = {"organization": ORGANIZATION, "token": "env:CREDLY_TOKEN"}


def issuer(**changes):
    values = {**LEAST, **changes}
    text = "[issuers.credly]\nplugin = 'credly'\n" + "".join(f"{key} = ...\n" for key in values)
    section = Section("credly", "credly", values, where="credrules.toml", text=text)
    return Plugins().issuer(section)


@pytest.fixture(autouse=True)
def token(monkeypatch):
    monkeypatch.setenv("CREDLY_TOKEN", TOKEN)


class InMemory(keyring.backend.KeyringBackend):
    """A keyring that is open, and on nobody's disk."""

    priority = 1
    kept = {("credrules", "credly"): TOKEN}  # noqa: RUF012  as the library's own backends have it

    def get_password(self, service, username):
        if service == "locked":
            raise keyring.errors.KeyringLocked("a prompt was dismissed")
        return self.kept.get((service, username))

    def set_password(self, service, username, password):
        self.kept[service, username] = password


@pytest.fixture
def open_keyring():
    before = keyring.get_keyring()
    keyring.set_keyring(InMemory())
    yield
    keyring.set_keyring(before)


def authorization(found):
    return found._account._line._client.auth


def test_a_token_comes_from_the_environment_and_shows_nowhere():
    found = issuer()

    assert authorization(found)
    assert TOKEN not in repr(found)
    found.close()


def test_a_token_comes_from_a_keyring(open_keyring, monkeypatch):
    monkeypatch.delenv("CREDLY_TOKEN")

    issuer(token="keyring:credrules/credly").close()  # noqa: S106  where it is, not what


@pytest.mark.parametrize(
    ("token", "why"),
    [
        (TOKEN, "a token is never written here, nor kept in a file"),
        ("file:keys/credly.txt", "a token is never written here, nor kept in a file"),
        ("env:NOT_THERE", "the environment variable NOT_THERE is not set"),
        ("env:BLANK", "the environment variable BLANK holds no token"),
        ("env:COLON", "the environment variable COLON holds no token"),
        ("keyring:credrules/nobody", "has no entry credrules/nobody; make it with `keyring set credrules nobody`"),
        ("keyring:locked/credly", "the keyring cannot be opened: KeyringLocked"),
    ],
)
def test_a_token_that_cannot_be_had_is_said_with_its_line_and_never_with_the_token(
    open_keyring, monkeypatch, token, why
):
    monkeypatch.setenv("BLANK", " ")
    monkeypatch.setenv("COLON", "a-token:with-a-colon")

    with pytest.raises(SettingsError) as raised:
        issuer(token=token)

    assert str(raised.value).startswith("credrules.toml:4: 'token': ")
    assert why in str(raised.value)
    assert TOKEN not in str(raised.value)
    assert "with-a-colon" not in str(raised.value)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"url": "http://api.credly.com/v1"}, "'url': is no address of Credly"),
        ({"url": "https://user:word@api.credly.com/v1"}, "'url': is no address of Credly"),
        ({"organization": "../organizations"}, "'organization': is no id of an organization"),
        ({"zone": "New York"}, "'zone': 'New York' is no time zone"),
        ({"locale": "eng"}, "'locale': 'eng' is no language of Credly's"),
        ({"email": ["records"]}, "'email': 'records' is neither"),
        ({"given-name": ["nick"]}, "'given-name':"),
        ({"evidence": "all"}, "'evidence':"),
        ({"timeout": 0}, "'timeout':"),
        ({"templates": []}, "'templates' is not a setting here"),
    ],
)
def test_a_setting_that_cannot_be_is_said(changes, why):
    with pytest.raises(SettingsError, match=why.replace("'", ".")):
        issuer(**changes)


def test_another_plugins_table_is_left_alone():
    from credrules_credly import credrules_issuers

    assert list(credrules_issuers(Section("badges", "openbadges", {}))) == []
