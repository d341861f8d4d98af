"""Settings, and the words of a person."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from credrules import Section
from credrules.cli import cli
from credrules.errors import SettingsError
from credrules.plugins import Plugins
from credrules_message import MessageIssuer
from credrules_message.journal import digest

VALUES = {"server": "localhost", "security": "none", "from": "Office <office@u.example>", "journal": "journal"}


def issuer(tmp_path, **values):
    return Plugins().issuer(Section("message", "message", VALUES | values, where=str(tmp_path / "credrules.toml")))


def test_settings_make_an_issuer(tmp_path, monkeypatch):
    monkeypatch.setenv("SMTP_PASSWORD", "open sesame")
    made = issuer(tmp_path, security="tls", server="smtp.u.example", user="office", password="env:SMTP_PASSWORD")  # noqa: S106  where it is

    assert isinstance(made, MessageIssuer)
    assert (made.post.server, made.post.port, made.post.security) == ("smtp.u.example", 465, "tls")
    assert made.journal.folder == tmp_path / "journal"
    assert "open sesame" not in repr(made) + repr(made.post)


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"server": "smtp.u.example"}, "for a server on this machine only"),
        ({"user": "office"}, "a user needs a password"),
        ({"user": "office", "password": "open sesame"}, "a secret is never written here"),
        ({"from": "Office <office>"}, "is no e-mail address"),
        ({"from": "Office\n <office@u.example>"}, "is no e-mail address"),
        ({"reply-to": "nobody"}, "is no e-mail address"),
        ({"port": 0}, "greater than or equal to 1"),
        ({"sender": "office@u.example"}, "'sender' is not a setting here"),
    ],
)
def test_settings_that_are_wrong_are_refused(tmp_path, values, why):
    with pytest.raises(SettingsError) as refused:
        issuer(tmp_path, **values)

    assert why in str(refused.value)
    assert "open sesame" not in str(refused.value)


@pytest.fixture
def credrules(tmp_path):
    """A function that runs a command in a folder with two messages that are unsettled."""
    settings = tmp_path / "credrules.toml"
    settings.write_text(
        'rules = "rules"\n[records]\nplugin = "csv"\n[issuers.message]\nplugin = "message"\nserver = "localhost"\n'
        'security = "none"\nfrom = "office@u.example"\njournal = "journal"\n'
        '[issuers.other]\nplugin = "transcript"\nfolder = "out"\n'
    )
    journal = issuer(tmp_path).journal
    for name in ("a", "b"):
        journal.begin(digest(name), f"<{name}@u.example>", "2026-06-01T00:00:00+00:00")

    def run(*words):
        return CliRunner().invoke(cli, ["--settings", str(settings), *words], standalone_mode=False)

    return run


def test_what_is_unsettled_is_listed_until_a_person_says_how_it_is(credrules):
    listed = credrules("messages", "unsettled", "--json")
    assert listed.return_value == 1
    assert json.loads(listed.output)[0] == {
        "issuer": "message",
        "message": "<a@u.example>",
        "since": "2026-06-01T00:00:00+00:00",
    }

    assert credrules("messages", "sent", "<a@u.example>").exit_code == 0
    assert credrules("messages", "not-sent", "<b@u.example>").exit_code == 0

    done = credrules("messages", "unsettled")
    assert done.return_value == 0
    assert "Of every message it is known whether it was sent." in done.output


def test_a_message_that_is_not_unsettled_is_named_and_nothing_is_noted(credrules):
    failed = credrules("messages", "sent", "<a@u.example>", "<c@u.example>")

    assert "Not among the unsettled messages: <c@u.example>. Nothing was noted." in str(failed.exception)
    assert len(json.loads(credrules("messages", "unsettled", "--json").output)) == 2
