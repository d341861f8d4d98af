"""One ordinary award, decision and record, to change a part of at a time."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from credrules.awards import Achievement, Award, Evidence, Institution, Recipient, award_key
from credrules.decisions import Decision, Outcome, Reason
from credrules.records import (
    Admission,
    AdmissionKind,
    Affiliation,
    Attempt,
    Course,
    Learner,
    Record,
    Term,
)

FALL = Term(date(2025, 8, 25), date(2025, 12, 19), "2025-fall", "fall 2025")


def sample_award(learner_id: str = "L001", issuer: str = "fake", **changes: Any) -> Award:
    """An award to a made-up learner; keywords replace parts of it."""
    institution = Institution(id="example", name="Example University", url="https://university.example")
    parts: dict[str, Any] = {
        "key": award_key(institution, learner_id, "data-analytics", issuer),
        "issuer": issuer,
        "kind": issuer,
        "institution": institution,
        "recipient": Recipient(
            learner_id=learner_id,
            name="Ada Sample",
            given_name="Ada",
            family_name="Sample",
            email=f"{learner_id.lower()}@learner.example",
        ),
        "achievement": Achievement(
            program="data-analytics",
            version="2026-01-01",
            title="Data Analytics",
            description="Statistics and computing for people who work with data.",
            criteria="- CSE 574 with B+ or better.\n- 2 courses of STA 501, STA 502 or MTH 437 with B or better.",
            url="https://university.example/data-analytics",
            skills=("Statistics", "Machine learning"),
        ),
        "earned_on": date(2026, 5, 20),
        "credits": Decimal(9),
        "evidence": (Evidence(title="CSE 574", detail="A-, fall 2025, 3 credits"),),
        "decision": "0" * 64,
    }
    return Award(**{**parts, **changes})


def sample_decision(learner_id: str = "L001", outcome: Outcome = Outcome.MET, **changes: Any) -> Decision:
    """What `sample_award` is owed for; keywords replace parts of it."""
    day = date(2026, 5, 20)
    parts: dict[str, Any] = {
        "learner_id": learner_id,
        "program": "data-analytics",
        "version": "2026-01-01",
        "outcome": outcome,
        "reason": Reason(node="all", title="All", outcome=outcome, because="all", text="It is so."),
        "as_of": day,
        "rules": "1" * 64,
        "evidence": "2" * 64,
        "engines": ("plain",),
        "earned_on": day if outcome is Outcome.MET else None,
    }
    return Decision(**{**parts, **changes})


def sample_record(learner_id: str = "L001", grades: dict[str, str | None] | None = None, **changes: Any) -> Record:
    """A home learner with one attempt of three credits a course; keywords replace parts of the record."""
    parts: dict[str, Any] = {
        "learner": Learner(
            learner_id=learner_id,
            given_name="Ada",
            family_name="Sample",
            email=f"{learner_id.lower()}@learner.example",
            affiliation=Affiliation.HOME,
        ),
        "attempts": tuple(_attempt(code, grade) for code, grade in (grades or {}).items()),
        "admissions": (Admission(kind=AdmissionKind.DEGREE, since=date(2024, 8, 1)),),
        "milestones": (),
        "activities": (),
        "credentials": (),
        "holds": (),
    }
    return Record(**{**parts, **changes})


def _attempt(code: str, grade: str | None) -> Attempt:
    course = Course.parse(code)
    if course is None:
        raise ValueError(f"'{code}' is not a course code")
    return Attempt(
        attempt_id=f"{code} in {FALL.term_id}",
        course=course,
        term=FALL,
        level="graduate",
        registered_on=FALL.starts,
        grade=grade,
        graded_on=FALL.ends if grade else None,
        credits_attempted=Decimal(3),
        credits_earned=Decimal(3) if grade else Decimal(0),
    )
