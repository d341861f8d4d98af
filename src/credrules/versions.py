"""The versions of one program, held against each other: one after another, without a gap and without an overlap."""

from __future__ import annotations

from datetime import timedelta
from itertools import combinations, pairwise
from typing import TYPE_CHECKING

from credrules.errors import nearest
from credrules.rules import walk
from credrules.wording import slug

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from credrules import rule_shapes as shapes
    from credrules.rules import Program
    from credrules.yaml_files import Document

    Version = tuple[Document, shapes.ProgramFile]


def report_versions(found: Sequence[tuple[Document, shapes.ProgramFile | None]]) -> None:
    """Note what is wrong between the files that define one program."""
    versions: dict[str, list[Version]] = {}
    for document, shape in found:
        if shape is None:
            continue
        if shape.until and shape.until < shape.effective:
            message = f"'until' is {shape.until}, before the first day of this version, {shape.effective}."
            document.problem(("until",), message)
        versions.setdefault(shape.program, []).append((document, shape))
    for one_program in versions.values():
        in_order = sorted(one_program, key=lambda version: version[1].effective)
        for older, newer in pairwise(in_order):
            _report_same_day(older, newer)
            _report_until(older, newer)
        for older, newer in combinations(in_order, 2):
            _report_award_ids(older, newer)


def _report_same_day(older: Version, newer: Version) -> None:
    (before, first), (document, second) = older, newer
    if first.effective == second.effective:
        message = (
            f"defines program '{second.program}', which {before.name} defines already. "
            "A new version needs an 'effective' day of its own."
        )
        document.problem(("program",), message)


def _report_until(older: Version, newer: Version) -> None:
    """`until` of a version that another one follows may only be the day before that one."""
    (document, first), (after, second) = older, newer
    last = second.effective - timedelta(days=1)
    if first.until is None or first.until == last or first.effective == second.effective:
        return
    if first.until < last:
        what = f"nobody could begin the program from then until {second.effective}, when {after.name} comes into effect"
    else:
        what = f"{after.name} is in effect from {second.effective} on already"
    document.problem(("until",), f"'until' is {first.until}, but {what}. Leave 'until' out, or write {last}.")


def _report_award_ids(older: Version, newer: Version) -> None:
    """An issuer's award keeps its id: it is part of the key by which nobody is awarded for two versions."""
    (before, first), (document, second) = older, newer
    for issuer in dict.fromkeys(award.issuer for award in second.awards):
        had, has = list(_award_ids(first, issuer).values()), _award_ids(second, issuer)
        if had and not set(had) & set(has.values()):
            place, name = next(iter(has.items()))
            message = (
                f"'{name}' is what '{issuer}' awards here; in {before.name} that is '{had[0]}'. "
                f"Write 'id: {had[0]}', so that nobody is awarded both."
            )
            document.problem(("awards", place), message)


def _award_ids(shape: shapes.ProgramFile, issuer: str) -> dict[int, str]:
    """What an issuer awards, by its place in the file."""
    return {place: award.id or slug(award.issuer) for place, award in enumerate(shape.awards) if award.issuer == issuer}


def report_migrations(found: Sequence[tuple[Document, Program]]) -> None:
    """Note each line of `migrates` that leads from or to an id that is not there."""
    versions: dict[str, list[tuple[Document, Program]]] = {}
    for document, program in sorted(found, key=lambda one: one[1].effective):
        versions.setdefault(program.id, []).append((document, program))
    for in_order in versions.values():
        before: dict[str, None] = {}
        for document, program in in_order:
            here = _ids(program)
            for old, new in program.migrates.items():
                if message := _migration_fault(program, old, new, before, here):
                    document.problem(("migrates", old), message)
            before |= dict.fromkeys(here)


def _ids(program: Program) -> list[str]:
    """What exceptions can be bound to."""
    requirements = [requirement.id for requirement in walk(program.requirements)]
    return [*requirements[1:], *(rule.id for rule in program.rules)]


def _migration_fault(
    program: Program, old: str, new: str | None, before: Collection[str], here: Collection[str]
) -> str | None:
    if not before:
        return f"there is no older version of '{program.id}', so there is nothing to migrate. Leave 'migrates' out."
    if old in here:
        return f"'{old}' is in this version too, and exceptions granted for it stay with it. Leave this line out."
    if old not in before:
        listed = ", ".join(name for name in before if name not in here) or "none that this one lacks"
        return f"'{old}' is no requirement or rule of an older version. There are: {listed}.{nearest(old, before)}"
    if new is not None and new not in here:
        possible = f"There are: {', '.join(here)}. Or write none, where exceptions for '{old}' are to end."
        return f"'{new}' is no requirement or rule of this version. {possible}{nearest(new, here)}"
    return None
