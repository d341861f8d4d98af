"""Badge templates."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from credly_emulator.answers import Failure, invalid
from credly_emulator.clock import Clock, stamp

if TYPE_CHECKING:
    from collections.abc import Callable

STATES = ("active", "archived", "draft")


class Templates:
    def __init__(self, clock: Clock, happened: Callable[[str, str, dict[str, Any]], object]) -> None:
        self._clock = clock
        self._happened = happened
        self._all: dict[str, dict[str, Any]] = {}
        self.default_expiry_days: dict[str, float] = {}  # kept out of answers; the field's name is not known

    def of(self, organization: str) -> list[dict[str, Any]]:
        return [dict(one) for one in self._all.values() if one["owner"]["id"] == organization]

    def find(self, organization: str, template: object) -> dict[str, Any] | None:
        found = self._all.get(template) if isinstance(template, str) else None
        return found if found and found["owner"]["id"] == organization else None

    def get(self, organization: str, template: str) -> dict[str, Any]:
        found = self.find(organization, template)
        if found is None:
            raise Failure(404, "Resource not found")
        return found

    def usable(self, organization: str, template: object) -> dict[str, Any]:
        """The template of a badge that is to be issued. Raises Failure as the service does."""
        found = self.find(organization, template)
        if found is None:
            raise Failure(422, f"Invalid or missing Badge Template ID: {template or ''}")
        if found["state"] != "active":
            raise invalid(f"Badge template is {found['state']} and cannot be issued")
        return found

    def add(self, organization: str, given: dict[str, Any]) -> dict[str, Any]:
        if not given.get("name"):
            raise invalid("Name can't be blank")
        state = given.get("state", "draft")
        if state not in STATES:
            raise invalid("State is not included in the list")
        identity = given.get("id") or str(uuid.uuid4())
        slug = str(given["name"]).lower().replace(" ", "-")
        now = stamp(self._clock.now())
        image = str(uuid.uuid4())
        if days := given.get("default_expiry_days"):
            self.default_expiry_days[identity] = float(days)
        self._all[identity] = {
            "id": identity,
            "allow_duplicate_badges": bool(given.get("allow_duplicate_badges", False)),
            "cost": given.get("cost"),
            "description": given.get("description", ""),
            "global_activity_url": given.get("global_activity_url"),
            "level": given.get("level"),
            "lock_badge_state": False,
            "name": given["name"],
            "state": state,
            "public": bool(given.get("public", True)),
            "badges_count": 0,
            "recipient_type": "User",
            "vanity_slug": slug,
            "time_to_earn": given.get("time_to_earn"),
            "type_category": given.get("type_category"),
            "visibility": "public" if given.get("public", True) else "private",
            "certification": False,
            "state_updated_at": None,
            "created_at": now,
            "updated_at": now,
            "image": {"id": image, "url": f"https://images.credly.invalid/{image}.png"},
            "image_url": f"https://images.credly.invalid/{image}.png",
            "url": f"https://www.credly.invalid/org/{organization}/badge/{slug}",
            "owner": {"type": "Organization", "id": organization, "name": "Example University", "verified": False},
            "alignments": given.get("alignments", []),
            "recommendations": [],
            "required_badge_templates": [],
            "badge_template_activities": [],
            "skills": given.get("skills", []),
            "reporting_tags": given.get("reporting_tags", []),
        }
        self._happened(organization, "badge_template.created", {"badge_template": self._all[identity]})
        return self._all[identity]

    def change(self, organization: str, template: str, given: dict[str, Any]) -> dict[str, Any]:
        found = self.get(organization, template)
        if given.get("state", found["state"]) not in STATES:
            raise invalid("State is not included in the list")
        changeable = ("name", "description", "state", "level", "skills", "allow_duplicate_badges", "public")
        found.update({name: given[name] for name in changeable if name in given})
        found["updated_at"] = stamp(self._clock.now())
        self._happened(organization, "badge_template.changed", {"badge_template": found})
        return found

    def remove(self, organization: str, template: str) -> None:
        found = self.get(organization, template)
        if found["badges_count"]:
            raise invalid("Badge template has issued badges and cannot be deleted")
        del self._all[template]
        self._happened(organization, "badge_template.deleted", {"badge_template": {"id": template}})
