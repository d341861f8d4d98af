"""Books: which badge has which place in which status list, and which badges were taken back and why.

SQLite, because a place must never be given twice: not by two processes at once, and not by one that was killed.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from credrules import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILE_NAME = "status.db"
LOCK_SECONDS = 30

_TABLES = """
CREATE TABLE IF NOT EXISTS list (number INTEGER PRIMARY KEY, issuer TEXT NOT NULL, form TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS place (
    badge TEXT PRIMARY KEY, list INTEGER NOT NULL REFERENCES list, position INTEGER NOT NULL, UNIQUE (list, position)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS revocation (
    badge TEXT PRIMARY KEY REFERENCES place, day TEXT NOT NULL, reason TEXT NOT NULL
) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Place:
    """A badge's bit: the number of its list, and its position there."""

    list: int  # its number
    position: int


@dataclass(frozen=True, slots=True)
class StatusList:
    """One list: who signs it, and in which form ('json' or 'jwt')."""

    number: int
    issuer: str
    form: str

    @property
    def file(self) -> str:
        return f"status-{self.number}.{self.form}"


@dataclass(frozen=True, slots=True)
class Revocation:
    day: date
    reason: str


class Books:
    """Open books, within one transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def place(self, badge: str) -> Place | None:
        row = self._one("SELECT list, position FROM place WHERE badge = ?", badge)
        return Place(*row) if row else None

    def take(self, badge: str, place: Place) -> None:
        """Give a place, for ever. Raises sqlite3.IntegrityError where it was given before."""
        self._connection.execute("INSERT INTO place VALUES (?, ?, ?)", (badge, place.list, place.position))

    def is_free(self, place: Place) -> bool:
        return not self._one("SELECT 1 FROM place WHERE list = ? AND position = ?", place.list, place.position)

    def taken(self, number: int) -> int:
        """How many places of a list are given."""
        row = self._one("SELECT count(*) FROM place WHERE list = ?", number)
        return int(row[0]) if row else 0

    def named(self, number: int) -> StatusList | None:
        """None where the books do not know it."""
        row = self._one("SELECT number, issuer, form FROM list WHERE number = ?", number)
        return StatusList(*row) if row else None

    def lists(self) -> list[StatusList]:
        """Every list, the newest first."""
        rows = self._connection.execute("SELECT number, issuer, form FROM list ORDER BY number DESC")
        return [StatusList(*row) for row in rows]

    def begin(self, one: StatusList) -> None:
        self._connection.execute("INSERT INTO list VALUES (?, ?, ?)", (one.number, one.issuer, one.form))

    def revoke(self, badge: str, revocation: Revocation) -> None:
        """The first word stays."""
        self._connection.execute(
            "INSERT OR IGNORE INTO revocation VALUES (?, ?, ?)", (badge, revocation.day.isoformat(), revocation.reason)
        )

    def revocation(self, badge: str) -> Revocation | None:
        row = self._one("SELECT day, reason FROM revocation WHERE badge = ?", badge)
        return Revocation(date.fromisoformat(row[0]), row[1]) if row else None

    def revoked(self, number: int) -> set[int]:
        """The positions in a list whose badges were taken back."""
        rows = self._connection.execute("SELECT position FROM revocation NATURAL JOIN place WHERE list = ?", (number,))
        return {position for (position,) in rows}

    def _one(self, statement: str, *values: object) -> tuple[Any, ...] | None:
        row: tuple[Any, ...] | None = self._connection.execute(statement, values).fetchone()
        return row


@contextmanager
def write(folder: Path) -> Iterator[Books]:
    """The books, for one writer at a time; kept if the block ends well. Raises Unavailable where nothing was kept."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with closing(_connect(folder)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield Books(connection)
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")
    except (sqlite3.Error, OSError) as error:
        raise Unavailable(f"The books {folder / FILE_NAME} cannot be used: {_why(error)}.") from error


@contextmanager
def read(folder: Path) -> Iterator[Books | None]:
    """The books as they are; None where there are none. Makes nothing. Raises Unavailable."""
    if not (folder / FILE_NAME).exists():
        yield None
        return
    try:
        with closing(_connect(folder)) as connection:
            yield Books(connection)
    except sqlite3.Error as error:
        raise Unavailable(f"The books {folder / FILE_NAME} cannot be read: {_why(error)}.") from error


def _connect(folder: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(folder / FILE_NAME, timeout=LOCK_SECONDS, isolation_level=None)
    # EXTRA: a place that was given must still be so when the power comes back, whatever the folder's own state.
    connection.executescript(f"PRAGMA synchronous = EXTRA; PRAGMA foreign_keys = ON; {_TABLES}")
    return connection


def _why(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
