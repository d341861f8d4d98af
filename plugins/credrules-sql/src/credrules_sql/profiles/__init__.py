"""Profiles: for each student information system a folder of SELECTs on its tables, and the settings that go with them.

`profile = "peoplesoft"` in credrules.toml takes one; `queries` replaces any of its SELECTs, and `without` leaves some out.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any

from credrules_sql.queries import ENTITIES, parse_queries

if TYPE_CHECKING:
    from collections.abc import Mapping
    from importlib.resources.abc import Traversable

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
        for entity in ENTITIES:
            file = self._file(entity, backend)
            if file is not None:
                where = f"profile '{self.name}', {file.name}"
                queries |= parse_queries(file.read_text(encoding="utf-8"), where, [])
        return queries

    def text(self, backend: str) -> str:
        """Its SELECTs as one file of queries, to be reviewed, or changed and named in `queries`."""
        files = (self._file(entity, backend) for entity in ENTITIES)
        return "\n".join(file.read_text(encoding="utf-8") for file in files if file is not None)

    def _file(self, entity: str, backend: str) -> Traversable | None:
        """A file of its own for a database that counts days in its own way, else the one for all."""
        folder = _HERE.joinpath(self.name)
        for name in (f"{entity}.{backend}.sql", f"{entity}.sql"):
            if (file := folder.joinpath(name)).is_file():
                return file
        return None


def load_profile(name: str) -> Profile:
    """The profile of that name, which is one of `profile_names`."""
    values = tomllib.loads(_HERE.joinpath(name, "profile.toml").read_text(encoding="utf-8"))
    return Profile(name, values.pop("title"), values)
