"""Intent, call, receipt; and what to do when nobody knows what came of a call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from credrules.awards import Receipt
from credrules.errors import OutcomeUnknown, Refused, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Container, Mapping

    from credrules.adapters import Issuer
    from credrules.awards import Award
    from credrules.ledger import Ledger, Outstanding


class _NoReceipt(Exception):
    """The issuer answered with something other than a receipt for the award that it was asked for."""


@dataclass(slots=True)
class Issued:
    """What one pass over the outbox did, in awards."""

    issued: int = 0
    adopted: int = 0  # found to have been issued before, by a call whose answer was lost
    refused: int = 0
    postponed: int = 0
    in_doubt: int = 0
    unconfigured: int = 0


def issue_outstanding(
    ledger: Ledger,
    issuers: Mapping[str, Issuer],
    *,
    on_progress: Callable[[int], object] = lambda awards: None,
    asked_for: Container[str] = (),
    decide_again: Callable[[Collection[str]], object] = lambda learners: None,
) -> Issued:
    """Issue every award that is owed, once each.

    An intent is in the ledger before a call, and an award that was ever tried is looked up with `find` before it is
    tried again. An issuer that cannot be reached, or that breaks, is left alone for the rest of this pass; its awards
    stay as they are.

    `asked_for` are the programs that others ask about. `decide_again` is told of learners who now hold one of these;
    what it adds to what is owed is issued in the same pass.
    """
    result = Issued()
    resting: set[str] = set()
    after = 0
    while True:
        holders: set[str] = set()
        for outstanding in ledger.outstanding(after):
            after = outstanding.place
            received = result.issued + result.adopted
            _take_up(ledger, issuers, outstanding, result, resting)
            award = outstanding.award
            if result.issued + result.adopted > received and award.achievement.program in asked_for:
                holders.add(award.recipient.learner_id)
            on_progress(1)
        if not holders:
            return result
        decide_again(sorted(holders))


def _take_up(
    ledger: Ledger, issuers: Mapping[str, Issuer], outstanding: Outstanding, result: Issued, resting: set[str]
) -> None:
    name = outstanding.award.issuer
    issuer = issuers.get(name)
    if issuer is None:
        result.unconfigured += 1
    elif name in resting:
        _count_waiting(outstanding, result)
    elif not _issue(ledger, issuer, outstanding, result):
        resting.add(name)


def _issue(ledger: Ledger, issuer: Issuer, outstanding: Outstanding, result: Issued) -> bool:
    """One award. False where the issuer had better be left alone for now."""
    award = outstanding.award
    if outstanding.tried:
        try:
            found = _find(issuer, award)
        except Exception as error:
            keep = ledger.doubt if outstanding.in_doubt else ledger.postpone
            keep(award.key, _text(error))
            _count_waiting(outstanding, result)
            return False
        if found:
            ledger.receive(found)
            result.adopted += 1
            return True
        if outstanding.lapsed:
            ledger.postpone(award.key, "It was looked up: it was never issued. It is no longer owed.")
            return True
    ledger.intend(award.key)
    try:
        receipt = _for_this(award, issuer.issue(award))
    except Refused as error:
        ledger.refuse(award.key, _text(error))
        result.refused += 1
        return True
    except Unavailable as error:
        ledger.postpone(award.key, _text(error))
        result.postponed += 1
        return False
    except Exception as error:
        ledger.doubt(award.key, _text(error))
        return _resolve(ledger, issuer, award, error, result)
    ledger.receive(receipt)
    result.issued += 1
    return True


def _count_waiting(outstanding: Outstanding, result: Issued) -> None:
    if outstanding.in_doubt:
        result.in_doubt += 1
    else:
        result.postponed += 1


def _resolve(ledger: Ledger, issuer: Issuer, award: Award, error: Exception, result: Issued) -> bool:
    """Look an award up whose call has no known outcome. Not found now is not yet never: the next run asks again."""
    try:
        found = _find(issuer, award)
    except Exception:
        found = None
    if found:
        ledger.receive(found)
        result.adopted += 1
    else:
        result.in_doubt += 1
    return isinstance(error, OutcomeUnknown)


def _find(issuer: Issuer, award: Award) -> Receipt | None:
    receipt = issuer.find(award)
    return None if receipt is None else _for_this(award, receipt)


def _for_this(award: Award, receipt: Receipt) -> Receipt:
    """The receipt, if it is one for this award; whatever else a broken plugin answers says nothing of what it did."""
    if not isinstance(receipt, Receipt) or receipt.award_key != award.key:
        raise _NoReceipt
    return receipt


def _text(error: Exception) -> str:
    """The failure as the ledger keeps it. Only our own exceptions promise to hold nothing personal."""
    if isinstance(error, Refused | Unavailable | OutcomeUnknown):
        return f"{type(error).__name__}: {error}"
    if isinstance(error, _NoReceipt):
        return "the issuer's answer is no receipt for this award"
    return f"the issuer failed with {type(error).__name__}"
