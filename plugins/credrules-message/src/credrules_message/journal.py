"""Journal: what was begun, taken and not taken, and what a person said of it. Rows are added, never edited.

A mail server cannot be asked what it took, so this has to know. SQLite, so that of two workers at once one begins.
"""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from credrules import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILE_NAME = "messages.db"
LOCK_SECONDS = 30

_TABLE = """
CREATE TABLE IF NOT EXISTS event (
    number INTEGER PRIMARY KEY, award TEXT NOT NULL, message_id TEXT NOT NULL, what TEXT NOT NULL, at TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS event_of_award ON event (award, number);
"""
_LAST = "SELECT message_id, what, at FROM event WHERE award = ? ORDER BY number DESC LIMIT 1"


def now() -> str:
    """The time as it is written here."""
    return datetime.now(UTC).isoformat(timespec="seconds")


class What(StrEnum):
    """What happened to a message. The last word on it is how it stands."""

    BEGUN = "begun"  # and, as long as nothing follows, nobody knows how it ended
    TAKEN = "taken"
    NOT_TAKEN = "not-taken"
    SAID_SENT = "said-sent"  # by a person who looked it up at the mail server
    SAID_NOT_SENT = "said-not-sent"


SENT = frozenset({What.TAKEN, What.SAID_SENT})


@dataclass(frozen=True, slots=True)
class Entry:
    """The last word on one message."""

    message_id: str
    what: What
    at: str


class Unsettled(Exception):
    """The message was begun before and nobody knows how that ended, so that it must not be begun again."""

    def __init__(self, entry: Entry) -> None:
        super().__init__(entry.message_id)
        self.entry = entry


class AlreadySent(Exception):
    """The message was taken before."""

    def __init__(self, entry: Entry) -> None:
        super().__init__(entry.message_id)
        self.entry = entry


def digest(award_key: str) -> str:
    """What stands for an award here and in its Message-ID: no learner id is read from it."""
    return hashlib.sha256(award_key.encode("utf-8", "surrogatepass")).hexdigest()[:40]


class Journal:
    """Every failure is Unavailable: what cannot be written down first is not sent."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def last(self, award: str) -> Entry | None:
        """How the message for an award stands, by its digest; None where it was never begun. Makes nothing."""
        if not (self.folder / FILE_NAME).exists():
            return None
        with self._open() as connection:
            return _last(connection, award)

    def begin(self, award: str, message_id: str, at: str) -> None:
        """On the disk before this returns. Raises Unsettled or AlreadySent."""
        with self._open(write=True) as connection:
            entry = _last(connection, award)
            if entry and entry.what is What.BEGUN:
                raise Unsettled(entry)
            if entry and entry.what in SENT:
                raise AlreadySent(entry)
            _add(connection, award, message_id, What.BEGUN, at)

    def end(self, award: str, message_id: str, what: What, at: str) -> None:
        with self._open(write=True) as connection:
            _add(connection, award, message_id, what, at)

    def unsettled(self) -> list[Entry]:
        """Every message of which nobody knows whether it was sent, the oldest first."""
        if not (self.folder / FILE_NAME).exists():
            return []
        with self._open() as connection:
            rows = connection.execute(
                "SELECT message_id, what, at FROM event WHERE what = ? AND number IN "
                "(SELECT max(number) FROM event GROUP BY award) ORDER BY number",
                (What.BEGUN,),
            )
            return [Entry(message_id, What(what), at) for message_id, what, at in rows]

    def settle(self, message_id: str, what: What, at: str) -> bool:
        """Write down a person's word. False where the message is not one that is unsettled."""
        with self._open(write=True) as connection:
            row = connection.execute("SELECT award FROM event WHERE message_id = ? LIMIT 1", (message_id,)).fetchone()
            entry = _last(connection, row[0]) if row else None
            if row is None or entry is None or entry.what is not What.BEGUN:
                return False
            _add(connection, row[0], message_id, what, at)
            return True

    @contextmanager
    def _open(self, *, write: bool = False) -> Iterator[sqlite3.Connection]:
        try:
            if write:
                self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with closing(
                sqlite3.connect(self.folder / FILE_NAME, timeout=LOCK_SECONDS, isolation_level=None)
            ) as connection:
                # EXTRA: that a message was begun must still be known when the power comes back.
                connection.executescript(f"PRAGMA synchronous = EXTRA; {_TABLE}")
                if not write:
                    yield connection
                    return
                connection.execute("BEGIN IMMEDIATE")
                try:
                    yield connection
                except BaseException:
                    connection.execute("ROLLBACK")
                    raise
                connection.execute("COMMIT")
        except (sqlite3.Error, OSError) as error:
            why = (error.strerror if isinstance(error, OSError) else None) or str(error)
            raise Unavailable(f"The journal {self.folder / FILE_NAME} cannot be used: {why}.") from error


def _last(connection: sqlite3.Connection, award: str) -> Entry | None:
    row = connection.execute(_LAST, (award,)).fetchone()
    return Entry(row[0], What(row[1]), row[2]) if row else None


def _add(connection: sqlite3.Connection, award: str, message_id: str, what: What, at: str) -> None:
    connection.execute(
        "INSERT INTO event (award, message_id, what, at) VALUES (?, ?, ?, ?)", (award, message_id, what, at)
    )
