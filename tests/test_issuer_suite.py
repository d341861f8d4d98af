"""The suite that holds issuers to their promises: the fake keeps them, and who breaks one is found out."""

from __future__ import annotations

import pytest

from credrules.errors import Refused
from credrules.testing import FakeIssuer, IssuerSuite


class TestFake(IssuerSuite):
    @pytest.fixture
    def make_issuer(self):
        self.books = FakeIssuer()

        def make():
            return self.books

        return make

    @pytest.fixture(autouse=True)
    def the_fake_issues_once(self, make_issuer):
        """The core looks before it issues; the fake, which counts the calls, does not."""
        issue = self.books.issue
        self.books.issue = lambda award: self.books.find(award) or issue(award)

    def is_revoked(self, receipt):
        return receipt.award_key in self.books.revoked


class Forgetful(FakeIssuer):
    """What it took back it says was never issued: the core would issue it again."""

    def find(self, award):
        return None if award.key in self.revoked else super().find(award)


class Silent(FakeIssuer):
    """It takes back nothing, and says nothing."""

    def revoke(self, receipt, reason):
        raise Refused("")


def test_an_issuer_that_forgets_what_it_took_back_is_found_out():
    books = Forgetful()

    with pytest.raises(AssertionError):
        TestFake().test_what_was_taken_back_was_issued_all_the_same(lambda: books)


def test_an_issuer_that_gives_no_reason_is_found_out():
    class Held(IssuerSuite):
        can_revoke = False

    with pytest.raises(AssertionError, match="Regex"):
        Held().test_what_cannot_be_taken_back_is_refused_with_a_reason(Silent())
