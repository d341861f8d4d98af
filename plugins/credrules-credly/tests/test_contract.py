"""What every issuer promises, kept by this one against the emulator."""

from __future__ import annotations

from typing import ClassVar

import httpx
import pytest

from credrules.testing import IssuerSuite

from .conftest import TEMPLATE


class TestCredly(IssuerSuite):
    options: ClassVar = {"template": TEMPLATE}

    @pytest.fixture
    def make_issuer(self, make_credly):
        return make_credly

    @pytest.fixture(autouse=True)
    def the_public_page(self, emulator):
        self.public = f"{emulator.url}/obi/v2/badge_assertions"

    def is_revoked(self, receipt):
        """As any verifier of Open Badges 2.0 sees it, who has no token."""
        return httpx.get(f"{self.public}/{receipt.reference}", trust_env=False).status_code == 410
