"""Met is one fact, conferred another: what stands between a decision and the award."""

from __future__ import annotations

from dataclasses import dataclass, replace
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
    "renewed": "the term was renewed in time",
    "reinstated": "it had lapsed, and is valid again from its conferral on",
    "term-runs": "it is valid, and to be renewed",
    "lapsed": "it was not renewed in time and is not valid until it is",
    "declined": "the learner does not want the credential",
    "confer-date": "it is conferred on the first of the program's days after it was earned and asked for",
    "claim-late": "it was asked for too late for one of the program's days, and is conferred on a later one",
}

DECLINED = "declined"
"""The node under which a decision says that the learner declined ..."""

CONFERRAL_DAY = "conferral-day"
"""... the one that says on which day it is conferred ..."""

TERM = "term"
"""... and, of a renewal, the one that says which term is renewed."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What conferral depends on beside the decision.

    `done_on` is the day on which the last thing was done, whenever it was attested; `term_ends` that up to which a
    credential to be renewed is valid; `cycle` the number of the renewal.
    """

    word: Word
    done_on: date | None = None
    term_ends: date | None = None
    cycle: int = 0


def conferred(decision: Decision, program: Program, standing: Standing) -> Decision:
    """A decision on the requirements and rules, with what follows for conferral."""
    said = wish(standing.word, program.id)
    if said and said.statement == DECLINE:
        decision = _stopped(decision, _declined(said, program))
    if decision.outcome is Outcome.MET and decision.earned_on:
        decision = _with_day(decision, decision.earned_on, program, said)
    if program.life.renews:
        return _renewed(decision, program, standing)
    last = program.life.last_day(decision.conferral) if decision.conferral else None
    return replace(decision, expires_on=last)


def _renewed(decision: Decision, program: Program, standing: Standing) -> Decision:
    """One that was done in time goes on from the last day of the term; a later one begins on its own day."""
    decision = replace(decision, cycle=standing.cycle)
    day, ends, name = decision.conferral, standing.term_ends, program.life.renews
    if ends is None:
        return decision
    outcome, last = Outcome.MET, None
    if day is None and decision.as_of <= ends:
        because, text = "term-runs", f"{name} is valid until {ends}, and to be renewed by then."
    elif day is None:
        outcome, because = Outcome.UNMET, "lapsed"
        text = f"{name} was valid until {ends} and has lapsed. What is missing can be made up for."
    elif standing.done_on and standing.done_on <= ends:
        last = program.life.last_day(ends)
        because, text = "renewed", f"{name} was valid until {ends} and is renewed in time: it is valid until {last}."
    else:
        last = program.life.last_day(day)
        because = "reinstated"
        text = f"{name} lapsed after {ends}. It is valid again from {day} until {last}."
    part = _part(TERM, f"The term of {name} that is renewed, number {standing.cycle}", outcome, because, text, program)
    reason = replace(decision.reason, parts=(*decision.reason.parts, part))
    return replace(decision, reason=reason, expires_on=last)


def _declined(said: Attestation, program: Program) -> Reason:
    until = "Nothing is awarded, whatever is met, until that is taken back."
    text = f"{said.by} declined the credential on {said.on}. {until}"
    return _part(DECLINED, "The learner wants the credential", Outcome.UNMET, "declined", text, program)


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
    part = _part(CONFERRAL_DAY, "The day of conferral", Outcome.MET, because, text, program)
    reason = replace(decision.reason, parts=(*decision.reason.parts, part))
    return replace(decision, confers_on=day, reason=reason)


def _stopped(decision: Decision, why: Reason) -> Decision:
    """The decision with a reason that outweighs what it came to."""
    parts = (*decision.reason.parts, why)
    reason = replace(decision.reason, outcome=why.outcome, because=why.because, text=why.text, parts=parts)
    return replace(decision, outcome=why.outcome, reason=reason, earned_on=None)


def _part(node: str, title: str, outcome: Outcome, because: str, text: str, program: Program) -> Reason:
    return Reason(node=node, title=title, outcome=outcome, because=because, text=text, rule=str(program.place))
