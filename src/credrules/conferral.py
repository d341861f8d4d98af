"""Met is one fact, conferred another: what stands between a decision and the award."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from credrules.attestations import DECLINE, wish
from credrules.decisions import Outcome, Reason

if TYPE_CHECKING:
    from credrules.attestations import Word
    from credrules.decisions import Decision
    from credrules.rules import Program

CODES = {
    "declined": "the learner does not want the credential",
}

DECLINED = "declined"
"""The node under which a decision says that the learner declined."""


def conferred(decision: Decision, program: Program, word: Word) -> Decision:
    """A decision on the requirements and rules, with what follows for conferral."""
    said = wish(word, program.id)
    if said and said.statement == DECLINE:
        text = (
            f"{said.by} declined the credential on {said.on}. Nothing is awarded, whatever is met, until that is taken "
            "back."
        )
        return _stopped(
            decision,
            Reason(
                node=DECLINED,
                title="The learner wants the credential",
                outcome=Outcome.UNMET,
                because="declined",
                text=text,
                rule=str(program.place),
            ),
        )
    return decision


def _stopped(decision: Decision, why: Reason) -> Decision:
    """The decision with a reason that outweighs what it came to."""
    parts = (*decision.reason.parts, why)
    reason = replace(decision.reason, outcome=why.outcome, because=why.because, text=why.text, parts=parts)
    return replace(decision, outcome=why.outcome, reason=reason, earned_on=None)
