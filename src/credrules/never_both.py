"""The lower level for a near miss: of a program and the one in whose place it may be awarded, never both."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from credrules.decisions import Outcome, Reason
from credrules.records import digest

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from credrules.decisions import Decision
    from credrules.rules import Program

CODES = {
    "higher-missed": "the higher level is not reached",
    "higher-within-reach": "the higher level is reached, or work in progress or a person's word would reach it",
    "higher-unknown": "whether the higher level is reached is not known",
    "higher-held": "the higher level was awarded",
    "lower-held": "the lower level was awarded in its place",
}

INSTEAD = "instead-of"
"""The node under which a decision says how the other level stands."""


def above(program: str, programs: Mapping[str, Program]) -> list[str]:
    """The programs in whose place this one may be awarded, nearest first; itself among them where they go round."""
    found: list[str] = []
    name = programs[program].life.lower_of
    while name in programs and name not in found:
        found.append(name)
        name = programs[name].life.lower_of
    return found


def together(program_ids: Collection[str], programs: Mapping[str, Program]) -> set[str]:
    """These programs and all that have to be decided together with them."""
    chosen = set(program_ids)
    while True:
        more = {
            name
            for one in programs.values()
            for name in (one.id, one.life.lower_of)
            if one.life.lower_of in programs and not {one.id, one.life.lower_of}.isdisjoint(chosen)
        }
        if more <= chosen:
            return chosen
        chosen |= more


def never_both(
    decisions: Sequence[Decision], unknown: Collection[str], awarded: Collection[str], programs: Mapping[str, Program]
) -> list[Decision]:
    """The decisions on one learner, with what the levels of a credential do to one another.

    `unknown` are programs about which the engines disagree; one that is neither among them nor decided is out of reach.
    `awarded` are those of which an award was issued, or may have been; `programs` those that are or have a lower level.
    """
    outcome = {decision.program: decision.outcome for decision in decisions}
    outcome |= dict.fromkeys(unknown, Outcome.UNDETERMINED)
    by_program = {decision.program: decision for decision in decisions}
    result = []
    for decision in decisions:
        if decision.program not in programs:
            result.append(decision)
            continue
        program = programs[decision.program]
        higher = above(program.id, programs)
        lower = [name for name in programs if program.id in above(name, programs)]
        part = _part(program, higher, [name for name in lower if name in awarded], outcome, awarded)
        if part is None or program.id in awarded:
            result.append(decision)
            continue
        others = [by_program[name].evidence for name in higher if name in by_program]
        result.append(_with(decision, part, [*others, *sorted({*higher, *lower} & set(awarded))]))
    return result


def _part(
    program: Program,
    higher: Sequence[str],
    lower: Sequence[str],
    outcome: Mapping[str, Outcome],
    awarded: Collection[str],
) -> Reason | None:
    if lower:
        text = f"{lower[0]} was awarded in its place, and both are never awarded."
        return _reason(program, lower[0], Outcome.UNMET, "lower-held", text)
    if not higher:
        return None
    for name in higher:
        if name in awarded:
            return _reason(program, name, Outcome.UNMET, "higher-held", f"{name} was awarded, so this one is not.")
    best = max(higher, key=lambda name: outcome.get(name, Outcome.UNMET))
    stands = outcome.get(best, Outcome.UNMET)
    if stands > Outcome.UNDETERMINED:
        text = f"{best} is {stands}, so this one is not awarded in its place."
        return _reason(program, best, Outcome.UNMET, "higher-within-reach", text)
    if stands is Outcome.UNDETERMINED:
        text = f"Whether {best} is reached is not known, and both are never awarded."
        return _reason(program, best, Outcome.UNDETERMINED, "higher-unknown", text)
    text = f"{best} is not reached. Once this one is awarded in its place, it is not awarded any more."
    return _reason(program, best, Outcome.MET, "higher-missed", text)


def _reason(program: Program, other: str, outcome: Outcome, because: str, text: str) -> Reason:
    title = f"It and {other} are never both awarded"
    return Reason(node=INSTEAD, title=title, outcome=outcome, because=because, text=text, rule=str(program.place))


def _with(decision: Decision, part: Reason, others: Sequence[str]) -> Decision:
    reason = replace(decision.reason, parts=(*decision.reason.parts, part))
    if part.outcome < decision.outcome:
        reason = replace(reason, outcome=part.outcome, because=part.because, text=part.text)
        decision = replace(decision, outcome=part.outcome, earned_on=None, confers_on=None, expires_on=None)
    return replace(decision, reason=reason, evidence=digest([decision.evidence, *others]))
