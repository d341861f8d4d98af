"""Which fields of an award an issuer is given: those that it says it needs, and no others."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from credrules.adapters import Issuer
    from credrules.awards import Award


class AwardField(StrEnum):
    """What an award says of the learner. The learner's id is part of its key, which every issuer needs."""

    NAME = "name"
    GIVEN_NAME = "given name"
    FAMILY_NAME = "family name"
    EMAIL = "e-mail address"
    CREDITS = "credits"
    COURSES = "courses"  # with grades and terms
    MILESTONES = "milestones"
    ATTESTATIONS = "attestations"
    EXCEPTIONS = "exceptions"


EVIDENCE = {
    "course": AwardField.COURSES,
    "milestone": AwardField.MILESTONES,
    "attestation": AwardField.ATTESTATIONS,
    "exception": AwardField.EXCEPTIONS,
}
"""Of each kind of evidence, the field that it is."""

ALL = frozenset(AwardField)


@runtime_checkable
class TakesOnly(Protocol):
    """An issuer that says which fields it needs. Without that it is given all."""

    @property
    def takes(self) -> frozenset[AwardField]:
        """The fields of an award that `issue` and `find` look at."""


def needed(award: Award, issuer: Issuer) -> Award:
    """The award with what this issuer needs of the learner; the rest is empty, as where the records do not say it."""
    takes = _takes(issuer)
    person = award.recipient
    recipient = replace(
        person,
        name=person.name if AwardField.NAME in takes else person.learner_id,
        given_name=person.given_name if AwardField.GIVEN_NAME in takes else None,
        family_name=person.family_name if AwardField.FAMILY_NAME in takes else None,
        email=person.email if AwardField.EMAIL in takes else None,
    )
    evidence = tuple(one for one in award.evidence if EVIDENCE.get(one.kind, AwardField.COURSES) in takes)
    credits_ = award.credits if AwardField.CREDITS in takes else None
    return replace(award, recipient=recipient, evidence=evidence, credits=credits_)


def _takes(issuer: Issuer) -> frozenset[AwardField]:
    return issuer.takes if isinstance(issuer, TakesOnly) else ALL


def table(issuers: dict[str, Issuer]) -> str:
    """What leaves to whom, as a table in Markdown: a row a field, a column an issuer."""
    names = list(issuers)
    lines = [f"| field | {' | '.join(names)} |", f"| --- |{' --- |' * len(names)}"]
    for field in AwardField:
        cells = []
        for issuer in issuers.values():
            cells.append("yes" if field in _takes(issuer) else "no")
        lines.append(f"| {field} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"
