"""The files of the folder and their columns, as README.md describes them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Layout:
    """One file. Without a file that is `required`, or a column that is `needed`, nothing can be read."""

    name: str
    columns: tuple[str, ...]
    needed: frozenset[str]
    required: bool = False

    @property
    def table(self) -> str:
        return self.name.removesuffix(".csv")


def _layout(name: str, needed: str, optional: str = "", *, required: bool = False) -> Layout:
    return Layout(name, (*needed.split(), *optional.split()), frozenset(needed.split()), required)


LEARNERS = _layout(
    "learners.csv", "learner_id", "given_name family_name preferred_name email affiliation privacy", required=True
)
ATTEMPTS = _layout(
    "attempts.csv",
    "attempt_id learner_id course grade",
    "title term_id level origin registration registered_on basis graded_on lapses_to lapses_on "
    "credits_attempted credits_earned repeat attributes counts_toward",
    required=True,
)
TERMS = _layout("terms.csv", "term_id title starts ends", required=True)
ADMISSIONS = _layout("admissions.csv", "learner_id kind since", "until")
MILESTONES = _layout("milestones.csv", "learner_id code status", "completed_on evidence title")
ACTIVITIES = _layout("activities.csv", "activity_id learner_id code status", "category on hours points score")
CREDENTIALS = _layout("credentials.csv", "learner_id code", "status earned_on expires_on")
HOLDS = _layout("holds.csv", "learner_id code blocks", "reason since until")
FACTS = _layout("facts.csv", "learner_id fact value")
ENROLMENTS = _layout("enrolments.csv", "learner_id program", "since until")

COURSES = _layout("courses.csv", "course", "title from until level credits attributes")

LAYOUTS = (LEARNERS, ATTEMPTS, TERMS, ADMISSIONS, MILESTONES, ACTIVITIES, CREDENTIALS, FACTS, HOLDS, ENROLMENTS)
OF_LEARNERS = tuple(layout for layout in LAYOUTS if "learner_id" in layout.columns and layout is not LEARNERS)
"""The files whose rows belong to a learner of learners.csv."""

ALL = (*LAYOUTS, COURSES)
"""With the catalogue, which is about no learner: `credrules check` reads it, and nothing else."""
