"""The life of a credential as a program file states it: understood, with what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from credrules.life_cycle import LifeCycle

if TYPE_CHECKING:
    from credrules import rule_shapes as shapes
    from credrules.yaml_files import Document

CLAIM = "claim"
"""The node of a program whose credential has to be asked for."""


def read_life_cycle(document: Document, shape: shapes.ProgramFile) -> LifeCycle:
    return LifeCycle(claim=shape.claim is not None)


def own_ids(shape: shapes.ProgramFile) -> list[str]:
    """The ids of nodes that are there because of what the file says; no requirement may have them."""
    return [CLAIM] if shape.claim else []
