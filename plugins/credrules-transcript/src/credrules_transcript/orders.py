"""Order: one row of the file, which asks the registrar to note one award on one transcript."""

from __future__ import annotations

import csv
import hashlib
import io
import re
import unicodedata
from dataclasses import astuple, dataclass, fields, replace
from datetime import date
from typing import TYPE_CHECKING

from credrules import Refused
from credrules_transcript.titles import fit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from credrules import Award

_ID = re.compile(r"order-[0-9a-f]{32}(-removal)?")
_REMOVAL = "-removal"
_CREDITS = re.compile(r"([0-9]+(\.[0-9]+)?)?")
_DIGEST = re.compile(r"[0-9A-Za-z:._-]*")
_FORMULA = tuple("=+-@" + "\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH HYPHEN-MINUS}＠")
_BANNER_ID = re.compile(r"@[0-9]+")
_UNPRINTED = ("Cc", "Cs", "Zl", "Zp")


@dataclass(frozen=True, slots=True)
class Order:
    """The cells of a row, in the order of the file's columns."""

    order_id: str
    action: str
    learner_id: str
    institution: str
    program: str
    title: str
    awarded_on: str
    credits: str
    text: str
    rule_version: str
    decision: str

    def line(self) -> bytes:
        """The row as it is written. Every cell stands in quotes: the last one shows whether the row is whole."""
        return _line(astuple(self))

    def faults(self) -> Iterator[str]:
        """What a registrar's loader, or a spreadsheet, would stumble over, in sentences."""
        if not _ID.fullmatch(self.order_id):
            yield "order_id is not one that credrules gives."
        if self.action != ("remove" if is_removal(self.order_id) else "add"):
            yield "action is not 'add' for an order, or 'remove' for the removal of one."
        for name, cell in zip(COLUMNS, astuple(self), strict=True):
            if name in _NEEDED and not cell:
                yield f"{name} is blank."
            elif any(unicodedata.category(sign) in _UNPRINTED for sign in cell):
                yield f"{name} holds a control character or a line end."
            elif cell.startswith(_FORMULA) and not (name == "learner_id" and _BANNER_ID.fullmatch(cell)):
                yield f"{name} begins with '{cell[0]}', which a spreadsheet would run as a formula."
        if not _is_day(self.awarded_on):
            yield "awarded_on is not a day, YYYY-MM-DD."
        if not _CREDITS.fullmatch(self.credits):
            yield "credits is not a number."
        if not _DIGEST.fullmatch(self.decision):
            yield "decision is not a digest."


COLUMNS = tuple(field.name for field in fields(Order))
_NEEDED = frozenset({"learner_id", "institution", "program", "title", "awarded_on"})


def _line(cells: tuple[str, ...]) -> bytes:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerow(cells)
    return text.getvalue().encode()


HEADER = _line(COLUMNS)
FIRST_SIGNS = b'"order-'
"""What every row begins with."""


def order_id(award_key: str) -> str:
    """The same for the same award on every machine and in every year, and short enough for a column of an SIS.

    It begins with letters: of digits with one 'e' among them a spreadsheet would make a number.
    """
    return "order-" + hashlib.sha256(award_key.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def is_removal(order_id: str) -> bool:
    return order_id.endswith(_REMOVAL)


def order_of(removal_id: str) -> str:
    """The id of the order that a removal takes back."""
    return removal_id.removesuffix(_REMOVAL)


def removal_of(order: Order, reason: str) -> Order:
    """The row that asks the registrar to take a note off again, for this reason; its id names the order that it is of.
    Raises Refused as `order_for` does."""
    removal = replace(order, order_id=order.order_id + _REMOVAL, action="remove", text=" ".join(reason.split()))
    if faults := list(removal.faults()):
        raise Refused(f"The removal cannot be written: {' '.join(faults)} Word the reason in another way.")
    return removal


def order_for(award: Award, line_width: int, text: str) -> Order:
    """The order for an award. Raises Refused where it cannot be written exactly and safely.

    Nothing is ever escaped: a registrar's loader matches ids sign by sign, and an apostrophe put before one would match
    nobody. So a cell that a spreadsheet would run is not written at all. Line ends in titles and texts become blanks.
    """
    order = Order(
        order_id=order_id(award.key),
        action="add",
        learner_id=award.recipient.learner_id,
        institution=award.institution.id,
        program=award.achievement.program,
        title=fit(" ".join(award.achievement.title.split()), line_width),
        awarded_on=award.awarded_on.isoformat(),
        credits="" if award.credits is None else format(award.credits.normalize(), "f"),
        text=" ".join(award.options.get("text", text).split()),
        rule_version=award.achievement.version,
        decision=award.decision,
    )
    if faults := list(order.faults()):
        raise Refused(f"The transcript note cannot be written: {' '.join(faults)} Correct it at its source.")
    return order


def parse(line: bytes) -> Order:
    """A row of the file. Raises ValueError, in a sentence, where it has not the form of one."""
    try:
        (cells,) = csv.reader([line.decode()], strict=True)
    except (csv.Error, UnicodeDecodeError, ValueError):
        raise ValueError("the line is not a row of CSV in UTF-8.") from None
    if len(cells) != len(COLUMNS):
        raise ValueError(f"the row has {len(cells)} cells, an order {len(COLUMNS)}.")
    order = Order(*cells)
    if not _ID.fullmatch(order.order_id):
        raise ValueError("the row has no order_id that credrules gave.")
    return order


def is_whole(line: bytes) -> bool:
    """Whether a row without its line end is one that was written to its last cell."""
    try:
        return line.endswith(b'"') and bool(parse(line))
    except ValueError:
        return False


def _is_day(text: str) -> bool:
    try:
        return len(text) == 10 and date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
