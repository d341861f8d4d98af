from __future__ import annotations

import pytest

from credrules.testing import RecordsSuite


class TestEthos(RecordsSuite):
    """In pages of three rows."""

    @pytest.fixture
    def records(self, campus):
        return campus.source
