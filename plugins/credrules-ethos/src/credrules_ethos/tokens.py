"""Access tokens for an API key: a few minutes each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

from credrules.rest import Token

if TYPE_CHECKING:
    from pydantic import SecretStr


class ApiKey:
    """Exchanges the key for a token, which comes as text and without its life: so that is asked for."""

    def __init__(self, url: str, key: SecretStr, minutes: int) -> None:
        self._url = f"{url}/auth"
        self._key = key
        self._minutes = minutes

    def request(self) -> httpx.Request:
        headers = {"Authorization": f"Bearer {self._key.get_secret_value().strip()}"}
        return httpx.Request("POST", self._url, params={"expirationMinutes": str(self._minutes)}, headers=headers)

    def token(self, body: bytes) -> Token:
        try:
            text = body.decode("ascii").strip()
        except UnicodeDecodeError:
            text = ""
        if not text or " " in text or not text.isprintable() or len(text) > 16_384:
            raise ValueError("the answer is no token")
        return Token(text, 60.0 * self._minutes)
