"""What rules ask of a source of records, held against what an adapter can know."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from credrules.adapters import Knows
from credrules.errors import Problem
from credrules.plan import CLAIMS, Kind
from credrules.records import Basis, Origin
from credrules.rules import Moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from credrules.adapters import StudentRecords
    from credrules.plan import Node, Plan, ProgramPlan
    from credrules.rules import Limit, Selection

_MEANING = {
    "grades": "grades",
    "credits": "credits",
    "grading_basis": "the grading basis",
    "levels": "the level of a course",
    "attributes": "attributes of courses",
    "counts_toward": "which degrees and credentials an attempt counts toward elsewhere",
    "origins": "where credit was earned",
    "affiliation": "whether a learner is from the institution or outside",
    "admissions": "admissions",
    "registration_dates": "the day of registration",
    "milestones": "milestones",
    "activities": "activities",
    "holds": "holds",
    "credentials": "credentials held",
    "facts": "facts about learners",
    "enrolments": "enrolments in programs",
}

_OF_FACT = {"learner.affiliation": "affiliation", "learner.admission": "admissions"}


def unmet_needs(plan: Plan, records: StudentRecords) -> list[Problem]:
    """A problem for each rule that asks what this source cannot tell: better refused now than undetermined for all."""
    lacking = records.capabilities.lacking()
    found: dict[tuple[str, int, str], Problem] = {}
    for program in plan.programs:
        asked: list[tuple[Node | Limit, Iterable[str]]] = [(node, _needs(program, node)) for node in program.nodes]
        asked += [(limit, _limit_needs(limit)) for limit in program.limits]
        for asker, needs in asked:
            for need in needs:
                if need in lacking:
                    message = (
                        f"'{asker.id}' asks for {_MEANING[need]}, which records from '{records.name}' do not have. "
                        f"They have: {_known(records)}. Add it to the source, or change the rule."
                    )
                    problem = Problem(asker.place.file, asker.place.line, message)
                    found.setdefault((problem.where, problem.line, need), problem)
    return sorted([*found.values(), *_catalog_year_needs(plan, records)])


def _catalog_year_needs(plan: Plan, records: StudentRecords) -> Iterator[Problem]:
    """Which version of a program a learner is held to follows from a day that the source has to know."""
    if not {"enrolments", "registration_dates"} <= records.capabilities.lacking():
        return
    for older, newer in pairwise(sorted(plan.programs, key=lambda one: (one.program.id, one.program.effective))):
        if older.program.id == newer.program.id:
            message = (
                f"'{newer.program.id}' has an older version, so the day on which a learner enrolled or registered "
                f"decides which one applies; records from '{records.name}' have neither. They have: "
                f"{_known(records)}. Add it to the source, or keep one version."
            )
            yield Problem(newer.program.place.file, newer.program.place.line, message)


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
            if way.counting.by_level:
                yield "levels"
            yield from _selection_needs(way.selection)
    if node.kind is Kind.COUNTED:
        yield from _selection_needs(node.selection)
    if node.kind in (Kind.CREDITS, Kind.AVERAGE) or (node.kind is Kind.COUNTED and node.measure.of_credits):
        yield "credits"
    if node.kind is Kind.MILESTONE:
        yield "milestones"
    if node.work is not None:
        yield "activities"
    if node.kind is Kind.NO_HOLD:
        yield "holds"
    if node.kind is Kind.CREDENTIAL:
        yield "credentials"
    if node.kind is Kind.FACT:
        yield _OF_FACT.get(node.fact, "facts")
        if node.fact == "learner.admission" and node.moment is Moment.REGISTRATION:
            yield "registration_dates"


def _limit_needs(limit: Limit) -> Iterator[str]:
    yield from _selection_needs(limit.selection)
    if limit.of_credits:
        yield "credits"


def _selection_needs(selection: Selection) -> Iterator[str]:
    for need, asked in (
        ("levels", selection.levels),
        ("attributes", selection.attributes),
        ("origins", selection.origins),
        ("grading_basis", selection.bases),
        ("counts_toward", selection.toward - selection.own),
        ("enrolments", selection.completed and selection.completed.after_enrolment_in),
    ):
        if asked:
            yield need
