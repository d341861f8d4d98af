"""Met is one fact, conferred another: what stands between a decision and the award."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from credrules.attestations import CLAIM, DECLINE, wish
from credrules.decisions import Outcome, Reason
from credrules.wording import number

if TYPE_CHECKING:
    from datetime import date

    from credrules.attestations import Attestation, Word
    from credrules.decisions import Decision
    from credrules.rules import Program

CODES = {
    "declined": "the learner does not want the credential",
    "confer-date": "it is conferred on the first of the program's days after it was earned and asked for",
    "claim-late": "it was asked for too late for one of the program's days, and is conferred on a later one",
}

DECLINED = "declined"
"""The node under which a decision says that the learner declined ..."""

CONFERRAL_DAY = "conferral-day"
"""... and the one that says on which day it is conferred."""


def conferred(decision: Decision, program: Program, word: Word) -> Decision:
    """A decision on the requirements and rules, with what follows for conferral."""
    said = wish(word, program.id)
    if said and said.statement == DECLINE:
        return _stopped(decision, _declined(said, program))
    if decision.outcome is Outcome.MET and decision.earned_on:
        return _with_day(decision, decision.earned_on, program, said)
    return decision


def _declined(said: Attestation, program: Program) -> Reason:
    until = "Nothing is awarded, whatever is met, until that is taken back."
    text = f"{said.by} declined the credential on {said.on}. {until}"
    return Reason(
        node=DECLINED,
        title="The learner wants the credential",
        outcome=Outcome.UNMET,
        because="declined",
        text=text,
        rule=str(program.place),
    )


def _with_day(decision: Decision, earned_on: date, program: Program, said: Attestation | None) -> Decision:
    life = program.life
    claimed_on = said.on if life.claim and said and said.statement == CLAIM else None
    day = life.conferral(earned_on, claimed_on)
    if not life.confer_on:
        return replace(decision, confers_on=None if day == earned_on else day)
    because, text = "confer-date", f"Everything was met on {earned_on}. It is conferred on {day}."
    if claimed_on and life.is_late(earned_on, claimed_on):
        because = "claim-late"
        text = (
            f"Everything else was met on {earned_on}, and the learner asked for it on {claimed_on}: more than "
            f"{number(life.claim_within, 'day')} later. It is conferred on {day}, not on "
            f"{life.on_or_after(earned_on)}."
        )
        if day == life.on_or_after(max(earned_on, claimed_on)):
            text = text.partition(", not on")[0] + "."
    part = Reason(
        node=CONFERRAL_DAY,
        title="The day of conferral",
        outcome=Outcome.MET,
        because=because,
        text=text,
        rule=str(program.place),
    )
    reason = replace(decision.reason, parts=(*decision.reason.parts, part))
    return replace(decision, confers_on=day, reason=reason)


def _stopped(decision: Decision, why: Reason) -> Decision:
    """The decision with a reason that outweighs what it came to."""
    parts = (*decision.reason.parts, why)
    reason = replace(decision.reason, outcome=why.outcome, because=why.because, text=why.text, parts=parts)
    return replace(decision, outcome=why.outcome, reason=reason, earned_on=None)
