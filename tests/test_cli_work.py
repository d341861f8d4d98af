"""`credrules work` and `credrules dead-letters`, as a person or a supervisor uses them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.test_issuing import KEYS, badge, owe

from credrules.cli import cli, work
from credrules.errors import CredrulesError
from credrules.ledger import Ledger
from credrules.testing import FakeIssuer
from credrules.workers import Worker

LEARNERS = ("L001", "L002", "L003")


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """An installation with two issuers and three awards that are owed; there need be no rules to issue by."""
    folder = tmp_path_factory.mktemp("installation")
    text = 'rules = "rules"\n[records]\nplugin = "csv"\nfolder = "records"\n'
    text += "".join(f'[issuers.{name}]\nplugin = "transcript"\nfolder = "out"\n' for name in ("fake", "other"))
    (folder / "credrules.toml").write_text(text)
    with ledger_of(folder) as ledger:
        owe(ledger, *map(badge, LEARNERS))
    return folder


@pytest.fixture
def home(fresh, tmp_path):
    return Path(shutil.copytree(fresh, tmp_path / "home"))


@pytest.fixture
def issuer(monkeypatch):
    issuer = FakeIssuer()
    monkeypatch.setattr(work, "_issuers", lambda settings, names: {"fake": issuer})
    return issuer


def ledger_of(home):
    return Ledger.open(f"sqlite:///{home / 'credrules.db'}")


def credrules(home, *words):
    return CliRunner().invoke(cli, ["--settings", str(home / "credrules.toml"), *words], standalone_mode=False)


def test_a_worker_issues_what_is_owed_and_ends_when_nothing_is_due(home):
    first, second = credrules(home, "work", "--once"), credrules(home, "work", "--once")

    assert (first.return_value, first.output) == (0, "Awards: 3 issued.\n")
    assert (second.return_value, second.output) == (0, "Nothing was due.\n")
    assert (home / "out" / "transcript-notes.csv").exists()


def test_as_json_a_worker_says_what_it_did_and_what_is_left(home, issuer):
    issuer.failures = ["refuse", "unavailable"]

    done = credrules(home, "work", "--once", "--json")

    told = json.loads(done.output)
    assert done.return_value == 1
    assert (told["issued"], told["refused"], told["postponed"]) == (0, 1, 1)
    assert [one["key"] for one in told["dead_letters"]] == KEYS[:1]
    assert [(one["issuer"], one["due"], one["later"]) for one in told["waiting"]] == [("fake", 1, 1)]


def test_a_worker_may_be_for_one_issuer_alone(home):
    done = credrules(home, "work", "--once", "--issuer", "other")

    assert done.output == "Nothing was due.\n"


def test_an_issuer_that_is_not_there_is_named_with_those_that_are(home):
    done = credrules(home, "work", "--once", "--issuer", "othr")

    assert isinstance(done.exception, CredrulesError)
    assert "'othr' is no issuer. There are: fake, other. Did you mean 'other'?" in str(done.exception)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_that_is_told_to_stop_finishes_the_call_in_hand(home, issuer, monkeypatch, how):
    stopped = threading.Event()
    issue, stop = issuer.issue, Worker.stop

    def interrupted(award):
        os.kill(os.getpid(), how)
        assert stopped.wait(10)
        return issue(award)

    monkeypatch.setattr(issuer, "issue", interrupted)
    monkeypatch.setattr(Worker, "stop", lambda worker: (stop(worker), stopped.set()))
    before = signal.getsignal(how)

    done = credrules(home, "work")

    assert done.output == "Awards: 1 issued.\n2 awards still to be done, when due.\n"
    assert issuer.issued == KEYS[:1]
    assert signal.getsignal(how) is before


def test_dead_letters_say_why_and_are_tried_again(home, issuer):
    issuer.failures = ["refuse", "refuse"]
    credrules(home, "work", "--once")

    listed = credrules(home, "dead-letters")
    told = credrules(home, "status")
    retried = credrules(home, "dead-letters", "--retry", "--by", "Kay")

    assert listed.return_value == 1
    assert f"{KEYS[0]}" in listed.output
    assert "Refused: The template is archived." in listed.output
    assert "2 dead letters: `credrules dead-letters` says why" in told.output
    assert (retried.return_value, retried.output) == (0, "2 awards retried.\n")
    assert credrules(home, "work", "--once").output == "Awards: 2 issued.\n"
    assert credrules(home, "dead-letters").output.endswith("0 dead letters.\n")
    assert sorted(issuer.issued) == KEYS


def test_one_dead_letter_is_given_up_and_the_others_stay(home, issuer):
    issuer.failures = ["refuse", "refuse"]
    credrules(home, "work", "--once")

    dropped = credrules(home, "dead-letters", KEYS[0], "--drop", "Given on paper.", "--by", "Kay")

    assert dropped.output == "1 award dropped.\n"
    with ledger_of(home) as ledger:
        assert [one.key for one in ledger.dead_letters()] == KEYS[1:2]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--retry",), "--by NAME is missing: who says so?"),
        (("--retry", "--drop", "No.", "--by", "Kay"), "Either --retry or --drop"),
        (("nobody", "--retry", "--by", "Kay"), "No dead letter: nobody."),
    ],
)
def test_what_should_become_of_which_letter_has_to_be_said(home, words, said):
    assert said in str(credrules(home, "dead-letters", *words).exception)
