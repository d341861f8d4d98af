"""Which system's tables a database has is found by its SELECTs, on PostgreSQL and SQLite."""

from __future__ import annotations

import pytest

from credrules import RecordsError, Section
from credrules_sql import credrules_connections
from test_banner import FIELDS as OF_BANNER
from test_peoplesoft import FIELDS as OF_PEOPLESOFT
from test_rosariosis import FIELDS
from vendor_tables import Tables


def seen(campus, **values):
    [connection] = credrules_connections()
    given = {"url": campus.url.render_as_string(hide_password=False), **values}
    return connection.look(Section("records", "sql", given, where=str(campus.folder / "c.toml")))


@pytest.mark.parametrize(
    ("name", "fields"), [("banner", OF_BANNER), ("peoplesoft", OF_PEOPLESOFT), ("rosariosis", FIELDS)]
)
def test_a_profile_is_recognised_where_all_of_its_selects_can_be_run(vendor, name, fields):
    Tables(vendor, fields)

    found = seen(vendor)

    assert [profile.settings for profile in found.profiles] == [{"profile": name}]
    assert found.otherwise == ()


def test_where_a_table_is_not_granted_it_is_said_what_cannot_be_run(vendor):
    Tables(vendor, {name: columns for name, columns in FIELDS.items() if name != "schedule"})

    found = seen(vendor)

    assert found.profiles == ()
    assert "RosarioSIS: 1 of 4 SELECTs cannot be run (attempts: " in found.remarks[0]
    assert [question.key for question in found.otherwise] == ["queries"]


def test_where_none_fits_the_tables_are_listed_with_their_columns(vendor):
    vendor.run("CREATE TABLE person (no varchar(8), mail varchar(80))")

    found = seen(vendor)

    assert found.remarks == ["No profile fits. Tables and views that the account sees: 1.", "  person (no, mail)"]


def test_nothing_is_looked_for_where_the_queries_are_named(vendor):
    assert seen(vendor, queries="records.sql").remarks == ()


def test_a_database_that_is_not_there_fits_no_profile_and_is_an_error(vendor):
    with pytest.raises(RecordsError):
        seen(vendor, url="sqlite:////nowhere/sis.db")
