from __future__ import annotations

import pytest

from credrules.testing import RecordsSuite


class TestOneRoster(RecordsSuite):
    """On a service of 1.2, in pages of three rows."""

    @pytest.fixture
    def records(self, campus):
        return campus.source


class TestOneRoster11(RecordsSuite):
    """On a service of 1.1, whose results are read in one list."""

    @pytest.fixture
    def records(self, campus):
        campus.settings |= {"version": "1.1", "results": "all", "grade": ["metadata.letterGrade"]}
        return campus.source


class TestBundle(RecordsSuite):
    """On a zip of CSV files."""

    @pytest.fixture
    def records(self, bundle):
        return bundle.source
