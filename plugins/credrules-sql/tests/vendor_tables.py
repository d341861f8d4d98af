"""Tables with the field names that vendors publish, made for a test in a database of its own."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from conftest import sql

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from conftest import Campus

KINDS = {"number": "numeric(12,3)", "whole": "integer", "date": "date", "time": "timestamp", "text": "varchar(100)"}


class Tables:
    """The tables of one system: `fields` names the columns of each, with the kind of those that are not text."""

    def __init__(self, campus: Campus, fields: Mapping[str, str], *, blank: str | None = None) -> None:
        self._campus = campus
        self._blank = blank
        self._kept: list[str] | None = None
        self._fields = {table: dict(_field(one) for one in names.split()) for table, names in fields.items()}
        campus.run(*(self._create(table) for table in fields))

    def add(self, table: str, **cells: object) -> None:
        """A row. A text that is not given is blank, as the vendor keeps a blank; anything else is NULL."""
        unknown = set(cells) - set(self._fields[table])
        assert not unknown, f"{table} has no {unknown}"
        blank = {name: self._blank for name, kind in self._fields[table].items() if kind == "text"}
        row = {name: cells.get(name, blank.get(name)) for name in self._fields[table]}
        values = ", ".join(_cell(value) for value in row.values())
        statement = f"INSERT INTO {table} ({', '.join(row)}) VALUES ({values})"
        if self._kept is None:
            self._campus.run(statement)
        else:
            self._kept.append(statement)

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """What is added within is written in one transaction at its end."""
        self._kept = []
        yield
        kept, self._kept = self._kept, None
        self._campus.run(*kept)

    def _create(self, table: str) -> str:
        on_sqlite = self._campus.url.get_backend_name() == "sqlite"  # its numeric is a float
        columns = [f"{n} {KINDS['text' if on_sqlite else kind]}" for n, kind in self._fields[table].items()]
        return f"CREATE TABLE {table} ({', '.join(columns)})"


def _field(text: str) -> tuple[str, str]:
    name, _, kind = text.partition(":")
    return name, kind or "text"


def _cell(value: object) -> str:
    return "' '" if value == " " else sql(value)
