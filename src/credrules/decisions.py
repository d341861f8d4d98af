"""Decision, Outcome and Reason: what was decided and why, as data that can be read again years later."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

from credrules.records import canonical, digest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date


class Outcome(IntEnum):
    """In order: *all* takes the least of its parts, *any* the greatest, *choose n* the n-th greatest."""

    UNMET = 0
    UNDETERMINED = 1
    """A fact is unknown; it may turn out either way."""
    PENDING = 2
    """Work in progress would satisfy it."""
    AWAITING = 3
    """Only a person's word is missing."""
    MET = 4

    def __str__(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """An attempt that a requirement uses, as it stood on the day of the decision."""

    attempt_id: str
    course: str
    standing: str  # "A-, fall 2026" or "in progress, fall 2026"
    known_as: str = ""  # "now STA 501": what its code is to the one asked for
    outcome: Outcome
    credits: str | None = None
    because: str = ""  # the code of what is unsure about it, if anything
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An attempt that was looked at and not used, and why: 'STA 501, B-, fall 2026: below B'."""

    attempt_id: str
    course: str
    standing: str
    known_as: str = ""
    because: str  # a code, listed in docs/reasons.md
    text: str
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """The outcome of one node of a program, and why.

    `because` is a code for programs; `text` says the same to the learner, in a full sentence. `rule` is where the
    requirement or rule stands ("programs/data-analytics.yaml:14"), `cites` the policy that it comes from. `prose` are
    the catalogue's own words for it, and for a limit that stands in its way.
    """

    node: str
    title: str
    outcome: Outcome
    because: str
    text: str
    rule: str = ""
    cites: str | None = None
    prose: tuple[str, ...] = ()
    used: tuple[Use, ...] = ()
    refused: tuple[Refusal, ...] = ()
    parts: tuple[Reason, ...] = ()

    def walk(self) -> Iterator[Reason]:
        """This reason and all below it, in the order of the rule file."""
        yield self
        for part in self.parts:
            yield from part.walk()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The outcome of one program for one learner.

    A function of the rules, the record and the as-of date, and of nothing else. `rules` is the digest of the
    institution file and the program file, `evidence` that of everything the record and people said; `engines` names
    those that decided and agreed. `earned_on` is the day on which the last thing was fulfilled, where it is met;
    `confers_on` that of conferral, where it is another, and `expires_on` the last one on which it is valid, if there is
    one. `cycle` counts renewals: it is 1 for the first, and 0 for what is no renewal.
    `takes_part` is False for a learner who has nothing to do with the program.
    """

    learner_id: str
    program: str
    version: str
    outcome: Outcome
    reason: Reason
    as_of: date
    rules: str
    evidence: str
    engines: tuple[str, ...]
    earned_on: date | None = None
    takes_part: bool = True
    confers_on: date | None = None
    expires_on: date | None = None
    cycle: int = 0

    @property
    def conferral(self) -> date | None:
        """The day on which it is, or will be, conferred; None where it is not met."""
        return self.confers_on or self.earned_on


class DecisionText(NamedTuple):
    """A decision as the ledger keeps it, and what it is known by."""

    whole: str
    digest: str


def decision_text(decision: Decision) -> DecisionText:
    """A decision's JSON, and its `decision_digest`."""
    return DecisionText(canonical(decision), decision_digest(decision))


def decision_digest(decision: Decision) -> str:
    """What makes two decisions the same: all of them but the day, the engines that were asked, and sources' lines."""
    found = {name: getattr(decision, name) for name in _IDENTIFYING}
    return digest({name: value for name, value in found.items() if value or name not in _ADDED})


_IDENTIFYING = tuple(f.name for f in fields(Decision) if f.name not in ("as_of", "engines"))

_ADDED = frozenset({"confers_on", "expires_on", "cycle"})
"""Parts that former versions did not have: without a value they change no digest."""
