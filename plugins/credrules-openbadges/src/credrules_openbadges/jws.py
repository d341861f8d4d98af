"""Badges as compact JWS, the JWT form of Open Badges 3.0 (8.2): the credential is the payload."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from credrules_openbadges import badge_file
from credrules_openbadges.keys import base64url, from_base64url

if TYPE_CHECKING:
    from credrules_openbadges.keys import PublicKey, SigningKey


@dataclass(frozen=True, slots=True)
class Token:
    """A JWS of the form that ours have. Its signature was not looked at."""

    method: str
    payload: Any
    signed: bytes
    signature: bytes

    def holds(self, key: PublicKey) -> bool:
        return key.signed_jws(self.signature, self.signed)


def with_claims(document: dict[str, Any]) -> dict[str, Any]:
    """The credential with the claims of a JWT, each of which says again what a part of the credential says."""
    issuer, subject = document["issuer"], document["credentialSubject"]
    claims = {
        "iss": issuer if isinstance(issuer, str) else issuer["id"],
        "jti": document["id"],
        "sub": subject["id"],
        "nbf": numeric(document["validFrom"]),
    }
    if "validUntil" in document:
        claims["exp"] = numeric(document["validUntil"])
    return {**document, **claims}


def numeric(moment: str) -> int:
    return int(datetime.fromisoformat(moment).timestamp())


def compact(payload: dict[str, Any], key: SigningKey) -> str:
    header = {"alg": "RS256", "kid": key.method, "typ": "JWT"}
    signed = ".".join(base64url(_bytes(part)) for part in (header, payload))
    return f"{signed}.{base64url(key.sign_jws(signed.encode()))}"


def read(text: str) -> Token:
    """Raises ValueError where it is no JWS, or its header is another than ours: no header chooses how it is checked."""
    parts = text.split(".")
    if len(parts) != 3:
        raise ValueError("no compact JWS")
    header, payload, signature = map(from_base64url, parts)
    head = badge_file.parsed(header)
    if (
        not isinstance(head, dict)
        or set(head) != {"alg", "kid", "typ"}
        or (head["alg"], head["typ"]) != ("RS256", "JWT")
    ):
        raise ValueError("its header is not that of a badge made here")
    if not isinstance(head["kid"], str):
        raise ValueError("its header names no key")
    return Token(head["kid"], badge_file.parsed(payload), f"{parts[0]}.{parts[1]}".encode(), signature)


def _bytes(part: dict[str, Any]) -> bytes:
    return json.dumps(part, ensure_ascii=False, separators=(",", ":")).encode()
