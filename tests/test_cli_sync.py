"""`credrules sync` and `credrules run --changed`, on a new installation."""

from __future__ import annotations

import json
import shutil

import pytest
from click.testing import CliRunner

from credrules.cli import cli
from credrules.errors import CredrulesError
from credrules.plugins import Plugins
from credrules.scaffold import scaffold


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    folder = tmp_path_factory.mktemp("installation") / "uni"
    scaffold(folder, Plugins().scaffold_parts())
    return folder


@pytest.fixture
def home(fresh, tmp_path):
    return shutil.copytree(fresh, tmp_path / "uni")


def credrules(home, *words):
    done = CliRunner().invoke(
        cli,
        ["--settings", str(home / "credrules.toml"), "--json", *words, "--as-of", "2026-06-01"],
        catch_exceptions=True,
    )
    if isinstance(done.exception, CredrulesError):
        raise done.exception
    assert done.exception is None, done.exception
    return json.loads(done.stdout)


def grade(home, attempt, old, new):
    path = home / "records" / "attempts.csv"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(line.replace(old, new) if line.startswith(f"{attempt},") else line for line in lines))


def first_attempt(home):
    return (home / "records" / "attempts.csv").read_text().splitlines()[1].split(",")


def test_a_run_of_the_changed_decides_on_everybody_once_and_then_on_whoever_changed(home):
    everybody = credrules(home, "sync")
    assert (everybody["new"], everybody["waiting"]) == (7, 7)
    assert credrules(home, "run", "--changed")["learners"] == 7
    assert credrules(home, "sync")["reading"] == "nothing"
    assert credrules(home, "run", "--changed")["learners"] == 0

    attempt, learner, *_ = first_attempt(home)
    (home / "records" / "attempts.csv").write_text(
        (home / "records" / "attempts.csv").read_text().replace(f"{attempt},{learner},", f"{attempt}x,{learner},")
    )
    assert credrules(home, "sync")["changed"] == 1

    assert credrules(home, "run", "--changed")["learners"] == 1
    assert credrules(home, "run", "--changed")["learners"] == 0


def test_what_is_said_of_a_learner_has_them_decided_again(home):
    credrules(home, "sync")
    credrules(home, "run", "--changed")
    credrules(home, "run", "--changed")
    _, learner, *_ = first_attempt(home)
    CliRunner().invoke(
        cli,
        ["--settings", str(home / "credrules.toml"), "attest", learner, "first-program", "--role", "lead", "--by", "A"],
    )

    assert credrules(home, "run", "--changed")["learners"] == 1


def test_other_rules_have_everybody_decided_again(home):
    credrules(home, "sync")
    credrules(home, "run", "--changed")
    path = home / "rules" / "programs" / "first-program.yaml"
    path.write_text(path.read_text().replace("title:", "title: Another", 1))

    assert credrules(home, "run", "--changed")["learners"] == 7


def test_a_dry_run_and_a_run_for_one_learner_leave_everybody_waiting(home):
    credrules(home, "sync")
    _, learner, *_ = first_attempt(home)
    credrules(home, "run", "--dry-run", "--changed")
    credrules(home, "run", "--learner", learner)

    assert credrules(home, "sync")["waiting"] == 7


def test_a_dry_synchronisation_makes_no_store(home):
    assert credrules(home, "sync", "--dry-run")["new"] == 7
    assert not (home / "credrules-sync.db").exists()


def test_without_a_synchronisation_there_is_nobody_to_say_who_changed(home):
    with pytest.raises(CredrulesError, match="Run `credrules sync` first"):
        credrules(home, "run", "--changed")


def test_a_part_of_an_export_is_refused_and_nothing_is_changed(home):
    settings = home / "credrules.toml"
    settings.write_text(settings.read_text() + "\n[sync]\nfew = 1\n")
    credrules(home, "sync")
    for path in (home / "records").glob("*.csv"):
        if path.name not in ("terms.csv", "courses.csv"):
            path.write_text("".join(path.read_text().splitlines(keepends=True)[:2]))

    with pytest.raises(CredrulesError, match=r"5 of 7 learners .* are no longer there, more than 5%"):
        credrules(home, "sync")
    assert credrules(home, "sync", "--accept-loss")["gone"] == 5


def test_a_slip_in_the_settings_is_said_with_its_line(home):
    settings = home / "credrules.toml"
    settings.write_text(settings.read_text() + "\n[sync]\noverlap-hour = 3\n")
    line = settings.read_text().splitlines().index("overlap-hour = 3") + 1

    with pytest.raises(CredrulesError, match=rf":{line}: 'overlap-hour' is not a setting here.*overlap-hours"):
        credrules(home, "sync")


def test_it_says_for_people_what_it_found_and_what_is_to_come(home):
    done = CliRunner().invoke(cli, ["--settings", str(home / "credrules.toml"), "sync", "--as-of", "2026-01-01"])

    assert "Everybody was read, because it is the first time: 7 learners." in done.stdout
    assert "7 new, 0 changed, 0 gone, 0 due as of 2026-01-01." in done.stdout
    assert "To come: " in done.stdout
    assert "7 learners waiting for `credrules run --changed`." in done.stdout
