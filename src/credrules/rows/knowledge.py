"""What a source can tell, from the columns that it has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from credrules.adapters import Capabilities, Knows
from credrules.rows.layouts import (
    ACTIVITIES,
    ADMISSIONS,
    ATTEMPTS,
    CREDENTIALS,
    ENROLMENTS,
    FACTS,
    HOLDS,
    LEARNERS,
    MILESTONES,
)

if TYPE_CHECKING:
    from credrules.rows.layouts import Layout
    from credrules.rows.reader import Present


def known_from(present: Present, catalogue: Knows) -> Capabilities:
    """A column of which a cell may be blank is known in part; a blank cell elsewhere means something of its own."""

    def part(layout: Layout, column: str, extent: Knows = Knows.PARTIAL) -> Knows:
        return extent if column in present.get(layout.entity, ()) else Knows.NONE

    return Capabilities(
        grades=Knows.FULL,
        credits=part(ATTEMPTS, "credits_earned"),
        grading_basis=part(ATTEMPTS, "basis"),
        levels=part(ATTEMPTS, "level"),
        attributes=part(ATTEMPTS, "attributes", Knows.FULL),
        counts_toward=part(ATTEMPTS, "counts_toward", Knows.FULL),
        origins=part(ATTEMPTS, "origin", Knows.FULL),
        affiliation=part(LEARNERS, "affiliation"),
        admissions=part(ADMISSIONS, "kind", Knows.FULL),
        registration_dates=part(ATTEMPTS, "registered_on"),
        milestones=part(MILESTONES, "code"),
        activities=part(ACTIVITIES, "code"),
        credentials=part(CREDENTIALS, "code"),
        holds=part(HOLDS, "code"),
        facts=part(FACTS, "fact"),
        enrolments=part(ENROLMENTS, "program", Knows.FULL),
        privacy=part(LEARNERS, "privacy"),
        catalogue=catalogue,
    )
