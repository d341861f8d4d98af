"""What may leave the institution about a learner: not what is decided, but what is issued."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from credrules.attestations import EVERY_PROGRAM, Role, consent_to
from credrules.records import Privacy

if TYPE_CHECKING:
    from credrules.attestations import Word
    from credrules.records import Learner


@dataclass(frozen=True, slots=True)
class PrivacyRules:
    """To issuers in `consent` nothing goes without the learner's; a hold does not stop those `inside`."""

    consent: frozenset[str] = frozenset()
    inside: frozenset[str] = frozenset()


class Withheld(StrEnum):
    """Why an award is owed and not issued."""

    HOLD = "privacy-hold"
    NO_CONSENT = "no-consent"
    MERGED = "merged"


TEXTS = {
    Withheld.HOLD: "A privacy hold stops everything that would leave the institution.",
    Withheld.NO_CONSENT: "The learner has not consented to it: `credrules consent` records that.",
    Withheld.MERGED: "It was awarded under a former id of the learner: `credrules cases` shows what is to be decided.",
}


def withheld(rules: PrivacyRules, issuer: str, learner: Learner, word: Word) -> Withheld | None:
    """What keeps an issuer from being told of a learner; None where nothing does."""
    if learner.privacy is Privacy.RESTRICTED and issuer not in rules.inside:
        return Withheld.HOLD
    if issuer in rules.consent and not _consents(word, issuer):
        return Withheld.NO_CONSENT
    return None


def _consents(word: Word, issuer: str) -> bool:
    return any(
        one.program == EVERY_PROGRAM and one.role == Role.LEARNER and one.statement == consent_to(issuer)
        for one in word.attestations
    )
