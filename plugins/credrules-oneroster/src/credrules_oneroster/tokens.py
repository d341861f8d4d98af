"""OAuth 2 client credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

from credrules.http_client import Unreadable
from credrules.rest import Token, parsed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import SecretStr


class ClientCredentials:
    """Asks as 1EdTech's security framework says: the client's name and secret in the header, a form in the body."""

    def __init__(self, url: str, client_id: str, secret: SecretStr, scopes: Sequence[str]) -> None:
        self._url = url
        self._client_id = client_id
        self._secret = secret
        self._scopes = tuple(scopes)

    def request(self) -> httpx.Request:
        form = {"grant_type": "client_credentials"}
        if self._scopes:
            form["scope"] = " ".join(self._scopes)
        request = httpx.Request("POST", self._url, data=form, headers={"Accept": "application/json"})
        basic = httpx.BasicAuth(self._client_id, self._secret.get_secret_value().strip())
        return next(basic.auth_flow(request))

    def token(self, body: bytes) -> Token:
        try:
            answer = parsed(body)
        except Unreadable:
            raise ValueError("the answer is no JSON") from None
        text = answer.get("access_token") if isinstance(answer, dict) else None
        if not isinstance(text, str) or not text.isascii() or not text.isprintable() or not text:
            raise ValueError("the answer has no access_token")
        seconds = answer.get("expires_in")
        return Token(text, float(seconds) if isinstance(seconds, str) and seconds.isdecimal() else None)
