"""Profiles: for each student information system a folder of SELECTs on its tables, and the settings beside them.

`profile = "peoplesoft"` in credrules.toml takes one; `queries` replaces any SELECT of it, `without` leaves some out.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any

from credrules_sql.queries import ENTITIES, parse_queries

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from credrules_sql.queries import Query

_HERE = resources.files(__name__)


def profile_names() -> tuple[str, ...]:
    return tuple(sorted(folder.name for folder in _HERE.iterdir() if folder.joinpath("profile.toml").is_file()))


@dataclass(frozen=True)
class Profile:
    """One vendor's tables. `settings` are what credrules.toml need not say again."""

    name: str
    title: str
    settings: Mapping[str, Any]

    def queries(self, backend: str) -> dict[str, Query]:
        """Its SELECTs for the databases that SQLAlchemy calls `backend`."""
        queries: dict[str, Query] = {}
        for entity, text in self._texts(backend):
            queries |= parse_queries(text, f"profile '{self.name}', {entity}.sql", [])
        return queries

    def text(self, backend: str) -> str:
        """Its SELECTs as one file of queries, to be reviewed, or changed and named in `queries`."""
        return "\n".join(text for _, text in self._texts(backend))

    def _texts(self, backend: str) -> Iterator[tuple[str, str]]:
        for entity in ENTITIES:
            file = _HERE.joinpath(self.name, f"{entity}.sql")
            if file.is_file():
                yield entity, _with_days(file.read_text(encoding="utf-8"), backend)


_DAYS = {
    "oracle": ("TRUNC({0})", "TRUNC({0}) - 1"),
    "mssql": ("CAST({0} AS DATE)", "DATEADD(day, -1, {0})"),
    "sqlite": ("DATE({0})", "DATE({0}, '-1 day')"),
    "postgresql": ("CAST({0} AS DATE)", "CAST({0} AS DATE) - 1"),
}
"""The day of a time, and the day before it: the only thing that no words say in all of these databases."""


def _with_days(text: str, backend: str) -> str:
    day_of, day_before = _DAYS.get(backend, _DAYS["postgresql"])
    text = re.sub(r"\bDAY_OF\(([\w.]+)\)", lambda match: day_of.format(match[1]), text)
    return re.sub(r"\bDAY_BEFORE\(([\w.]+)\)", lambda match: day_before.format(match[1]), text)


def load_profile(name: str) -> Profile:
    """The profile of that name, which is one of `profile_names`."""
    values = tomllib.loads(_HERE.joinpath(name, "profile.toml").read_text(encoding="utf-8"))
    return Profile(name, values.pop("title"), values)
