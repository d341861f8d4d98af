"""The life of a credential as a program file states it: understood, with what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from credrules.conferral import CONFERRAL_DAY, DECLINED
from credrules.life_cycle import LifeCycle

if TYPE_CHECKING:
    from credrules import rule_shapes as shapes
    from credrules.yaml_files import Document

CLAIM = "claim"
"""The node of a program whose credential has to be asked for."""


def read_life_cycle(document: Document, shape: shapes.ProgramFile) -> LifeCycle:
    within = shape.claim.within if shape.claim else None
    days = shape.confer.on if shape.confer else []
    if within and not shape.confer:
        message = (
            "a late claim is conferred on one of the program's later days, and the program has none. "
            "Add 'confer: { on: [...] }', or write 'claim: required'."
        )
        document.problem(("claim", "within"), message)
    for at, day in enumerate(days):
        if day in days[:at]:
            document.problem(("confer", "on", at), f"{day} is in this list already.")
    return LifeCycle(
        claim=shape.claim is not None,
        claim_within=within.days if within else 0,
        confer_on=tuple(sorted({(int(day[:2]), int(day[3:])) for day in days})),
    )


def own_ids(shape: shapes.ProgramFile) -> list[str]:
    """The ids of nodes that are there because of what the file says; no requirement may have them."""
    return [DECLINED, *([CLAIM] if shape.claim else []), *([CONFERRAL_DAY] if shape.confer else [])]
