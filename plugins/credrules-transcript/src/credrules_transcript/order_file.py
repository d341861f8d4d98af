"""OrderFile: orders in a file that only ever grows, safe against crashes and against two writers at once."""

from __future__ import annotations

import errno
import os
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from filelock import FileLock

from credrules import OutcomeUnknown, Problem
from credrules_transcript.orders import FIRST_SIGNS, HEADER, is_whole, parse

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

    from credrules_transcript.orders import Order

FILE_NAME = "transcript-notes.csv"
LOCK_SECONDS = 10


class Damaged(Exception):
    """The file holds something that is no order, so that nobody can tell which orders were given."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(str(Problem(FILE_NAME, line, message)))


@dataclass(slots=True)
class _Known:
    """What has been read of the file so far."""

    identity: tuple[int, int] | None = None
    size: int = 0  # of the whole lines, in bytes
    lines: int = 0
    ids: set[str] = field(default_factory=set)
    tail: bytes = b""  # a last line without an end ...
    unended: str = ""  # ... and its order, where it lacks nothing else


class OrderFile:
    """The file, with the ids of its orders in memory; only what was added since the last look is read.

    Every failure but OutcomeUnknown means that nothing was ordered.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE_NAME
        self._lock = FileLock(f"{self.path}.lock", timeout=LOCK_SECONDS)
        self._one_at_a_time = threading.Lock()
        self._known = _Known()

    def has(self, order_id: str) -> bool:
        """Whether the order was given. Raises OSError or Damaged where that cannot be told."""
        with self._one_at_a_time:
            self._catch_up()
            return order_id in self._known.ids or order_id == self._known.unended

    def given(self, order_id: str) -> Order | None:
        """The order as it was given; None where it was not. Raises OSError or Damaged where that cannot be told."""
        if not self.has(order_id):
            return None
        with self.path.open("rb") as file:
            return next(order for order in map(parse, list(file)[1:]) if order.order_id == order_id)

    def append(self, order: Order) -> None:
        """Give an order, unless it has been given. Raises OSError or Damaged where it was not, OutcomeUnknown where it
        may have been.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._one_at_a_time, self._lock:
            descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o640)
            try:
                self._catch_up()
                self._mend(descriptor)
                if not self._known.size:
                    self._write(descriptor, HEADER)
                    _sync_folder(self.path.parent)
                if order.order_id not in self._known.ids:
                    self._write(descriptor, order.line())
                    self._known.ids.add(order.order_id)
            except Exception:
                self._known = _Known()  # whatever came of it, the file itself says it best
                raise
            finally:
                os.close(descriptor)

    def _catch_up(self) -> None:
        """Read what the file has grown by; all of it where it is another file than last time, or has become shorter."""
        try:
            status = self.path.stat()
        except FileNotFoundError:
            self._known = _Known()
            return
        identity = (status.st_dev, status.st_ino)
        if identity != self._known.identity or status.st_size < self._known.size:
            self._known = _Known(identity)
        if status.st_size == self._known.size:
            self._known.tail, self._known.unended = b"", ""
            return
        with self.path.open("rb") as file:
            # A row that a killed process wrote may not be on the disk yet. Whoever is told of it will never order it
            # again, so it has to be there first.
            os.fsync(file.fileno())
            try:
                self._read_on(file)
            except Damaged:
                self._known = _Known()  # once it is repaired, every line may stand elsewhere
                raise

    def _read_on(self, file: BinaryIO) -> None:
        known = self._known
        known.tail, known.unended = b"", ""
        file.seek(known.size)
        for raw in file:
            if not raw.endswith(b"\n"):
                known.tail = raw
                known.unended = self._order_of_the_tail()
                return
            if known.lines:
                known.ids.add(self._understood(raw))
            elif raw != HEADER:
                raise Damaged(1, "the first line is not the header of transcript notes. Move the file away.")
            known.size += len(raw)
            known.lines += 1

    def _understood(self, raw: bytes) -> str:
        try:
            return parse(raw).order_id
        except ValueError as error:
            raise Damaged(self._known.lines + 1, f"{error} Put back the file as credrules left it.") from None

    def _order_of_the_tail(self) -> str:
        """The id of a last line that lacks only its end; '' where it is a piece of one.

        Raises Damaged where it is not even that: somebody else has written there, and it is not ours to drop.
        """
        # A disk that lost its power may leave zeros where the end of the last row was to be.
        piece = self._known.tail.rstrip(b"\0")
        if not self._known.lines and HEADER.startswith(piece):
            return ""
        if self._known.lines and is_whole(self._known.tail):
            return parse(self._known.tail).order_id
        if self._known.lines and piece.startswith(FIRST_SIGNS[: len(piece)]):
            return ""
        advice = "Give it a line end if it is a whole order; else take it out."
        raise Damaged(self._known.lines + 1, f"the last line has no end, and credrules did not write it. {advice}")

    def _mend(self, descriptor: int) -> None:
        """End a last line that lacks only its end, and drop one that is a piece.

        A piece was left by a process that ended while it wrote. Its order was never receipted, so that it will be given
        again; left there, it would swallow the next one.
        """
        known = self._known
        if known.unended:
            known.size += len(known.tail)
            self._write(descriptor, b"\n")
            known.ids.add(known.unended)
        elif known.tail:
            os.ftruncate(descriptor, known.size)
        known.tail, known.unended = b"", ""

    def _write(self, descriptor: int, line: bytes) -> None:
        """The end of the file up to a line end, in one call, and on the disk before this returns."""
        try:
            written = os.write(descriptor, line)
            if written < len(line):
                raise OSError(errno.ENOSPC, f"only {written} of {len(line)} bytes could be written; is the disk full?")
        except OSError:
            try:
                os.ftruncate(descriptor, self._known.size)
            except OSError as error:
                raise OutcomeUnknown(f"{FILE_NAME} could neither be written nor put back: {reason(error)}.") from error
            raise
        try:
            os.fsync(descriptor)
        except OSError as error:
            raise OutcomeUnknown(f"{FILE_NAME} was written but may not be on the disk: {reason(error)}.") from error
        self._known.size += written
        self._known.lines += 1


def reason(error: OSError) -> str:
    return error.strerror or str(error)


def _sync_folder(folder: Path) -> None:
    """A new file is lost with the power unless its folder is on the disk too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
