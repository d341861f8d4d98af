"""Files of queries for systems whose tables are known."""

from __future__ import annotations

import tomllib
from importlib import resources
from typing import Any

_HERE = resources.files(__name__)

NAMES = tuple(sorted(entry.name.removesuffix(".sql") for entry in _HERE.iterdir() if entry.name.endswith(".sql")))


def queries_of(name: str) -> str:
    """The profile's queries, for `parse_queries`."""
    return (_HERE / f"{name}.sql").read_text(encoding="utf-8")


def defaults_of(name: str) -> dict[str, Any]:
    """The settings that go with the queries; an installation's own come before them."""
    return tomllib.loads((_HERE / f"{name}.toml").read_text(encoding="utf-8"))
