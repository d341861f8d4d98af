"""Attempts that an awarded program used: they count toward it when other programs are decided."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from credrules.decisions import Outcome
from credrules.rules import Counted, CourseCount, CreditSum, walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from credrules.attestations import ProgramUse
    from credrules.decisions import Decision, Reason
    from credrules.records import Record
    from credrules.rules import Program


def asked_about(programs: Iterable[Program]) -> frozenset[str]:
    """The programs toward which these ask whether an attempt counts."""
    found: set[str] = set()
    for program in programs:
        for limit in program.limits:
            found |= limit.selection.own
        for part in walk(program.requirements):
            if isinstance(part, Counted):
                found |= part.selection.own
            elif isinstance(part, CourseCount | CreditSum):
                found.update(*(way.selection.own for way in part.ways))
    return frozenset(found)


def used_by(reason: Reason) -> frozenset[str]:
    """The attempts that a decision rests on, by their ids."""
    return frozenset(use.attempt_id for one in reason.walk() for use in one.used)


def in_order(asked: Mapping[str, frozenset[str]]) -> list[str]:
    """The programs, each after those that it asks about; where some ask about each other, by their ids."""
    done: dict[str, None] = {}

    def visit(name: str) -> None:
        if name in done or name not in asked:
            return
        for other in sorted(asked[name]):
            if name not in reached(other, asked):
                visit(other)
        done[name] = None

    for name in sorted(asked):
        visit(name)
    return list(done)


def reached(name: str, asked: Mapping[str, frozenset[str]]) -> set[str]:
    """All programs that one asks about, or otherwise leads to, and that those lead to."""
    found: set[str] = set()
    todo = [name]
    while todo:
        more = asked.get(todo.pop(), frozenset()) - found
        found |= more
        todo += more
    return found


def marked(
    record: Record, program: str, asks: frozenset[str], awarded: Sequence[ProgramUse], decided: Iterable[Decision]
) -> Record:
    """The record as one program sees it: attempts say which programs, of those asked about, have used them.

    What was awarded keeps what it used, whatever else is met by now. Of the rest, each attempt is used by what was
    awarded with it, and by what is met with it in this run, `decided` before this program.
    """
    uses: dict[str, set[str]] = {}
    own = frozenset[str]().union(*(use.attempts for use in awarded if use.program == program))
    for use in awarded:
        if use.program in asks and use.program != program:
            _note(uses, use.program, use.attempts - own)
    for decision in decided:
        if decision.program in asks and decision.outcome is Outcome.MET:
            _note(uses, decision.program, used_by(decision.reason) - own)
    if not any(attempt.attempt_id in uses for attempt in record.attempts):
        return record
    attempts = tuple(
        replace(attempt, used_for=frozenset(uses.get(attempt.attempt_id, ()))) for attempt in record.attempts
    )
    return replace(record, attempts=attempts)


def _note(uses: dict[str, set[str]], program: str, attempts: Iterable[str]) -> None:
    for attempt in attempts:
        uses.setdefault(attempt, set()).add(program)


def with_asked(ids: Iterable[str], programs: Sequence[Program]) -> Iterator[str]:
    """These programs, and those that they ask about: which of them is awarded decides what is left for the others."""
    todo = list(ids)
    seen: set[str] = set()
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo += asked_about(one for one in programs if one.id == name)
            yield name
