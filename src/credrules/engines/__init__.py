"""Engines: each reads the same plan and gives the same outcome at every node."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
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


class BatchEngine(Engine, Protocol):
    """An engine that had better be told beforehand about whom it will be asked."""

    def prepare(self, known: Sequence[tuple[Record, Word]], as_of: date) -> None:
        """These learners, as of this day, are asked about next; all others can be forgotten."""

    def told(self, record: Record) -> bytes:
        """All that it says of one of them, to be compared with what it says on another day; nothing where it fails."""
