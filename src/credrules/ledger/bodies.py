"""Decisions, awards and rule files as the text that the ledger keeps, and back."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from credrules.awards import Achievement, Award, Evidence, Institution, Recipient
from credrules.decisions import Decision, Outcome, Reason, Refusal, Use
from credrules.records import canonical

if TYPE_CHECKING:
    from collections.abc import Mapping


def packed(data: Any) -> bytes:
    return compressed(canonical(data))


def compressed(text: str) -> bytes:
    return zlib.compress(text.encode(), level=1)  # level 6 takes twice the time for a twentieth less


def unpacked(body: bytes) -> Any:
    return json.loads(zlib.decompress(body))


def decision_from(body: bytes) -> Decision:
    data = unpacked(body)
    return Decision(
        **{
            **data,
            "outcome": Outcome(data["outcome"]),
            "reason": _reason(data["reason"]),
            "as_of": date.fromisoformat(data["as_of"]),
            "earned_on": _day(data["earned_on"]),
            "confers_on": _day(data.get("confers_on")),
            "expires_on": _day(data.get("expires_on")),
            "engines": tuple(data["engines"]),
        }
    )


def _reason(data: Mapping[str, Any]) -> Reason:
    return Reason(
        **{
            **data,
            "outcome": Outcome(data["outcome"]),
            "used": tuple(Use(**{**use, "outcome": Outcome(use["outcome"])}) for use in data["used"]),
            "refused": tuple(Refusal(**refusal) for refusal in data["refused"]),
            "prose": tuple(data.get("prose", ())),  # decisions that were made before there was any have none
            "parts": tuple(_reason(part) for part in data["parts"]),
        }
    )


def award_text(award: Award) -> str:
    return canonical(award)


@dataclass(frozen=True, slots=True)
class Term:
    """For which term of a credential an award is, as its text says."""

    program: str
    cycle: int
    renews: str
    since: date
    expires_on: date | None


def term_of(text: str) -> Term:
    """What is held by an award; less than the whole of it, for every learner of a run."""
    data = json.loads(text)
    return Term(
        program=data["achievement"]["program"],
        cycle=data.get("cycle", 0),
        renews=data.get("renews", ""),
        since=date.fromisoformat(data.get("conferred_on") or data["earned_on"]),
        expires_on=_day(data.get("expires_on")),
    )


def award_from(text: str) -> Award:
    data = json.loads(text)
    return Award(
        **{
            **data,
            "institution": Institution(**data["institution"]),
            "recipient": Recipient(**data["recipient"]),
            "achievement": Achievement(**{**data["achievement"], "skills": tuple(data["achievement"]["skills"])}),
            "earned_on": date.fromisoformat(data["earned_on"]),
            "conferred_on": _day(data.get("conferred_on")),
            "expires_on": _day(data.get("expires_on")),
            "credits": None if data["credits"] is None else Decimal(data["credits"]),
            "evidence": tuple(Evidence(**evidence) for evidence in data["evidence"]),
        }
    )


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
