"""What was granted to one learner, held against one version of a program: where it binds, and what does not apply.

An exception binds to an id. In a later version it binds to the requirement with the same id, or to the one that the
version's `migrates` names. A program may limit how many are applied to its requirements; those granted first are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from credrules.attestations import ExceptionKind
from credrules.errors import Problem

if TYPE_CHECKING:
    from credrules.attestations import GrantedException, Word
    from credrules.plan import Node, ProgramPlan

CODES = {
    "exception-beyond-limit": "the program applies no more exceptions of this kind",
    "exception-without-requirement": "this version of the program has nothing that the exception is about",
}


@dataclass(frozen=True, slots=True)
class Bound:
    granted: GrantedException
    node: Node


@dataclass(frozen=True, slots=True)
class NotApplied:
    granted: GrantedException
    because: str
    text: str
    node: Node | None = None


@dataclass(frozen=True, slots=True)
class Exceptions:
    applied: tuple[Bound, ...] = ()
    not_applied: tuple[NotApplied, ...] = ()

    def substitutions(self, node: int) -> list[GrantedException]:
        return [
            one.granted
            for one in self.applied
            if one.node.index == node and one.granted.kind is ExceptionKind.SUBSTITUTION
        ]

    def waived(self) -> dict[int, GrantedException]:
        return {one.node.index: one.granted for one in self.applied if one.granted.kind is ExceptionKind.WAIVER}


def exceptions_for(plan: ProgramPlan, word: Word) -> Exceptions:
    """A learner's waivers and substitutions under one version of a program."""
    granted = [
        one
        for one in word.exceptions
        if one.program == plan.program.id and one.kind is not ExceptionKind.ELECTION
    ]  # fmt: skip
    applied: list[Bound] = []
    refused: list[NotApplied] = []
    for one in sorted(granted, key=lambda one: (one.on, one.kind, one.requirement, one.course or "")):
        node = plan.bound_to(one.requirement)
        if node is None or (one.kind is ExceptionKind.SUBSTITUTION and not node.ways):
            lacking = "no such requirement" if node is None else "no course asked for there"
            text = f"This version has {lacking}."
            refused.append(NotApplied(one, "exception-without-requirement", text, node))
        elif _is_used_up(plan, one.kind, node, applied):
            most = plan.program.most(one.kind)
            kinds = f"{one.kind}s" if most != 1 else f"{one.kind}"
            text = f"The program applies {'no' if most == 0 else f'at most {most}'} {kinds}."
            refused.append(NotApplied(one, "exception-beyond-limit", text, node))
        else:
            applied.append(Bound(one, node))
    return Exceptions(tuple(applied), tuple(refused))


def _is_used_up(plan: ProgramPlan, kind: ExceptionKind, node: Node, applied: list[Bound]) -> bool:
    """Whether the limit is reached. It is one on the program's requirements; rules are the institution's affair."""
    most = plan.program.most(kind)
    own = plan.below[plan.requirements]
    if most is None or node.index not in own:
        return False
    return sum(one.granted.kind is kind and one.node.index in own for one in applied) >= most


def lost_problem(plan: ProgramPlan, lost: str, who: str) -> Problem:
    """A version lacks an id of an older one and does not say what it has become, though somebody relies on it."""
    message = (
        f"this version has no requirement '{lost}', which the version before it has and {who} is bound to. "
        f"Write under 'migrates': '{lost}: ' and the id that it has now, or none where the exception is to end."
    )
    return Problem(plan.program.place.file, plan.program.place.line, message)
