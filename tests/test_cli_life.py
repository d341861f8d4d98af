"""The commands about what comes after everything is met, as a person types them on a new installation."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.command_line import credrules


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    folder = tmp_path_factory.mktemp("installation")
    assert credrules(folder, "init", "uni").returncode == 0
    return folder / "uni"


@pytest.fixture
def home(fresh, tmp_path):
    return Path(shutil.copytree(fresh, tmp_path / "uni"))


@pytest.fixture
def learner(home):
    return (home / "records" / "learners.csv").read_text().splitlines()[1].split(",")[0]


def change(home, **lines):
    """Add lines to the new installation's program."""
    path = home / "rules" / "programs" / "first-program.yaml"
    path.write_text(
        path.read_text() + "\n".join(f"{key.replace('_', '-')}: {text}" for key, text in lines.items()) + "\n"
    )


def test_a_learner_asks_for_a_credential_declines_it_and_takes_it_up_again(home, learner):
    change(home, claim="required")
    words = (learner, "first-program", "--by", "Ada")
    explain = ("explain", learner, "first-program", "--as-of", "2026-11-02")

    before = credrules(home, *explain)
    claimed = credrules(home, "claim", *words, "--on", "2026-06-01")
    after = credrules(home, *explain)
    declined = credrules(home, "decline", *words, "--on", "2026-06-02")
    finally_ = credrules(home, *explain)

    assert "The learner has not asked for the credential yet." in before.stdout
    assert f"Claimed: {learner} in first-program (Ada, 2026-06-01)." in claimed.stdout
    assert "Ada asked for the credential on 2026-06-01." in after.stdout
    assert f"Declined: {learner} in first-program (Ada, 2026-06-02)." in declined.stdout
    assert "Ada declined the credential on 2026-06-02." in finally_.stdout
    assert credrules(home, "decline", *words, "--withdraw").returncode == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("claim", "L1", "first-program", "--by", "Ada"), "need not be asked for: it is awarded when it is complete"),
        (("decline", "L1", "frist-program", "--by", "Ada"), "is no program. There are: first-program."),
        (("decline", "L1", "first-program", "--by", " "), "--by is empty"),
        (("decline", "L1", "first-program", "--by", "Ada", "--withdraw"), "nothing can be taken back"),
        (("attest", "L1", "first-program", "--by", "Ada", "--role", "learner"), "with `credrules claim` or `decline`"),
    ],
)
def test_a_wish_that_cannot_be_recorded_says_why(home, words, says):
    done = credrules(home, *words)

    assert done.returncode == 2
    assert says in done.stderr


def test_many_claims_come_from_a_file(home, learner):
    change(home, claim="required")
    (home / "claims.csv").write_text(
        "learner_id,program,role,statement,by,on,evidence\n"
        f"{learner},first-program,learner,claim,Ada,2026-06-01,\n"
        f"{learner},first-program,learner,complete,Ada,2026-06-01,\n"
    )

    done = credrules(home, "attest", "--from", "claims.csv")

    assert done.returncode == 2
    assert "claims.csv:3: 'complete' is nothing that the learner attests here. There is: claim, decline." in done.stderr
    (home / "claims.csv").write_text("\n".join((home / "claims.csv").read_text().splitlines()[:2]) + "\n")
    assert credrules(home, "attest", "--from", "claims.csv").returncode == 0
