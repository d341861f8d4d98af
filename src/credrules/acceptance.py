"""Who has accepted what was awarded, as the issuers say now."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from credrules.adapters import AcceptanceReader, AcceptanceState
from credrules.errors import IssuerFailure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    from credrules.adapters import Acceptance, Issuer
    from credrules.ledger import AwardState


@dataclass(frozen=True, slots=True)
class Followed:
    """One award that its learner has to accept. `state` is 'unknown' where the issuer no longer has it."""

    key: str
    issuer: str
    learner_id: str
    program: str
    state: str
    since: date | None
    url: str | None


def follow(
    states: Sequence[AwardState],
    issuers: Mapping[str, Issuer],
    on_failure: Callable[[str], object] = lambda text: None,
) -> list[Followed]:
    """Every award that was issued where the learner has to accept it, in the order of `states`.

    An issuer that cannot be asked is told of through `on_failure`, and its awards are left out: not asked is not
    unknown.
    """
    issued = defaultdict(list)
    for state in states:
        if state.receipt:
            issued[state.receipt.issuer].append(state.receipt)
    found: dict[tuple[str, str], Acceptance] = {}
    asked: set[str] = set()
    for name, receipts in issued.items():
        issuer = issuers.get(name)
        if isinstance(issuer, AcceptanceReader):
            try:
                found |= {(name, one.reference): one for one in issuer.acceptances(receipts)}
                asked.add(name)
            except IssuerFailure as error:
                on_failure(f"issuer {name}: {error}")
    return [
        _followed(state, found.get((state.receipt.issuer, state.receipt.reference)))
        for state in states
        if state.receipt and state.receipt.issuer in asked
    ]


def _followed(state: AwardState, acceptance: Acceptance | None) -> Followed:
    return Followed(
        key=state.key,
        issuer=state.issuer,
        learner_id=state.learner_id,
        program=state.program,
        state=str(acceptance.state if acceptance else AcceptanceState.UNKNOWN),
        since=acceptance.since if acceptance else None,
        url=acceptance.url if acceptance else None,
    )
