"""Who has changed, by the alias changed_at: what is compared, and what is refused."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from credrules import Knows, RecordsError
from credrules.sync import Scope, Store, synchronise
from credrules_sql.stamps import Stamped, changed_since

DAY = date(2026, 3, 2)
TABLES = (
    "CREATE TABLE learners (learner_id varchar(20), given_name varchar(20), written varchar(40))",
    "CREATE TABLE attempts (attempt_id varchar(20), learner_id varchar(20), course varchar(20), term_id varchar(20), "
    "grade varchar(5), written varchar(40))",
    "INSERT INTO learners VALUES ('L1', 'A', '2026-03-01 10:00:00'), ('L2', 'B', '2026-03-01 10:00:00')",
    "INSERT INTO learners VALUES ('l1', 'C', '2026-02-01 10:00:00')",
    "INSERT INTO attempts VALUES ('A1', 'L1', 'STA 501', '2259', 'A', '2026-03-01 12:00:00')",
    "INSERT INTO attempts VALUES ('A2', 'L2', 'STA 501', ' ', 'A', '2026-02-01 12:00:00')",
    "INSERT INTO attempts VALUES ('A3', 'l1', 'STA 501', 'F25', 'A', NULL)",
)
QUERIES = """
-- entity: learners
SELECT learner_id, given_name{learners} FROM learners
-- entity: attempts
SELECT attempt_id, learner_id, course, term_id, grade{attempts} FROM attempts
-- entity: terms
SELECT '2259' AS term_id, 'fall 2025' AS title, '2025-08-25' AS starts, '2025-12-19' AS ends
"""


def asked(learners, attempts):
    """The queries, with these expressions as stamps; where there is none, without."""
    stamps = {"learners": learners, "attempts": attempts}
    return QUERIES.format(**{name: f", {stamp} AS changed_at" if stamp else "" for name, stamp in stamps.items()})


@pytest.fixture
def stamped(empty):
    server = empty.url.get_backend_name()
    cast = {"sqlite": "written", "mariadb": "CAST(written AS datetime)"}.get(server, "CAST(written AS timestamp)")
    empty.queries = asked(cast, cast)
    empty.settings = {"values": {"attempts.term_id": {"F25": "2259"}}}
    empty.run(*TABLES)
    return empty


def at(*moment):
    return datetime(*moment)  # noqa: DTZ001  most systems keep times without a zone


def changed(campus, *since):
    return sorted(one.learner_id for one in campus.source.changed_since(at(*since)))


def test_whoever_has_a_row_of_that_moment_or_later_has_changed_and_whoever_has_one_without_a_stamp(stamped):
    """Ids that differ in the case of a letter are two learners, on every database."""
    assert stamped.source.stamps is Knows.FULL
    assert stamped.source.latest() == at(2026, 3, 1, 12)
    assert changed(stamped, 2026, 3, 1, 12) == ["L1", "l1"]
    assert changed(stamped, 2026, 3, 1, 10) == ["L1", "L1", "L2", "l1"]
    assert changed(stamped, 2026, 3, 1, 12, 0, 1) == ["l1"]


def test_pages_of_changes_are_read_to_the_last(stamped):
    stamped.settings["page"] = 1

    assert changed(stamped, 2020, 1, 1) == ["L1", "L1", "L2", "L2", "l1", "l1"]


def test_a_reading_of_changes_that_is_cut_off_is_an_error(stamped, monkeypatch):
    page = Stamped.changed
    pages = iter([2, 0])
    monkeypatch.setattr(
        Stamped, "changed", lambda self, since, after, limit, dialect: page(self, since, after, next(pages), dialect)
    )
    source = stamped.source

    with (
        source._opened() as opened,
        pytest.raises(RecordsError, match="2 changes were read, and the database counts 3"),
    ):
        list(changed_since(opened.connection, opened.stamped["learners"], at(2020, 1, 1), 10))


def test_text_in_sqlite_is_compared_as_time_however_it_is_written(stamped):
    if stamped.url.get_backend_name() != "sqlite":
        pytest.skip("elsewhere a time is no text")
    stamped.run("UPDATE learners SET written = '2026-03-01T23:00:00.500' WHERE learner_id = 'L2'")

    assert changed(stamped, 2026, 3, 1, 22) == ["L2", "l1"]
    assert changed(stamped, 2026, 3, 1, 23, 30) == ["l1"]


def test_a_blank_term_is_none_and_a_mapped_one_is_the_one_it_is_mapped_to(stamped):
    (batch,) = stamped.source.batches_of_terms(["2259"])
    (none,) = stamped.source.batches_of_terms([])

    assert [len(record.attempts) for record in batch.records] == [1, 1, 1]
    assert [len(record.attempts) for record in none.records] == [0, 1, 0]


def test_a_query_without_changed_at_has_the_scope_compared_every_time(stamped):
    stamped.queries = asked("", "written")
    if stamped.url.get_backend_name() != "sqlite":
        pytest.skip("one database shows it")
    scope = Scope(terms=frozenset({"2259"}))
    with Store.in_memory() as store:
        synchronise(stamped.source, store, scope, DAY)
        stamped.run("UPDATE learners SET given_name = 'Z' WHERE learner_id = 'L2'")
        report = synchronise(stamped.source, store, scope, DAY)

    assert stamped.source.stamps is Knows.PARTIAL
    assert (report.reading, report.changed) == ("scope", 1)


def test_terms_that_are_moved_have_everybody_read(stamped):
    with Store.in_memory() as store:
        synchronise(stamped.source, store, Scope(), DAY)
        stamped.queries = stamped.queries.replace("2025-12-19", "2025-12-20")
        report = synchronise(stamped.source, store, Scope(), DAY)

    assert report.because == "something has changed on which every record depends"
    assert report.changed == 2  # L2 is in no term


@pytest.mark.parametrize(
    ("stamp", "said"),
    [("'soon'", "changed_at is a text that is no time"), ("1.5", "changed_at is of the type float")],
)
def test_what_has_no_order_is_no_stamp(stamped, stamp, said):
    if stamped.url.get_backend_name() != "sqlite":
        pytest.skip("elsewhere the types say it")
    stamped.queries = asked(stamp, stamp)

    with pytest.raises(RecordsError, match=said):
        stamped.source.latest()


def test_stamps_of_two_kinds_cannot_be_compared(stamped):
    if stamped.url.get_backend_name() != "sqlite":
        pytest.skip("one database shows it")
    stamped.queries = asked("7", "written")

    with pytest.raises(RecordsError, match=r"a time without a zone, and of another query a number\. Cast them"):
        stamped.source.latest()
