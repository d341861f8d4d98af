from __future__ import annotations

import pytest

from credrules.testing import IssuerSuite


class TestMessage(IssuerSuite):
    can_revoke = False  # an e-mail that was sent stays with whoever has it

    @pytest.fixture
    def make_issuer(self, make_message):
        return make_message
