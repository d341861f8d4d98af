"""What people say: attestations and granted exceptions, for one learner and one program.

They come through the CLI (or another front), are kept in the ledger and are part of what a decision is made from.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    from credrules.records import CredentialHeld

COMPLETE = "complete"
"""The statement that everything in the program is done; any other statement is a milestone's code."""

CLAIM = "claim"
"""What a learner says who asks for the credential ..."""

DECLINE = "decline"
"""... and who does not want it. The later of the two stands."""


EVERY_PROGRAM = "*"
"""In place of a program, where a learner's word is about all of them."""


def consent_to(issuer: str) -> str:
    """What a learner says who consents that an issuer is told of what they are awarded."""
    return f"consent:{issuer}"


class Role(StrEnum):
    """The roles that every institution has. It may declare others, such as a committee: a role is known by its name."""

    LEAD = "lead"
    OFFICE = "office"
    LEARNER = "learner"
    """Asks for the credential or declines it, consents that an issuer is told of it, and says nothing else."""


STAFF = tuple(role for role in Role if role is not Role.LEARNER)
"""Those who attest that something is done."""


class ExceptionKind(StrEnum):
    WAIVER = "waiver"
    SUBSTITUTION = "substitution"
    ELECTION = "election"
    EXTENSION = "extension"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation:
    """A named person's word. With `withdrawn` it takes an earlier one, of the same role and statement, back."""

    learner_id: str
    program: str
    role: str
    statement: str
    by: str
    on: date
    evidence: str | None = None
    withdrawn: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantedException:
    """A waiver, substitution, extension or election: data with a name, a reason and a date, never an edited rule.

    `requirement` is the id of a requirement or of a rule. A substitution names the `course` that may stand in for what
    the requirement asks; its grade and everything else about it are still judged. An extension names the day `until`
    which the requirement may be done, where that is later than its own last day. An election lets the learner be
    held to a later version of the program: its first day stands in `requirement`. With `withdrawn` it takes an earlier
    one, of the same kind, requirement and course, back.
    """

    learner_id: str
    program: str
    kind: ExceptionKind
    requirement: str
    reason: str
    by: str
    on: date
    course: str | None = None
    until: date | None = None
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class ProgramUse:
    """The attempts that a program used for which an award was issued, by their ids."""

    program: str
    attempts: frozenset[str]


@dataclass(frozen=True, slots=True)
class Word:
    """Everything people have said about one learner, for all programs: what stands, nothing withdrawn.

    `held` is what was awarded here: a program's id is the code of its credential. `conferred` are the programs of which
    an award was issued, or may have been: a call to the issuer has no known outcome. `uses` says what such programs
    used, those awarded first before the others.
    """

    attestations: tuple[Attestation, ...] = ()
    exceptions: tuple[GrantedException, ...] = ()
    held: tuple[CredentialHeld, ...] = ()
    conferred: frozenset[str] = frozenset()
    uses: tuple[ProgramUse, ...] = ()


_INSTEAD = {CLAIM: DECLINE, DECLINE: CLAIM}


def wish(word: Word, program: str) -> Attestation | None:
    """What the learner has said of a program: the claim or the refusal that stands."""
    return next((one for one in word.attestations if one.program == program and one.role == Role.LEARNER), None)


def standing(attestations: list[Attestation], exceptions: list[GrantedException]) -> Word:
    """What stands of all that was said, in the order it was said: a withdrawal removes what came before it."""
    said: dict[tuple[str, str, str], Attestation] = {}
    for word in attestations:
        key = (word.program, word.role, word.statement)
        said.pop(key, None)
        if not word.withdrawn:
            said[key] = word
            said.pop((word.program, word.role, _INSTEAD.get(word.statement, "")), None)
    granted: dict[tuple[str, str, str, str], GrantedException] = {}
    for grant in exceptions:
        bound = (grant.program, grant.kind, grant.requirement, grant.course or "")
        granted.pop(bound, None)
        if not grant.withdrawn:
            granted[bound] = grant
    return Word(
        tuple(said[key] for key in sorted(said)),
        tuple(granted[bound] for bound in sorted(granted)),
    )
