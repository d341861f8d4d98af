"""What can be made to go wrong, and how often."""

from __future__ import annotations

import random
import threading
from collections import Counter
from dataclasses import dataclass
from typing import Any

KINDS = (
    "drop-before",  # the line is cut before anything happens
    "drop-after",  # ... after it has happened
    "hang-before",  # silence for `seconds`, then the line is cut; nothing happened
    "hang-after",  # ... it has happened
    "slow",  # it happens, and is answered, after `seconds`
    "429",
    "500-before",
    "500-after",
    "502",  # a proxy's page in HTML; nothing happened
    "503",
    "redirect",
    "truncated",  # it happened; half of the answer arrives
    "malformed",  # it happened; the answer is no JSON
    "wrong-shape",  # it happened; the answer is JSON of another shape
    "wrong-badge",  # it happened; the answer is about somebody else's
    "deep",  # it happened; the answer is nested beyond reason
    "huge",  # it happened; the answer does not end
)


@dataclass
class Fault:
    """`on` is the name of a call ('issue', 'list', ...) or 'any'. It happens `times` times, or always where None."""

    do: str
    on: str = "any"
    times: int | None = 1
    chance: float = 1.0
    seconds: float = 30.0
    retry_after: str | None = None

    def __post_init__(self) -> None:
        if self.do not in KINDS:
            raise ValueError(f"'{self.do}' is no fault. There are: {', '.join(KINDS)}.")


class Faults:
    """The faults that are due; the same seed and the same requests give the same ones."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311  faults, no secrets
        self._lock = threading.Lock()
        self._due: list[Fault] = []
        self.happened: Counter[str] = Counter()

    def set(self, given: list[dict[str, Any]]) -> None:
        due = [Fault(**fault) for fault in given]
        with self._lock:
            self._due = due

    def next(self, call: str) -> Fault | None:
        with self._lock:
            for fault in self._due:
                if fault.on not in (call, "any") or fault.times == 0:
                    continue
                if self._random.random() >= fault.chance:
                    continue
                if fault.times is not None:
                    fault.times -= 1
                self.happened[fault.do] += 1
                return fault
        return None

    def chance(self, of: float) -> bool:
        with self._lock:
            return of > 0 and self._random.random() < of
