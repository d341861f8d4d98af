"""Who has accepted: what the issuers say, and what nobody can say."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from credrules.acceptance import follow
from credrules.adapters import Acceptance, AcceptanceState
from credrules.awards import Receipt
from credrules.errors import Unavailable
from credrules.ledger import AwardState
from credrules.testing import FakeIssuer


@dataclass
class Asking(FakeIssuer):
    answers: dict[str, AcceptanceState] = field(default_factory=dict)
    down: bool = False

    def acceptances(self, receipts):
        if self.down:
            raise Unavailable("The service does not answer.")
        for receipt in receipts:
            if receipt.reference in self.answers:
                yield Acceptance(reference=receipt.reference, state=self.answers[receipt.reference], since=SINCE)


SINCE = date(2026, 5, 20)


def award(key, issuer="credly", issued=True):
    receipt = Receipt(award_key=key, issuer=issuer, reference=f"ref-{key}") if issued else None
    return AwardState(key, issuer, "L001", "p", "issued" if issued else "owed", "", receipt)


def test_each_award_stands_as_its_issuer_says_and_what_it_no_longer_has_is_unknown():
    issuer = Asking("credly", answers={"ref-a": AcceptanceState.PENDING, "ref-b": AcceptanceState.REJECTED})

    found = follow([award("a"), award("b"), award("c")], {"credly": issuer})

    assert [(one.key, one.state, one.since) for one in found] == [
        ("a", "pending", SINCE),
        ("b", "rejected", SINCE),
        ("c", "unknown", None),
    ]


def test_what_needs_no_acceptance_or_was_not_issued_is_left_out():
    issuers = {"credly": Asking("credly"), "badges": FakeIssuer("badges")}

    assert follow([award("a", "badges"), award("b", issued=False), award("c", "gone")], issuers) == []


def test_an_issuer_that_cannot_be_asked_is_said_and_nothing_is_made_of_its_silence():
    failures = []
    issuers = {"credly": Asking("credly", down=True), "other": Asking("other")}

    found = follow([award("a"), award("b", "other")], issuers, failures.append)

    assert [one.key for one in found] == ["b"]
    assert failures == ["issuer credly: The service does not answer."]
