from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from credrules import Achievement, Award, Institution, Recipient
from credrules.awards import award_key
from credrules_transcript import TranscriptIssuer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

INSTITUTION = Institution(id="example-university", name="Example University")


def award(
    learner_id: str = "50010001", title: str = "Data Analytics", program: str = "data-analytics", **given: Any
) -> Award:
    return Award(
        **{
            "key": award_key(INSTITUTION, learner_id, program, "transcript"),
            "issuer": "transcript",
            "kind": "transcript",
            "institution": INSTITUTION,
            "recipient": Recipient(learner_id=learner_id, name="Ada Lovelace", email="ada@university.example"),
            "achievement": Achievement(
                program=program, version="2026-01-01", title=title, description=title, criteria="- STA 501."
            ),
            "earned_on": date(2026, 5, 22),
            "credits": Decimal("9.0"),
            "decision": "c0ffee" * 10 + "beef",
            **given,
        }
    )


@pytest.fixture(scope="session")
def make_award() -> Callable[..., Award]:
    return award


@pytest.fixture
def issuer(tmp_path: Path) -> TranscriptIssuer:
    return TranscriptIssuer("transcript", tmp_path)
