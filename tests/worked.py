"""Programs and attempts in a line or two, for outcomes that are worked by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from credrules import Attempt, Course, Term

AS_OF = date(2026, 4, 1)
PAST = Term(date(2025, 8, 25), date(2025, 12, 19), "2025-fall", "fall 2025")
NOW = Term(date(2026, 1, 26), date(2026, 5, 15), "2026-spring", "spring 2026")

INSTITUTION = """\
institution: { id: uni, name: University }
grades:
  points: { A: 4.0, B+: 3.33, B: 3.0, B-: 2.67, C: 2.0, F: 0.0 }
  incomplete: [I]
  withdrawn: [W]
counting: { minimum-grade: B }
"""


def attempt(code, grade, term=PAST, **parts):
    credits_ = Decimal(parts.pop("credits", 3))
    return Attempt(
        attempt_id=f"{code}-{grade}-{term.term_id}",
        course=Course.parse(code),
        term=term,
        registered_on=term.starts,
        grade=grade,
        credits_attempted=credits_,
        credits_earned=credits_ if grade else Decimal(0),
        **parts,
    )
