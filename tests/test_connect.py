"""`credrules connect`: a source is asked for, looked at, shown, and written down."""

from __future__ import annotations

import json
import shutil
import sqlite3

import click
import pytest
from click.testing import CliRunner

from credrules.cli import cli
from credrules.connecting import with_records
from credrules.errors import RecordsError, SettingsError
from credrules.plugins import Plugins
from credrules.scaffold import scaffold
from credrules.settings import load

SCHEMA = """
CREATE TABLE person (no TEXT PRIMARY KEY, mail TEXT);
CREATE TABLE result (no TEXT PRIMARY KEY, person TEXT, module TEXT, mark TEXT, term TEXT);
CREATE TABLE calendar (term TEXT PRIMARY KEY, label TEXT, first_day TEXT, last_day TEXT);
INSERT INTO person VALUES ('00000017', 'ada@university.example');
INSERT INTO result VALUES ('1', '00000017', 'STA 501', 'A', '2259');
INSERT INTO calendar VALUES ('2259', 'fall 2025', '2025-08-25', '2025-12-19');
"""
QUERIES = """
-- entity: learners
SELECT no AS learner_id, mail AS email FROM person
-- entity: attempts
SELECT no AS attempt_id, person AS learner_id, module AS course, mark AS grade, term AS term_id FROM result
-- entity: terms
SELECT term AS term_id, label AS title, first_day AS starts, last_day AS ends FROM calendar
"""


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    folder = tmp_path_factory.mktemp("installation") / "uni"
    scaffold(folder, Plugins().scaffold_parts())
    connection = sqlite3.connect(folder / "sis.db")
    connection.executescript(SCHEMA)
    connection.close()
    (folder / "records.sql").write_text(QUERIES)
    return folder


@pytest.fixture
def home(fresh, tmp_path):
    return shutil.copytree(fresh, tmp_path / "uni")


def connect(home, *words, answers=""):
    """What came of it: the exit code in `return_value`, and what was printed."""
    options = ["--settings", str(home / "credrules.toml")]
    command = [*options, "connect", "--as-of", "2026-05-01", *words]
    result = CliRunner().invoke(cli, command, input=answers, standalone_mode=False)
    if result.exception:
        raise result.exception
    return result


def test_questions_are_asked_and_the_answers_written(home):
    shutil.move(home / "records", home / "export")

    result = connect(home, answers="csv\nexport\ny\n")

    assert result.return_value == 0
    assert "Read: 7 of 7 learners." in result.stdout
    assert load(home / "credrules.toml").records.values == {"folder": "export"}


def test_the_answer_from_before_is_the_one_that_is_offered(home):
    result = connect(home, answers="csv\n\ny\n")

    assert "[records]:" in result.stderr
    assert load(home / "credrules.toml").records.values == {"folder": "records"}


def test_nothing_is_overwritten_without_a_yes(home):
    before = (home / "credrules.toml").read_text()

    result = connect(home, "--plugin", "csv", answers="n\n")

    assert "Overwrite the table [records]" in result.stderr
    assert "Nothing was written." in result.stdout
    assert (home / "credrules.toml").read_text() == before


def test_a_dry_run_shows_the_table_and_writes_nothing(home):
    before = (home / "credrules.toml").read_text()

    result = connect(
        home, "--plugin", "sql", "--url", "sqlite:///sis.db", "--set", "queries=records.sql", "--dry-run", "--yes"
    )

    assert 'queries = "records.sql"' in result.stdout
    assert (home / "credrules.toml").read_text() == before


def test_a_database_is_connected_by_options_alone_and_then_the_doctor_says_the_same(home):
    result = connect(
        home, "--json", "--plugin", "sql", "--url", "sqlite:///sis.db", "--set", "queries=records.sql", "--yes"
    )
    shown = json.loads(result.stdout)

    again = CliRunner().invoke(
        cli,
        ["--settings", str(home / "credrules.toml"), "--json", "doctor", "--as-of", "2026-05-01"],
        standalone_mode=False,
    )

    assert shown.pop("records") == {"plugin": "sql", "url": "sqlite:///sis.db", "queries": "records.sql"}
    assert shown.pop("written") is True
    assert json.loads(again.stdout) == shown
    assert again.return_value == result.return_value == 1  # the database has no holds, and a rule asks for them


def test_other_tables_and_comments_of_the_settings_stay(home):
    before = (home / "credrules.toml").read_text()

    connect(home, "--plugin", "sql", "--url", "sqlite:///sis.db", "--set", "queries=records.sql", "--yes")

    after = (home / "credrules.toml").read_text()
    own = '[records]\nplugin = "csv"\nfolder = "records"\n'
    assert after == before.replace(
        own, '[records]\nplugin = "sql"\nurl = "sqlite:///sis.db"\nqueries = "records.sql"\n'
    )


def test_settings_that_nobody_asks_for_stay_where_the_plugin_is_the_same(home):
    connect(home, "--plugin", "sql", "--url", "sqlite:///sis.db", "--set", "queries=records.sql", "--yes")
    with (home / "credrules.toml").open("a") as file:
        file.write('\n[records.values.grade]\n"A (rep)" = "A"\n')

    connect(home, "--plugin", "sql", "--yes")

    assert load(home / "credrules.toml").records.values["values"] == {"grade": {"A (rep)": "A"}}


def test_a_setting_of_a_table_is_added_to_those_that_are_there(home):
    words = ("--plugin", "sql", "--url", "sqlite:///sis.db", "--set", "queries=records.sql", "--yes")
    connect(home, *words, "--set", "parameters.since=2240")

    connect(home, *words, "--set", "parameters.institution=UBFLO")

    assert load(home / "credrules.toml").records.values["parameters"] == {"since": "2240", "institution": "UBFLO"}


def test_where_no_profile_fits_the_tables_are_listed_and_no_row_is(home):
    with pytest.raises(click.ClickException, match="--set queries="):
        connect(home, "--plugin", "sql", "--url", "sqlite:///sis.db")

    options = ["--settings", str(home / "credrules.toml"), "connect", "--plugin", "sql", "--url", "sqlite:///sis.db"]
    text = CliRunner().invoke(cli, options).stderr
    assert "No profile fits. Tables and views that the account sees: 3." in text
    assert "  person (no, mail)" in text
    assert "ada@" not in text


def test_a_secret_is_refused_and_not_repeated(home):
    before = (home / "credrules.toml").read_text()
    words = ("--plugin", "sql", "--set", "queries=records.sql", "--yes")

    with pytest.raises(click.UsageError) as plain:
        connect(home, *words, "--url", "sqlite:///sis.db", "--set", "password=hunter2")
    with pytest.raises(SettingsError) as inside:
        connect(home, *words, "--url", "postgresql://reader:hunter2@localhost/sis")

    assert "hunter2" not in plain.value.message + str(inside.value)
    assert (home / "credrules.toml").read_text() == before


def test_a_reference_is_followed_and_what_it_leads_to_is_in_no_message(home, monkeypatch):
    monkeypatch.setenv("SIS_PASSWORD", "hunter2")
    words = ("--plugin", "sql", "--url", "sqlite:///sis.db", "--set", "queries=records.sql", "--yes")

    with pytest.raises(RecordsError) as found:
        connect(home, *words, "--set", "password=env:SIS_PASSWORD")

    assert "takes no such address" in str(found.value)  # SQLite has no passwords
    assert "hunter2" not in str(found.value)


def test_what_cannot_be_read_is_never_written(home):
    before = (home / "credrules.toml").read_text()

    with pytest.raises(RecordsError, match="there is no such database"):
        connect(home, "--plugin", "sql", "--url", "sqlite:///si.db", "--set", "queries=records.sql", "--yes")

    assert (home / "credrules.toml").read_text() == before


def test_every_secret_that_is_asked_for_is_asked_by_where_it_is_kept():
    secrets = {
        (one.plugin, question.key)
        for one in Plugins().connections().values()
        for question in one.questions
        if question.secret
    }

    assert secrets >= {("sql", "password"), ("oneroster", "client-secret"), ("ethos", "api-key")}


def test_a_plugin_that_is_not_there_is_said_with_the_nearest_one(home):
    with pytest.raises(click.UsageError, match=r"There are: csv, .*sql.*Did you mean 'sql'"):
        connect(home, "--plugin", "sqll")


def test_a_table_is_added_where_there_was_none():
    assert with_records('rules = "rules"\n', {"plugin": "csv"}) == 'rules = "rules"\n\n[records]\nplugin = "csv"\n'
