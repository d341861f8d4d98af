"""Which constructs of the rule language a case uses, by name: read off the plan, so that a new one counts by itself."""

from __future__ import annotations

from dataclasses import fields
from enum import Enum
from typing import TYPE_CHECKING

from credrules.engines.plain_worlds import worlds
from credrules.equivalents import identity, lists_by_course
from credrules.exceptions import exceptions_for
from credrules.plan import Kind
from credrules.rules import Counting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from credrules.plan import Node, ProgramPlan
    from credrules.rules import Limit, Selection
    from credrules.testing.random_cases import Case
    from credrules.timing import Timing
    from credrules.work import Amount, Scores

_NO_CONSTRUCT = frozenset(
    {"index", "id", "title", "kind", "place", "cites", "otherwise", "need", "parts", "sums", "role", "prose"}
)


def constructs(case: Case) -> set[str]:
    """Names such as 'courses', 'limit of credits' or 'filter by level'."""
    found: set[str] = set()
    for plan in case.plan.programs:
        for node in plan.nodes:
            found.update(_of_node(node))
        found.update(_of_learner(plan, case))
        for limit in plan.limits:
            found.update(_of_limit(limit))
        if plan.time_limit:
            found.add("time limit")
        found.update(_of_rules(plan))
        found.update(_of_version(plan, case))
    found.update(f"exception: {granted.kind}" for granted in case.word.exceptions)
    if len({plan.program.id for plan in case.plan.programs}) < len(case.plan.programs):
        found.add("several versions")
    found.update(_of_equivalents(case))
    return found


def _of_rules(plan: ProgramPlan) -> Iterator[str]:
    for rule in plan.program.rules:
        if rule.credentials:
            yield "rule on credentials held"
        if rule.not_credentials:
            yield "rule on credentials not held"


def _of_version(plan: ProgramPlan, case: Case) -> Iterator[str]:
    held = exceptions_for(plan, case.word)
    if any(bound.granted.requirement != bound.node.id for bound in held.applied):
        yield "exception migrated"
    yield from (one.because for one in held.not_applied)


def _of_learner(plan: ProgramPlan, case: Case) -> Iterator[str]:
    """Requirements that ask for facts about the learner, or depend on them."""
    tree = [plan.nodes[index] for index in plan.below[plan.requirements]]
    asks = {index for fork in plan.forks for index in fork.asks}
    if any(node.kind is Kind.FACT and "/" not in node.id for node in tree):
        yield "learner"
    for fork in plan.forks:
        yield "if, else" if fork.otherwise is not None else "if" if fork.turned else "if, as an alternative"
        yield from (f"if {plan.nodes[index].fact}" for index in fork.asks)
        if len(fork.asks) > 1:
            yield "if, several facts"
    if asks and len(worlds(plan, case.record, case.as_of)) > 1:
        yield "if, unknown"


def _of_equivalents(case: Case) -> Iterator[str]:
    lists = lists_by_course(case.plan.equivalents)
    for attempt in case.record.attempts:
        known = identity(attempt, lists.get(attempt.course, ()))
        if known.equivalence:
            yield f"equivalents{', in doubt' if known.doubtful else ''}"


def _of_node(node: Node) -> Iterator[str]:
    name = str(node.kind.value)
    yield name
    if node.kind is Kind.GROUP:
        yield "all" if node.need == len(node.parts) else "any" if node.need == 1 else "choose of groups"
    for field in fields(node):
        if (
            field.name not in (*_NO_CONSTRUCT, "ways", "selection", "work", "timing")
            and getattr(node, field.name) != field.default
        ):
            value = getattr(node, field.name)
            yield f"{name}, {field.name}" + (f" {value.value}" if isinstance(value, Enum) else "")
    if node.role:
        yield f"word of the {node.role}"
    yield from _of_parts(name, node.work)
    yield from _of_parts(name, node.timing)
    yield from _of_selection(node.selection)
    for way in node.ways:
        yield from _of_selection(way.selection)
        yield from _of_counting(way.counting)


def _of_parts(name: str, asked: Amount | Scores | Timing | None) -> Iterator[str]:
    """What a requirement of work, or its timing, says beyond what it must."""
    for field in fields(asked) if asked else ():
        value = getattr(asked, field.name)
        if field.name not in _NO_CONSTRUCT and value != field.default:
            yield f"{name}, {field.name}" + (f" {value.value}" if isinstance(value, Enum) else "")


def _of_selection(selection: Selection) -> Iterator[str]:
    for field in fields(selection):
        if getattr(selection, field.name) != field.default:
            yield f"filter by {field.name}"


def _of_counting(counting: Counting) -> Iterator[str]:
    for field in fields(Counting):
        value = getattr(counting, field.name)
        if isinstance(value, Enum):
            yield f"{field.name} {value.value}"
        elif isinstance(value, frozenset):
            yield from (f"{field.name} {one}" for one in value)
    yield from (f"least grade at {one.level} level" for one in counting.by_level)


def _of_limit(limit: Limit) -> Iterator[str]:
    yield "limit of credits" if limit.of_credits else "limit of courses"
    if limit.below is not None:
        yield "limit below a grade"
    yield from _of_selection(limit.selection)
