"""Real sources made to hold what a random history's world holds: a folder of CSV files, and databases."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from credrules.testing.histories import TERMS
from credrules_csv import CsvRecords
from credrules_sql.queries import parse_queries
from credrules_sql.records import SqlRecords, Understanding

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sqlalchemy.engine import URL

    from credrules.testing.histories import World

LONG_AGO = "2000-01-01"


@dataclass
class CsvCampus:
    """A nightly export of whole files, without a stamp."""

    folder: Path

    def show(self, world: World) -> CsvRecords:
        people, grades, holds = world.people.values(), world.shown_grades(), world.holds.values()
        self._write("terms", "term_id title starts ends", [[t.term_id, t.title, t.starts, t.ends] for t in TERMS])
        self._write("learners", "learner_id given_name affiliation", [[p.learner_id, p.name, "home"] for p in people])
        self._write(
            "attempts",
            "attempt_id learner_id course term_id grade",
            [[g.attempt_id, g.learner_id, g.course, g.term.term_id, g.grade] for g, _ in grades],
        )
        self._write("holds", "learner_id code blocks since", [[h.learner_id, "H", "conferral", h.since] for h in holds])
        return CsvRecords(self.folder)

    def _write(self, name: str, header: str, rows: Sequence[Sequence[object]]) -> None:
        with self.folder.joinpath(f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([header.split(), *rows])


TABLES = """
CREATE TABLE terms (term_id varchar(20), title varchar(20), starts {day}, ends {day});
CREATE TABLE learners (learner_id varchar(20), given_name varchar(20), changed_at {time});
CREATE TABLE attempts (attempt_id varchar(20), learner_id varchar(20), course varchar(20), term_id varchar(20),
                       grade varchar(5), effective {day}, changed_at {time});
CREATE TABLE holds (learner_id varchar(20), since {day}, changed_at {time})
"""
QUERIES = """
-- entity: terms
SELECT * FROM terms
-- entity: learners
SELECT * FROM learners
-- entity: attempts
SELECT attempt_id, learner_id, course, term_id, grade, {newest}(changed_at, effective) AS changed_at
FROM attempts WHERE effective <= :as_of
-- entity: holds
SELECT learner_id, 'H' AS code, 'conferral' AS blocks, since{stamp} FROM holds
"""


@dataclass
class SqlCampus:
    """A database whose attempts come into effect on their days. Its holds are stamped, or are not."""

    url: URL
    holds_are_stamped: bool = True
    _made: bool = field(default=False, repr=False)

    def show(self, world: World) -> SqlRecords:
        engine = create_engine(self.url, poolclass=NullPool)
        rows = self._rows(world)
        with engine.begin() as connection:
            if not self._made:
                self._make(connection)
            for table, columns, values in rows:
                connection.execute(text(f"DELETE FROM {table}"))  # noqa: S608  our own words
                names = columns.split()
                if values:
                    places = ", ".join(f":{name}" for name in names)
                    statement = text(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({places})")  # noqa: S608
                    connection.execute(statement, [dict(zip(names, row, strict=True)) for row in values])
        return self._source(world)

    def _make(self, connection: Any) -> None:
        on_sqlite = self.url.get_backend_name() == "sqlite"
        kinds = {"day": "varchar(10)", "time": "varchar(30)"} if on_sqlite else {"day": "date", "time": "timestamp"}
        for statement in TABLES.format(**kinds).split(";"):
            name = statement.split()[2]
            connection.execute(text(f"DROP TABLE IF EXISTS {name}"))
            connection.execute(text(statement))
        self._made = True

    def _rows(self, world: World) -> list[tuple[str, str, list[list[Any]]]]:
        people, grades, holds = world.people.values(), world.grades.values(), world.holds.values()
        return [
            ("terms", "term_id title starts ends", [[t.term_id, t.title, str(t.starts), str(t.ends)] for t in TERMS]),
            ("learners", "learner_id given_name changed_at", [[p.learner_id, p.name, str(p.stamp)] for p in people]),
            (
                "attempts",
                "attempt_id learner_id course term_id grade effective changed_at",
                [
                    [g.attempt_id, g.learner_id, g.course, g.term.term_id, g.grade, str(g.on or LONG_AGO), str(g.stamp)]
                    for g in grades
                ],
            ),
            ("holds", "learner_id since changed_at", [[h.learner_id, str(h.since), str(h.stamp)] for h in holds]),
        ]

    def _source(self, world: World) -> SqlRecords:
        newest = "max" if self.url.get_backend_name() == "sqlite" else "greatest"
        stamp = ", changed_at" if self.holds_are_stamped else ""
        queries = parse_queries(QUERIES.format(newest=newest, stamp=stamp), "records.sql", [])
        understanding = Understanding(parameters={"as_of": self._day(world)}, values={}, page=40)
        return SqlRecords(self.url, queries, understanding)

    def _day(self, world: World) -> Any:
        return str(world.today) if self.url.get_backend_name() == "sqlite" else world.today
