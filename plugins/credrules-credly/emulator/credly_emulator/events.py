"""What happened, as a feed and as webhooks."""

from __future__ import annotations

import copy
import http.client
import json
import threading
import time
import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from credly_emulator.answers import Failure
from credly_emulator.clock import Clock, stamp

if TYPE_CHECKING:
    from credly_emulator.faults import Faults
    from credly_emulator.settings import Behaviour

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def is_loopback(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "http" and parts.hostname in LOOPBACK


class Events:
    """The feed of an organization. A webhook holds nothing but the event's id and kind, as the vendor documents it."""

    def __init__(self, clock: Clock, behaviour: Behaviour, faults: Faults) -> None:
        self._clock = clock
        self._behaviour = behaviour
        self._faults = faults
        self._all: dict[str, dict[str, Any]] = {}
        self.webhook_urls: dict[str, str | None] = {}
        self.lost = 0
        self.delivered = 0
        self.given_up = 0

    def happened(self, organization: str, kind: str, about: dict[str, Any]) -> None:
        event = {
            "id": str(uuid.uuid4()),
            "event_type": kind,
            "organization_id": organization,
            "occurred_at": stamp(self._clock.now()),
            **copy.deepcopy(about),
        }
        self._all[event["id"]] = event
        url = self.webhook_urls.get(organization)
        if not url:
            return
        if self._faults.chance(self._behaviour.lose_webhooks):
            self.lost += 1
            return
        times = 2 if self._faults.chance(self._behaviour.double_webhooks) else 1
        notice = {name: event[name] for name in ("id", "organization_id", "event_type", "occurred_at")}
        for _ in range(times):
            threading.Thread(target=self._deliver, args=(url, notice), daemon=True).start()

    def of(self, organization: str) -> list[dict[str, Any]]:
        return [event for event in reversed(self._all.values()) if event["organization_id"] == organization]

    def get(self, organization: str, event: str) -> dict[str, Any]:
        found = self._all.get(event)
        if found is None or found["organization_id"] != organization:
            raise Failure(404, "Resource not found")
        return found

    def _deliver(self, url: str, notice: dict[str, Any]) -> None:
        """Until it is answered with exactly 200, at growing intervals."""
        wait = self._behaviour.webhook_interval
        for _ in range(self._behaviour.webhook_attempts):
            if self._post(url, notice) == 200:
                self.delivered += 1
                return
            time.sleep(wait)
            wait *= 2
        self.given_up += 1

    @staticmethod
    def _post(url: str, notice: dict[str, Any]) -> int:
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=2)
        try:
            body = json.dumps(notice)
            connection.request("POST", parts.path or "/", body, {"Content-Type": "application/json"})
            return connection.getresponse().status
        except OSError:
            return 0
        finally:
            connection.close()
