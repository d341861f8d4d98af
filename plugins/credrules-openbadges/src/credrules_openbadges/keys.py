"""The institution's Ed25519 key, and its name as a did:key (w3c-ccg.github.io/did-key-spec)."""

from __future__ import annotations

import hashlib
import hmac
from typing import Self

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_ED25519 = b"\xed\x01"  # the multicodec prefix of an Ed25519 public key


class UnusableKey(ValueError):
    """A text that is no usable key; its message never holds any of it."""


class SigningKey:
    """A private key. Shows nothing of itself in a repr."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.did = did_of_public(private.public_key())
        self.method = f"{self.did}#{self.did.removeprefix('did:key:')}"

    @classmethod
    def from_pem(cls, pem: str) -> Self:
        """Raises UnusableKey where the text is no unencrypted Ed25519 key in PEM."""
        try:
            private = load_pem_private_key(pem.encode(), password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise UnusableKey("the key is not a private key in PEM without a password") from None
        if not isinstance(private, Ed25519PrivateKey):
            raise UnusableKey("the key is not an Ed25519 key")
        return cls(private)

    def sign(self, data: bytes) -> str:
        """The signature in multibase."""
        return multibase(self._private.sign(data))

    def derived(self, purpose: str) -> bytes:
        """Bytes for one purpose: the same every time, and nobody without the key can work them out."""
        raw = self._private.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
        return hmac.new(raw, purpose.encode(), hashlib.sha256).digest()


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
