"""Pieces: many values, as many at a time as one SQL list takes."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

IN_LIST = 500
"""Values in one SQL list; SQLite's own limit is far above."""


def pieces(values: Collection[str]) -> Iterator[tuple[str, ...]]:
    """itertools.batched, which Python 3.11 does not have."""
    rest = iter(values)
    while piece := tuple(islice(rest, IN_LIST)):
        yield piece
