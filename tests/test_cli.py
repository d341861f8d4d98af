"""The commands, as a person types them, on a new installation."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.command_line import PLAIN, credrules

sys.path.insert(0, str(Path(__file__).parents[1] / "examples"))

from bad_input import MISTAKES, said_of  # a script, found by the line above

WHY = ("--reason", "A reason", "--by", "A. Person")
PROGRAM = Path(sys.executable).with_name("credrules")


def in_a_process(folder, *words, env):
    """For what only a process of its own shows."""
    return subprocess.run(
        [PROGRAM, *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **PLAIN, **env},
    )


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    folder = tmp_path_factory.mktemp("installation")
    done = credrules(folder, "init", "uni")
    assert done.returncode == 0, done.stderr
    return folder / "uni"


@pytest.fixture
def home(fresh, tmp_path):
    """A new installation that this test may change."""
    return Path(shutil.copytree(fresh, tmp_path / "uni"))


def test_a_new_installation_is_in_order(home):
    done = credrules(home, "check")

    assert (done.returncode, done.stderr) == (0, "")
    assert "Everything is in order." in done.stdout


def test_the_key_of_a_new_installation_can_be_read_by_its_owner_alone(home):
    assert (home / "keys" / "badges.pem").stat().st_mode & 0o077 == 0


def test_a_second_init_overwrites_nothing(home):
    before = (home / "credrules.toml").read_text()

    done = credrules(home, "init")

    assert done.returncode == 2
    assert "Nothing was written" in done.stderr
    assert (home / "credrules.toml").read_text() == before


def test_its_cases_pass(home):
    done = credrules(home, "test")

    assert done.returncode == 0
    assert "first-program: 2 cases, 0 failed" in done.stdout


def test_a_case_that_fails_says_what_was_expected_and_what_was_decided(home):
    path = home / "rules" / "programs" / "first-program.cases.yaml"
    path.write_text(path.read_text().replace("outcome: unmet", "outcome: met"))

    done = credrules(home, "test")

    assert done.returncode == 1
    assert "expected met, decided unmet" in done.stdout


def learners(home):
    return json.loads(credrules(home, "--json", "run", "--dry-run", "--as-of", "2026-06-01").stdout)["learners"]


def test_a_run_decides_and_a_second_one_says_that_nothing_is_new(home):
    assert learners(home) > 0
    first = credrules(home, "run", "--as-of", "2026-06-01")
    second = credrules(home, "run", "--as-of", "2026-06-01")

    assert first.returncode in (0, 1), first.stderr
    assert "first-program" in first.stdout
    assert "Nothing is new; nothing was issued." in second.stdout


def test_a_learner_is_awarded_explained_and_the_badge_verifies(home):
    learner = None
    for line in (home / "records" / "learners.csv").read_text().splitlines()[1:]:
        candidate = line.split(",")[0]
        for role, more in (
            ("lead", []),
            ("office", []),
            ("lead", ["--milestone", "portfolio", "--evidence", "https://e.example"]),
        ):
            done = credrules(home, "attest", candidate, "first-program", "--role", role, "--by", "A. Person", *more)
            assert done.returncode == 0, done.stderr
        outcome = json.loads(
            credrules(home, "--json", "explain", candidate, "first-program", "--as-of", "2026-12-31").stdout
        )
        if outcome["outcome"] == 4:
            learner = candidate
            break
    assert learner, "the example records hold nobody who completes the example program"

    done = credrules(home, "run", "--as-of", "2026-12-31")

    assert done.returncode in (0, 1), done.stderr
    badges = sorted((home / "out" / "badges").glob("*.json"))
    assert badges
    verified = credrules(home, "verify", str(badges[0]))
    assert verified.returncode == 0, verified.stdout
    assert "issued by this installation" in verified.stdout
    assert (home / "out" / "transcript" / "transcript-notes.csv").exists()
    explained = credrules(home, "explain", learner, "first-program", "--as-of", "2026-12-31")
    assert "has completed First Program" in explained.stdout
    status = json.loads(credrules(home, "--json", "status").stdout)
    assert status["programs"][0]["conferred"] >= 1


def test_a_badge_with_a_byte_changed_is_found_out(home):
    credrules(home, "run")
    path = home / "forged.json"
    path.write_text('{"type": ["VerifiableCredential", "OpenBadgeCredential"], "id": "urn:x"}')

    done = credrules(home, "verify", str(path))

    assert done.returncode == 1
    assert "✗" in done.stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["explain", "nobody", "first-program"], "have no learner 'nobody'"),
        (["explain", "L001", "first-programm"], "Did you mean 'first-program'?"),
        (["run", "--program", "frist-program"], "Did you mean 'first-program'?"),
        (["run", "--as-of", "tomorrow"], "write it as 2026-08-24"),
        (["attest", "L001", "first-program", "--role", "lead"], "--by"),
        (["attest", "L001", "nothing", "--role", "lead", "--by", "X"], "is no program"),
        (["attest", "L001", "first-program", "--role", "lead", "--by", "X", "--milestone", "paper"], "portfolio"),
        (["except", "L001", "first-program", "sta-510", *WHY], "Did you mean 'sta-501'?"),
        (["except", "L001", "first-program", "portfolio", *WHY, "--until", "2026-09-01"], "has no last day"),
        (
            ["except", "L001", "first-program", "portfolio", "--reason", "r", "--by", "X", "--substitute", "STA 7"],
            "no course",
        ),
        (["status"], "no ledger"),
        (["nonsense"], "No such command"),
    ],
)
def test_wrong_input_is_said_in_words_and_does_nothing(home, words, says):
    done = credrules(home, *words)

    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_without_settings_the_message_says_what_to_do(tmp_path):
    done = credrules(tmp_path, "run")

    assert done.returncode == 2
    assert "credrules init" in done.stderr


def test_every_mistake_in_rules_and_settings_is_reported_at_once(home):
    settings = home / "credrules.toml"
    settings.write_text(settings.read_text().replace("[issuers.badges]", "[issuers.badge]").replace('"csv"', '"cvs"'))
    program = home / "rules" / "programs" / "first-program.yaml"
    program.write_text(program.read_text().replace("course: STA 501", "course: STA five\n    minimun-grade: B"))

    done = credrules(home, "check")

    assert done.returncode == 2
    for part in ("Did you mean 'csv'?", "'STA five' is not a course code", "Did you mean 'minimum-grade'?"):
        assert part in done.stdout


def test_an_issuer_that_the_settings_lack_is_named_with_its_line(home):
    settings = home / "credrules.toml"
    settings.write_text(settings.read_text().replace("[issuers.badges]", "[issuers.badge]"))

    done = credrules(home, "run")

    assert done.returncode == 2
    assert "rules/programs/first-program.yaml:" in done.stderr
    assert "'badges' is no issuer in credrules.toml. There are: badge, transcript. Did you mean 'badge'?" in done.stderr


def test_a_rule_that_asks_what_the_records_cannot_tell_is_refused_when_rules_are_loaded(home):
    (home / "records" / "holds.csv").unlink()

    done = credrules(home, "run")

    assert done.returncode == 2
    assert "asks for holds, which records from 'csv' do not have" in done.stderr
    assert not (home / "credrules.db").exists()


def test_a_secret_that_is_not_there_is_said_without_a_traceback(home):
    settings = home / "credrules.toml"
    settings.write_text(settings.read_text().replace("file:keys/badges.pem", "env:NO_SUCH_VARIABLE"))

    done = credrules(home, "check")

    assert done.returncode == 2
    assert "the environment variable NO_SUCH_VARIABLE is not set" in done.stdout


def test_a_secret_written_into_the_settings_is_refused_and_not_repeated(home):
    settings = home / "credrules.toml"
    settings.write_text(settings.read_text().replace("file:keys/badges.pem", "hunter2"))

    done = credrules(home, "check")

    assert done.returncode == 2
    assert "a secret is never written here" in done.stdout
    assert "hunter2" not in done.stdout + done.stderr


def test_many_attestations_come_from_a_file_with_every_mistake_at_once(home):
    path = home / "said.csv"
    path.write_text(
        "learner_id,program,role,statement,by,on,evidence\n"
        "L001,first-program,lead,,A. Person,2026-05-01,\n"
        "L001,first-program,boss,,A. Person,2026-05-01,\n"
        "L001,no-program,lead,,A. Person,2026-05-01,\n"
        "L001,first-program,lead,,A. Person,1.5.2026,\n"
    )

    done = credrules(home, "attest", "--from", "said.csv")

    assert done.returncode == 2
    for part in ("said.csv:3:", "said.csv:4:", "said.csv:5:"):
        assert part in done.stderr
    assert credrules(home, "status").returncode == 2  # nothing was recorded: there is no ledger


def test_plain_alone_is_used_only_where_the_settings_ask_for_it(home):
    settings = home / "credrules.toml"
    settings.write_text(settings.read_text().replace('"durable"', '"plain"'))

    done = credrules(home, "run", "--as-of", "2026-06-01")

    assert "by plain." in done.stdout


def test_without_durable_the_message_says_how_to_get_it(home, tmp_path):
    (tmp_path / "durable_rules_engine.py").write_text("raise ImportError('undefined symbol: PyEval_CallObject')")

    done = in_a_process(home, "run", env={"PYTHONPATH": str(tmp_path)})

    assert done.returncode == 2
    assert "CPPFLAGS=-DPyEval_CallObject=PyObject_CallObject" in done.stderr
    assert 'engine = "plain"' in done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_there_is_completion_for_the_shell(home, shell):
    done = credrules(home, "completion", shell)

    assert done.returncode == 0
    assert "_CREDRULES_COMPLETE" in done.stdout


def test_the_tab_key_knows_the_programs(home):
    done = in_a_process(
        home, env={"_CREDRULES_COMPLETE": "bash_complete", "COMP_WORDS": "credrules explain L001 fi", "COMP_CWORD": "3"}
    )

    assert "first-program" in done.stdout


def test_json_is_one_document_and_nothing_else(home):
    for words in (["check"], ["plugins"], ["run", "--dry-run"], ["test"]):
        done = credrules(home, "--json", *words)
        json.loads(done.stdout)


def test_no_color_means_no_escape_sequences(home):
    done = credrules(home, "--no-color", "run", "--dry-run")

    assert "\x1b" not in done.stdout + done.stderr


def test_a_learner_is_held_to_a_later_version_that_they_chose(home):
    programs = home / "rules" / "programs"
    text = (programs / "first-program.yaml").read_text()
    day = re.search(r"^effective: (\S+)$", text, re.M)[1]
    (programs / "first-program@2026-05-01.yaml").write_text(text.replace(f"effective: {day}", "effective: 2026-05-01"))
    learner = (home / "records" / "learners.csv").read_text().splitlines()[1].split(",")[0]
    explain = ("explain", learner, "first-program", "--as-of", "2026-06-01")
    elect = ("elect", learner, "first-program", "2026-05-01", "--by", "A. Person", "--reason", "asked for it")

    assert credrules(home, "elect", learner, "first-program", "2026-05-02", *elect[4:]).returncode == 2
    before = credrules(home, *explain).stdout
    done = credrules(home, *elect)
    after = credrules(home, *explain).stdout
    credrules(home, *elect, "--withdraw")

    assert done.returncode == 0, done.stderr
    assert f"in effect since {day}" in before
    assert "in effect since 2026-05-01" in after
    assert "chosen in place of the one in force before (A. Person, " in after
    assert credrules(home, *explain).stdout == before


def test_an_exception_in_the_ledger_whose_requirement_is_gone_is_a_problem(home):
    programs = home / "rules" / "programs"
    text = (programs / "first-program.yaml").read_text()
    learner = (home / "records" / "learners.csv").read_text().splitlines()[1].split(",")[0]
    granted = credrules(home, "except", learner, "first-program", "portfolio", *WHY)
    newer = text.replace("effective: 2026-01-01", "effective: 2027-01-01").replace(
        "milestone: portfolio", "milestone: essay"
    )
    (programs / "first-program@2027.yaml").write_text(newer)

    before = credrules(home, "check")
    (programs / "first-program@2027.yaml").write_text(newer + "migrates: { portfolio: essay }\n")
    after = credrules(home, "check")

    assert granted.returncode == 0, granted.stderr
    assert before.returncode == 2
    assert "no requirement 'portfolio', which the version before it has and 1 exception in the ledger" in before.stdout
    assert after.returncode == 0, after.stdout


def test_an_exception_without_a_reason_or_a_name_is_not_granted(home):
    for words in (("--reason", " ", "--by", "A. Person"), ("--reason", "A reason", "--by", "")):
        done = credrules(home, "except", "L1", "first-program", "portfolio", *words)

        assert done.returncode == 2
        assert "is empty; an exception has a reason and a name." in done.stderr


def test_looking_ahead_names_what_planned_courses_change(home):
    done = credrules(home, "whatif", "50010001", "--add", "CSE 574 A", "--add", "STA 502 A")

    assert done.returncode == 0, done.stderr
    assert "50010001 with CSE 574 with A and STA 502 with A:" in done.stdout


def test_looking_ahead_at_everyone_counts_courses(home):
    done = credrules(home, "--json", "whatif", "--everyone")

    found = json.loads(done.stdout)
    assert found["learners"] > 0
    assert all(row["completes"] == sum(row["programs"].values()) for row in found["courses"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("50010001", "--add", "CSE 574 Q"), "'Q' in 'CSE 574 Q' is not in the grade scale."),
        (("50010001", "--add", "a lot"), "'a lot' is no planned course."),
        (("nobody",), "have no learner 'nobody'"),
        ((), "Name a learner"),
        (("--everyone", "--add", "CSE 574 A"), "Name a learner"),
    ],
)
def test_what_cannot_be_looked_ahead_at_is_said(home, words, said):
    done = credrules(home, "whatif", *words)

    assert done.returncode == 2
    assert said in done.stderr


@pytest.mark.parametrize(
    "words",
    [("check",), ("run", "--dry-run", "--as-of", "2026-06-01"), ("explain", "50010001", "first-program")],
)
def test_what_changes_nothing_makes_no_ledger_either(home, words):
    before = sorted(home.rglob("*"))

    assert credrules(home, *words).returncode == 0
    assert sorted(home.rglob("*")) == before


def test_a_verified_badge_is_not_in_a_ledger_that_is_not_there(home):
    (home / "transcript-notes.csv").write_text("")

    done = credrules(home, "verify", "transcript-notes.csv")

    assert done.returncode == 1
    assert "not in the ledger" in done.stdout
    assert not (home / "credrules.db").exists()


def test_json_may_be_asked_for_after_the_command_too(home):
    assert json.loads(credrules(home, "check", "--json").stdout)["in_order"]


def test_a_failure_is_a_json_document_where_json_is_asked_for(home):
    done = credrules(home, "--json", "run", "--program", "frist-program")

    assert done.returncode == 2
    (problem,) = json.loads(done.stdout)["problems"]
    assert "Did you mean 'first-program'?" in problem["message"]


def test_no_terminal_obeys_what_the_records_hold(home):
    path = home / "records" / "attempts.csv"
    path.write_text(path.read_text().replace(",A-,graded", ",A-\x1b]0;title\x07,graded", 1))

    done = credrules(home, "explain", "50010001", "first-program", "--as-of", "2026-06-01")

    assert "STA 501 (A-\N{REPLACEMENT CHARACTER}]0;title" in done.stdout
    assert "\x1b" not in done.stdout


HEADER = b"learner_id,program,role,statement,by,on,evidence\n"


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (b"L\xff1,first-program,lead,,A. Person,2026-05-01,", "said.csv: is not UTF-8 text."),
        (b"L" * 150_000 + b",first-program,lead,,A. Person,2026-05-01,", "said.csv:1: is not CSV from here on"),
    ],
)
def test_a_file_of_attestations_that_cannot_be_read_is_said_without_a_traceback(home, row, says):
    (home / "said.csv").write_bytes(HEADER + row + b"\n")

    done = credrules(home, "attest", "--from", "said.csv")

    assert done.returncode == 2
    assert done.stderr.startswith(says)


def test_an_attestation_names_who_it_is_about_and_whose_word_it_is(home):
    (home / "said.csv").write_bytes(
        HEADER + b"L\x1b[31m,first-program,lead,,A. Person,2026-05-01,\n"
        b"L1,first-program,lead,,,2026-05-01,\n"
        b"L1,first-program\n"
        b"L1,first-program,led,,A. Person,2026-05-01,\n"
        b"L1,first-program,lead,,A. Person,2026-05-01,,,\n"
    )

    done = credrules(home, "attest", "--from", "said.csv")

    assert [line.split(".")[1].split(":", 1)[1] for line in done.stderr.splitlines()] == [
        "2: The learner has an id that is longer than 200 characters or holds some that cannot be printed",
        "3: Whoever says so has no id",
        "4: '' is no role",
        "5: 'led' is no role",
        "6: the row has more cells than there are columns: learner_id, program, role, statement, by, on, evidence",
    ]


def test_a_folder_that_cannot_be_made_is_said_without_a_traceback(tmp_path):
    (tmp_path / "uni").write_text("a file")

    done = credrules(tmp_path, "init", "uni/deeper")

    assert (done.returncode, done.stderr) == (2, f"uni{os.sep}deeper{os.sep}rules: Not a directory.\n")


def test_a_key_that_everybody_can_read_is_remarked(home):
    (home / "keys" / "badges.pem").chmod(0o644)

    done = credrules(home, "check")

    assert done.returncode == 0
    assert (
        "! keys/badges.pem, the key of badges, can be read by everybody here: chmod o-r keys/badges.pem" in done.stdout
    )


@pytest.mark.parametrize("what", sorted(MISTAKES))
def test_each_kind_of_wrong_input_is_said_as_the_example_shows(what, tmp_path):
    *_, (_, done) = said_of(MISTAKES[what], tmp_path)

    assert MISTAKES[what].says in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_warnings_are_shown_and_keep_nothing_from_running_unless_asked_to(home):
    program = home / "rules" / "programs" / "first-program.yaml"
    program.write_text(program.read_text().replace("[STA 502, CSE 574]", "[STA 502, CSE 547, STA 501]"))

    done = credrules(home, "check")
    data = json.loads(credrules(home, "--json", "check").stdout)

    assert done.returncode == 0
    assert "In order, with 2 warnings." in done.stdout
    assert "! rules/programs/first-program.yaml:12: '1-of-sta-502' asks for courses that 'sta-501'" in done.stdout
    assert "names CSE 547, which the catalogue does not have. Did you mean 'CSE 574'?" in done.stdout
    assert [data["in_order"], data["faults"], data["not_checked"]] == [True, [], []]
    assert [
        [one["check"], one["file"], one["line"], one["program"], one["requirement"]] for one in data["warnings"]
    ] == [
        [check, "rules/programs/first-program.yaml", 12, "first-program", "1-of-sta-502"]
        for check in ("overlap", "course-unknown")
    ]
    assert credrules(home, "check", "--strict").returncode == 1
    assert credrules(home, "run", "--dry-run").returncode == 0


def test_without_a_catalogue_it_says_what_was_not_checked(home):
    (home / "records" / "courses.csv").unlink()

    done = credrules(home, "check")

    assert done.returncode == 0
    assert "- not checked: courses that rules name: records from 'csv' have no catalogue\n" in done.stdout
    assert json.loads(credrules(home, "--json", "check").stdout)["not_checked"]


def test_a_catalogue_that_cannot_be_read_is_a_fault_of_the_check_and_stops_no_run(home):
    with (home / "records" / "courses.csv").open("a") as file:
        file.write("STA,Statistics,,,,3,\n")

    done = credrules(home, "check")

    assert done.returncode == 2
    assert "✗ courses.csv:" in done.stdout
    assert credrules(home, "run", "--dry-run").returncode == 0


def test_warnings_are_shown_beside_faults_of_another_kind(home):
    program = home / "rules" / "programs" / "first-program.yaml"
    program.write_text(program.read_text().replace("CSE 574]", "STA 501]").replace("issuer: badges", "issuer: credly"))

    done = credrules(home, "check", "--strict")

    assert done.returncode == 2
    assert re.search(r"✗ .*'credly' is no issuer", done.stdout)
    assert re.search(r"! .*asks for courses that 'sta-501'", done.stdout)
