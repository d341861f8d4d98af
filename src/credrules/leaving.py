"""What may leave now, of what is owed; and what is withheld, with the reason. Nothing of it is part of a decision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from credrules.attestations import Word
from credrules.awards import award_key
from credrules.privacy import Withheld, withheld

if TYPE_CHECKING:
    from collections.abc import Sequence

    from credrules.awards import Award
    from credrules.ledger import Ledger
    from credrules.records import Learner, Record
    from credrules.rules import RuleSet

NOT_AWARDED = ("lapsed", "dropped", "revoked")
"""States of an award under a former id, beside which another may be made."""


@dataclass(frozen=True, slots=True)
class Sifted:
    free: list[Award]
    withheld: list[tuple[Award, Withheld]]


def sift(ledger: Ledger, rule_set: RuleSet, records: Sequence[Record], awards: Sequence[Award]) -> Sifted:
    """What of these awards, to learners of these records, may leave."""
    sifted = Sifted([], [])
    learners = {one.learner.learner_id: one.learner for one in records}
    words: dict[str, Word] = {}
    states: dict[str, dict[str, str]] = {}  # of former learners, once each
    if rule_set.privacy.consent:
        words = ledger.word_of({award.recipient.learner_id for award in awards})
    for award in awards:
        learner = learners[award.recipient.learner_id]
        why = withheld(rule_set.privacy, award.issuer, learner, words.get(learner.learner_id, Word()))
        if why is None and learner.former_ids:
            why = _made_before(ledger, states, award, learner)
        if why is None:
            sifted.free.append(award)
        else:
            sifted.withheld.append((award, why))
    return sifted


def _made_before(ledger: Ledger, states: dict[str, dict[str, str]], award: Award, learner: Learner) -> Withheld | None:
    program = award.achievement.program
    for former in sorted(learner.former_ids):
        key = award_key(award.institution, former, program, award.kind, award.cycle)
        if former not in states:
            states[former] = {one.key: one.state for one in ledger.award_states(learner_id=former)}
        if states[former].get(key, "lapsed") not in NOT_AWARDED:
            return Withheld.MERGED
    return None
