"""What a rule may ask about a learner, on a given day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from credrules.records import AdmissionKind, Affiliation

if TYPE_CHECKING:
    from datetime import date

    from credrules.records import Record

BUILT_IN = frozenset({"learner.affiliation", "learner.admission"})
"""Facts that follow from the record's own parts; the institution declares the others."""


def declared(fact: str, record: Record) -> frozenset[str] | None:
    """What the source says of a fact that the institution declares: 'none' for nothing, None where it cannot tell."""
    known = (record.facts or {}).get(fact.removeprefix("learner."))
    return None if known is None else known or frozenset({"none"})


def possible_values(fact: str, record: Record, day: date | None) -> frozenset[str]:
    """What a fact about the learner may be on a day: one value where it is known, several where it is not."""
    if fact == "learner.affiliation":
        affiliation = record.learner.affiliation
        return frozenset({str(affiliation)} if affiliation else map(str, Affiliation))
    if record.admissions is None:
        return frozenset({*map(str, AdmissionKind), "none"})
    if day is None:  # on some day up to now: anything the learner has been, or not yet anything
        return frozenset({"none", *(str(admission.kind) for admission in record.admissions)})
    current = [
        admission
        for admission in record.admissions
        if admission.since <= day and (admission.until is None or admission.until >= day)
    ]
    newest = max((admission.since for admission in current), default=None)
    return frozenset({str(admission.kind) for admission in current if admission.since == newest} or {"none"})
