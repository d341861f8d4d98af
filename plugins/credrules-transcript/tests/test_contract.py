from __future__ import annotations

import pytest

from credrules.testing import IssuerSuite
from credrules_transcript import TranscriptIssuer


class TestTranscript(IssuerSuite):
    can_revoke = False  # the registrar may have loaded the order already, and no row undoes one

    @pytest.fixture
    def make_issuer(self, tmp_path):
        return lambda: TranscriptIssuer("transcript", tmp_path)
