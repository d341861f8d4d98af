"""A status list: one bit a badge, in a signed credential (www.w3.org/TR/vc-bitstring-status-list).

`validUntil` is left out on purpose: a list that ends would take every badge with it as soon as nobody renews it.
"""

from __future__ import annotations

import base64
import gzip
import zlib
from typing import TYPE_CHECKING, Any

from credrules_openbadges.terms import VC_URL

if TYPE_CHECKING:
    from collections.abc import Iterable

SIZE = 131_072  # bits; no fewer are allowed, so that one bit says little of whose it is
FULL = SIZE * 3 // 4  # in a list that is almost full, a free place is long looked for


def status_entry(list_url: str, position: int) -> dict[str, Any]:
    """What a badge says of its place."""
    return {
        "type": "BitstringStatusListEntry",
        "statusPurpose": "revocation",
        "statusListIndex": str(position),
        "statusListCredential": list_url,
    }


def list_credential(list_url: str, issuer: str, revoked: Iterable[int], now: str) -> dict[str, Any]:
    """The list without its proof. `now` is a time with its zone."""
    return {
        "@context": [VC_URL],
        "id": list_url,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": issuer,
        "validFrom": now,
        "credentialSubject": {
            "id": f"{list_url}#list",
            "type": "BitstringStatusList",
            "statusPurpose": "revocation",
            "encodedList": encoded(revoked),
        },
    }


def encoded(positions: Iterable[int]) -> str:
    """The bits, the first one leftmost: compressed, and in multibase."""
    bits = bytearray(SIZE // 8)
    for position in positions:
        bits[position // 8] |= 0x80 >> position % 8
    return "u" + base64.urlsafe_b64encode(gzip.compress(bytes(bits), mtime=0)).decode().rstrip("=")


def decoded(text: str) -> set[int]:
    """The positions whose bit is set. Raises ValueError where the text is no list of our size."""
    if not text.startswith("u") or len(text) > SIZE:
        raise ValueError("no bits in multibase")
    try:
        packed = base64.b64decode(text[1:] + "=" * (-(len(text) - 1) % 4), altchars=b"-_", validate=True)
        inflater = zlib.decompressobj(wbits=31)
        bits = inflater.decompress(packed, SIZE // 8 + 1)
    except zlib.error:
        raise ValueError("no compressed bits") from None
    if len(bits) != SIZE // 8 or not inflater.eof:
        raise ValueError(f"not {SIZE // 8} bytes of bits")
    return {8 * index + bit for index, byte in enumerate(bits) if byte for bit in range(8) if byte & 0x80 >> bit}
