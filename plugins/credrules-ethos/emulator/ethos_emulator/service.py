"""What the service answers."""

from __future__ import annotations

import re
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from ethos_emulator.campus import Row, sample

VERSIONS = {
    "persons": "12.3.0",
    "section-registrations": "16.0.0",
    "student-transcript-grades": "1.0.0",
    "grade-definitions": "6",
    "sections": "16.0.0",
    "courses": "16.0.0",
    "subjects": "6",
    "academic-periods": "16.1.0",
    "academic-levels": "6",
    "person-holds": "6",
}
_MEDIA = re.compile(r"application/vnd\.hedtech\.integration\.v([0-9.]+)\+json")
LARGEST = 1_000_000  # bytes of one answer of the queue


class Failure(Exception):
    def __init__(self, status: int, text: str = "") -> None:
        super().__init__(text)
        self.status = status
        self.text = text


@dataclass
class Answer:
    body: Any
    headers: dict[str, str]
    text: bool = False


@dataclass
class Service:
    campus: dict[str, list[Row]] = field(default_factory=sample)
    versions: dict[str, str] = field(default_factory=lambda: dict(VERSIONS))
    key: str = "an-api-key-of-the-emulator"
    clamp: int = 500
    largest: int = LARGEST
    total: bool = True
    heeds_accept: bool = True
    calls: Counter[str] = field(default_factory=Counter)
    asked: list[dict[str, str]] = field(default_factory=list)
    minutes_asked: list[str] = field(default_factory=list)
    scripts: list[tuple[str, int, Any]] = field(default_factory=list)
    queue: list[Row] = field(default_factory=list)
    empty: tuple[str, ...] = ()
    _tokens: dict[str, float] = field(default_factory=dict)
    _number: int = 100

    def authenticate(self, key: str, query: dict[str, str]) -> Answer:
        self.calls["auth"] += 1
        if key != self.key:
            raise Failure(401, "Invalid API key")
        minutes = query.get("expirationMinutes", "5")
        self.minutes_asked.append(minutes)
        token = f"header.payload-{self.calls['auth']}.signature"
        self._tokens[token] = time.monotonic() + 60.0 * int(minutes)
        return Answer(token, {}, text=True)

    def end_tokens(self) -> None:
        self._tokens.clear()

    def get(self, path: str, query: dict[str, str], token: str, accept: str) -> Answer:
        if self._tokens.get(token, 0.0) <= time.monotonic():
            raise Failure(401, "The token has expired")
        if path == "/consume":
            return self._consume(query)
        match = re.fullmatch(r"/api/([a-z-]+)(?:/([^/]+))?", path)
        if not match or match[1] not in self.campus:
            raise Failure(404, "Resource not found")
        name, key = match[1], match[2]
        self.asked.append(query)
        self.calls[name] += 1
        for script in [one for one in self.scripts if one[:2] == (name, self.calls[name])]:
            self.scripts.remove(script)
            script[2](self)
        media = self._negotiated(name, accept)
        rows = [] if name in self.empty else self.campus[name]
        if key:
            found = next((row for row in rows if row["id"] == key), None)
            if found is None:
                raise Failure(404, "No such thing")
            return Answer(found, media)
        limit = min(int(query.get("limit", "500")), self.clamp)
        offset = int(query.get("offset", "0"))
        total = {"x-total-count": str(len(rows)), "x-max-page-size": str(self.clamp)} if self.total else {}
        return Answer(rows[offset : offset + limit], {**media, **total})

    def _negotiated(self, name: str, accept: str) -> dict[str, str]:
        wanted = _MEDIA.fullmatch(accept)
        version = self.versions[name]
        if self.heeds_accept and wanted and version.partition(".")[0] != wanted[1].partition(".")[0]:
            raise Failure(406, "The version is not supported")
        return {"x-media-type": f"application/vnd.hedtech.integration.v{version}+json"}

    def tell(self, operation: str, name: str, key: str, content: Row | None = None) -> int:
        """Put a notification into the queue."""
        self._number += 1
        resource = {"name": name, "id": key}
        if operation != "deleted":
            resource["version"] = f"application/vnd.hedtech.integration.v{self.versions[name].partition('.')[0]}+json"
        self.queue.append(
            {
                "id": str(self._number),
                "published": "2026-06-23 09:26:24.732506+00",
                "resource": resource,
                "operation": operation,
                "contentType": "empty" if operation == "deleted" else "resource-representation",
                "content": {} if operation == "deleted" else content or {},
                "publisher": {"id": "1", "applicationName": "Emulator"},
            }
        )
        return self._number

    def _consume(self, query: dict[str, str]) -> Answer:
        """Without `lastProcessedID`, what is given is removed."""
        self.calls["consume"] += 1
        last = query.get("lastProcessedID")
        waiting = [one for one in self.queue if last is None or int(one["id"]) > int(last)]
        given: list[Row] = []
        size = 2
        for one in waiting[: int(query.get("limit", "10"))]:
            size += len(str(one))
            if given and size > self.largest:
                break
            given.append(one)
        if last is None:
            self.queue = [one for one in self.queue if one not in given]
        return Answer(given, {"x-remaining": str(len(waiting) - len(given))})
