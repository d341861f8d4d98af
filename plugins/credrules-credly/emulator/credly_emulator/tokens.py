"""Who may do what: authorization tokens and OAuth clients."""

from __future__ import annotations

import base64
import binascii
import secrets
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from credly_emulator.answers import Failure
from credly_emulator.clock import Clock, stamp

if TYPE_CHECKING:
    from credly_emulator.settings import Behaviour

LIFETIME = timedelta(days=180)
OAUTH_LIFETIME = timedelta(hours=2)


@dataclass
class Token:
    token: str
    organization: str
    expires: datetime
    created: datetime
    read: bool = True
    write: bool = True
    delete: bool = True
    description: str = ""
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def shown(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "token": self.token,
            "owner_id": self.organization,
            "description": self.description,
            "read_enabled": self.read,
            "write_enabled": self.write,
            "delete_enabled": self.delete,
            "created_at": stamp(self.created),
            "expires_at": stamp(self.expires),
        }


class Tokens:
    def __init__(self, clock: Clock, behaviour: Behaviour) -> None:
        self._clock = clock
        self._behaviour = behaviour
        self._tokens: dict[str, Token] = {}
        self._bearers: dict[str, Token] = {}
        self.clients: dict[str, tuple[str, str]] = {}  # id: secret, organization
        self.oddities = 0  # Basic headers that the vendor does not document

    def add(self, organization: str, token: str | None = None, **rights: Any) -> Token:
        now = self._clock.now()
        lifetime = rights.pop("expires_in", None)
        expires = now + (LIFETIME if lifetime is None else timedelta(seconds=lifetime))
        made = Token(token or secrets.token_urlsafe(24), organization, expires, now, **rights)
        self._tokens[made.token] = made
        return made

    def of(self, organization: str) -> list[Token]:
        return [token for token in self._tokens.values() if token.organization == organization]

    def withdraw(self, token: str) -> None:
        self._tokens.pop(token, None)

    def rotate(self, old: Token) -> Token:
        new = self.add(old.organization, read=old.read, write=old.write, delete=old.delete, description=old.description)
        self.withdraw(old.token)
        return new

    def grant(self, given: dict[str, Any]) -> dict[str, Any]:
        """What /oauth/token answers for client credentials."""
        secret, organization = self.clients.get(str(given.get("client_id")), ("", ""))
        if given.get("grant_type") != "client_credentials":
            raise Failure(400, "unsupported_grant_type")
        if not secret or not secrets.compare_digest(secret, str(given.get("client_secret"))):
            raise Failure(401, "invalid_client")
        now = self._clock.now()
        bearer = Token(secrets.token_urlsafe(24), organization, now + OAUTH_LIFETIME, now)
        self._bearers[bearer.token] = bearer
        return {
            "access_token": bearer.token,
            "token_type": "Bearer",
            "expires_in": int(OAUTH_LIFETIME.total_seconds()),
            "scope": given.get("scope", ""),
        }

    def holder(self, header: str | None) -> Token:
        """Whose request it is. Raises Failure."""
        kind, _, value = (header or "").partition(" ")
        token = None
        if kind == "Bearer":
            token = self._bearers.get(value.strip())
        elif kind == "Basic":
            token = self._tokens.get(self._user(value.strip()))
        if token is None or token.expires <= self._clock.now():
            raise Failure(401, "Unauthorized")
        return token

    def _user(self, value: str) -> str:
        try:
            text = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return ""
        user, colon, password = text.partition(":")
        if colon and not password:
            return user
        self.oddities += 1
        return user.rstrip("|") if self._behaviour.lenient else ""
