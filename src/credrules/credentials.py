"""Credentials that a learner holds: whether one of them is what a rule asks for, on a day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from credrules.decisions import Outcome
from credrules.records import CredentialStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date

    from credrules.attestations import Word
    from credrules.decisions import Decision
    from credrules.plan import Node, Plan
    from credrules.records import CredentialHeld, Record
    from credrules.rules import Program


def credential_outcome(node: Node, record: Record, word: Word, as_of: date) -> Outcome:
    """Met where one is held, undetermined where one may be; the other way round for credentials that exclude."""
    found = [_fits(held, node, as_of) for held in held_by(record, word, as_of) if held.code in node.codes]
    if node.negated:
        if True in found:
            return Outcome.UNMET
        return Outcome.UNDETERMINED if None in found or record.credentials is None else Outcome.MET
    if True in found:
        return Outcome.MET
    return Outcome.UNDETERMINED if None in found or record.credentials is None else Outcome.UNMET


def held_by(record: Record, word: Word, as_of: date) -> Iterator[CredentialHeld]:
    """What the records hold and what was awarded here, up to a day."""
    for held in (*(record.credentials or ()), *word.held):
        if held.earned_on is None or held.earned_on <= as_of:
            yield held


def term_end(code: str, record: Record, word: Word, as_of: date) -> date | None:
    """The last day of a credential's last term; None where none is held that has a known last day."""
    ends = [
        held.expires_on
        for held in held_by(record, word, as_of)
        if held.code == code and held.expires_on and held.status is not CredentialStatus.REVOKED
    ]
    return max(ends, default=None)


def that_fit(node: Node, record: Record, word: Word, as_of: date) -> list[CredentialHeld]:
    """The credentials by which a node is met."""
    return [held for held in held_by(record, word, as_of) if held.code in node.codes and _fits(held, node, as_of)]


def _fits(held: CredentialHeld, node: Node, as_of: date) -> bool | None:
    """Whether a credential counts; None where its standing is not known and matters."""
    if held.status is CredentialStatus.REVOKED:
        return False
    expired = held.status is CredentialStatus.EXPIRED or (held.expires_on is not None and held.expires_on < as_of)
    if not node.active:
        return True if held.status or expired else None
    if expired:
        return False
    return True if held.status else None


def asked_for(plan: Plan) -> frozenset[str]:
    """The programs that others ask for, or exclude: whoever is awarded one of these has to be decided again."""
    codes = frozenset[str]().union(*(node.codes for program in plan.programs for node in program.nodes))
    return codes & {program.program.id for program in plan.programs}


def held_back(programs: Mapping[str, Program], met: Iterable[Decision]) -> frozenset[str]:
    """Programs of which a learner must not be awarded anything before others are: those that exclude one of these.

    `met` are the learner's decisions that are met, and `programs` are these programs. Where two exclude each other, the
    one goes first that was earned first; of one day, the one that comes first by its id.
    """
    order = {one.program: (one.earned_on, one.program) for one in met}
    return frozenset(
        program
        for program in order
        for other in programs[program].excludes & order.keys() - {program}
        if program not in programs[other].excludes or order[other] < order[program]
    )


def statuses(credentials: Iterable[CredentialHeld]) -> str:
    """'expired, revoked', for a sentence."""
    return ", ".join(sorted({str(held.status or "of unknown standing") for held in credentials}))
