"""The commands about cases, consent and erasure, on a new installation, in this process."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from credrules.cli import cli
from credrules.errors import CredrulesError
from credrules.ledger import Ledger

DAY, LATER = ("--as-of", "2026-11-02"), ("--as-of", "2026-12-01")


class Home:
    """A new installation, and what its commands print."""

    def __init__(self, folder):
        self.folder = folder

    def __call__(self, *words, given=""):
        command = ["--settings", str(self.folder / "credrules.toml"), *words]
        done = CliRunner().invoke(cli, command, input=given, standalone_mode=False)
        if isinstance(done.exception, CredrulesError):
            return 2, str(done.exception)
        if done.exception:
            return 2, f"{type(done.exception).__name__}: {done.exception}"
        return done.return_value or 0, done.output

    def states(self):
        """How every award stands."""
        with Ledger.open(f"sqlite:///{self.folder / 'credrules.db'}") as ledger:
            return [
                {"issuer": one.issuer, "state": one.state, "learner_id": one.learner_id}
                for one in ledger.award_states()
            ]

    def change(self, name, *pairs):
        path = self.folder / name
        text = path.read_text()
        for before, after in pairs:
            assert before in text
            text = text.replace(before, after)
        path.write_text(text)


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(cli, ["init", "uni"])
    assert done.exit_code == 0, done.output
    monkeypatch.chdir(tmp_path / "uni")
    return Home(tmp_path / "uni")


@pytest.fixture
def awarded(home):
    """An installation at which learner 50010001 was awarded the first program."""
    attested = "    evidence: required\n    attested-by: lead\n"
    home.change("rules/programs/first-program.yaml", (f"  - milestone: portfolio\n{attested}", ""))
    home.change(
        "rules/institution.yaml", ("require: { attestations: [lead, office] }", "require: { requirements: met }")
    )
    assert home("run", *DAY)[0] in (0, 1)
    return home


def lower(home):
    home.change("records/attempts.csv", ("2026-01-12,B+,graded", "2026-01-12,C,graded"))


def test_a_case_is_listed_shown_and_decided(awarded):
    assert awarded("cases")[1].endswith("0 open cases.\n")
    lower(awarded)

    code, said = awarded("run", *LATER)
    assert (code, "1 case opened: `credrules cases` says what has shifted." in said) == (1, True)
    assert "1 open case: `credrules cases`" in awarded("status")[1]
    code, listed = awarded("cases")
    assert (code, "grade-lowered" in listed, "1 open case." in listed) == (1, True, True)
    code, shown = awarded("case", "1")
    assert "Case 1: 50010001 in first-program. A grade was lowered (grade-lowered)." in shown
    assert "STA 502: B+, spring 2026 -> C" in shown
    assert "The rules say: flag." in shown

    code, decided = awarded("case", "1", "--revoke", "--by", "A. Dean", "--reason", "The faculty said so.")
    assert "State: revoked, by A. Dean: The faculty said so." in decided
    code, said = awarded("run", *LATER)

    states = {one["issuer"]: one["state"] for one in awarded.states() if one["learner_id"] == "50010001"}
    assert states == {"badges": "not revoked", "transcript": "revoked"}  # without a public-url there is no status list
    assert "1 dead letter." in awarded("dead-letters")[1]


def test_a_second_run_over_the_same_records_opens_nothing_more(awarded):
    lower(awarded)
    awarded("run", *LATER)

    assert "opened" not in awarded("run", *LATER)[1]
    assert "1 open case." in awarded("cases")[1]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("case", "7"), "There is no case 7"),
        (("case", "1", "--keep", "--revoke"), "Either --keep or --revoke"),
        (("case", "1", "--keep"), "--by NAME and --reason are missing"),
        (("case", "1", "--keep", "--by", " ", "--reason", "x"), "--by NAME and --reason are missing"),
        (("case", "1", "--by", "A. Dean"), "--keep or --revoke is missing"),
        (("consent", "50010001", "credly", "--by", "Ada"), "No consent is asked for 'credly'"),
        (("erase", "50010001"), "--by NAME and --reason are missing"),
        (("erase", "50010099", "--by", "A", "--reason", "x", "--yes"), "holds nothing of a learner '50010099'"),
    ],
)
def test_what_cannot_be_done_says_why(awarded, words, says):
    code, said = awarded(*words)

    assert (code, says in said) == (2, True), said


def test_without_consent_nothing_is_issued_and_it_is_said_why_until_there_is(home):
    home.change("rules/institution.yaml", ("\nrules:\n", "\nprivacy: { consent: [badges] }\n\nrules:\n"))
    attested = "    evidence: required\n    attested-by: lead\n"
    home.change("rules/programs/first-program.yaml", (f"  - milestone: portfolio\n{attested}", ""))
    home.change(
        "rules/institution.yaml", ("require: { attestations: [lead, office] }", "require: { requirements: met }")
    )
    why = "The learner has not consented to it: `credrules consent` records that."

    _, said = home("run", *DAY)

    assert f"withheld. {why}" in said
    assert why in home("status")[1]
    assert "/badges" in home("status", "--awards")[1]
    assert f"Nothing is issued by badges. {why}" in home("explain", "50010001", "first-program", *DAY)[1]
    assert {one["issuer"] for one in home.states()} == {"transcript"}

    assert "50010001 consents to badges" in home("consent", "50010001", "badges", "--by", "Ada Example")[1]
    home("run", *LATER)

    assert {one["issuer"] for one in home.states() if one["learner_id"] == "50010001"} == {"badges", "transcript"}


def test_erasing_asks_first_and_a_dry_run_erases_nothing(awarded):
    words = ("erase", "50010001", "--by", "A. Officer", "--reason", "Request 7")

    dry = awarded("erase", "50010001", "--dry-run")[1]
    refused = awarded(*words, given="n\n")
    assert "Nothing was erased." in dry
    assert "Abort" in refused[1]
    assert awarded("erase", "50010001", "--dry-run")[1] == dry

    _, said = awarded(*words, given="y\n")

    assert "50010001 was erased, by A. Officer." in said
    assert "What issuers hold is not erased by this. They have:" in said
    _, document = awarded("--json", "erase", "50010001", "--dry-run")
    assert json.loads(document)["rows"]["decisions"] == 0
