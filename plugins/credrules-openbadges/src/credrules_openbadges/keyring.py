"""KeyRing: the key that signs, and those that signed before it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from credrules import Refused
from credrules_openbadges.keys import PublicKey, SigningKey, UnusableKey, public_from_pem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@dataclass(frozen=True)
class KeyRing:
    """An earlier key stays here for as long as badges that it signed are to hold: taken out, they hold no more.

    Where only the public half of one is kept, its badges are checked; they are not found by their awards, and the lists
    that it signed under its own did:key cannot be signed anew.
    """

    current: SigningKey
    earlier: tuple[SigningKey | PublicKey, ...] = ()
    web: str | None = None

    @classmethod
    def of(cls, pem: str, earlier: Iterable[str] = (), web: str | None = None) -> Self:
        """Raises UnusableKey."""
        return cls(SigningKey.from_pem(pem, web), tuple(_earlier(one, web) for one in earlier), web)

    def signing(self) -> Iterator[SigningKey]:
        """Every key that can sign, the current one first."""
        yield self.current
        for key in self.earlier:
            if isinstance(key, SigningKey):
                yield key

    def public(self) -> Iterator[PublicKey]:
        yield self.current.public
        for key in self.earlier:
            yield key.public if isinstance(key, SigningKey) else key

    def named(self, method: str) -> PublicKey | None:
        """The key that a proof names, under the DID of the institution or as a did:key; None where it is not ours."""
        did, _, fragment = method.partition("#")
        for key in self.public():
            if key.fragment == fragment and did in (self.web, f"did:key:{fragment}"):
                return key
        return None

    def signer_of(self, did: str, *, jwt: bool) -> SigningKey:
        """The newest key that signs in the name of `did` in this form. Raises Refused where there is none."""
        for key in self.signing():
            own = f"did:key:{key.public.fragment}"
            if key.signs_jwt == jwt and did in (key.did, own):
                return key if key.did == did else key.renamed(None)
        kind = "an RSA" if jwt else "an Ed25519"
        raise Refused(
            f"The status list is {did}'s, and {kind} key that signs in this name is not among the keys here: "
            "nobody would believe it from another. Put the key back among `earlier-keys`."
        )

    def did_document(self) -> bytes | None:
        """What is published under the did:web: every key, so that old badges hold; None without one."""
        if self.web is None:
            return None
        methods = list({key.fragment: key.method(self.web) for key in self.public()}.values())
        document: dict[str, Any] = {
            "@context": [
                "https://www.w3.org/ns/did/v1",
                "https://w3id.org/security/multikey/v1",
                "https://w3id.org/security/jwk/v1",
            ],
            "id": self.web,
            "verificationMethod": methods,
            "assertionMethod": [method["id"] for method in methods],
        }
        return (json.dumps(document, indent=2) + "\n").encode()


def _earlier(pem: str, web: str | None) -> SigningKey | PublicKey:
    try:
        return SigningKey.from_pem(pem, web)
    except UnusableKey:
        return public_from_pem(pem)
