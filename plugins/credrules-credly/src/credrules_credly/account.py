"""Account: one organization's templates and badges at Credly, as objects."""

from __future__ import annotations

import re
import threading
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from credrules import OutcomeUnknown, Refused, Unavailable
from credrules_credly.shapes import BadgeShape, EventShape, TemplateShape, is_id, understood

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from credrules_credly.line import Answer, Line

DUPLICATE = "already has this badge"
CURRENT = "current_badge_id"
TEMPLATES_KEPT = 300.0  # seconds

_MAIL = re.compile(r"[^\s@,;<>\"']+@[^\s@,;<>\"']+")


class Account:
    """Asks and tells; what it means for an award is the issuer's to know."""

    def __init__(self, line: Line, organization: str) -> None:
        self._line = line
        self.organization = organization
        self._path = f"/organizations/{quote(organization, safe='')}"
        self._templates: dict[str, TemplateShape] = {}
        self._templates_of = float("-inf")
        self._looking = threading.Lock()

    def close(self) -> None:
        self._line.close()

    def is_there(self) -> bool:
        """Raises Unavailable where the token is not taken or Credly cannot be reached."""
        return self._line.read(self._path).status == 200

    # Templates.

    def templates(self) -> dict[str, TemplateShape]:
        """All of them, by id. Looked up anew after a while, for somebody may archive one."""
        with self._looking:
            if time.monotonic() - self._templates_of > TEMPLATES_KEPT:
                read = [
                    understood(TemplateShape, item) for item in self._line.pages(f"{self._path}/badge_templates", {})
                ]
                self._templates = {one.id: one for one in read if one}
                self._templates_of = time.monotonic()
            return self._templates

    def look_again(self) -> None:
        """Read the templates anew when they are needed next."""
        self._templates_of = float("-inf")

    # Badges.

    def issue(self, body: Mapping[str, Any], personal: Iterable[str]) -> BadgeShape | None:
        """Issue a badge; None where the learner has it already. Raises Refused, Unavailable, OutcomeUnknown."""
        answer = self._line.write("POST", f"{self._path}/badges", body)
        if answer.status == 422 and DUPLICATE in answer.message.lower():
            return None
        return self._made(answer, personal)

    def replace(self, badge: str, body: Mapping[str, Any], personal: Iterable[str]) -> BadgeShape | str:
        """Put another badge into a badge's place; the id of the one in it, where that has been done before."""
        answer = self._line.write("POST", f"{self._path}/badges/{badge}/replace", body)
        current = answer.metadata.get(CURRENT)
        if answer.status == 422 and isinstance(current, str) and is_id(current):
            return current
        return self._made(answer, personal)

    def revoke(self, badge: str, reason: str, *, notify: bool) -> Answer:
        body = {"reason": reason, "suppress_revoke_notification_email": not notify}
        return self._line.write("PUT", f"{self._path}/badges/{badge}/revoke", body)

    def badge(self, badge: str) -> BadgeShape | None:
        """None where there is none with that id. Raises Unavailable."""
        if not is_id(badge):
            return None
        answer = self._line.read(f"{self._path}/badges/{badge}")
        if answer.status in (404, 410):
            return None
        found = understood(BadgeShape, answer.data) if answer.status == 200 else None
        if found is None or found.id != badge:
            raise Unavailable(f"Credly answered {answer.status} and no badge where a badge was asked for.")
        return found

    def badges(self, **conditions: str) -> Iterator[BadgeShape]:
        """Those that a filter lets through, and whatever Credly gives beside them: the caller looks again.

        Raises Unavailable where one of them cannot be understood, for it may be the one that is looked for.
        """
        text = "|".join(f"{key}::{value}" for key, value in conditions.items())
        for item in self._line.pages(f"{self._path}/badges", {"filter": text}):
            found = understood(BadgeShape, item)
            if found is None:
                raise Unavailable("Credly's list holds a badge that is not of the shape that badges have.")
            yield found

    def with_evidence(self, badge: BadgeShape) -> BadgeShape:
        """The same badge, looked up by itself where a list left its evidence out."""
        return badge if badge.evidence is not None else self.badge(badge.id) or badge

    def event(self, event: str) -> EventShape | None:
        """None where Credly knows of no such event. Raises Unavailable."""
        answer = self._line.read(f"{self._path}/events/{event}")
        found = understood(EventShape, answer.data) if answer.status == 200 else None
        return found if found and found.id == event else None

    def _made(self, answer: Answer, personal: Iterable[str]) -> BadgeShape:
        if answer.status in (200, 201):
            badge = understood(BadgeShape, answer.data)
            if badge is None:
                raise OutcomeUnknown(f"Credly answered {answer.status} and no badge; it may have issued one.")
            return badge
        if answer.status == 404:
            raise Unavailable(
                "Credly knows no such organization or badge (404). Look at `organization` in the settings."
            )
        raise Refused(
            f"Credly refused it ({answer.status}): {impersonal(answer.message, personal) or 'with no reason'}"
        )


def impersonal(message: str, personal: Iterable[str]) -> str:
    """A message of Credly's without what it repeats of a person, for it will be kept and shown."""
    text = " ".join("".join(sign if sign.isprintable() else " " for sign in message).split())
    for value in sorted(set(personal), key=len, reverse=True):
        text = re.sub(re.escape(value), "[...]", text, flags=re.IGNORECASE)
    return _MAIL.sub("[...]", text)[:300]
