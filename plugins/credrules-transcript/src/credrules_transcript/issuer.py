"""TranscriptIssuer: an award becomes an order to the registrar."""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING

from credrules import AwardField, Receipt, Refused, Unavailable, Verification
from credrules_transcript.order_file import FILE_NAME, Damaged, OrderFile
from credrules_transcript.order_file import reason as reason_of
from credrules_transcript.orders import HEADER, is_removal, is_whole, order_for, order_id, order_of, parse, removal_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

    from credrules import Award

FAULTS_SHOWN = 50

TAKES = frozenset({AwardField.CREDITS})
"""The registrar knows the learner by the id, which is in every award."""


class TranscriptIssuer:
    """Writes one row a note. `line_width` is what a title has room for; `text` goes with every note that has no own."""

    def __init__(self, name: str, folder: Path, *, line_width: int = 40, text: str = "") -> None:
        self.name = name
        self.takes = TAKES
        self.folder = folder
        self.line_width = line_width
        self.text = text
        self._orders = OrderFile(folder)

    def check(self) -> Iterator[str]:
        """What would keep orders from being written. A folder that is not there yet is made for the first one."""
        there = self.folder
        while not there.exists() and there != there.parent:
            there = there.parent
        if not there.is_dir():
            yield f"{there} is not a folder, so that {self._orders.path} cannot be written."
        elif not os.access(there, os.W_OK | os.X_OK):
            yield f"{there} cannot be written to by this user."
        elif self._orders.path.exists():
            if not os.access(self._orders.path, os.R_OK | os.W_OK):
                yield f"{self._orders.path} cannot be read and written by this user."
            try:
                self._orders.has("")
            except Damaged as error:
                yield f"{self.folder}: {error}"
            except OSError as error:
                yield f"{self._orders.path} cannot be read: {reason_of(error)}."

    def find(self, award: Award) -> Receipt | None:
        try:
            return self._receipt(award) if self._orders.has(order_id(award.key)) else None
        except Damaged as error:
            raise Unavailable(str(error)) from error
        except OSError as error:
            raise Unavailable(f"{FILE_NAME} cannot be read: {reason_of(error)}.") from error

    def issue(self, award: Award) -> Receipt:
        """Order the note; where it has been ordered, its receipt again and no second row."""
        found = self.find(award)
        if found:
            return found
        order = order_for(award, self.line_width, self.text)
        try:
            self._orders.append(order)
        except Damaged as error:
            raise Unavailable(str(error)) from error
        except OSError as error:
            raise Unavailable(f"{FILE_NAME} cannot be written: {reason_of(error)}.") from error
        return self._receipt(award)

    def revoke(self, receipt: Receipt, reason: str) -> None:
        """Order the removal of a note, in a row of its own: the registrar may have loaded the first one."""
        try:
            order = None if is_removal(receipt.reference) else self._orders.given(receipt.reference)
            if order is None:
                raise Refused(f"{receipt.reference} is no order in {FILE_NAME}: there is nothing to take back.")
            self._orders.append(removal_of(order, reason))
        except Damaged as error:
            raise Unavailable(str(error)) from error
        except OSError as error:
            raise Unavailable(f"{FILE_NAME} cannot be written: {reason_of(error)}.") from error

    def verify(self, path: Path) -> Verification | None:
        """Whether a file of transcript notes has the form of one, and every order once. None for any other file."""
        try:
            with path.open("rb") as file:
                if path.name != FILE_NAME and file.read(len(HEADER)) != HEADER:
                    return None
                file.seek(0)
                return _verification(path.name, file)
        except OSError as error:
            if path.name != FILE_NAME:
                return None
            return Verification(path.name, faults=(f"It cannot be read: {reason_of(error)}.",))

    def _receipt(self, award: Award) -> Receipt:
        return Receipt(award_key=award.key, issuer=self.name, reference=order_id(award.key), detail={"file": FILE_NAME})


def _verification(name: str, file: BinaryIO) -> Verification:
    times: Counter[str] = Counter()
    faults = list(_faults(file, times))
    if len(faults) > FAULTS_SHOWN:
        faults = [*faults[:FAULTS_SHOWN], f"There are {len(faults) - FAULTS_SHOWN} more faults."]
    orders = tuple(one for one in times if not is_removal(one))
    facts = {"orders": str(len(orders))}
    if len(times) > len(orders):
        facts["removals"] = str(len(times) - len(orders))
    return Verification(name, facts, tuple(faults), references=orders)


def _faults(file: BinaryIO, times: Counter[str]) -> Iterator[str]:
    """Every fault in sentences; counts the orders on the way."""
    line = 0
    for line, raw in enumerate(file, start=1):
        if line == 1:
            if raw != HEADER:
                yield "Line 1 is not the header of transcript notes."
            continue
        try:
            order = parse(raw)
        except ValueError as error:
            yield f"Line {line}: {error}"
            continue
        if not (raw.endswith(b"\n") or is_whole(raw)):
            yield f"Line {line} has no end. Do not load it: it may be a piece of an order that is still to be given."
            continue
        times[order.order_id] += 1
        if times[order.order_id] == 2:
            yield f"Line {line}: {order.order_id} is there a second time."
        if is_removal(order.order_id) and order_of(order.order_id) not in times:
            yield f"Line {line}: {order.order_id} takes back what was not ordered before it."
        for fault in order.faults():
            yield f"Line {line}: {fault}"
    if not line:
        yield "The file is empty."
