"""Queue: Ethos' change notifications as the learners whose records are to be read again."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from credrules import Problem, RecordsError
from credrules.rest import fail
from credrules.rest_lists import counted
from credrules_ethos import shapes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from credrules.rest import Line
    from credrules_ethos.api import Api

_MEDIA = "application/vnd.hedtech.change-notifications.v2+json"
_OWNERS = {shapes.REGISTRATIONS: "registrant.id", shapes.GRADES: "student.id", shapes.HOLDS: "person.id"}
"""Whose a resource is; of persons it is their own."""
_TABLES = """
CREATE TABLE IF NOT EXISTS position (only INTEGER PRIMARY KEY CHECK (only = 1), id INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS owners (resource TEXT, id TEXT, person TEXT, PRIMARY KEY (resource, id)) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Changes:
    """Persons, by GUID, whose records are to be read again, and up to which notification.

    `everybody` is true where something changed that many records refer to, or something was deleted of which nobody
    remembers whose it was. `owners` is whose each thing is, to be remembered.
    """

    persons: frozenset[str]
    everybody: bool
    position: int
    remaining: int | None
    owners: tuple[tuple[str, str, str], ...] = ()


class Queue:
    """Takes notifications again and again until they are kept.

    A call without `lastProcessedID` would remove them before anything was done about them, so there is none. The file
    holds how far they were taken and, for each thing, whose it is: GUIDs alone, and nothing of what they stand for.
    """

    def __init__(self, line: Line, api: Api, url: str, path: Path) -> None:
        self._line = line
        self._api = api
        self._url = f"{url}/consume"
        self._path = path

    @property
    def position(self) -> int:
        """The last notification that was kept."""
        with closing(self._open()) as database:
            row = database.execute("SELECT id FROM position").fetchone()
        return int(row[0]) if row else 0

    def pages(self, limit: int = 1000) -> Iterator[Changes]:
        """What has changed, page after page, each after the one before was kept. Raises RecordsError.

        A page may hold fewer than `limit`, for an answer has at most a megabyte: only an empty one is the end.
        """
        while True:
            position = self.position
            changes = self._page(position, limit)
            if changes.position == position:
                if changes.remaining:
                    fail(self._url, f"gives nothing, though {changes.remaining} notifications remain.")
                return
            yield changes
            if self.position != changes.position:
                return  # not kept: the same page would come again for ever

    def keep(self, changes: Changes) -> None:
        """Say that everything about these was done. Called after that, and not before."""
        with closing(self._open()) as database, database:
            database.executemany("INSERT OR REPLACE INTO owners VALUES (?, ?, ?)", changes.owners)
            database.execute(
                "INSERT INTO position VALUES (1, ?) ON CONFLICT (only) DO UPDATE SET id = max(id, excluded.id)",
                (changes.position,),
            )

    def remember(self, owners: Iterator[tuple[str, str, str]]) -> None:
        """Whose things are (resource, id, person), from a whole reading: a deletion names the thing alone."""
        with closing(self._open()) as database, database:
            database.executemany("INSERT OR REPLACE INTO owners VALUES (?, ?, ?)", owners)

    def _page(self, position: int, limit: int) -> Changes:
        answer = self._line.get(self._url, {"limit": str(limit), "lastProcessedID": str(position)}, _MEDIA)
        if answer.status != 200 or not isinstance(answer.data, list):
            fail(self._url, f"answers {answer.status}, and no list of notifications.")
        found: dict[tuple[str, str], int] = {}
        for one in answer.data:
            key, resource, thing = self._read(one)
            if key > position:  # at least once means some of them again
                found[resource, thing] = max(key, found.get((resource, thing), 0))
        with closing(self._open()) as database:
            whose = [(name, thing, self._owner(database, name, thing)) for name, thing in sorted(found)]
        return Changes(
            persons=frozenset(person for _, _, person in whose if person),
            everybody=any(person is None for _, _, person in whose),
            position=max([position, *found.values()]),
            remaining=counted(answer.headers.get("x-remaining", "")),
            owners=tuple((name, thing, person) for name, thing, person in whose if person),
        )

    def _read(self, one: Any) -> tuple[int, str, str]:
        number = shapes.text_at(one, "id") or ""
        resource, thing = shapes.text_at(one, "resource.name"), shapes.text_at(one, "resource.id")
        if not number.isdecimal() or not resource or not thing:
            fail(self._url, "has a notification without an id or without what it is about. It is not passed over.")
        return int(number), resource, thing

    def _owner(self, database: sqlite3.Connection, resource: str, thing: str) -> str | None:
        """The person; '' where it is nobody's that matters here; None where it may be anybody's.

        What a notification holds may be older than what there is now, so it is never used: the thing is asked for.
        """
        if resource == shapes.PERSONS:
            return thing
        if resource in shapes.CODES:
            return None
        if resource not in _OWNERS:
            return ""
        row = self._api.one(resource, thing)
        if row is not None:
            return shapes.text_at(row, _OWNERS[resource])
        known = database.execute(
            "SELECT person FROM owners WHERE resource = ? AND id = ?", (resource, thing)
        ).fetchone()
        return known[0] if known else None

    def _open(self) -> sqlite3.Connection:
        try:
            database = sqlite3.connect(self._path)
            database.executescript(_TABLES)
        except sqlite3.Error as error:
            message = f"cannot hold how far the notifications were taken: {error}."
            raise RecordsError([Problem(str(self._path), 0, message)]) from None
        return database
