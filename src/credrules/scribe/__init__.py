"""Ellucian Degree Works blocks, written in Scribe, as program files: text -> tree -> requirements and a report.

What is known of the language is public: training pages of universities, and the grammar that City University of New
York built against its own blocks. What is not known of it is left to a person, never guessed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from credrules.scribe.draft import Imported, Wanted, make_draft
from credrules.scribe.parser import parse
from credrules.scribe.source import ScribeError, read_source

if TYPE_CHECKING:
    from credrules.yaml_files import Document

__all__ = ["Imported", "ScribeError", "Wanted", "import_block"]


def import_block(raw: bytes, name: str, institution: Document, wanted: Wanted) -> Imported:
    """One block as a program file, a case file and a report on every line.

    Raises ScribeError with every problem where the block cannot be parsed, and RuleFileError where the institution's
    file, from which grades get their symbols, cannot be used.
    """
    source = read_source(raw, name)
    return make_draft(source, parse(source), institution, wanted)
