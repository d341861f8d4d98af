"""Issued badges: the duplicate rule, the states, and what moves a badge from one to the next."""

from __future__ import annotations

import re
import uuid
from collections import defaultdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from credly_emulator import forms
from credly_emulator.answers import Failure, invalid
from credly_emulator.clock import Clock, stamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from credly_emulator.settings import Behaviour
    from credly_emulator.templates import Templates

LIVE = ("pending", "accepted")
MINIMAL = ("id", "state", "issuer_earner_id", "recipient_email", "issued_at", "expires_at", "state_updated_at")


class Badges:
    def __init__(
        self,
        clock: Clock,
        behaviour: Behaviour,
        templates: Templates,
        happened: Callable[[str, str, dict[str, Any]], object],
    ) -> None:
        self._clock = clock
        self._behaviour = behaviour
        self._templates = templates
        self._happened = happened
        self._all: dict[str, dict[str, Any]] = {}
        self._organization: dict[str, str] = {}
        self._accounts: dict[str, str] = {}  # e-mail address: user
        self._seen_from: dict[str, datetime] = {}
        self._of_earner: defaultdict[str, list[str]] = defaultdict(list)
        self._of_address: defaultdict[str, list[str]] = defaultdict(list)
        self.issued = 0  # ever, deleted ones included

    # Reading.

    def everything(self) -> list[dict[str, Any]]:
        return [dict(badge) for badge in self._all.values()]

    def listed(self, organization: str, condition: str = "") -> list[dict[str, Any]]:
        """Newest first, as far as lists show them yet. A filter that asks for one earner spares a look at all."""
        now = self._clock.now()
        earner = re.search(r"(?:^|[|])issuer_earner_id::([^|,]*)(?:[|]|$)", condition)
        some = self._of_earner.get(earner[1], []) if earner else list(self._all)
        return [
            self._all[identity]
            for identity in reversed(some)
            if identity in self._all
            and self._organization[identity] == organization
            and self._seen_from[identity] <= now
        ]

    def get(self, organization: str, badge: str) -> dict[str, Any]:
        found = self._all.get(badge)
        if found is None or self._organization[badge] != organization:
            raise Failure(404, "Resource not found")
        return found

    def anywhere(self, badge: str) -> dict[str, Any]:
        if badge not in self._all:
            raise Failure(404, "Resource not found")
        return self._all[badge]

    def matchers(self) -> dict[str, Callable[[dict[str, Any], str], bool]]:
        """How a filter's keys look at a badge."""

        def equals(name: str) -> Callable[[dict[str, Any], str], bool]:
            return lambda badge, value: str(badge[name] or "") == value

        return {
            "state": equals("state"),
            "issuer_earner_id": equals("issuer_earner_id"),
            "recipient_email": lambda badge, value: badge["recipient_email"].lower() == value.lower(),
            "recipient_email_all": lambda badge, value: value.lower() in self._addresses(badge),
            "user_id": lambda badge, value: badge["user"].get("id") == value,
            "badge_template_id": lambda badge, value: badge["badge_template"]["id"] == value,
            "badge_templates[reporting_tags]": lambda badge, value: value in badge["badge_template"]["reporting_tags"],
            "public": lambda badge, value: str(badge["public"]).lower() == value,
            "expires_at_date_max": lambda badge, value: bool(badge["expires_at"]) and badge["expires_at_date"] <= value,
            "query": lambda badge, value: value.lower() in f"{badge['issued_to']} {badge['recipient_email']}".lower(),
        }

    def _addresses(self, badge: dict[str, Any]) -> set[str]:
        user = self._user(badge)
        known = {address for address, owner in self._accounts.items() if owner == user} if user else set()
        return known | {badge["recipient_email"].lower()}

    def _user(self, badge: dict[str, Any]) -> str | None:
        return badge["user"].get("id") or self._accounts.get(badge["recipient_email"].lower())

    # Issuing.

    def issue(self, organization: str, body: dict[str, Any]) -> dict[str, Any]:
        template = self._templates.usable(organization, body.get("badge_template_id"))
        forms.check_recipient(body)
        self._check_duplicate(organization, template, body, None)
        badge = self._made(organization, template, body, replaces=None)
        self._happened(organization, "badge.created", {"badge": badge})
        return badge

    def _check_duplicate(
        self, organization: str, template: dict[str, Any], body: dict[str, Any], instead_of: str | None
    ) -> None:
        if template["allow_duplicate_badges"]:
            return
        email = body["recipient_email"].strip().lower()
        user = self._accounts.get(email)
        earner = body.get("issuer_earner_id") or ""
        closed = ("revoked", "rejected") if self._behaviour.closed_count_as_duplicates else ()
        addresses = {email} | {one for one, owner in self._accounts.items() if user is not None and owner == user}
        near = [*self._of_earner.get(earner, []), *(one for a in addresses for one in self._of_address.get(a, []))]
        for badge in (self._all[identity] for identity in near if identity in self._all):
            if (
                self._organization[badge["id"]] == organization
                and badge["badge_template"]["id"] == template["id"]
                and badge["state"] in (*LIVE, *closed)
                and badge["id"] != instead_of
                and (
                    badge["recipient_email"].lower() == email
                    or (user is not None and self._user(badge) == user)
                    or (earner and badge["issuer_earner_id"] == earner)
                )
            ):
                raise invalid("User already has this badge")

    def _made(
        self, organization: str, template: dict[str, Any], body: dict[str, Any], replaces: dict[str, Any] | None
    ) -> dict[str, Any]:
        now = self._clock.now()
        issued_at = forms.time_of(body, "issued_at", lenient=self._behaviour.lenient)
        expires_at = self._expiry(template, body, issued_at)
        identity = str(uuid.uuid4())
        owner = {"type": "Organization", "id": organization, "name": "Example University", "verified": False}
        names = [body.get(f"issued_to_{part}_name") for part in ("first", "middle", "last")]
        email = body["recipient_email"].strip()
        badge: dict[str, Any] = {
            "id": identity,
            "state": "pending",
            "state_updated_at": None,
            "issued_to": " ".join(name for name in names if name),
            "issued_to_first_name": names[0],
            "issued_to_middle_name": names[1],
            "issued_to_last_name": names[2],
            "issuer_earner_id": body.get("issuer_earner_id"),
            "recipient_email": email,
            "locale": body.get("locale") or "en",
            "public": True,
            "suppress_badge_notification_email": bool(body.get("suppress_badge_notification_email", False)),
            "issued_at": stamp(issued_at),
            "issued_at_date": stamp(issued_at)[:10],  # type: ignore[index]  # there is a time
            "expires_at": stamp(expires_at),
            "expires_at_date": (stamp(expires_at) or "")[:10] or None,
            "created_at": stamp(now),
            "updated_at": stamp(now),
            "country": body.get("country_name"),
            "country_code": None,
            "state_or_province": body.get("state_or_province"),
            "replacement_badge_id": None,
            "replaces_badge_id": replaces and replaces["id"],
            "revocation_reason": None,
            "image": template["image"],
            "image_url": template["image_url"],
            "alignments": [],
            "evidence": forms.evidence_of(body),
            "printing_enabled": True,
            "print_method": "custom",
            "user": {},
            "created_by": owner,
            "issuer": {
                "summary": "issued by Example University",
                "entities": [{"label": "Issued by", "primary": True, "entity": owner}],
            },
            "badge_template": template,
            "accept_badge_url": f"https://www.credly.invalid/badges/{identity}/accept",
        }
        self._all[identity] = badge
        self._organization[identity] = organization
        self._seen_from[identity] = now + timedelta(seconds=self._behaviour.lag)
        self._of_address[email.lower()].append(identity)
        if badge["issuer_earner_id"]:
            self._of_earner[badge["issuer_earner_id"]].append(identity)
        template["badges_count"] += 1
        self.issued += 1
        return badge

    def _expiry(self, template: dict[str, Any], body: dict[str, Any], issued_at: datetime) -> datetime | None:
        given = body.get("expires_at")
        if given is False:
            return None
        if given is None:
            days = self._templates.default_expiry_days.get(template["id"])
            return None if days is None else issued_at + timedelta(days=days)
        expires_at = forms.time_of(body, "expires_at", lenient=self._behaviour.lenient)
        if expires_at < issued_at:
            raise invalid("Expires at must be after issued at")
        return expires_at

    # What becomes of a badge.

    def replace(self, organization: str, badge: str, body: dict[str, Any]) -> dict[str, Any]:
        old = self.get(organization, badge)
        if old["state"] == "replaced":
            live = old
            while live["replacement_badge_id"]:
                live = self._all[live["replacement_badge_id"]]
            message = "This badge cannot be replaced because it has already been replaced."
            raise Failure(422, f"Validation failed: {message}", {"current_badge_id": live["id"]})
        if old["state"] not in LIVE:
            raise invalid(f"This badge cannot be replaced because it has been {old['state']}.")
        template = self._templates.usable(organization, body.get("badge_template_id"))
        names = {name: old[name] for name in old if name.startswith("issued_to_")}
        body = {**names, **body, "recipient_email": old["recipient_email"]}
        forms.check_recipient(body)
        self._check_duplicate(organization, template, body, old["id"])
        new = self._made(organization, template, body, replaces=old)
        if old["state"] == "accepted":
            self._to(new, "accepted")
            new["user"] = old["user"]
        new["badge_url"] = f"https://www.credly.invalid/badges/{new['id']}"
        old["replacement_badge_id"] = new["id"]
        self._to(old, "replaced")
        self._happened(organization, "badge.created", {"badge": new})
        self._happened(organization, "badge.state.changed", {"badge": old})
        return new

    def revoke(self, organization: str, badge: str, body: dict[str, Any]) -> dict[str, Any]:
        found = self.get(organization, badge)
        if found["state"] in ("replaced", "revoked"):
            raise invalid(f"This badge cannot be revoked because it has already been {found['state']}.")
        if not str(body.get("reason") or "").strip():
            raise invalid("Reason can't be blank")
        found["revocation_reason"] = body["reason"]
        self._to(found, "revoked")
        self._happened(organization, "badge.state.changed", {"badge": found})
        return found

    def delete(self, organization: str, badge: str) -> None:
        found = self.get(organization, badge)
        found["badge_template"]["badges_count"] -= 1
        del self._all[badge]
        self._happened(organization, "badge.deleted", {"badge": {"id": badge}})

    # What earners do.

    def accept(self, badge: str) -> dict[str, Any]:
        found = self._pending(badge)
        email = found["recipient_email"].lower()
        user = self._accounts.setdefault(email, str(uuid.uuid4()))
        found["user"] = {"id": user, "email": email, "url": f"https://www.credly.invalid/users/{user}"}
        found.pop("accept_badge_url", None)
        found["badge_url"] = f"https://www.credly.invalid/badges/{badge}"
        self._to(found, "accepted")
        self._happened(self._organization[badge], "badge.state.changed", {"badge": found})
        return found

    def reject(self, badge: str) -> dict[str, Any]:
        found = self._pending(badge)
        found.pop("accept_badge_url", None)
        self._to(found, "rejected")
        self._happened(self._organization[badge], "badge.state.changed", {"badge": found})
        return found

    def show(self, badge: str, public: bool) -> dict[str, Any]:
        found = self.anywhere(badge)
        found["public"] = public
        self._happened(self._organization[badge], "badge.privacy.changed", {"badge": found})
        return found

    def merge(self, addresses: list[str]) -> str:
        """Let addresses belong to one account."""
        known = [self._accounts[one.lower()] for one in addresses if one.lower() in self._accounts]
        user = known[0] if known else str(uuid.uuid4())
        for address in addresses:
            self._accounts[address.lower()] = user
        return user

    def _pending(self, badge: str) -> dict[str, Any]:
        found = self.anywhere(badge)
        if found["state"] != "pending":
            raise invalid(f"the badge is {found['state']}")
        return found

    def _to(self, badge: dict[str, Any], state: str) -> None:
        badge["state"] = state
        badge["state_updated_at"] = badge["updated_at"] = stamp(self._clock.now())
