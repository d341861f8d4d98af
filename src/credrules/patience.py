"""Patience: how long to wait before the next try, and after how many to stop."""

from __future__ import annotations

import random
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Patience:
    """Seconds, but for the two counts. Every wait is drawn from between its half and its whole, by `chance`.

    The first wait after a failure is `first`, each later one in a row twice as long, up to `longest`. After
    `most_calls` calls of which nobody knows what came, an award is laid aside for a person. An issuer is left alone as
    soon as it says that it cannot be reached, and after `doubtful` unknown outcomes in a row: for `rest`, and twice as
    long after each further failure, up to `longest_rest`.
    """

    first: float = 5.0
    longest: float = 3600.0
    most_calls: int = 12
    doubtful: int = 5
    rest: float = 0.5
    longest_rest: float = 300.0
    chance: random.Random = field(default_factory=random.Random, repr=False)

    def until_next(self, tries: int) -> float:
        """After so many tries in a row that came to nothing, this one included."""
        return self._drawn(self.first, self.longest, tries)

    def rest_for(self, failures: int, *, down: bool) -> float | None:
        """How long an issuer rests after so many failures in a row; None where it need not yet."""
        if not down and failures < self.doubtful:
            return None
        return self._drawn(self.rest, self.longest_rest, failures)

    def _drawn(self, first: float, longest: float, times: int) -> float:
        whole = min(longest, first * 2.0 ** min(max(times, 1) - 1, 60))
        return whole * self.chance.uniform(0.5, 1.0)
