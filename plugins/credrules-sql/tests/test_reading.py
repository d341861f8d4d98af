"""What the reading of a database promises, whatever the database does."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import create_engine, make_url
from sqlalchemy.dialects import mssql, oracle, postgresql
from sqlalchemy.pool import NullPool

from credrules import Knows, RecordsError, Section
from credrules.errors import SettingsError
from credrules_sql import SqlSettings
from credrules_sql.connecting import snapshot
from credrules_sql.paging import Pager, Source, Span
from credrules_sql.queries import parse_queries
from credrules_sql.translation import preferred_address

THREE = """
-- entity: learners
SELECT learner_id FROM learners
-- entity: attempts
SELECT * FROM attempts
-- entity: terms
SELECT '2259' AS term_id, 'fall 2025' AS title, '2025-08-25' AS starts, '2025-12-19' AS ends
"""
TABLES = (
    "CREATE TABLE learners (learner_id varchar(20))",
    "CREATE TABLE attempts (attempt_id varchar(20), learner_id varchar(20), course varchar(20), grade varchar(5))",
)


@pytest.fixture
def small(empty):
    """Learners 1 to 25, each with two attempts."""
    empty.queries = THREE
    learners = ", ".join(f"('{n}')" for n in range(1, 26))
    attempts = ", ".join(f"('A{n}', '{n}', 'STA 501', 'A'), ('B{n}', '{n}', 'STA 502', 'B')" for n in range(1, 26))
    empty.run(*TABLES, f"INSERT INTO learners VALUES {learners}", f"INSERT INTO attempts VALUES {attempts}")
    return empty


def only_sqlite(url):
    if url.get_backend_name() != "sqlite":
        pytest.skip("one database shows it")


# Pages.


@pytest.mark.parametrize(("page", "size"), [(3, 1), (3, 7), (50, 25), (24_000, 500)])
def test_everybody_is_read_whole_however_the_pages_fall(small, page, size):
    small.settings["page"] = page

    records = small.records(size=size)

    assert list(records) == sorted(map(str, range(1, 26)))
    assert all(len(record.attempts) == 2 for record in records.values())


def test_a_short_page_is_not_the_end(small, monkeypatch):
    """What a server that gives fewer rows than were asked for does, as the OneRoster one that clamps a page."""
    page = Source.page
    monkeypatch.setattr(Source, "page", lambda self, dialect, limit, span: page(self, dialect, min(limit, 3), span))

    assert len(small.records(size=5)) == 25


def test_a_read_that_ends_early_is_an_error(small, monkeypatch):
    """As mariadb's own connector did: 155,490 of 600,000 rows, and no error."""
    fetch = Pager.fetch
    monkeypatch.setattr(Pager, "fetch", lambda self, statement: fetch(self, statement)[:-1])

    assert re.search(r"\d+ rows were read, and the database counts \d+\. A read was cut off", small.refusal()[0])


def test_a_learner_with_more_rows_than_a_page_is_said_and_not_cut(small):
    small.settings["page"] = 2

    assert "one learner has 2 rows or more, which is more than a page" in small.refusal()[0]


def test_whole_numbers_in_the_databases_order_are_refused_and_not_read_in_another(small):
    only_sqlite(small.url)
    small.settings["order"] = "database"
    small.queries = THREE.replace("SELECT learner_id FROM", "SELECT CAST(learner_id AS integer) AS learner_id FROM")

    assert 'Set `order = "binary"`' in small.refusal()[0]


def test_whole_numbers_are_ids_in_the_order_of_their_characters(small):
    cast = (
        "CAST(learner_id AS unsigned)" if small.url.get_backend_name() == "mariadb" else "CAST(learner_id AS integer)"
    )
    small.queries = THREE.replace("SELECT learner_id FROM", f"SELECT {cast} AS learner_id FROM")

    assert list(small.records("10", "9")) == ["10", "9"]
    assert list(small.records())[:3] == ["1", "10", "11"]


# One moment, and nothing written.


def test_nothing_can_be_written(small):
    with (
        pytest.raises(RecordsError),
        snapshot(create_engine(small.url, poolclass=NullPool), 60) as connection,
    ):
        connection.exec_driver_sql("DELETE FROM attempts")


def test_what_is_written_during_a_reading_is_not_in_it(small):
    if small.url.get_backend_name() == "sqlite":
        small.run("PRAGMA journal_mode = WAL")
    reading = small.source.batches(size=5)
    first = next(reading)

    small.run("DELETE FROM attempts", "INSERT INTO learners VALUES ('99')")
    rest = [record for batch in reading for record in batch.records]

    assert len(first.records) + len(rest) == 25
    assert all(len(record.attempts) == 2 for record in rest)


def test_an_answer_of_nobody_is_an_error(small):
    small.run("DELETE FROM learners")

    assert "the database answers that there is nobody" in small.refusal()[0]


def test_rows_of_somebody_who_is_no_learner_set_that_id_aside(small):
    small.run("INSERT INTO attempts VALUES ('C1', '15x', 'STA 501', 'A'), ('C2', 'zz', 'STA 501', 'A')")

    records, aside = small.read(size=4)

    assert len(records) == 25
    assert list(aside) == ["15x", "zz"]
    assert "the query for learners has no such learner (1 rows here)" in aside["zz"][0]


def test_a_row_that_is_nobodys_stops_the_reading(small):
    small.run("INSERT INTO attempts VALUES ('C1', NULL, 'STA 501', 'A')")
    assert "1 rows have no learner_id" in small.refusal()[0]

    small.run("UPDATE attempts SET learner_id = ' ' WHERE learner_id IS NULL")
    assert any("learner_id is blank" in problem for problem in small.refusal())


def test_two_rows_of_one_learner_or_one_attempt_set_the_learner_aside(small):
    small.run("INSERT INTO learners VALUES ('3')", "INSERT INTO attempts VALUES ('A4', '4', 'STA 501', 'F')")

    records, aside = small.read(size=1)

    assert len(records) == 23
    assert "there are 2 rows of this learner" in aside["3"][0]
    assert "this attempt_id is there more than once" in aside["4"][0]


# Cells.


def test_blanks_of_padded_columns_are_no_part_of_what_they_hold(small):
    """PeopleSoft's single blank is no grade, and its catalogue numbers have blanks on the left."""
    small.run("UPDATE attempts SET grade = ' ', course = 'STA  501' WHERE attempt_id = 'A1'")

    found = {one.attempt_id: one for one in small.records("1")["1"].attempts}

    assert (found["A1"].grade, str(found["A1"].course)) == (None, "STA 501")


@pytest.mark.parametrize("value", ["'NaN'", "'Infinity'"])
def test_no_number_is_a_fault_of_one_learner(small, value):
    kind = "numeric" if small.url.get_backend_name() == "postgresql" else "char(10)"
    small.queries = THREE.replace(
        "SELECT * FROM attempts",
        f"SELECT a.*, CAST({value} AS {kind}) AS credits_earned FROM attempts a WHERE attempt_id = 'A7'",
    )

    records, aside = small.read()

    assert len(records) == 24
    assert "attempt_id 'A7' learner_id '7': credits_earned is " in aside["7"][0]


def test_a_float_names_the_learner_and_the_column(small):
    kind = {"sqlite": "real", "postgresql": "double precision", "mariadb": "double"}[small.url.get_backend_name()]
    small.queries = THREE.replace(
        "SELECT * FROM attempts",
        f"SELECT a.*, CAST('3.1' AS {kind}) AS credits_earned FROM attempts a WHERE attempt_id = 'A7'",
    )

    assert "learner_id '7': credits_earned is '3.1'. It is a binary floating-point number" in small.read()[1]["7"][0]


def test_a_day_that_python_has_not_is_a_fault_of_one_learner(small):
    day = {"postgresql": "CAST('infinity' AS date)"}.get(small.url.get_backend_name(), "'0000-00-00'")
    small.queries = THREE.replace(
        "SELECT * FROM attempts", f"SELECT a.*, CASE WHEN attempt_id = 'A7' THEN {day} END AS graded_on FROM attempts a"
    )

    records, aside = small.read()

    assert len(records) == 24
    assert "learner_id '7': graded_on is '" in aside["7"][0]


def test_a_zero_date_of_mariadb_is_never_a_day(small):
    if small.url.get_backend_name() != "mariadb":
        pytest.skip("only MariaDB has such a date")
    small.run(
        "SET SESSION sql_mode = ''",
        "ALTER TABLE attempts ADD graded_on date",
        "UPDATE attempts SET graded_on = '0000-00-00' WHERE attempt_id = 'A7'",
    )

    assert "graded_on is '0000-00-00'. There is no such day." in small.read()[1]["7"][0]


# What the configuration says.


def test_values_are_mapped_and_what_is_not_stays_and_is_judged(small):
    small.queries = THREE.replace(
        "SELECT * FROM attempts",
        "SELECT a.*, CASE attempt_id WHEN 'A1' THEN 'W' WHEN 'A2' THEN 'X' ELSE 'E' END AS registration "
        "FROM attempts a",
    )
    small.settings["values"] = {"registration": {"E": "enrolled", "W": "waitlisted"}, "attempts.grade": {"A": "A+"}}

    records, aside = small.read()

    assert {one.registration for one in records["1"].attempts} == {"waitlisted", "enrolled"}
    assert {one.grade for one in records["1"].attempts} == {"A+", "B"}
    assert "registration is 'X'. Possible: enrolled" in aside["2"][0]


def test_the_address_is_of_the_kind_that_comes_first_and_never_simply_the_first():
    rows = [
        (0, "1", "c@x.example", "CAMP", "Y"),
        (0, "1", "b@x.example", "HOME", "N"),
        (0, "1", "a@x.example", "HOME", "Y"),
    ]

    assert preferred_address(rows, ("HOME", "CAMP")) == "a@x.example"
    assert preferred_address(rows[::-1], ("CAMP", "HOME")) == "c@x.example"
    assert preferred_address(rows, ("OTHR",)) is None


def test_addresses_come_from_their_own_query_in_the_order_of_the_settings(small):
    small.queries += "-- entity: emails\nSELECT learner_id, 'x@x.example' AS email, 'HOME' AS kind FROM learners"
    assert "set `emails`" in small.refusal()[0]

    small.settings["emails"] = ["OTHR", "HOME"]
    assert small.records("1")["1"].learner.email == "x@x.example"


def test_parameters_scope_what_is_read_and_are_bound_not_pasted(small):
    small.queries = THREE.replace("FROM attempts", "FROM attempts WHERE grade = :only -- not :this\n AND ':x' <> '%:y'")
    assert "needs only. Set it in the table [records.parameters]." in small.refusal()[0]

    small.settings["parameters"] = {"only": "A' OR 'a'='a"}
    assert small.records("1")["1"].attempts == ()


def test_capabilities_follow_from_the_aliases_and_from_what_is_partial(campus):
    campus.settings["partial"] = ["admissions"]
    campus.queries = campus.queries.replace("SELECT * FROM holds", "SELECT learner_id, code, blocks FROM holds")

    knows = campus.source.capabilities

    assert (knows.admissions, knows.enrolments, knows.credits) == (Knows.PARTIAL, Knows.FULL, Knows.PARTIAL)


def test_every_fault_of_the_aliases_is_told_at_once(small):
    small.queries = THREE.replace("SELECT learner_id FROM", "SELECT learner_id, 'x' AS privcy FROM").replace(
        "SELECT * FROM attempts", "SELECT learner_id, grade, attempt_id FROM attempts"
    )

    first, second = small.refusal()

    assert first.startswith("records.sql:2: query 'learners': there is no column 'privcy' in this entity.")
    assert first.endswith("Did you mean 'privacy'?")
    assert "the column 'course' is missing" in second


def test_the_file_of_queries_is_understood_or_every_fault_is_told():
    problems = []
    text = (
        "-- ours\n-- entity: learner\nSELECT 1\n-- entity: terms\nDELETE FROM x;\n"
        "-- entity: holds\nSELECT 1; SELECT 2\n-- entity: terms\nSELECT 'a"
    )

    parse_queries(text, "records.sql", problems)

    assert [str(problem).partition(". ")[0] for problem in problems] == [
        "records.sql:2: there is no entity 'learner'",
        "records.sql:4: query 'terms': is no SELECT",
        "records.sql:6: query 'holds': has more than one statement",
        "records.sql:8: the entity 'terms' is there already, in line 4",
    ]


# Secrets, and failures.


def settings(**values):
    return Section("records", "sql", {"queries": "records.sql", **values}).read(SqlSettings)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://reader:hunter2@db.example/sis",
        "mssql+pyodbc:///?odbc_connect=PWD%3Dhunter2",
        "mysql://db.example/x?password=hunter2",
    ],
)
def test_a_password_in_the_url_is_refused_and_not_repeated(url):
    with pytest.raises(SettingsError) as refused:
        settings(url=url)

    assert "holds a password; take it out" in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_the_driver_that_ends_broken_reads_quietly_is_refused():
    with pytest.raises(SettingsError, match=r"mariadb\+pymysql"):
        settings(url="mariadb+mariadbconnector://reader@db.example/sis")


def test_a_password_is_in_no_repr_and_no_error(monkeypatch, tmp_path):
    from credrules_sql import records_from

    monkeypatch.setenv("SIS_PASSWORD", "hunter2")
    tmp_path.joinpath("records.sql").write_text(THREE)
    read = settings(
        url="postgresql+psycopg://reader@127.0.0.1:1/sis",
        password="env:SIS_PASSWORD",  # noqa: S106  where it is, not what it is
        queries=str(tmp_path / "records.sql"),
    )
    source = records_from(read, tmp_path)

    with pytest.raises(RecordsError) as refused:
        list(source.batches())

    assert "127.0.0.1:1" in str(refused.value)
    for text in (repr(source), repr(read), str(refused.value)):
        assert "hunter2" not in text
    assert refused.value.__cause__ is None


def test_a_database_that_is_not_there_is_not_made(small, tmp_path):
    only_sqlite(small.url)
    small.url = make_url(f"sqlite:///{tmp_path / 'nowhere.db'}")

    assert "there is no such database" in small.refusal()[0]
    assert not (tmp_path / "nowhere.db").exists()


def test_a_value_of_the_data_is_not_repeated_in_an_error(small):
    if small.url.get_backend_name() != "postgresql":
        pytest.skip("only PostgreSQL repeats it")
    small.run("UPDATE attempts SET grade = 'Ada' WHERE attempt_id = 'A1'")
    small.queries = THREE.replace(
        "SELECT * FROM attempts", "SELECT attempt_id, learner_id, course, CAST(grade AS integer) AS grade FROM attempts"
    )

    (problem,) = small.refusal()

    assert "invalid input syntax for type integer: '…'" in problem


def test_a_statement_that_takes_too_long_is_an_error_and_no_end(small):
    if small.url.get_backend_name() == "sqlite":
        pytest.skip("SQLite has no such limit")
    small.settings["timeout"] = 1
    sleep = "pg_sleep(3)" if small.url.get_backend_name() == "postgresql" else "sleep(3)"
    small.queries = THREE.replace(
        "SELECT * FROM attempts", f"SELECT a.* FROM attempts a WHERE attempt_id = 'A1' AND {sleep} IS NOT NULL"
    )

    assert "the database says: " in small.refusal()[0]


@pytest.mark.parametrize("dialect", [oracle.dialect(), mssql.dialect(), postgresql.dialect()])
@pytest.mark.parametrize("binary", [True, False])
def test_a_page_is_one_statement_on_every_database(dialect, binary):
    query = parse_queries(THREE, "records.sql", [])["attempts"]
    source = Source(query, ("attempt_id", "learner_id", "course", "grade"), {}, binary=binary)

    text = str(source.page(dialect, 24_000, Span(after="1", upto="9")).compile(dialect=dialect))

    assert re.search(r"(?i)count\(\*\) over \(\)", text)
    assert re.search(r"ORDER BY", text)
    assert re.search(r"TOP|FETCH FIRST|LIMIT", text)


def test_days_and_decimals_are_exact(campus):
    found = {one.attempt_id: one for one in campus.records()["50010001"].attempts}["1002"]

    assert (found.credits_earned, found.graded_on) == (Decimal(3), date(2026, 5, 18))
    assert found.source == "query attempts: 1002"
