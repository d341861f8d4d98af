"""Spool: what a source gives in its own order, held in a temporary database on disk to be read in learner order.

For sources that cannot be read learner by learner: memory does not grow with the number of learners.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from credrules.errors import Problem, RecordsError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

# Left to itself SQLite takes the primary key for the sake of the order, and reads all of a kind for each owner: hence
# INDEXED BY below.
_TABLES = """
CREATE TABLE items (kind TEXT, key TEXT, owner TEXT, body TEXT, PRIMARY KEY (kind, key)) WITHOUT ROWID;
CREATE INDEX items_of ON items (kind, owner, key);
CREATE TABLE people (learner_id TEXT, owner TEXT, PRIMARY KEY (learner_id, owner)) WITHOUT ROWID;
"""


class Shapeless(ValueError):
    """A row that belongs to nobody, or to nothing. The text says what is missing, and repeats nothing."""


class Item(NamedTuple):
    """One thing of the source: its key, whose it is, and what is kept of it."""

    key: str
    owner: str
    body: Mapping[str, Any]


@contextmanager
def open_spool() -> Iterator[Spool]:
    """An empty spool; it goes with its connection, even a killed one's. Raises RecordsError where there is no room."""
    with closing(sqlite3.connect("", isolation_level=None, check_same_thread=False)) as database:
        database.execute("PRAGMA journal_mode = OFF")
        database.execute("PRAGMA cache_size = -16384")  # KiB
        database.executescript(_TABLES)
        try:
            yield Spool(database)
        except sqlite3.Error as error:
            raise RecordsError([Problem("the temporary folder", 0, f"cannot hold the records: {error}.")]) from error


class Spool:
    """Items by kind and key; and the learners, each with the key that the source has for them."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def put(self, kind: str, items: Iterable[Item]) -> None:
        """Keep these. One that is there already, as rows of pages that move are, is replaced by what was read later."""
        rows = ((kind, one.key, one.owner, json.dumps(one.body)) for one in items)
        self._database.execute("BEGIN")
        try:
            self._database.executemany("INSERT OR REPLACE INTO items VALUES (?, ?, ?, ?)", rows)
        finally:
            self._database.execute("COMMIT")

    def forget(self, kind: str) -> None:
        self._database.execute("DELETE FROM items WHERE kind = ?", (kind,))

    def get(self, kind: str, key: str) -> dict[str, Any] | None:
        row = self._database.execute("SELECT body FROM items WHERE kind = ? AND key = ?", (kind, key)).fetchone()
        return json.loads(row[0]) if row else None

    def of(self, kind: str, owner: str) -> list[Item]:
        """What belongs to one owner, in the order of the keys."""
        found = self._database.execute(
            "SELECT key, owner, body FROM items INDEXED BY items_of WHERE kind = ? AND owner = ? ORDER BY key",
            (kind, owner),
        )
        return [Item(key, whose, json.loads(body)) for key, whose, body in found]

    def grouped(self, kind: str, owner: str, by: Callable[[Item], str]) -> defaultdict[str, list[Item]]:
        """What belongs to one owner, by something of each."""
        found: defaultdict[str, list[Item]] = defaultdict(list)
        for one in self.of(kind, owner):
            found[by(one)].append(one)
        return found

    def all(self, kind: str) -> Iterator[Item]:
        """All of one kind, in the order of the keys. Nothing of that kind may be put meanwhile."""
        found = self._database.execute("SELECT key, owner, body FROM items WHERE kind = ? ORDER BY key", (kind,))
        for key, whose, body in found:
            yield Item(key, whose, json.loads(body))

    def count(self, kind: str) -> int:
        found: tuple[int] = self._database.execute("SELECT count(*) FROM items WHERE kind = ?", (kind,)).fetchone()
        return found[0]

    def owners(self, kind: str) -> Iterator[str]:
        """Those to whom something of this kind belongs, in order."""
        query = "SELECT DISTINCT owner FROM items INDEXED BY items_of WHERE kind = ? ORDER BY owner"
        for (owner,) in self._database.execute(query, (kind,)):
            yield owner

    def owns(self, kind: str, owner: str) -> bool:
        query = "SELECT 1 FROM items INDEXED BY items_of WHERE kind = ? AND owner = ? LIMIT 1"
        return self._database.execute(query, (kind, owner)).fetchone() is not None

    def line_up(self, people: Iterable[tuple[str, str]]) -> None:
        """The learners: the id that each is known by here, and the source's key."""
        self._database.execute("BEGIN")
        try:
            self._database.executemany("INSERT OR IGNORE INTO people VALUES (?, ?)", people)
        finally:
            self._database.execute("COMMIT")

    def learners(self, only: Collection[str] | None, size: int) -> Iterator[list[tuple[str, list[str]]]]:
        """Learners in the order of their ids' characters, `size` at a time, each with the source's keys for them."""
        if only is not None:
            self._database.execute("CREATE TEMP TABLE named (learner_id PRIMARY KEY) WITHOUT ROWID")
            self._database.executemany("INSERT OR IGNORE INTO named VALUES (?)", ((one,) for one in only))
        among = "" if only is None else "AND learner_id IN (SELECT learner_id FROM named) "
        query = f"SELECT DISTINCT learner_id FROM people WHERE learner_id > ? {among}ORDER BY learner_id LIMIT ?"  # noqa: S608  our own words
        after = ""
        while ids := [one for (one,) in self._database.execute(query, (after, size))]:
            yield [(one, self._owners(one)) for one in ids]
            after = ids[-1]

    def _owners(self, learner_id: str) -> list[str]:
        query = "SELECT owner FROM people WHERE learner_id = ? ORDER BY owner"
        return [owner for (owner,) in self._database.execute(query, (learner_id,))]
