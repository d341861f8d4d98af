"""The file of queries: one SELECT for each entity, for a database administrator to review."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from sqlalchemy import text

from credrules import Problem
from credrules.errors import nearest
from credrules.rows.layouts import ALL, Layout

if TYPE_CHECKING:
    from collections.abc import Iterator

EMAILS = Layout("emails", ("learner_id", "email", "kind", "preferred"), frozenset({"learner_id", "email", "kind"}))
"""Addresses of which the configuration says which kind comes first; in no other source."""

ENTITIES = {layout.entity: layout for layout in (*ALL, EMAILS)}

_HEADING = re.compile(r"--\s*entity:\s*(.*?)\s*")
_TOKEN = re.compile(
    r"""(?P<comment>--[^\n]*|/\*.*?\*/)|(?P<quoted>'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`)|(?P<end>;)|(?P<open>['"`]|/\*)""",
    re.S,
)


@dataclass(frozen=True)
class Query:
    """One SELECT, without its comments. `where` is its file and `line` where it begins."""

    layout: Layout
    sql: str
    where: str
    line: int

    @cached_property
    def parameters(self) -> frozenset[str]:
        return frozenset(text(self.sql).compile().params)

    def problem(self, message: str) -> Problem:
        return Problem(self.where, self.line, f"query '{self.layout.entity}': {message}")


def parse_queries(source: str, where: str, problems: list[Problem]) -> dict[str, Query]:
    """The queries by their entities. Everything that is wrong with them goes to `problems`."""
    queries: dict[str, Query] = {}
    for line, name, body in _parts(source, where, problems):
        layout = ENTITIES.get(name)
        if layout is None:
            possible = f"Possible: {', '.join(ENTITIES)}.{nearest(name, ENTITIES)}"
            problems.append(Problem(where, line, f"there is no entity '{name}'. {possible}"))
            continue
        if name in queries:
            message = f"the entity '{name}' is there already, in line {queries[name].line}. Take one of the two out."
            problems.append(Problem(where, line, message))
            continue
        faults: list[str] = []
        query = Query(layout, _without_comments(body, faults), where, line)
        if not re.match(r"(?i)(select|with)\b", query.sql):
            faults.append("is no SELECT. Write one after its heading; nothing else is ever sent to the database.")
        problems.extend(query.problem(fault) for fault in faults)
        queries[name] = query
    return queries


def _parts(source: str, where: str, problems: list[Problem]) -> Iterator[tuple[int, str, str]]:
    """Each heading: its line, the entity it names, and what stands below it."""
    found: list[tuple[int, str, list[str]]] = []
    for number, line in enumerate(source.splitlines(), start=1):
        if heading := _HEADING.fullmatch(line.strip()):
            found.append((number, heading[1], []))
        elif found:
            found[-1][2].append(line)
        elif line.strip() and not line.lstrip().startswith("--"):
            message = "stands under no heading. Put a line such as `-- entity: learners` above every query."
            problems.append(Problem(where, number, message))
            return
    if not found:
        problems.append(Problem(where, 0, "has no query. Each begins with a line such as `-- entity: learners`."))
    for number, name, lines in found:
        yield number, name, "\n".join(lines)


def _without_comments(body: str, faults: list[str]) -> str:
    """The statement alone. A colon in quotes is kept from being taken for a parameter."""
    kept, at = [], 0
    for token in _TOKEN.finditer(body):
        kept.append(body[at : token.start()])
        at = token.end()
        if token["quoted"]:
            kept.append(token["quoted"].replace("\\", "\\\\").replace(":", r"\:") if ":" in token[0] else token[0])
        elif token["end"]:
            if not re.fullmatch(r"(\s|;|--[^\n]*(\n|$)|/\*.*?\*/)*", body[at:], re.S):
                faults.append("has more than one statement. Each entity has one SELECT.")
            break
        elif token["open"]:
            faults.append(f"{token['open']} is opened and never closed.")
        else:
            kept.append(" ")
    else:
        kept.append(body[at:])
    return "".join(kept).strip()
