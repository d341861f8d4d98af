"""What every issuer promises, kept by this one."""

from __future__ import annotations

import pytest

from credrules.testing import IssuerSuite
from credrules_openbadges import OpenBadgesIssuer


class TestOpenBadges(IssuerSuite):
    can_revoke = False  # a badge made here names no status list where a verifier would look

    @pytest.fixture
    def make_issuer(self, tmp_path, key_pem):
        return lambda: OpenBadgesIssuer("badges", tmp_path, key_pem)
