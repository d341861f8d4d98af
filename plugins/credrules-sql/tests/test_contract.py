from __future__ import annotations

from importlib import resources

import pytest

from credrules.rows.layouts import OF_LEARNERS
from credrules.testing import RecordsSuite
from credrules_csv import CsvRecords


class TestSql(RecordsSuite):
    """On SQLite, on a real PostgreSQL and on a real MariaDB."""

    @pytest.fixture
    def records(self, campus):
        self.campus = campus
        return campus.source

    def change(self, records, learner_id):
        self.campus.run(f"UPDATE learners SET given_name = 'Zoë' WHERE learner_id = '{learner_id}'")
        return True

    def remove(self, records, learner_id):
        for layout in OF_LEARNERS:
            self.campus.run(f"DELETE FROM {layout.entity} WHERE learner_id = '{learner_id}'")
        self.campus.run(f"DELETE FROM learners WHERE learner_id = '{learner_id}'")


class TestSqlWithStamps(TestSql):
    """With a time of change in every table that is read, which the queries call changed_at."""

    @pytest.fixture
    def records(self, campus):
        self.campus = campus
        kind = "varchar(30)" if campus.url.get_backend_name() == "sqlite" else "timestamp"
        for table in ("learners", "attempts"):
            campus.run(
                f"ALTER TABLE {table} ADD COLUMN changed_at {kind}",
                f"UPDATE {table} SET changed_at = '2025-12-30 12:00:00'",
            )
        campus.queries = "\n".join(f"-- entity: {e}\nSELECT * FROM {e}" for e in ("learners", "attempts", "terms"))
        return campus.source

    def change(self, records, learner_id):
        written = "given_name = 'Zoë', changed_at = '2025-12-31 08:00:00'"
        self.campus.run(f"UPDATE learners SET {written} WHERE learner_id = '{learner_id}'")
        return True


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
