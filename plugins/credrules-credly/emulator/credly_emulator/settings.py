"""How the emulator behaves where the service itself is not known, or where a test wants it bad."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any


@dataclass
class Behaviour:
    """What `POST /control/settings` can change. The assumptions among them are listed in the README."""

    latency: float = 0.0  # seconds before every answer
    limit: int | None = None  # requests in one window, for each token; None for no limit
    window: float = 60.0  # seconds
    retry_after: bool = True  # whether a 429 says how long to wait
    lag: float = 0.0  # seconds until lists show what was issued
    closed_count_as_duplicates: bool = False  # whether revoked and rejected badges stand in the way of another
    lenient: bool = False  # takes times, and tokens, that the vendor does not document
    extra_fields: bool = False  # adds attributes that nobody knows yet
    lists_hold_evidence: bool = True
    lose_webhooks: float = 0.0  # the chance that one is never sent
    double_webhooks: float = 0.0
    webhook_interval: float = 0.05  # seconds before the first retry; each later one takes twice as long
    webhook_attempts: int = 8

    def change(self, given: dict[str, Any]) -> None:
        names = {field.name for field in fields(self)}
        for name, value in given.items():
            if name not in names:
                raise ValueError(f"'{name}' is not a setting. There are: {', '.join(sorted(names))}.")
            setattr(self, name, value)
