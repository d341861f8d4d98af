"""Why an award may no longer stand, and what an institution's rules say of it: keep it, look at it, or revoke it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Ground(StrEnum):
    """What has changed since the award was made."""

    GRADE_LOWERED = "grade-lowered"
    RECORD_WITHDRAWN = "record-withdrawn"
    WORD_WITHDRAWN = "word-withdrawn"
    RULE_CHANGED = "rule-changed"
    CONDUCT = "conduct"
    MERGED = "merged"
    RENAMED = "renamed"
    EMAIL_CHANGED = "email-changed"
    NOT_SEEN = "not-seen"
    UNCLEAR = "unclear"


TITLES = {
    Ground.GRADE_LOWERED: "A grade was lowered",
    Ground.RECORD_WITHDRAWN: "A record was withdrawn",
    Ground.WORD_WITHDRAWN: "A person's word was taken back",
    Ground.RULE_CHANGED: "The rules are others",
    Ground.CONDUCT: "A conduct decision was made",
    Ground.MERGED: "The learner was merged with another",
    Ground.RENAMED: "The learner's name is another",
    Ground.EMAIL_CHANGED: "The learner's e-mail address is another",
    Ground.NOT_SEEN: "A row is no longer there",
    Ground.UNCLEAR: "It is no longer met, and why is not clear",
}

NEVER_REVOKES = frozenset({Ground.NOT_SEEN, Ground.UNCLEAR})
"""Of these no rule may make a revocation: that something is not there says nothing of what became of it."""


class Then(StrEnum):
    """What is to be done, the mildest first."""

    KEEP = "keep"
    FLAG = "flag"
    REVOKE = "revoke"


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionRule:
    """What to do on some grounds. `alone` where that needs no person's word; `holds` are codes of conduct decisions."""

    id: str
    grounds: frozenset[Ground]
    then: Then
    alone: bool = False
    holds: frozenset[str] = frozenset()
    told: str | None = None  # what the learner and the public are told of a revocation


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One ground for looking at an award: what was so when it was made, and what is so now."""

    ground: Ground
    text: str
    before: str
    after: str
    hold: str = ""  # the code of a conduct decision
    sure: bool = True  # False where something else is unknown, so that no rule may make a revocation of it


@dataclass(frozen=True, slots=True)
class Policy:
    """What the rules say of a case. `rule` is the id of the rule that decided it, '' where none speaks."""

    then: Then
    rule: str = ""
    alone: bool = False
    told: str = ""


def policy(rules: Sequence[RetentionRule], findings: Iterable[Finding]) -> Policy:
    """The sternest of what the rules say of these; of each the first rule that names its ground.

    Where no rule speaks, or one would revoke what is not sure, a person looks.
    """
    return max((_of(rules, finding) for finding in findings), key=lambda one: list(Then).index(one.then))


def _of(rules: Sequence[RetentionRule], finding: Finding) -> Policy:
    for rule in rules:
        if finding.ground in rule.grounds and (finding.ground is not Ground.CONDUCT or finding.hold in rule.holds):
            if rule.then is Then.REVOKE and (not finding.sure or finding.ground in NEVER_REVOKES):
                return Policy(Then.FLAG, rule.id)
            return Policy(rule.then, rule.id, rule.alone, rule.told or f"{TITLES[finding.ground]}.")
    return Policy(Then.FLAG)
