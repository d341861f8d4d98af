"""What the static checks find in rules: certainly wrong, or probably not meant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from credrules.errors import Problem

if TYPE_CHECKING:
    from credrules.rules import Place


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing that a check has found. Those that are `certain` keep the rules from being loaded.

    `check` is the name of the check; `program` and `node` say whom it is about, where it is about one.
    """

    problem: Problem
    check: str
    certain: bool = False
    program: str = ""
    node: str = ""

    def __str__(self) -> str:
        return str(self.problem)


def finding(check: str, place: Place, message: str, *, certain: bool = False, node: str = "") -> Finding:
    return Finding(Problem(place.file, place.line, message), check, certain, node=node)


def near(place: Place, here: Place) -> str:
    """Where something else is, told from a place: 'line 7', or the file too where that is another one."""
    return f"line {place.line}" if place.file == here.file else str(place)
