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


class TestCsvWithLittle(RecordsSuite):
    """On the three files, and the columns, without which there is nothing to decide."""

    @pytest.fixture
    def records(self, tmp_path):
        (tmp_path / "learners.csv").write_text("learner_id\nL1\nL2\nL3\n")
        (tmp_path / "attempts.csv").write_text("attempt_id,learner_id,course,grade\nA1,L1,STA 501,A\n")
        (tmp_path / "terms.csv").write_text("term_id,title,starts,ends\n1,fall 2025,2025-08-25,2025-12-19\n")
        return CsvRecords(tmp_path)
