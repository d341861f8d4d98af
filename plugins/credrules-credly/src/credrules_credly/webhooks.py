"""Webhooks: a word from Credly that something about a badge has changed, believed only once it was asked about."""

from __future__ import annotations

import json
import queue
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from credrules import Unavailable
from credrules_credly.shapes import BadgeShape, EventShape, understood

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from credrules import Acceptance
    from credrules_credly.account import Account
    from credrules_credly.issuer import CredlyIssuer

LARGEST = 64 << 10
WAITING = 10_000
REMEMBERED = 10_000
KINDS = ("badge.created", "badge.state.changed", "badge.deleted", "badge.privacy.changed")


class Webhooks:
    """A WSGI application that takes notices, and a method that follows them up, in another thread or process.

    Credly signs nothing. So a notice says only which event to ask for, with our own token; whatever else stands in it
    is not read. A notice that was lost is made good by `credrules acceptance`, which asks for every badge.
    """

    def __init__(self, issuer: CredlyIssuer, account: Account, on_change: Callable[[Acceptance], object]) -> None:
        self._issuer = issuer
        self._account = account
        self._on_change = on_change
        self._waiting: queue.Queue[str] = queue.Queue(WAITING)
        self._done: OrderedDict[str, None] = OrderedDict()

    def __call__(self, environ: Mapping[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
        """Credly waits for a moment only, and takes no answer but 200 for one: so nothing is done here but noting."""
        status = self._take(environ)
        start_response(status, [("Content-Type", "text/plain"), ("Content-Length", "0")])
        return []

    def _take(self, environ: Mapping[str, Any]) -> str:
        if environ.get("REQUEST_METHOD") != "POST":
            return "405 Method Not Allowed"
        length = str(environ.get("CONTENT_LENGTH") or "")
        if not length.isdecimal() or len(length) > 9 or int(length) > LARGEST:
            return "413 Content Too Large"
        try:
            notice = understood(EventShape, json.loads(environ["wsgi.input"].read(int(length))))
        except (ValueError, RecursionError):
            notice = None
        if notice is None:
            return "400 Bad Request"
        try:
            self._waiting.put_nowait(notice.id)
        except queue.Full:
            return "503 Service Unavailable"  # Credly will come again, for up to 25 days
        return "200 OK"

    def follow_up(self) -> int:
        """Ask about every notice that waits, and tell of what has changed. How many there were.

        Raises Unavailable where Credly cannot be asked; the notice goes on waiting.
        """
        followed = 0
        while True:
            try:
                event = self._waiting.get_nowait()
            except queue.Empty:
                return followed
            try:
                self._follow(event)
            except Unavailable:
                self._waiting.put(event)
                raise
            followed += 1

    def _follow(self, event_id: str) -> None:
        if event_id in self._done:
            return
        event = self._account.event(event_id)
        if event and event.event_type in KINDS and event.badge:
            # Notices come twice and in any order, and an event shows the badge as it was then: so it is asked for now.
            then = understood(BadgeShape, event.badge)
            now = self._account.badge(then.id) if then else None
            if now:
                self._on_change(self._issuer.acceptance(now.id, now))
        self._done[event_id] = None
        if len(self._done) > REMEMBERED:
            self._done.popitem(last=False)
