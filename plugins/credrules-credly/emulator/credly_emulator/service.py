"""The service: which call a request is, whether its token may make it, and what is answered."""

from __future__ import annotations

import copy
import hashlib
import re
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from credly_emulator import lists
from credly_emulator.answers import Failure, Reply, invalid
from credly_emulator.badges import MINIMAL, Badges
from credly_emulator.clock import Clock
from credly_emulator.events import Events, is_loopback
from credly_emulator.faults import Faults
from credly_emulator.settings import Behaviour
from credly_emulator.templates import Templates
from credly_emulator.tokens import Token, Tokens

if TYPE_CHECKING:
    from collections.abc import Callable

ORGANIZATION = "e0000000-0000-4000-8000-000000000001"
TEMPLATE = "b0000000-0000-4000-8000-000000000001"


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: dict[str, str]
    authorization: str | None
    body: dict[str, Any]
    host: str
    parts: tuple[str, ...] = field(default=())

    def url(self, path: str) -> str:
        return f"http://{self.host}{path}"


class TooMany(Failure):
    """Over the limit; `wait` is how many seconds are left of the window."""

    def __init__(self, wait: float) -> None:
        super().__init__(429, "Too many requests")
        self.wait = wait


@dataclass(frozen=True)
class Route:
    """`call` is the name that faults know it by."""

    call: str
    method: str
    pattern: str
    right: str | None  # read, write or delete; None where no token is asked for


_ORG = "/organizations/([^/]+)"
ROUTES = (
    Route("organizations", "GET", "/organizations", "read"),
    Route("organization", "GET", _ORG, "read"),
    Route("change-organization", "PUT", _ORG, "write"),
    Route("templates", "GET", f"{_ORG}/badge_templates", "read"),
    Route("add-template", "POST", f"{_ORG}/badge_templates", "write"),
    Route("template", "GET", f"{_ORG}/badge_templates/([^/]+)", "read"),
    Route("change-template", "PUT", f"{_ORG}/badge_templates/([^/]+)", "write"),
    Route("remove-template", "DELETE", f"{_ORG}/badge_templates/([^/]+)", "delete"),
    Route("list", "GET", f"{_ORG}/badges", "read"),
    Route("issue", "POST", f"{_ORG}/badges", "write"),
    Route("badge", "GET", f"{_ORG}/badges/([^/]+)", "read"),
    Route("erase", "DELETE", f"{_ORG}/badges/([^/]+)", "delete"),
    Route("revoke", "PUT", f"{_ORG}/badges/([^/]+)/revoke", "write"),
    Route("replace", "POST", f"{_ORG}/badges/([^/]+)/replace", "write"),
    Route("search", "GET", f"{_ORG}/high_volume_issued_badge_search", "read"),
    Route("events", "GET", f"{_ORG}/events", "read"),
    Route("event", "GET", f"{_ORG}/events/([^/]+)", "read"),
    Route("tokens", "GET", f"{_ORG}/authorization_tokens", "read"),
    Route("add-token", "POST", f"{_ORG}/authorization_tokens", "write"),
    Route("rotate-token", "POST", f"{_ORG}/authorization_tokens/rotate", "write"),
    Route("assertion", "GET", "/obi/v2/badge_assertions/([^/]+)", None),
    Route("oauth", "POST", "/oauth/token", None),
)


@dataclass(frozen=True)
class Start:
    """What is there when the emulator begins."""

    organization: str = ORGANIZATION
    token: str = "emulator-token"  # noqa: S105  of no use anywhere else
    templates: tuple[str, ...] = (TEMPLATE,)
    seed: int = 0
    behaviour: dict[str, Any] = field(default_factory=dict)


class Service:
    """Everything that the emulator knows, in memory. One lock: a request is one step."""

    def __init__(self, start: Start) -> None:
        self.lock = threading.RLock()
        self.start = start
        self.begin()

    def begin(self) -> None:
        """Empty books, and everything as it was when the emulator was started."""
        start = self.start
        self.behaviour = Behaviour()
        self.clock = Clock()
        self.faults = Faults(start.seed)
        self.tokens = Tokens(self.clock, self.behaviour)
        self.events = Events(self.clock, self.behaviour, self.faults)
        self.templates = Templates(self.clock, self.events.happened)
        self.badges = Badges(self.clock, self.behaviour, self.templates, self.events.happened)
        self.organizations: dict[str, dict[str, Any]] = {}
        self.calls: Counter[str] = Counter()
        self._windows: dict[str, tuple[float, int]] = {}
        self.behaviour.change(start.behaviour)
        self._add_organization(start.organization)
        self.tokens.add(start.organization, start.token)
        for template in start.templates:
            self.templates.add(start.organization, {"id": template, "name": "Data Analytics", "state": "active"})

    def _add_organization(self, organization: str) -> None:
        self.organizations[organization] = {
            "type": "Organization",
            "id": organization,
            "name": "Example University",
            "vanity_slug": "example-university",
            "website_url": "https://university.example",
            "verified": False,
            "webhook_url": None,
        }

    @staticmethod
    def route(method: str, path: str) -> tuple[Route, tuple[str, ...]] | None:
        """The call that a request is; lists name their pages under /api/v1, which is the same service."""
        inner = path if path == "/oauth/token" else re.sub(r"^(/api)?/v1(?=/)", "", path)
        if inner == path != "/oauth/token":
            return None
        for route in ROUTES:
            match = re.fullmatch(route.pattern, inner)
            if match and route.method == method:
                return route, match.groups()
        return None

    def answer(self, route: Route, request: Request) -> Reply:
        """Raises Failure."""
        with self.lock:
            self.calls[route.call] += 1
            act: Callable[..., Reply] = getattr(self, "_" + route.call.replace("-", "_"))
            if route.right is None:
                return copy.deepcopy(act(request, *request.parts))
            token = self.tokens.holder(request.authorization)
            self._count(token)
            organization = request.parts[0] if request.parts else token.organization
            if organization not in self.organizations:
                raise Failure(404, "Resource not found")
            if organization != token.organization or not getattr(token, route.right):
                raise Failure(403, "You do not have permission to access this resource")
            return copy.deepcopy(act(request, *request.parts))

    def _count(self, token: Token) -> None:
        limit = self.behaviour.limit
        if limit is None:
            return
        now = time.monotonic()
        began, count = self._windows.get(token.token, (now, 0))
        if now - began >= self.behaviour.window:
            began, count = now, 0
        if count >= limit:
            raise TooMany(self.behaviour.window - (now - began))
        self._windows[token.token] = began, count + 1

    # Organizations and tokens.

    def _organizations(self, request: Request) -> Reply:
        token = self.tokens.holder(request.authorization)
        return self._page(request, [self.organizations[token.organization]])

    def _organization(self, request: Request, organization: str) -> Reply:
        return Reply(200, self.organizations[organization])

    def _change_organization(self, request: Request, organization: str) -> Reply:
        url = request.body.get("webhook_url")
        # The service asks for https with a valid certificate; here nothing leaves the machine.
        if url is not None and not (isinstance(url, str) and is_loopback(url)):
            raise invalid("Webhook url is invalid")
        if "webhook_url" in request.body:
            self.organizations[organization]["webhook_url"] = self.events.webhook_urls[organization] = url
        return Reply(200, self.organizations[organization])

    def _tokens(self, request: Request, organization: str) -> Reply:
        own = self.tokens.holder(request.authorization)
        return self._page(
            request,
            [
                token.shown()
                for token in self.tokens.of(organization)
                if (own.write or not token.write) and (own.delete or not token.delete)
            ],
        )

    def _add_token(self, request: Request, organization: str) -> Reply:
        body = request.body
        rights: dict[str, Any] = {name: bool(body.get(f"{name}_enabled", True)) for name in ("read", "write", "delete")}
        made = self.tokens.add(organization, description=str(body.get("description", "")), **rights)
        return Reply(201, made.shown())

    def _rotate_token(self, request: Request, organization: str) -> Reply:
        return Reply(201, self.tokens.rotate(self.tokens.holder(request.authorization)).shown())

    def _oauth(self, request: Request) -> Reply:
        return Reply(200, self.tokens.grant(request.body), bare=True)

    # Templates.

    def _templates(self, request: Request, organization: str) -> Reply:
        matchers: dict[str, Callable[[dict[str, Any], str], bool]] = {
            "name": lambda one, value: one["name"] == value,
            "state": lambda one, value: one["state"] == value,
            "public": lambda one, value: str(one["public"]).lower() == value,
            "query": lambda one, value: value.lower() in one["name"].lower(),
            "reporting_tags": lambda one, value: value in one["reporting_tags"],
            "skills": lambda one, value: value in one["skills"],
        }
        found = lists.filtered(self.templates.of(organization), request.query.get("filter", ""), matchers)
        return self._page(request, lists.sorted_by(found, request.query.get("sort", "")))

    def _add_template(self, request: Request, organization: str) -> Reply:
        return Reply(201, self.templates.add(organization, request.body))

    def _template(self, request: Request, organization: str, template: str) -> Reply:
        return Reply(200, self.templates.get(organization, template))

    def _change_template(self, request: Request, organization: str, template: str) -> Reply:
        return Reply(200, self.templates.change(organization, template, request.body))

    def _remove_template(self, request: Request, organization: str, template: str) -> Reply:
        self.templates.remove(organization, template)
        return Reply(204)

    # Badges.

    def _list(self, request: Request, organization: str) -> Reply:
        found = self._found(request, organization)
        return self._page(request, [self._shown(one) for one in lists.sorted_by(found, request.query.get("sort", ""))])

    def _found(self, request: Request, organization: str) -> list[dict[str, Any]]:
        text = request.query.get("filter", "")
        return lists.filtered(self.badges.listed(organization, text), text, self.badges.matchers())

    def _search(self, request: Request, organization: str) -> Reply:
        found = self._found(request, organization)
        shown = [self._shown(one) for one in found]
        if request.query.get("badge_format") == "minimal":
            shown = [{name: one[name] for name in MINIMAL} for one in shown]
        return Reply(200, *lists.batch_of(shown, request.query, self._list_url(request)))

    def _shown(self, badge: dict[str, Any]) -> dict[str, Any]:
        shown = dict(badge)
        if not self.behaviour.lists_hold_evidence:
            del shown["evidence"]
        return self._extra(shown)

    def _extra(self, data: dict[str, Any]) -> dict[str, Any]:
        return {**data, "a_new_attribute": {"nobody": ["knows", 1, None]}} if self.behaviour.extra_fields else data

    def _issue(self, request: Request, organization: str) -> Reply:
        return Reply(201, self._extra(self.badges.issue(organization, request.body)))

    def _badge(self, request: Request, organization: str, badge: str) -> Reply:
        return Reply(200, self._extra(self.badges.get(organization, badge)))

    def _erase(self, request: Request, organization: str, badge: str) -> Reply:
        self.badges.delete(organization, badge)
        return Reply(204)

    def _revoke(self, request: Request, organization: str, badge: str) -> Reply:
        return Reply(200, self._extra(self.badges.revoke(organization, badge, request.body)))

    def _replace(self, request: Request, organization: str, badge: str) -> Reply:
        return Reply(201, self._extra(self.badges.replace(organization, badge, request.body)))

    def _assertion(self, request: Request, badge: str) -> Reply:
        """What anybody sees of a badge, as Open Badges 2.0."""
        found = self.badges.anywhere(badge)
        url = request.url(f"/v1/obi/v2/badge_assertions/{badge}")
        if found["state"] == "revoked":
            revoked = {"id": url, "revoked": True, "revocationReason": found["revocation_reason"]}
            return Reply(410, revoked, bare=True)
        hashed = hashlib.sha256(f"{found['recipient_email']}{badge}".encode()).hexdigest()
        return Reply(
            200,
            {
                "@context": "https://w3id.org/openbadges/v2",
                "type": "Assertion",
                "id": url,
                "recipient": {"type": "email", "hashed": True, "salt": badge, "identity": f"sha256${hashed}"},
                "badge": request.url(f"/v1/obi/v2/badge_classes/{found['badge_template']['id']}"),
                "issuedOn": found["issued_at"],
                "expires": found["expires_at"],
                "verification": {"type": "HostedBadge"},
            },
            bare=True,
        )

    # Events.

    def _events(self, request: Request, organization: str) -> Reply:
        return self._page(request, self.events.of(organization))

    def _event(self, request: Request, organization: str, event: str) -> Reply:
        return Reply(200, self.events.get(organization, event))

    def _page(self, request: Request, items: list[dict[str, Any]]) -> Reply:
        return Reply(200, *lists.page_of(items, request.query, self._list_url(request)))

    @staticmethod
    def _list_url(request: Request) -> str:
        """On another path than the request's, as the service's own links are."""
        return request.url(re.sub(r"^(/api)?/v1", "/api/v1", request.path))
