"""LifeCycle: what a program says of its credential beyond the requirements."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LifeCycle:
    """Whether the learner has to ask for the credential."""

    claim: bool = False
