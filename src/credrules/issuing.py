"""Intent, call, receipt; and what to do when nobody knows what came of a call."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import TYPE_CHECKING

from credrules.adapters import FindsLate
from credrules.awards import Receipt
from credrules.errors import OutcomeUnknown, Refused, Unavailable
from credrules.fields import needed
from credrules.ledger.queue import REVOKE
from credrules.patience import Patience

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Container, Mapping

    from credrules.adapters import Issuer
    from credrules.awards import Award
    from credrules.ledger import Hold, Ledger, Outstanding

LEASE = 60.0
"""Seconds after the last sign of a worker before what a dead one had in hand is taken over."""

NEVER = "It was looked up: it was never issued. It is no longer owed."
NOT_YET = "It is not found, and an issue whose answer was lost may not show yet."


class Came(StrEnum):
    """What came of a task."""

    ISSUED = "issued"
    ADOPTED = "adopted"  # found to have been issued before, by a call whose answer was lost
    REVOKED = "revoked"
    REFUSED = "refused"
    POSTPONED = "postponed"
    IN_DOUBT = "in_doubt"
    LAPSED = "lapsed"  # it was in doubt and no longer owed; it was never issued
    LOST = "lost"  # another has taken it over


class Health(Enum):
    """What a task told of its issuer as a whole."""

    WELL = "well"
    DOUBTFUL = "doubtful"  # a call whose outcome is not known
    DOWN = "down"  # it had better be left alone


@dataclass(frozen=True, slots=True)
class Done:
    came: Came
    health: Health


@dataclass(slots=True)
class Issued:
    """What was done, in awards."""

    issued: int = 0
    adopted: int = 0
    refused: int = 0
    postponed: int = 0
    in_doubt: int = 0
    unconfigured: int = 0
    revoked: int = 0

    def count(self, came: Came) -> None:
        if came not in (Came.LAPSED, Came.LOST):
            setattr(self, came.value, getattr(self, came.value) + 1)


class _NoReceipt(Exception):
    """The issuer answered with something other than a receipt for the award that it was asked for."""


@dataclass(frozen=True)
class Clerk:
    """Carries out one task at a time, each of which it has claimed under its hold. Safe for many threads."""

    ledger: Ledger
    hold: Hold
    patience: Patience = field(default_factory=Patience)

    def carry_out(self, issuer: Issuer, task: Outstanding) -> Done:
        """An intent is in the ledger before a call; an award that was ever tried is looked up before it is again."""
        if task.action == REVOKE:
            return self._revoke(issuer, task)
        return self._look_up(issuer, task) if task.tried else self._issue(issuer, task)

    def _look_up(self, issuer: Issuer, task: Outstanding) -> Done:
        try:
            found = _find(issuer, task.award)
        except Exception as error:
            self._keep(task, _text(error))
            return Done(waiting(task), Health.DOWN)
        if found:
            self.ledger.receive(found)
            return Done(Came.ADOPTED, Health.WELL)
        unsettled = _unsettled(issuer, task)
        if unsettled > 0:
            if task.ended is None:  # whoever made the call is gone, and so the call is over: from now on it settles
                self.ledger.doubt(task.award.key, NOT_YET, unsettled, hold=self.hold)
            else:
                self.ledger.put_off(task.award.key, unsettled, hold=self.hold)
            return Done(Came.IN_DOUBT, Health.WELL)
        if task.lapsed:
            self.ledger.postpone(task.award.key, NEVER, hold=self.hold)
            return Done(Came.LAPSED, Health.WELL)
        return self._issue(issuer, task)

    def _issue(self, issuer: Issuer, task: Outstanding) -> Done:
        award = task.award
        if not self.ledger.intend(award.key, self.hold):
            return Done(Came.LOST, Health.WELL)
        try:
            receipt = _for_this(award, issuer.issue(needed(award, issuer)))
        except Refused as error:
            self.ledger.refuse(award.key, _text(error), hold=self.hold)
            return Done(Came.REFUSED, Health.WELL)
        except Unavailable as error:
            self.ledger.postpone(award.key, _text(error), self._later(task), hold=self.hold)
            return Done(Came.POSTPONED, Health.DOWN)
        except Exception as error:
            self.ledger.doubt(award.key, _text(error), None, hold=self.hold)
            return self._resolve(issuer, task, error)
        self.ledger.receive(receipt)
        return Done(Came.ISSUED, Health.WELL)

    def _resolve(self, issuer: Issuer, task: Outstanding, error: Exception) -> Done:
        """Look up at once what came of a call. Not found now is not yet never: it is looked up again before a retry."""
        health = Health.DOUBTFUL if isinstance(error, OutcomeUnknown) else Health.DOWN
        try:
            found = _find(issuer, task.award)
        except Exception:
            found = None
        if found:
            self.ledger.receive(found)
            return Done(Came.ADOPTED, Health.WELL if health is Health.DOUBTFUL else health)
        return Done(self._doubted(task, error, max(self._later(task), _settling(issuer))), health)

    def _revoke(self, issuer: Issuer, task: Outstanding) -> Done:
        """Taking back twice is taking back once, so that it is simply repeated, whatever came of the last call."""
        key, receipt = task.award.key, task.receipt
        if receipt is None or not self.ledger.intend(key, self.hold, REVOKE):
            return Done(Came.LOST, Health.WELL)
        try:
            issuer.revoke(receipt, task.reason)
        except Refused as error:
            self.ledger.refuse(key, _text(error), REVOKE, self.hold)
            return Done(Came.REFUSED, Health.WELL)
        except Unavailable as error:
            self.ledger.postpone(key, _text(error), self._later(task), REVOKE, self.hold)
            return Done(Came.POSTPONED, Health.DOWN)
        except Exception as error:
            self.ledger.doubt(key, _text(error), None, REVOKE, self.hold)
            health = Health.DOUBTFUL if isinstance(error, OutcomeUnknown) else Health.DOWN
            return Done(self._doubted(task, error, self._later(task)), health)
        self.ledger.revoked(key)
        return Done(Came.REVOKED, Health.WELL)

    def _doubted(self, task: Outstanding, error: Exception, seconds: float) -> Came:
        """Look again later; or lay it aside for a person, where call after call came to nothing that anybody knows."""
        calls = task.calls + 1
        if calls >= self.patience.most_calls:
            why = f"Given up after {calls} calls. The last: {_text(error)}"
            self.ledger.refuse(task.award.key, why, task.action, self.hold)
            return Came.REFUSED
        self.ledger.put_off(task.award.key, seconds, task.action, self.hold)
        return Came.IN_DOUBT

    def _keep(self, task: Outstanding, why: str) -> None:
        keep = self.ledger.doubt if task.in_doubt else self.ledger.postpone
        keep(task.award.key, why, self._later(task), hold=self.hold)

    def _later(self, task: Outstanding) -> float:
        return self.patience.until_next(task.tries + 1)


def issue_outstanding(
    ledger: Ledger,
    issuers: Mapping[str, Issuer],
    *,
    on_progress: Callable[[int], object] = lambda awards: None,
    asked_for: Container[str] = (),
    decide_again: Callable[[Collection[str]], object] = lambda learners: None,
    patience: Patience | None = None,
) -> Issued:
    """Carry out, once each, whatever the outbox holds and no worker has in hand, due or not.

    An issuer that cannot be reached, or that breaks, is left alone for the rest of this pass; its awards stay as they
    are. `asked_for` are the programs that others ask about. `decide_again` is told of learners who now hold one of
    these; what it adds to what is owed is issued in the same pass.
    """
    result = Issued()
    resting: set[str] = set()
    after = 0
    with ledger.holding(LEASE) as hold:
        clerk = Clerk(ledger, hold, patience or Patience())
        while True:
            holders: set[str] = set()
            while tasks := ledger.claim(hold, eager_after=after):
                after = tasks[-1].place
                for task in tasks:
                    came = _take_up(clerk, issuers, task, result, resting)
                    if came in (Came.ISSUED, Came.ADOPTED) and task.award.achievement.program in asked_for:
                        holders.add(task.award.recipient.learner_id)
                    on_progress(1)
                ledger.release(hold)
            if not holders:
                return result
            decide_again(sorted(holders))


def _take_up(
    clerk: Clerk, issuers: Mapping[str, Issuer], task: Outstanding, result: Issued, resting: set[str]
) -> Came | None:
    name = task.award.issuer
    issuer = issuers.get(name)
    if issuer is None:
        result.unconfigured += 1
        return None
    if name in resting:
        result.count(waiting(task))
        return None
    done = clerk.carry_out(issuer, task)
    result.count(done.came)
    if done.health is Health.DOWN:
        resting.add(name)
    return done.came


def waiting(task: Outstanding) -> Came:
    """What a task counts as that was not tried."""
    return Came.IN_DOUBT if task.in_doubt else Came.POSTPONED


def _settling(issuer: Issuer) -> float:
    return issuer.settling if isinstance(issuer, FindsLate) else 0.0


def _unsettled(issuer: Issuer, task: Outstanding) -> float:
    """For how many seconds more 'it is not found' says nothing: what was issued may not show yet."""
    settling = _settling(issuer)
    return settling - (task.ended or 0.0) if task.in_doubt else 0.0


def _find(issuer: Issuer, award: Award) -> Receipt | None:
    receipt = issuer.find(needed(award, issuer))
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
