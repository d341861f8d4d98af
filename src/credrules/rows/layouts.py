"""The entities that a source of rows may have, and their columns.

The README of credrules-csv says what each column holds and what a blank cell means.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from credrules.rows.cells import cell_of

if TYPE_CHECKING:
    from credrules.rows.places import Row


@dataclass(frozen=True, slots=True)
class Layout:
    """One entity. Without one that is `required`, or a column that is `needed`, nothing can be read."""

    entity: str
    columns: tuple[str, ...]
    needed: frozenset[str]
    required: bool = False

    @property
    def of_a_learner(self) -> bool:
        return "learner_id" in self.columns

    def row(self, **cells: object) -> Row:
        """A row that stands on no line, from its cells by column; a column that is not named is blank."""
        return (0, *(cell_of(cells.get(column)) for column in self.columns))


def _layout(entity: str, needed: str, optional: str = "", *, required: bool = False) -> Layout:
    return Layout(entity, (*needed.split(), *optional.split()), frozenset(needed.split()), required)


LEARNERS = _layout(
    "learners",
    "learner_id",
    "given_name family_name preferred_name email affiliation privacy former_ids",
    required=True,
)
ATTEMPTS = _layout(
    "attempts",
    "attempt_id learner_id course grade",
    "title term_id level origin registration registered_on basis graded_on lapses_to lapses_on "
    "credits_attempted credits_earned repeat attributes counts_toward",
    required=True,
)
TERMS = _layout("terms", "term_id title starts ends", required=True)
ADMISSIONS = _layout("admissions", "learner_id kind since", "until")
MILESTONES = _layout("milestones", "learner_id code status", "completed_on evidence title")
ACTIVITIES = _layout("activities", "activity_id learner_id code status", "category on hours points score")
CREDENTIALS = _layout("credentials", "learner_id code", "status earned_on expires_on")
HOLDS = _layout("holds", "learner_id code blocks", "reason since until")
FACTS = _layout("facts", "learner_id fact value")
ENROLMENTS = _layout("enrolments", "learner_id program", "since until")

COURSES = _layout("courses", "course", "title from until level credits attributes")

LAYOUTS = (LEARNERS, ATTEMPTS, TERMS, ADMISSIONS, MILESTONES, ACTIVITIES, CREDENTIALS, FACTS, HOLDS, ENROLMENTS)
OF_LEARNERS = tuple(layout for layout in LAYOUTS if layout.of_a_learner and layout is not LEARNERS)
"""The entities whose rows belong to a learner of LEARNERS."""

ALL = (*LAYOUTS, COURSES)
"""With the catalogue, which is about no learner: `credrules check` reads it, and nothing else."""
