"""Award and Receipt: which awards a decision owes, under which keys, and what the issuer answered."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from credrules.decisions import Outcome, decision_digest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from credrules.decisions import Decision
    from credrules.records import Learner
    from credrules.rules import AwardSpec, Program, Requirement


@dataclass(frozen=True, slots=True, kw_only=True)
class Institution:
    """Who awards it, as the institution file says."""

    id: str
    name: str
    url: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Whom it is awarded to. Left out of every repr but for the id."""

    learner_id: str
    name: str = field(repr=False)
    given_name: str | None = field(default=None, repr=False)
    family_name: str | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Achievement:
    """The program as an achievement: what anyone who earns it has done."""

    program: str
    version: str  # the day it came into effect, as YYYY-MM-DD
    title: str
    description: str
    criteria: str  # sentences, one a line, written from the program's requirements
    url: str | None = None
    image: str | None = None
    skills: tuple[str, ...] = ()
    lead_email: str | None = field(default=None, repr=False)  # for messages to the lead; in no badge


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One piece of what the learner did for it."""

    title: str  # "STA 501 Statistical Methods"
    detail: str  # "A-, fall 2026, 3 credits"
    url: str | None = None
    kind: str = "course"  # course | milestone | attestation | exception


@dataclass(frozen=True, slots=True, kw_only=True)
class Award:
    """Something owed to one learner, once.

    `key` is unique in the ledger and travels to the issuer, so that a crash at any instant leads to one badge.
    `earned_on` is the day the last requirement or attestation was fulfilled, never the day of the run.
    `credits` is the sum of the credits earned in what was counted; None where the program bears none or one is unknown.
    `options` is what the program file says to this issuer beside its name (a template, a line of text).
    """

    key: str
    issuer: str
    kind: str
    institution: Institution
    recipient: Recipient
    achievement: Achievement
    earned_on: date
    credits: Decimal | None = None
    evidence: tuple[Evidence, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)
    decision: str = ""  # digest of the decision that it is owed for
    conferred_on: date | None = None  # where that is not the day on which it was earned
    expires_on: date | None = None  # the last day on which it is valid
    cycle: int = 0  # of a renewal: which one, from 1
    renews: str = ""  # of a renewal: the program whose credential it renews

    @property
    def awarded_on(self) -> date:
        """The day that it bears: that of conferral."""
        return self.conferred_on or self.earned_on


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """An issuer's answer: what was issued under which reference, and where it can be seen. Kept for ever."""

    award_key: str
    issuer: str
    reference: str
    url: str | None = None
    detail: Mapping[str, str] = field(default_factory=dict)


def award_key(institution: Institution, learner_id: str, program: str, kind: str, cycle: int = 0) -> str:
    """What makes an award one and the same for ever. Each renewal is one of its own, by its number.

    The program's version is no part of it: it is text that somebody may edit, and a second badge must not come of that.
    """
    parts = (institution.id, learner_id, program, kind, *([str(cycle)] if cycle else []))
    return "/".join(part.replace("%", "%25").replace("/", "%2F") for part in parts)


def owed(decision: Decision, program: Program, institution: Institution, learner: Learner) -> list[Award]:
    """The awards that a decision owes: none unless it is met, and none before the day of conferral.

    Whether they may leave the institution is another question: see leaving.py.
    """
    if decision.outcome is not Outcome.MET:
        return []
    if decision.confers_on and decision.confers_on > decision.as_of:
        return []
    return [_award(spec, decision, program, institution, learner) for spec in program.awards]


def _award(spec: AwardSpec, decision: Decision, program: Program, institution: Institution, learner: Learner) -> Award:
    if decision.earned_on is None:
        raise ValueError("a decision that is met has the day on which it was")
    return Award(
        key=award_key(institution, decision.learner_id, program.id, spec.kind, decision.cycle),
        issuer=spec.issuer,
        kind=spec.kind,
        institution=institution,
        recipient=Recipient(
            learner_id=learner.learner_id,
            name=learner.display_name,
            given_name=learner.preferred_name or learner.given_name,
            family_name=learner.family_name,
            email=learner.email,
        ),
        achievement=achievement(program),
        earned_on=decision.earned_on,
        credits=_credits(decision) if program.credit_bearing else None,
        evidence=tuple(_evidence(decision)),
        options=dict(spec.options),
        decision=decision_digest(decision),
        conferred_on=decision.confers_on,
        expires_on=decision.expires_on,
        cycle=decision.cycle,
        renews=program.life.renews,
    )


def achievement(program: Program) -> Achievement:
    return Achievement(
        program=program.id,
        version=program.version,
        title=program.title,
        description=program.description or program.title,
        criteria="\n".join(_criteria(program.requirements.parts)),
        url=program.url,
        image=program.image,
        skills=program.skills,
        lead_email=program.lead_email,
    )


def _criteria(parts: tuple[Requirement, ...]) -> Iterator[str]:
    for part in parts:
        yield f"- {part.title}."


def _credits(decision: Decision) -> Decimal | None:
    credits_ = [use.credits for reason in decision.reason.walk() for use in reason.used]
    known = [Decimal(text) for text in credits_ if text is not None]
    return sum(known, Decimal(0)) if len(known) == len(credits_) else None


def _evidence(decision: Decision) -> Iterator[Evidence]:
    for reason in decision.reason.walk():
        for use in reason.used:
            credits_ = f", {use.credits} credits" if use.credits else ""
            yield Evidence(title=use.course, detail=f"{use.standing}{credits_}")
        if reason.because in ("milestone-complete", "attested", "waived"):
            kind = {"milestone-complete": "milestone", "attested": "attestation", "waived": "exception"}[reason.because]
            yield Evidence(title=reason.title, detail=reason.text, kind=kind)
