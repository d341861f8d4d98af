"""What tests tell the emulator: faults, settings, what earners do, and a look into its books."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from credly_emulator.answers import Failure, Reply

if TYPE_CHECKING:
    from credly_emulator.service import Service


def obey(service: Service, method: str, path: str, body: Any) -> Reply:
    """One control request. Raises Failure."""
    with service.lock:
        try:
            return Reply(200, _act(service, method, path, body), bare=True)
        except (KeyError, TypeError, ValueError) as error:
            raise Failure(400, f"{type(error).__name__}: {error}") from error


def _act(service: Service, method: str, path: str, body: Any) -> Any:  # noqa: PLR0911  one return for each order
    organization = next(iter(service.organizations))
    match method, path:
        case "GET", "/control/books":
            return books(service)
        case "GET", "/control/issued":
            return {"issued": service.badges.issued}
        case "POST", "/control/reset":
            service.begin()
            return {}
        case "POST", "/control/settings":
            service.behaviour.change(body)
            return {}
        case "POST", "/control/faults":
            service.faults.set(body)
            return {}
        case "POST", "/control/clock":
            service.clock.advance(float(body["advance_seconds"]))
            return {}
        case "POST", "/control/templates":
            return service.templates.add(organization, {"state": "active", **body})
        case "POST", "/control/tokens":
            return service.tokens.add(organization, **body).shown()
        case "POST", "/control/tokens/withdraw":
            service.tokens.withdraw(body["token"])
            return {}
        case "POST", "/control/clients":
            service.tokens.clients[body["client_id"]] = body["client_secret"], organization
            return {}
        case "POST", "/control/accept":
            return service.badges.accept(body["badge"])
        case "POST", "/control/reject":
            return service.badges.reject(body["badge"])
        case "POST", "/control/privacy":
            return service.badges.show(body["badge"], bool(body["public"]))
        case "POST", "/control/merge":
            return {"user": service.badges.merge(body["emails"])}
    raise Failure(404, f"There is no {method} {path}.")


def books(service: Service) -> dict[str, Any]:
    """The emulator's own books: what a test counts, instead of the client's."""
    return {
        "badges": [
            {
                "id": badge["id"],
                "template": badge["badge_template"]["id"],
                "earner": badge["issuer_earner_id"],
                "email": badge["recipient_email"],
                "state": badge["state"],
                "reason": badge["revocation_reason"],
                "evidence": badge["evidence"],
                "created_at": badge["created_at"],
                "issued_at": badge["issued_at"],
                "expires_at": badge["expires_at"],
                "first_name": badge["issued_to_first_name"],
                "last_name": badge["issued_to_last_name"],
                "locale": badge["locale"],
                "suppressed": badge["suppress_badge_notification_email"],
                "replaces": badge["replaces_badge_id"],
            }
            for badge in service.badges.everything()
        ],
        "issued": service.badges.issued,
        "calls": dict(service.calls),
        "faults": dict(service.faults.happened),
        "odd_tokens": service.tokens.oddities,
        "webhooks": {
            "delivered": service.events.delivered,
            "lost": service.events.lost,
            "given_up": service.events.given_up,
        },
    }
