"""What rules ask of a source of records, held against what an adapter can know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from credrules.adapters import Knows
from credrules.errors import Problem
from credrules.plan import CLAIMS, Kind
from credrules.records import Basis, Origin
from credrules.rules import Moment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from credrules.adapters import StudentRecords
    from credrules.plan import Node, Plan, ProgramPlan

_MEANING = {
    "grades": "grades",
    "credits": "credits",
    "grading_basis": "the grading basis",
    "levels": "the level of a course",
    "attributes": "attributes of courses",
    "origins": "where credit was earned",
    "affiliation": "whether a learner is from the institution or outside",
    "admissions": "admissions",
    "registration_dates": "the day of registration",
    "milestones": "milestones",
    "holds": "holds",
}


def unmet_needs(plan: Plan, records: StudentRecords) -> list[Problem]:
    """A problem for each rule that asks what this source cannot tell: better refused now than undetermined for all."""
    lacking = records.capabilities.lacking()
    found: dict[tuple[str, int, str], Problem] = {}
    for program in plan.programs:
        for node in program.nodes:
            for need in _needs(program, node):
                if need in lacking:
                    message = (
                        f"'{node.id}' asks for {_MEANING[need]}, which records from '{records.name}' do not have. "
                        f"They have: {_known(records)}. Add it to the source, or change the rule."
                    )
                    problem = Problem(node.place.file, node.place.line, message)
                    found.setdefault((problem.where, problem.line, need), problem)
    return sorted(found.values())


def _known(records: StudentRecords) -> str:
    names = [name for name in _MEANING if getattr(records.capabilities, name) is not Knows.NONE]
    return ", ".join(_MEANING[name] for name in names)


def _needs(program: ProgramPlan, node: Node) -> Iterator[str]:
    if node.kind in CLAIMS:
        yield "grades"
        for way in node.ways:
            if way.counting.bases != frozenset(Basis):
                yield "grading_basis"
            if way.counting.origins != frozenset(Origin):
                yield "origins"
            if way.selection.levels:
                yield "levels"
            if way.selection.attributes:
                yield "attributes"
    if node.kind in (Kind.CREDITS, Kind.AVERAGE):
        yield "credits"
    if node.kind is Kind.MILESTONE:
        yield "milestones"
    if node.kind is Kind.NO_HOLD:
        yield "holds"
    if node.kind is Kind.FACT:
        yield "affiliation" if node.fact == "learner.affiliation" else "admissions"
        if node.fact == "learner.admission" and node.moment is Moment.REGISTRATION:
            yield "registration_dates"
