from __future__ import annotations

import pytest

from credrules.testing import IssuerSuite
from credrules_transcript import TranscriptIssuer


class TestTranscript(IssuerSuite):
    @pytest.fixture
    def make_issuer(self, tmp_path):
        self.folder = tmp_path
        return lambda: TranscriptIssuer("transcript", tmp_path)

    def is_revoked(self, receipt):
        """As the registrar sees it, who loads the file."""
        return f'"{receipt.reference}-removal","remove"' in (self.folder / "transcript-notes.csv").read_text("utf-8")
