"""The life of a credential as a program file states it: understood, with what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from credrules.conferral import CONFERRAL_DAY, DECLINED, TERM
from credrules.errors import Problem, nearest
from credrules.life_cycle import LifeCycle
from credrules.never_both import INSTEAD, above
from credrules.rules import Average, Counted, CourseCount, CreditSum, walk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from credrules import rule_shapes as shapes
    from credrules.rules import Group, Program
    from credrules.yaml_files import Document

RENEWS = "renews"
"""The node of a renewal that asks for the credential which it renews."""

CLAIM = "claim"
"""The node of a program whose credential has to be asked for."""


def read_life_cycle(document: Document, shape: shapes.ProgramFile, months: int) -> LifeCycle:
    """`months` is how long it is valid, as the file says under `expires`."""
    within = shape.claim.within if shape.claim else None
    days = shape.confer.on if shape.confer else []
    if within and not shape.confer:
        message = (
            "a late claim is conferred on one of the program's later days, and the program has none. "
            "Add 'confer: { on: [...] }', or write 'claim: required'."
        )
        document.problem(("claim", "within"), message)
    if shape.renews and not shape.expires:
        message = "a renewal says for how long it renews. Add 'expires:' with years or months."
        document.problem(("renews",), message)
    if shape.lower_of and not shape.claim:
        message = (
            f"what is awarded in place of '{shape.lower_of}' is final, so the learner has to ask for it. "
            "Add 'claim: required'."
        )
        document.problem(("lower-of",), message)
    for at, day in enumerate(days):
        if day in days[:at]:
            document.problem(("confer", "on", at), f"{day} is in this list already.")
    return LifeCycle(
        claim=shape.claim is not None,
        claim_within=within.days if within else 0,
        confer_on=tuple(sorted({(int(day[:2]), int(day[3:])) for day in days})),
        expires=months,
        renews=shape.renews or "",
        lower_of=shape.lower_of or "",
    )


def own_ids(shape: shapes.ProgramFile) -> list[str]:
    """The ids of nodes that are there because of what the file says; no requirement may have them."""
    renewal = [RENEWS, TERM] if shape.renews else []
    return [DECLINED, *([CLAIM] if shape.claim else []), *([CONFERRAL_DAY] if shape.confer else []), *renewal, INSTEAD]


def check_renewal(document: Document, root: Group) -> None:
    """Note what a renewal asks for that has no day, so that one piece of work might renew twice."""
    for part in walk(root):
        if isinstance(part, CourseCount | CreditSum | Average | Counted):
            message = (
                "a renewal asks for work that is no course, milestones, a person's word and credentials: these have a "
                "day, which lies in one term. Ask for hours, points or events instead of courses."
            )
            document.problems.append(Problem(part.place.file, part.place.line, message))


def report_renewals(found: Sequence[tuple[Document, Program]]) -> None:
    """Note each program that renews one that is not there, that does not expire, or that is a renewal itself."""
    programs = {program.id: program for _, program in sorted(found, key=lambda one: one[1].effective)}
    for document, program in found:
        name = program.life.renews
        if not name:
            continue
        other = programs.get(name)
        if other is None or name == program.id:
            listed = ", ".join(one.id for one in programs.values() if one.life.expires and not one.life.renews)
            message = f"'{name}' is no other program. There are, of those that expire: {listed or 'none'}."
            document.problem(("renews",), message + nearest(name, [one for one in programs if one != program.id]))
        elif other.life.renews:
            document.problem(("renews",), f"'{name}' is a renewal itself; name '{other.life.renews}', which it renews.")
        elif not other.life.expires:
            message = f"'{name}' does not expire, so there is nothing to renew. Add 'expires:' to {other.place.file}."
            document.problem(("renews",), message)


def report_levels(found: Sequence[tuple[Document, Program]]) -> None:
    """Note each program that is the lower level of one that is not there, or in the end of itself."""
    programs = {program.id: program for _, program in sorted(found, key=lambda one: one[1].effective)}
    for document, program in found:
        name = program.life.lower_of
        others = [one for one in programs if one != program.id]
        if name and name not in others:
            message = f"'{name}' is no other program. There are: {', '.join(others) or 'none'}."
            document.problem(("lower-of",), message + nearest(name, others))
        elif name and program.id in above(program.id, programs):
            message = f"'{name}' is itself in the end a lower level of '{program.id}'. Which of them is the lower one?"
            document.problem(("lower-of",), message)
