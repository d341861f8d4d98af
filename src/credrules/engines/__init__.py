"""Engines: each reads the same plan and gives the same outcome at every node."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import date

    from credrules.attestations import Word
    from credrules.decisions import Outcome
    from credrules.records import Record

Outcomes = tuple[tuple["Outcome", ...], ...]
"""For each program of the plan, the outcome of each of its nodes."""


class Engine(Protocol):
    """Held to its promises by `credrules.testing.EngineSuite`."""

    name: str

    def outcomes(self, record: Record, word: Word, as_of: date) -> Outcomes:
        """Every outcome for one learner, for all programs of the plan. Raises EngineError where it cannot decide."""
