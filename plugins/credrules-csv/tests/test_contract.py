from __future__ import annotations

import pytest

from credrules.scaffold import scaffold
from credrules.testing import RecordsSuite
from credrules_csv import CsvRecords, credrules_scaffold


class TestCsv(RecordsSuite):
    """On the records that `credrules init` writes."""

    @pytest.fixture
    def records(self, tmp_path):
        scaffold(tmp_path, credrules_scaffold())
        return CsvRecords(tmp_path / "records")

    def change(self, records, learner_id):
        self._replace(records, "learners.csv", lambda line: line.replace(f"{learner_id},", f"{learner_id},Zoë ", 1))
        return True

    def remove(self, records, learner_id):
        for path in records.folder.glob("*.csv"):
            self._replace(records, path.name, lambda line: "" if learner_id in line else line)

    def _replace(self, records, name, change):
        path = records.folder / name
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        path.write_text("".join(map(change, lines)), encoding="utf-8")


class TestCsvWithLittle(RecordsSuite):
    """On the three files, and the columns, without which there is nothing to decide."""

    @pytest.fixture
    def records(self, tmp_path):
        (tmp_path / "learners.csv").write_text("learner_id\nL1\nL2\nL3\n")
        (tmp_path / "attempts.csv").write_text("attempt_id,learner_id,course,grade\nA1,L1,STA 501,A\n")
        (tmp_path / "terms.csv").write_text("term_id,title,starts,ends\n1,fall 2025,2025-08-25,2025-12-19\n")
        return CsvRecords(tmp_path)
