from __future__ import annotations

from importlib import resources

import pytest

from credrules.testing import RecordsSuite
from credrules_csv import CsvRecords


class TestSql(RecordsSuite):
    """On SQLite, on a real PostgreSQL and on a real MariaDB."""

    @pytest.fixture
    def records(self, campus):
        return campus.source


class TestSqlWithPages(RecordsSuite):
    """With pages that hold few learners, in the database's own order."""

    @pytest.fixture
    def records(self, campus):
        campus.settings |= {"page": 5, "order": "database"}
        return campus.source


def test_the_same_rows_are_the_same_records_from_files_and_from_a_database(campus):
    """Whatever the types of the columns. Only where they were read differs."""
    from credrules.records import identifying

    with resources.as_file(resources.files("credrules_csv") / "example") as folder:
        files = [record for batch in CsvRecords(folder).batches() for record in batch.records]
        catalogue = CsvRecords(folder).courses()

    found = list(campus.records().values())

    assert [identifying(record) for record in found] == [identifying(record) for record in files]
    assert set(campus.source.courses()) == set(catalogue)
    with resources.as_file(resources.files("credrules_csv") / "example") as folder:
        assert campus.source.capabilities == CsvRecords(folder).capabilities
