"""What every issuer promises, kept by this one."""

from __future__ import annotations

import json

import pytest

from credrules.testing import IssuerSuite
from credrules_openbadges import OpenBadgesIssuer
from credrules_openbadges.status_list import decoded


class TestOpenBadges(IssuerSuite):
    @pytest.fixture
    def make_issuer(self, tmp_path, key_pem):
        self.folder = tmp_path / "out"
        return lambda: OpenBadgesIssuer("badges", self.folder, key_pem, "https://university.example/badges")

    def is_revoked(self, receipt):
        badge = json.loads((self.folder / receipt.detail["file"]).read_text(encoding="utf-8"))
        status = badge["credentialStatus"]
        path = self.folder / status["statusListCredential"].rpartition("/")[2]
        return int(status["statusListIndex"]) in decoded(
            json.loads(path.read_text())["credentialSubject"]["encodedList"]
        )


class TestWithoutAPublicUrl(IssuerSuite):
    can_revoke = False  # a badge names no status list where it is not said on which address one is published

    @pytest.fixture
    def make_issuer(self, tmp_path, key_pem):
        return lambda: OpenBadgesIssuer("badges", tmp_path / "out", key_pem)
