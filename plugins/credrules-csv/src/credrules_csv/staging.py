"""The folder's rows in a temporary database on disk, so that memory does not grow with the number of learners."""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from credrules import Problem, RecordsError
from credrules.rows import read_terms
from credrules_csv.layouts import ATTEMPTS, LAYOUTS, LEARNERS, OF_LEARNERS, TERMS
from credrules_csv.lines import Lines
from credrules_csv.table import opened

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from pathlib import Path

    from credrules import Term
    from credrules.rows import Present, Row
    from credrules_csv.layouts import Layout


def columns_present(folder: Path) -> Present:
    """What the headers say. Raises RecordsError with every problem in all of them."""
    problems: list[Problem] = []
    present: Present = {}
    _check_folder(folder)
    for layout in LAYOUTS:
        with opened(folder, layout, problems) as table:
            if table:
                present[layout.entity] = table.present
    if problems:
        raise RecordsError(problems)
    return present


@contextmanager
def staged(folder: Path) -> Iterator[Staging]:
    """The whole folder, read. Raises RecordsError with everything that keeps it from being read as a whole."""
    _check_folder(folder)
    # A database without a name is a file that nobody else can open and that goes with its connection, even a killed
    # one's. One thread at a time uses it, but a caller that streams may not always be the same thread.
    with closing(sqlite3.connect("", isolation_level=None, check_same_thread=False)) as database:
        try:
            yield _load(database, folder)
        except sqlite3.Error as error:
            message = f"cannot hold the rows: {error}. It needs about twice the room of the CSV files."
            raise RecordsError([Problem("the temporary folder", 0, message)]) from error


def _check_folder(folder: Path) -> None:
    if not folder.is_dir():
        message = "is not a folder. Set `folder` in the table [records] of credrules.toml to the folder of CSV files."
        raise RecordsError([Problem(str(folder), 0, message)])


def _load(database: sqlite3.Connection, folder: Path) -> Staging:
    problems: list[Problem] = []
    present: Present = {}
    database.execute("PRAGMA journal_mode = OFF")
    database.execute("PRAGMA cache_size = -16384")  # KiB
    database.execute("BEGIN")
    for layout in LAYOUTS:
        columns = ", ".join(f'"{column}"' for column in layout.columns)  # "on" is a word of SQL's own
        database.execute(f"CREATE TABLE {layout.table} (line INTEGER, {columns})")
        with opened(folder, layout, problems) as table:
            if table:
                present[layout.entity] = table.present
                _insert(database, layout, table.rows(problems))
    rows = database.execute(f"SELECT * FROM {TERMS.table} ORDER BY line")  # noqa: S608  our own name
    terms = read_terms(rows, Lines(), problems)
    if problems:
        raise RecordsError(problems)
    for layout in (LEARNERS, *OF_LEARNERS):
        database.execute(f"CREATE INDEX {layout.table}_of ON {layout.table} (learner_id)")
    database.execute(f"CREATE INDEX attempts_by_id ON {ATTEMPTS.table} (attempt_id)")
    database.execute(
        "CREATE TABLE doubled AS SELECT attempt_id FROM attempts WHERE attempt_id IS NOT NULL "
        "GROUP BY attempt_id HAVING count(*) > 1"
    )
    database.execute("CREATE TABLE strangers (learner_id PRIMARY KEY) WITHOUT ROWID")
    for layout in OF_LEARNERS:
        database.execute(
            f"INSERT OR IGNORE INTO strangers SELECT learner_id FROM {layout.table} "  # noqa: S608  our own names
            "WHERE learner_id NOT IN (SELECT learner_id FROM learners)"
        )
    # Excel takes the zeros off the front of an id; then a learner's rows stand under an id that nobody has.
    database.execute(
        "CREATE TABLE alike AS SELECT learners.learner_id AS known, strangers.learner_id AS stranger "
        "FROM strangers JOIN learners "
        "ON lower(ltrim(learners.learner_id, '0')) = lower(ltrim(strangers.learner_id, '0'))"
    )
    database.execute("COMMIT")
    return Staging(database, present, terms)


def _insert(database: sqlite3.Connection, layout: Layout, rows: Iterable[Row]) -> None:
    places = ", ".join("?" * (len(layout.columns) + 1))
    database.executemany(f"INSERT INTO {layout.table} VALUES ({places})", rows)  # noqa: S608  our own names


class Staging:
    """The rows, to be asked for in learner order."""

    def __init__(self, database: sqlite3.Connection, present: Present, terms: Mapping[str, Term]) -> None:
        self.present = present
        self.terms = terms
        self._database = database
        self._any_doubled = bool(self._one("SELECT count(*) FROM doubled"))
        self._any_strangers = bool(self._one("SELECT count(*) FROM strangers"))

    def line_up(self, learners: Collection[str] | None) -> int:
        """Put in order all who occur anywhere, or only those of them who are named; say how many they are."""
        everybody = "SELECT learner_id FROM learners UNION SELECT learner_id FROM strangers"
        self._database.execute("CREATE TABLE people (position INTEGER PRIMARY KEY, learner_id)")
        if learners is None:
            self._database.execute(f"INSERT INTO people (learner_id) {everybody} ORDER BY 1")
        else:
            self._database.execute("CREATE TABLE named (learner_id PRIMARY KEY) WITHOUT ROWID")
            self._database.executemany("INSERT OR IGNORE INTO named VALUES (?)", ((one,) for one in learners))
            self._database.execute(
                f"INSERT INTO people (learner_id) SELECT learner_id FROM named WHERE learner_id IN ({everybody}) "  # noqa: S608  our own
                "ORDER BY 1"
            )
        return int(self._one("SELECT count(*) FROM people"))

    def rows(self, layout: Layout, first: int, last: int) -> Iterator[Row]:
        """The rows of the learners from position `first` to `last`."""
        return self._database.execute(
            f"SELECT t.* FROM people CROSS JOIN {layout.table} AS t ON t.learner_id = people.learner_id "  # noqa: S608  our own
            "WHERE position BETWEEN ? AND ? ORDER BY position",
            (first, last),
        )

    def people(self, first: int, last: int) -> list[str]:
        query = "SELECT learner_id FROM people WHERE position BETWEEN ? AND ? ORDER BY position"
        return [learner_id for (learner_id,) in self._database.execute(query, (first, last))]

    def doubled(self, first: int, last: int) -> Iterator[tuple[str, int, str]]:
        """Attempts whose id another row has too: whose, on which line, and where else, in words."""
        if not self._any_doubled:
            return
        found = self._database.execute(
            "SELECT a.learner_id, a.line, a.attempt_id FROM people "
            "CROSS JOIN attempts AS a ON a.learner_id = people.learner_id "
            "WHERE position BETWEEN ? AND ? AND a.attempt_id IN (SELECT attempt_id FROM doubled)",
            (first, last),
        )
        for learner_id, line, attempt_id in found.fetchall():
            others = self._database.execute(
                "SELECT line FROM attempts WHERE attempt_id = ? AND line <> ? ORDER BY line LIMIT 4", (attempt_id, line)
            ).fetchall()
            places = [f"line {other}" for (other,) in others]
            yield learner_id, line, ", ".join(places[:3]) + (" and more" if len(places) > 3 else "")

    def strangers(self, first: int, last: int) -> Iterator[tuple[str, str, int, int]]:
        """Ids that learners.csv does not have: the id, a file that has it, the first line there, and how many rows."""
        if not self._any_strangers:
            return
        for layout in OF_LEARNERS:
            yield from self._database.execute(
                f"SELECT people.learner_id, '{layout.name}', min(t.line), count(*) FROM people "  # noqa: S608  our own
                "JOIN strangers ON strangers.learner_id = people.learner_id "
                f"JOIN {layout.table} AS t ON t.learner_id = people.learner_id "
                "WHERE position BETWEEN ? AND ? GROUP BY people.learner_id",
                (first, last),
            ).fetchall()

    def alike(self, learner_id: str) -> list[str]:
        """Ids that are this one but for zeros at the front or the case of letters, one known and the other not."""
        if not self._any_strangers:
            return []
        query = (
            "SELECT stranger FROM alike WHERE known = :id UNION SELECT known FROM alike WHERE stranger = :id ORDER BY 1"
        )
        return [other for (other,) in self._database.execute(query, {"id": learner_id})]

    def _one(self, query: str) -> int:
        found: tuple[int] = self._database.execute(query).fetchone()
        return found[0]
