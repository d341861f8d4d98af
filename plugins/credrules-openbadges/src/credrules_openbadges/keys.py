"""The institution's keys, and their names as did:key and did:web (w3c-ccg.github.io/did-key-spec, /did-method-web).

Ed25519 for Data Integrity, RSA for JWT: the two that Open Badges 3.0 certifies.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from typing import Any, Self
from urllib.parse import quote, urlsplit

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
LEAST_RSA_BITS = 2048
_ED25519 = b"\xed\x01"  # the multicodec prefix of an Ed25519 public key


class UnusableKey(ValueError):
    """A text that is no usable key; its message never holds any of it."""


class PublicKey:
    """A key that badges are checked with. `fragment` names it within its DID."""

    def __init__(self, public: Ed25519PublicKey | RSAPublicKey) -> None:
        self.public = public
        if isinstance(public, Ed25519PublicKey):
            self.fragment = did_of_public(public).removeprefix("did:key:")
        else:
            thumb = {name: self.jwk[name] for name in ("e", "kty", "n")}  # RFC 7638
            digest = hashlib.sha256(json.dumps(thumb, separators=(",", ":")).encode()).digest()
            self.fragment = base64url(digest)

    @property
    def is_rsa(self) -> bool:
        return isinstance(self.public, RSAPublicKey)

    @property
    def jwk(self) -> dict[str, str]:
        """The key in JSON, where it is an RSA key."""
        assert isinstance(self.public, RSAPublicKey)  # noqa: S101  it is asked for no other
        numbers = self.public.public_numbers()
        parts = {"n": numbers.n, "e": numbers.e}
        return {
            "kty": "RSA",
            "alg": "RS256",
            **{name: base64url(part.to_bytes((part.bit_length() + 7) // 8)) for name, part in parts.items()},
        }

    def method(self, did: str) -> dict[str, Any]:
        """The key as the DID document of `did` says it."""
        method: dict[str, Any] = {"id": f"{did}#{self.fragment}", "type": "Multikey", "controller": did}
        if self.is_rsa:
            return {**method, "type": "JsonWebKey", "publicKeyJwk": self.jwk}
        return {**method, "publicKeyMultibase": self.fragment}

    def signed_jws(self, signature: bytes, data: bytes) -> bool:
        """Whether a signature with RS256 over this data is this key's."""
        if not isinstance(self.public, RSAPublicKey):
            return False
        try:
            self.public.verify(signature, data, padding.PKCS1v15(), SHA256())
        except InvalidSignature:
            return False
        return True


class SigningKey:
    """A private key, and the DID in whose name it signs. Shows nothing of itself in a repr."""

    def __init__(self, private: Ed25519PrivateKey | RSAPrivateKey, did: str | None = None) -> None:
        self._private = private
        self.public = PublicKey(private.public_key())
        if did is None and self.public.is_rsa:
            raise UnusableKey("the key is an RSA key, which signs in the name of a did:web only")
        self.did = did or f"did:key:{self.public.fragment}"
        self.method = f"{self.did}#{self.public.fragment}"

    @classmethod
    def from_pem(cls, pem: str, did: str | None = None) -> Self:
        """A key that signs in the name of `did`; without one, in its own as did:key.

        Raises UnusableKey where the text is no unencrypted Ed25519 or RSA key in PEM.
        """
        try:
            private = load_pem_private_key(pem.encode(), password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise UnusableKey("the key is not a private key in PEM without a password") from None
        if isinstance(private, RSAPrivateKey):
            if private.key_size < LEAST_RSA_BITS:
                raise UnusableKey(f"the key is an RSA key of {private.key_size} bits; there must be {LEAST_RSA_BITS}")
        elif not isinstance(private, Ed25519PrivateKey):
            raise UnusableKey("the key is neither an Ed25519 key nor an RSA key")
        return cls(private, did)

    def renamed(self, did: str | None) -> Self:
        """The same key in another name."""
        return type(self)(self._private, did)

    @property
    def signs_jwt(self) -> bool:
        return self.public.is_rsa

    def sign(self, data: bytes) -> str:
        """The Ed25519 signature in multibase, for a Data Integrity proof."""
        assert isinstance(self._private, Ed25519PrivateKey)  # noqa: S101  the form goes by the key
        return multibase(self._private.sign(data))

    def sign_jws(self, data: bytes) -> bytes:
        """The signature with RS256."""
        assert isinstance(self._private, RSAPrivateKey)  # noqa: S101  the form goes by the key
        return self._private.sign(data, padding.PKCS1v15(), SHA256())

    def derived(self, purpose: str) -> bytes:
        """Bytes for one purpose: the same every time, and nobody without the key can work them out."""
        if isinstance(self._private, Ed25519PrivateKey):
            raw = self._private.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
        else:
            raw = self._private.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        return hmac.new(raw, purpose.encode(), hashlib.sha256).digest()


def public_from_pem(pem: str) -> PublicKey:
    """A key of which only the public half is kept. Raises UnusableKey."""
    try:
        public = load_pem_public_key(pem.encode())
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise UnusableKey("the key is neither a private nor a public key in PEM") from None
    if not isinstance(public, Ed25519PublicKey | RSAPublicKey):
        raise UnusableKey("the key is neither an Ed25519 key nor an RSA key")
    return PublicKey(public)


def did_web(public_url: str) -> str:
    """The did:web whose document is published at this address (w3c-ccg.github.io/did-method-web).

    Raises ValueError where it would be looked for elsewhere.
    """
    parts = urlsplit(public_url)
    if parts.scheme != "https" or parts.query or parts.fragment or "@" in parts.netloc or "%" in public_url:
        raise ValueError("a did:web is looked up with https, by host and plain path; write public-url so")
    path = [quote(part, safe="-._~") for part in parts.path.split("/") if part]
    return ":".join(["did:web", parts.netloc.lower().replace(":", "%3A"), *path])


def new_rsa_key_pem() -> str:
    """A fresh key for badges as JWT."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=3072)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")


def new_key_pem() -> str:
    """A fresh key, as the file that `key = "file:..."` names."""
    key = Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")


def did_of(pem: str) -> str:
    """The did:key under which badges signed with this key name their issuer."""
    return SigningKey.from_pem(pem).did


def did_of_public(public: Ed25519PublicKey) -> str:
    return "did:key:" + multibase(_ED25519 + public.public_bytes(Encoding.Raw, PublicFormat.Raw))


def holds(did: str, signature: str, data: bytes) -> bool:
    """Whether a signature by the key that a did:key names is over this data."""
    try:
        public = decoded(did.removeprefix("did:key:"))
        if not did.startswith("did:key:") or not public.startswith(_ED25519):
            return False
        Ed25519PublicKey.from_public_bytes(public.removeprefix(_ED25519)).verify(decoded(signature), data)
    except (ValueError, InvalidSignature):
        return False
    return True


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def from_base64url(text: str) -> bytes:
    """The bytes of a text without padding. Raises ValueError, also where another text would give the same bytes."""
    if not re.fullmatch(r"[A-Za-z0-9_-]*", text, re.ASCII):
        raise ValueError("no base64url")
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if base64url(data) != text:
        raise ValueError("no base64url as it is written")
    return data


def multibase(data: bytes) -> str:
    """base58btc with its 'z' in front."""
    number, digits = int.from_bytes(data), ""
    while number:
        number, digit = divmod(number, 58)
        digits = _ALPHABET[digit] + digits
    return "z" + "1" * (len(data) - len(data.lstrip(b"\0"))) + digits


def decoded(text: str) -> bytes:
    """The bytes of a multibase text in base58btc. Raises ValueError; takes no more than a signature's length."""
    if not text.startswith("z") or len(text) > 200:
        raise ValueError("not base58btc")
    number = 0
    for character in text[1:]:
        number = number * 58 + _ALPHABET.index(character)
    zeros = len(text[1:]) - len(text[1:].lstrip("1"))
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8)
