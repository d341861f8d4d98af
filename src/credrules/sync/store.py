"""The store: what was read of whom at the last synchronisation, and who waits to be decided because of it.

A SQLite file of its own, beside the ledger and no part of it: it can be deleted at any time, and the next
synchronisation makes it again by reading everybody.
"""

from __future__ import annotations

import os
import sqlite3
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Self

import filelock

from credrules.errors import CredrulesError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from pathlib import Path

    from credrules.sync.extracts import Extract

VERSION = 1
BUSY_SECONDS = 30

NEW, CHANGED, GONE, DUE = "new", "changed", "gone", "due"

_TABLES = """
CREATE TABLE state (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE learners (
    learner_id TEXT PRIMARY KEY, digest TEXT NOT NULL, scoped TEXT NOT NULL, attempts INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE days (learner_id TEXT, day TEXT, PRIMARY KEY (learner_id, day)) WITHOUT ROWID;
CREATE INDEX days_in_order ON days (day);
CREATE TABLE waiting (learner_id TEXT PRIMARY KEY, why TEXT NOT NULL, number INTEGER NOT NULL) WITHOUT ROWID;
"""
_DRAFT = """
CREATE TEMP TABLE suspects (learner_id TEXT PRIMARY KEY, missed INTEGER NOT NULL) WITHOUT ROWID;
CREATE TEMP TABLE drafted (
    learner_id TEXT PRIMARY KEY, digest TEXT NOT NULL, scoped TEXT NOT NULL, attempts INTEGER
) WITHOUT ROWID;
CREATE TEMP TABLE drafted_days (learner_id TEXT, day TEXT, PRIMARY KEY (learner_id, day)) WITHOUT ROWID;
CREATE TEMP TABLE named (learner_id TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TEMP TABLE absent (learner_id TEXT PRIMARY KEY) WITHOUT ROWID;
"""


class StoreError(CredrulesError):
    """The store of synchronisation cannot be used."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Learners who have changed, or for whom a day has come, since they were last decided.

    `number` is that of the last synchronisation among them: what a later one adds is not taken off with these.
    """

    learners: frozenset[str]
    number: int


class Store:
    """One open store. Use `Store.open`; close it, or use it as a context manager."""

    def __init__(self, database: sqlite3.Connection, path: Path | None) -> None:
        self._database = database
        self._path = path

    @classmethod
    def open(cls, path: Path) -> Store:
        """Open the store in this file, making it where there is none. Raises StoreError."""
        try:
            # Ids of learners will be in it: its owner's alone, unless the owner decides otherwise.
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
        except OSError as error:
            raise StoreError(f"The store {path} cannot be made: {error.strerror}. Does its folder exist?") from None
        return cls._opened(sqlite3.connect(path, isolation_level=None, timeout=BUSY_SECONDS), path)

    @classmethod
    def open_to_read(cls, path: Path) -> Store:
        """Open the store and make nothing: where there is none yet, an empty one in memory stands in for it."""
        return cls.open(path) if path.exists() else cls.in_memory()

    @classmethod
    def in_memory(cls) -> Store:
        """A store that is empty and kept nowhere."""
        return cls._opened(sqlite3.connect(":memory:", isolation_level=None), None)

    @classmethod
    def _opened(cls, database: sqlite3.Connection, path: Path | None) -> Store:
        store = cls(database, path)
        try:
            with store._explained():
                store._make_tables()
        except BaseException:
            database.close()
            raise
        return store

    def _make_tables(self) -> None:
        # What the last seconds before a power cut brought may be lost, all of it together, and is found again.
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = NORMAL")
        self._database.execute("BEGIN IMMEDIATE")
        (version,) = self._database.execute("PRAGMA user_version").fetchone()
        if version not in (0, VERSION):
            raise StoreError(f"The store {self._path} is of another version of credrules. {_DELETE}")
        if version == 0:
            for statement in _TABLES.split(";\n"):
                self._database.execute(statement)
            self._database.execute(f"PRAGMA user_version = {VERSION}")
        self._database.execute("COMMIT")

    def close(self) -> None:
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            raise StoreError(f"The store {self._path} cannot be used: {error}.") from None
        except sqlite3.DatabaseError as error:
            raise StoreError(f"The store {self._path} is damaged: {error}. {_DELETE}") from None

    @contextmanager
    def draft(self) -> Iterator[Draft]:
        """What one synchronisation has read, before anything is changed. Only one can be at work on a store.

        Raises StoreError where another is.
        """
        with self._alone(), self._explained():
            self._database.executescript(_DRAFT)
            try:
                yield Draft(self._database)
            finally:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                for table in ("suspects", "drafted", "drafted_days", "named", "absent"):
                    self._database.execute(f"DROP TABLE temp.{table}")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if self._path is None:
            yield
            return
        lock = filelock.FileLock(f"{self._path}.lock")
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            raise StoreError("Another synchronisation is at work. Wait for it to end; nothing was done.") from None
        except OSError as error:
            raise StoreError(f"The lock {lock.lock_file} cannot be used: {error.strerror}.") from None
        try:
            yield  # the system takes the lock back when the process ends, however it ends
        finally:
            lock.release()

    def state(self) -> dict[str, str]:
        """What is known of the last synchronisation, by name."""
        with self._explained():
            return dict(self._database.execute("SELECT name, value FROM state").fetchall())

    def waiting(self) -> Waiting:
        """Who waits to be decided. Who is gone is not among them: there is nothing to decide."""
        with self._explained():
            rows = self._database.execute("SELECT learner_id, why, number FROM waiting").fetchall()
        return Waiting(
            frozenset(learner_id for learner_id, why, _ in rows if why != GONE),
            max((number for _, _, number in rows), default=0),
        )

    def decided(self, waiting: Waiting, state: Mapping[str, str]) -> None:
        """Take off who was decided, unless a later synchronisation has found something new of them since."""
        with self._explained():
            self._database.execute("BEGIN IMMEDIATE")
            self._database.execute("DELETE FROM waiting WHERE number <= ?", (waiting.number,))
            _remember(self._database, state)
            self._database.execute("COMMIT")

    def digests(self) -> dict[str, str]:
        """By learner, the digest of what was last read."""
        with self._explained():
            return dict(self._database.execute("SELECT learner_id, digest FROM learners").fetchall())


_DELETE = "Delete it: the next synchronisation reads everybody and makes it again."


def _days(database: sqlite3.Connection) -> dict[date, int]:
    rows = database.execute("SELECT day, count(*) FROM days GROUP BY day ORDER BY day").fetchall()
    return {date.fromisoformat(day): count for day, count in rows}


def _remember(database: sqlite3.Connection, state: Mapping[str, str]) -> None:
    database.executemany("INSERT OR REPLACE INTO state VALUES (?, ?)", state.items())


@dataclass(frozen=True, slots=True)
class Drop:
    """What would be lost: learners of all that are known, and attempts of all that are known."""

    learners: int
    of_learners: int
    attempts: int
    of_attempts: int


@dataclass(frozen=True, slots=True)
class Settled:
    """How many wait because they are new, changed, gone or due; and how many have something ahead of them, by day."""

    found: Counter[str]
    days: dict[date, int]


class Draft:
    """What has been read, held against what is known. Nothing is changed before `settle`."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def known(self) -> int:
        return self._one("SELECT count(*) FROM learners")

    def suspect(self, learners: Iterable[str], *, missed: bool = False) -> None:
        """Have these read again; `missed` are known ones whom a reading of the scope did not have."""
        self._database.executemany(
            "INSERT INTO suspects VALUES (?, ?) "
            "ON CONFLICT (learner_id) DO UPDATE SET missed = missed OR excluded.missed",
            ((learner_id, int(missed)) for learner_id in learners),
        )

    def suspects(self, size: int) -> Iterator[list[str]]:
        after = ""
        query = "SELECT learner_id FROM suspects WHERE learner_id > ? ORDER BY learner_id LIMIT ?"
        while chunk := [one for (one,) in self._database.execute(query, (after, size))]:
            yield chunk
            after = chunk[-1]

    def compare_scoped(self, read: Collection[Extract]) -> None:
        """Suspect everybody of whom the scope says something else than what was last read, and note who was there."""
        self._note(one.learner_id for one in read)
        query = "SELECT 1 FROM learners WHERE learner_id = ? AND scoped = ?"
        self.suspect(
            one.learner_id
            for one in read
            if self._database.execute(query, (one.learner_id, one.scoped)).fetchone() is None
        )

    def suspect_unnamed(self) -> None:
        """Suspect everybody who is known and was in no batch of the scope."""
        rows = self._database.execute("SELECT learner_id FROM learners EXCEPT SELECT learner_id FROM named").fetchall()
        self.suspect((learner_id for (learner_id,) in rows), missed=True)

    def left_out(self) -> int:
        """How many the reading of the scope did not have who are there all the same, asked for by name."""
        return self._one("SELECT count(*) FROM suspects JOIN drafted USING (learner_id) WHERE missed")

    def _note(self, learners: Iterable[str]) -> None:
        self._database.executemany("INSERT OR IGNORE INTO named VALUES (?)", ((one,) for one in learners))

    def add(self, read: Collection[Extract], as_of: date) -> None:
        """Keep what was read of learners, until it is settled."""
        self._database.executemany(
            "INSERT OR REPLACE INTO drafted VALUES (?, ?, ?, ?)",
            ((one.learner_id, one.digest, one.scoped, one.attempts) for one in read),
        )
        self._database.executemany(
            "INSERT OR IGNORE INTO drafted_days VALUES (?, ?)",
            ((one.learner_id, day.isoformat()) for one in read for day in one.days if day > as_of),
        )

    def drafted(self) -> int:
        return self._one("SELECT count(*) FROM drafted")

    def find_absent(self, *, everybody: bool) -> list[str]:
        """Who is known and was not found: among everybody, or among those who were asked for by name."""
        asked = "learners" if everybody else "learners JOIN suspects USING (learner_id)"
        self._database.execute("DELETE FROM absent")
        self._database.execute(
            f"INSERT INTO absent SELECT learner_id FROM {asked} EXCEPT SELECT learner_id FROM drafted"  # noqa: S608  our own
        )
        return [one for (one,) in self._database.execute("SELECT learner_id FROM absent ORDER BY 1").fetchall()]

    def some_known(self, number: int) -> list[str]:
        """Known learners who are not suspected of anything."""
        query = (
            "SELECT learner_id FROM learners WHERE learner_id NOT IN (SELECT learner_id FROM suspects) "
            "ORDER BY learner_id LIMIT ?"
        )
        return [one for (one,) in self._database.execute(query, (number,)).fetchall()]

    def drop(self) -> Drop:
        """What would be lost if this were settled; attempts of rows that cannot be read are not lost."""
        lost = (
            "SELECT coalesce(sum(max(0, old.attempts - coalesce(new.attempts, old.attempts))), 0) "
            "FROM learners AS old JOIN drafted AS new USING (learner_id)"
        )
        with_them = "SELECT coalesce(sum(attempts), 0) FROM learners JOIN absent USING (learner_id)"
        return Drop(
            self._one("SELECT count(*) FROM absent"),
            self.known(),
            self._one(lost) + self._one(with_them),
            self._one("SELECT coalesce(sum(attempts), 0) FROM learners"),
        )

    def settle(self, as_of: date, state: Mapping[str, str], *, keep: bool = True) -> Settled:
        """Change the store, all at once; where it is not to be kept, say only what would come of it."""
        run = self._database.execute
        run("BEGIN IMMEDIATE")
        number = self._one("SELECT coalesce(max(CAST(value AS INTEGER)), 0) FROM state WHERE name = 'number'") + 1
        self._wait(number, as_of)
        run("DELETE FROM days WHERE day <= ?", (as_of.isoformat(),))
        run("DELETE FROM days WHERE learner_id IN (SELECT learner_id FROM drafted UNION SELECT learner_id FROM absent)")
        run("INSERT INTO days SELECT * FROM drafted_days")
        run("DELETE FROM learners WHERE learner_id IN (SELECT learner_id FROM absent)")
        run(
            "INSERT OR REPLACE INTO learners SELECT new.learner_id, new.digest, new.scoped, "
            "coalesce(new.attempts, old.attempts, 0) "
            "FROM drafted AS new LEFT JOIN learners AS old ON old.learner_id = new.learner_id"
        )
        _remember(self._database, {**state, "number": str(number)})
        counts = run("SELECT why, count(*) FROM waiting WHERE number = ? GROUP BY why", (number,)).fetchall()
        settled = Settled(Counter(dict(counts)), _days(self._database))
        run("COMMIT" if keep else "ROLLBACK")
        return settled

    def _wait(self, number: int, as_of: date) -> None:
        """Put down who waits, and why: who has changed on the day that something falls due waits because of that."""
        due = "SELECT learner_id FROM days WHERE day <= ? EXCEPT SELECT learner_id FROM absent"
        new = "SELECT learner_id FROM drafted EXCEPT SELECT learner_id FROM learners"
        changed = (
            "SELECT learner_id FROM drafted JOIN learners USING (learner_id) WHERE drafted.digest <> learners.digest"
        )
        for why, query, values in (
            (DUE, due, (as_of.isoformat(),)),
            (NEW, new, ()),
            (CHANGED, changed, ()),
            (GONE, "SELECT learner_id FROM absent", ()),
        ):
            statement = f"INSERT OR REPLACE INTO waiting SELECT learner_id, ?, ? FROM ({query})"  # noqa: S608  our own
            self._database.execute(statement, (why, number, *values))

    def _one(self, query: str) -> int:
        found: tuple[int] = self._database.execute(query).fetchone()
        return found[0]
