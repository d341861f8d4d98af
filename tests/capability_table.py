"""What each source of records can tell, as a table, from the code: `python tests/capability_table.py` writes it."""

from __future__ import annotations

from dataclasses import fields
from importlib import resources
from pathlib import Path

import sqlglot

from credrules import Capabilities, Knows
from credrules.rows import known_from
from credrules_csv import CsvRecords
from credrules_sql.profiles import load_profile, profile_names

PAGE = Path(__file__).parents[1] / "docs" / "systems" / "index.md"
BEGIN, END = "<!-- capabilities -->\n", "<!-- end of capabilities -->"
SIGNS = {Knows.FULL: "yes", Knows.PARTIAL: "where it is there", Knows.NONE: ""}


def of_profile(name: str) -> Capabilities:
    present = {}
    for entity, query in load_profile(name).queries("postgresql").items():
        present[entity] = frozenset(sqlglot.parse_one(query.sql, read="postgres").named_selects)
    return known_from(present, Knows.FULL if "courses" in present else Knows.NONE)


def sources() -> dict[str, Capabilities]:
    with resources.as_file(resources.files("credrules_csv") / "example") as folder:
        everything = CsvRecords(folder).capabilities
    return {"csv, sql": everything, **{f"sql, {name}": of_profile(name) for name in profile_names()}}


def table() -> str:
    found = sources()
    lines = [["", *found], ["---"] * (len(found) + 1)]
    for field in fields(Capabilities):
        lines.append([field.name.replace("_", " "), *(SIGNS[getattr(one, field.name)] for one in found.values())])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def written() -> str:
    before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    return f"{before}{BEGIN}\n{table()}\n{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    PAGE.write_text(written(), encoding="utf-8")
