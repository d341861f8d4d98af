"""Failure and Reply: what the service says, in its own envelope."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


class Failure(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, message: str, metadata: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.metadata = metadata

    def body(self) -> dict[str, Any]:
        return {"data": {"message": self.message}, "metadata": self.metadata}


@dataclass(frozen=True)
class Reply:
    """A success. `data` is None where there is nothing to say; `bare` where there is no envelope around it."""

    status: int
    data: Any = None
    metadata: dict[str, Any] | None = None
    bare: bool = False

    def body(self) -> Any:
        if self.bare or self.data is None:
            return self.data
        return {"data": self.data, "metadata": {} if self.metadata is None else self.metadata}


def invalid(*faults: str) -> Failure:
    return Failure(422, f"Validation failed: {', '.join(faults)}")
