"""What became of every line of a block."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from credrules.scribe.source import Source, Span


class Status(StrEnum):
    """In the order of how much a person has to do."""

    EMPTY = "empty"  # blank, a comment, or outside of the block
    TRANSLATED = "translated"
    DIFFERENT = "translated with a difference"
    UNTRANSLATED = "not translated"


_ORDER = list(Status)


@dataclass(frozen=True, slots=True)
class Note:
    """What became of one part of the block."""

    span: Span
    status: Status
    said: str
    todo: str = ""


@dataclass(frozen=True, slots=True)
class Remark:
    """A note, by lines."""

    first: int
    last: int
    status: Status
    said: str
    todo: str
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the file. Its status is that of the note on it that asks most of a person."""

    number: int
    text: str
    status: Status
    remarks: tuple[Remark, ...]


@dataclass(frozen=True, slots=True)
class Report:
    lines: tuple[Line, ...]
    remarks: tuple[Remark, ...]

    @property
    def needs_a_person(self) -> bool:
        return any(line.status in {Status.DIFFERENT, Status.UNTRANSLATED} for line in self.lines)

    @property
    def counts(self) -> dict[str, int]:
        counted = Counter(line.status for line in self.lines)
        return {str(status): counted[status] for status in Status}


def make_report(source: Source, notes: Sequence[Note], block: Span) -> Report:
    ordered = sorted(notes, key=lambda note: (note.span.start, -note.span.end, _ORDER.index(note.status), note.said))
    remarks = tuple(
        Remark(
            first=source.line(note.span.start),
            last=source.last_line(note.span),
            status=note.status,
            said=note.said,
            todo=note.todo,
            text=source.words(note.span, 100),
        )
        for note in ordered
    )
    here: dict[int, list[Remark]] = {}
    for remark in remarks:
        for number in range(remark.first, remark.last + 1):
            here.setdefault(number, []).append(remark)
    first, last = source.line(block.start), source.last_line(block)
    lines = tuple(
        Line(
            number=number,
            text=text,
            status=_status(text, here.get(number, ()), inside=first <= number <= last),
            remarks=tuple(here.get(number, ())),
        )
        for number, text in enumerate(source.lines, start=1)
    )
    return Report(lines=lines, remarks=tuple(dict.fromkeys(remarks)))


def _status(text: str, remarks: Sequence[Remark], *, inside: bool) -> Status:
    if not text.strip() or text.lstrip().startswith("#"):
        return Status.EMPTY
    if not remarks and inside:  # signs that end something, and what hides courses from advice
        rest = re.sub(r"#.*|hide(-?from-?advice)?", "", text, flags=re.IGNORECASE).strip(" \t;,{}[]()")
        return Status.UNTRANSLATED if rest else Status.TRANSLATED
    return max((remark.status for remark in remarks), key=_ORDER.index, default=Status.EMPTY)
