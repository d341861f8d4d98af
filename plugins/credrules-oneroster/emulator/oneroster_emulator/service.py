"""What the service answers: lists with a filter, an order and pages, in 1.2's paths and in 1.1's."""

from __future__ import annotations

import re
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from oneroster_emulator.roster import Row, sample

_SINGULAR = {"classes": "class", "categories": "category"}
_CONDITION = re.compile(r"([\w.]+)\s*(!=|>=|<=|=|>|<|~)\s*'((?:[^']|'')*)'")
_PATH = re.compile(r"/ims/oneroster/(?:(rostering|gradebook)/v1p2|v1p1)/(.+)")
_GRADEBOOK = {"categories", "lineItems", "results"}


class Failure(Exception):
    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


@dataclass
class Behaviour:
    """How this server differs from the specification, or from another server."""

    clamp: int = 1000
    total: bool = True
    wrong_total: int | None = None
    ordered: bool = True
    filters: tuple[str, ...] = ("status", "dateLastModified", "sourcedId", "role", "username")
    envelope: str | None = None
    empty: tuple[str, ...] = ()
    """Lists that the account sees nothing of."""
    ignore_offset: bool = False
    token_life: float = 3600.0


@dataclass
class Service:
    roster: dict[str, list[Row]] = field(default_factory=sample)
    behaviour: Behaviour = field(default_factory=Behaviour)
    calls: Counter[str] = field(default_factory=Counter)
    scripts: list[tuple[str, int, Any]] = field(default_factory=list)
    """Before the n-th call of a list, something that happens."""
    client: tuple[str, str] = ("an-id", "a-secret-of-the-emulator")
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    scopes_asked: list[str] = field(default_factory=list)
    _tokens: dict[str, float] = field(default_factory=dict)

    def grant(self, form: dict[str, str], client: tuple[str, str]) -> dict[str, Any]:
        self.calls["token"] += 1
        if client != self.client:
            raise Failure(401, "invalid_client")
        if form.get("grant_type") != "client_credentials":
            raise Failure(400, "unsupported_grant_type")
        self.scopes_asked.append(form.get("scope", ""))
        token = f"token-{self.calls['token']}"
        self._tokens[token] = time.monotonic() + self.behaviour.token_life
        return {"access_token": token, "token_type": "bearer", "expires_in": int(self.behaviour.token_life)}

    def end_tokens(self) -> None:
        self._tokens.clear()

    def get(self, path: str, query: dict[str, str], token: str) -> tuple[Any, dict[str, str]]:
        if self._tokens.get(token, 0.0) <= time.monotonic():
            raise Failure(401, "The token is not valid")
        match = _PATH.fullmatch(path)
        if not match:
            raise Failure(404, "no such path")
        service, parts = match[1], match[2].split("/")
        name = parts[-1] if len(parts) % 2 else parts[-2]
        if service and (service == "gradebook") != (name in _GRADEBOOK):
            raise Failure(404, "no such list in this service")
        self.calls[name] += 1
        self.asked.append((path, query))
        self._play(name)
        rows = self._rows(parts, v1p1=service is None)
        if len(parts) % 2 == 0:
            found = next((row for row in rows if row["sourcedId"] == parts[-1]), None)
            if found is None:
                raise Failure(404, "unknown object")
            return {_SINGULAR.get(name, name.rstrip("s")): found}, {}
        return self._page(name, rows, query)

    def _play(self, name: str) -> None:
        for script in list(self.scripts):
            if script[0] == name and script[1] == self.calls[name]:
                self.scripts.remove(script)
                script[2](self)

    def _rows(self, parts: list[str], *, v1p1: bool) -> list[Row]:
        name = parts[-1] if len(parts) % 2 else parts[-2]
        stored = "users" if name in ("students", "teachers") else "academicSessions" if name == "terms" else name
        if stored not in self.roster:
            raise Failure(404, "no such list")
        rows = list(self.roster[stored])
        if name in self.behaviour.empty:
            return []
        if name in ("students", "teachers"):
            rows = [row for row in rows if row["role"] == name[:-1]]
        for kind, key in zip(parts[:-1:2], parts[1::2], strict=False):
            if len(parts) % 2 == 0 and key == parts[-1]:
                break
            rows = [row for row in rows if self._belongs(row, kind, key)]
        return [_as_v1p1(row) for row in rows] if v1p1 else rows

    def _belongs(self, row: Row, kind: str, key: str) -> bool:
        field_ = {"classes": "class", "lineItems": "lineItem", "students": "student"}.get(kind, kind)
        if field_ == "class" and "lineItem" in row:
            items = {one["sourcedId"] for one in self.roster["lineItems"] if one["class"]["sourcedId"] == key}
            return any(_refers(row["lineItem"], one) for one in items)
        return _refers(row.get(field_, {}), key)

    def _page(self, name: str, rows: list[Row], query: dict[str, str]) -> tuple[Any, dict[str, str]]:
        rows = self._filtered(rows, query.get("filter", ""))
        if self.behaviour.ordered:
            key = query.get("sort", "sourcedId")
            rows = sorted(rows, key=lambda row: str(row.get(key)), reverse=query.get("orderBy") == "desc")
        limit = min(_number(query, "limit", 100), self.behaviour.clamp)
        offset = 0 if self.behaviour.ignore_offset else _number(query, "offset", 0)
        total = len(rows) if self.behaviour.wrong_total is None else self.behaviour.wrong_total
        page = rows[offset : offset + limit]
        envelope = self.behaviour.envelope or {"students": "users", "teachers": "users"}.get(name, name)
        return {envelope: page}, {"X-Total-Count": str(total)} if self.behaviour.total else {}

    def _filtered(self, rows: list[Row], text: str) -> list[Row]:
        for part in text.split(" AND ") if text else []:
            match = _CONDITION.fullmatch(part.strip())
            if not match or match[1] not in self.behaviour.filters:
                raise Failure(400, "this filter is not supported")
            name, sign, value = match.groups()
            rows = [row for row in rows if _holds(str(row.get(name, "")), sign, value.replace("''", "'"))]
        return rows


def _refers(value: Row, key: str) -> bool:
    return bool(value.get("sourcedId") == key or value.get("href", "").endswith(f"/{key}"))


def _holds(found: str, sign: str, value: str) -> bool:
    return {
        "=": found == value,
        "!=": found != value,
        ">": found > value,
        "<": found < value,
        ">=": found >= value,
        "<=": found <= value,
        "~": value in found,
    }[sign]


def _number(query: dict[str, str], name: str, otherwise: int) -> int:
    text = query.get(name, "")
    return int(text) if text.isdigit() else otherwise


def _as_v1p1(row: Row) -> Row:
    """1.1 has no textScore: servers put a letter into `comment` or `metadata`."""
    if "scoreStatus" not in row:
        return row
    letter = row.get("textScore")
    return {**{k: v for k, v in row.items() if k != "textScore"}, "metadata": {"letterGrade": letter}}
