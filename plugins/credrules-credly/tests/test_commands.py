"""The commands, on a new installation that issues at the emulator."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass

import pytest

from credrules.cli import main

from .conftest import ORGANIZATION, TEMPLATE, TOKEN

DAY = ("--as-of", "2026-12-31")


@dataclass
class Done:
    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def run(monkeypatch, capsys):
    """The program, in this process: a dozen starts of Python would take most of the time."""
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("CREDLY_TOKEN", TOKEN)
    monkeypatch.setattr("credrules_credly.line.FIRST_WAIT", 0.0)

    def run(folder, *words):
        monkeypatch.chdir(folder)
        monkeypatch.setattr(sys, "argv", ["credrules", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        return Done(ended.value.code, *capsys.readouterr())

    return run


@pytest.fixture
def home(emulator, run, tmp_path):
    home = tmp_path / "uni"
    run(tmp_path, "init", "uni")
    settings = (home / "credrules.toml").read_text().replace('engine = "durable"', 'engine = "plain"')
    table = f'url = "{emulator.url}"\norganization = "{ORGANIZATION}"\ntoken = "env:CREDLY_TOKEN"\n'
    (home / "credrules.toml").write_text(f'{settings}\n[issuers.credly]\nplugin = "credly"\n{table}')
    program = home / "rules" / "programs" / "first-program.yaml"
    before = program.read_text().partition("awards:")[0]
    program.write_text(f"{before}awards:\n  - issuer: credly\n    template: {TEMPLATE}\n")
    return home


@pytest.fixture
def attested(home, run):
    rows = ["learner_id,program,role,statement,by,on,evidence"]
    for line in (home / "records" / "learners.csv").read_text().splitlines()[1:]:
        learner = line.split(",")[0]
        rows += [f"{learner},first-program,{role},,A. Person,2026-06-01," for role in ("lead", "office")]
        rows.append(f"{learner},first-program,lead,portfolio,A. Person,2026-06-01,https://e.example")
    (home / "said.csv").write_text("\n".join(rows) + "\n")
    said = run(home, "attest", "--from", "said.csv")
    assert said.returncode == 0, said.stderr


def test_a_badge_is_issued_and_the_office_sees_who_has_accepted(emulator, home, run, attested):
    checked = run(home, "check")
    assert checked.returncode == 0, checked.stdout

    done = run(home, "run", *DAY)
    again = run(home, "run", *DAY)

    badges = emulator.badges()
    assert badges, done.stderr
    assert f"{len(badges)} award" in done.stdout
    assert "Nothing is new; nothing was issued." in again.stdout
    for badge in badges[1:]:
        emulator.tell("accept", {"badge": badge["id"]})
    told = run(home, "acceptance", "--links")
    assert told.returncode == 0, told.stderr
    assert f"1 pending, {len(badges) - 1} accepted" in told.stdout
    assert f"https://www.credly.invalid/badges/{badges[0]['id']}/accept" in told.stdout
    waiting = json.loads(run(home, "--json", "acceptance", "--waiting", "0").stdout)
    assert [one["learner_id"] for one in waiting["awards"]] == [badges[0]["earner"]]
    assert waiting["counts"] == {"pending": 1, "accepted": len(badges) - 1}
    assert json.loads(run(home, "--json", "acceptance", "--state", "rejected").stdout)["awards"] == []


def test_a_template_that_is_not_active_is_said_before_anything_is_decided(emulator, home, run):
    other = "b0000000-0000-4000-8000-00000000000a"
    emulator.tell("templates", {"id": other, "name": "Old", "state": "archived"})
    program = home / "rules" / "programs" / "first-program.yaml"
    program.write_text(program.read_text().replace(TEMPLATE, other))
    line = program.read_text().splitlines().index("  - issuer: credly") + 1

    checked, done = run(home, "check"), run(home, "run", *DAY)

    expected = (
        f"rules/programs/first-program.yaml:{line}: program 'first-program', award 'credly': "
        f"the template {other} (Old) is archived. Make it active at Credly."
    )
    assert (checked.returncode, done.returncode) == (2, 2)
    assert expected in checked.stdout
    assert expected in done.stderr
    assert emulator.badges() == []


def test_while_credly_is_away_everybody_is_decided_and_what_is_owed_waits(emulator, home, run, attested):
    emulator.fault("503", times=None)

    done = run(home, "run", *DAY)
    told = run(home, "acceptance")

    assert done.returncode == 1
    assert "waiting for an issuer that cannot be reached now" in done.stdout
    assert "✗ issuer credly: Credly gave 503, 4 times." in run(home, "check").stdout
    assert told.returncode == 0  # nothing was issued, so there is nothing to ask
    emulator.tell("faults", [])
    assert run(home, "run", *DAY).returncode == 0
    emulator.fault("503", times=None)
    told = run(home, "acceptance")
    assert told.returncode == 1
    assert "issuer credly: Credly gave 503" in told.stderr
