"""What the case files leave untried: requirements and rules that no case has ever met, or never failed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from credrules.decisions import Outcome
from credrules.plan import Kind, make_plan

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from credrules.case_files import CaseResult
    from credrules.plan import ProgramPlan
    from credrules.rules import RuleSet


@dataclass(frozen=True, slots=True)
class Coverage:
    """Ids of requirements and rules of one program, in the order of its file.

    A group follows from its parts and is not asked for; a case that leaves a rule out, as it does not apply, meets it.
    """

    file: str
    never_met: tuple[str, ...]
    never_failed: tuple[str, ...]

    @property
    def is_full(self) -> bool:
        return not self.never_met and not self.never_failed


def coverage(rule_set: RuleSet, results: Iterable[CaseResult]) -> list[Coverage]:
    """For each program file, what its cases have not tried."""
    met: dict[str, set[str]] = {}
    failed: dict[str, set[str]] = {}
    for result in results:
        for reason in result.decision.reason.walk() if result.decision else ():
            seen = met if reason.outcome is Outcome.MET else failed
            seen.setdefault(result.file, set()).add(reason.node)
    found = []
    for plan in make_plan(rule_set).programs:
        file = plan.program.place.file
        asked = list(_asked(plan))
        found.append(
            Coverage(
                file,
                tuple(name for name in asked if name not in met.get(file, ())),
                tuple(name for name in asked if name not in failed.get(file, ())),
            )
        )
    return found


def _asked(plan: ProgramPlan) -> Iterator[str]:
    """Requirements that are no groups, and the rules beside them. A choice stands for its conditions."""
    choices = tuple(f"{node.id}/" for node in plan.nodes if node.fork)
    for index in sorted(plan.below[plan.requirements]):
        node = plan.nodes[index]
        of_choice = node.kind is Kind.FACT and node.id.startswith(choices)
        if node.fork or not (node.parts or of_choice):
            yield node.id
    yield from (plan.nodes[index].id for index in plan.gates)
