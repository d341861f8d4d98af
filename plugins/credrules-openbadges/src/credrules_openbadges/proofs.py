"""Data Integrity proofs with eddsa-rdfc-2022 (www.w3.org/TR/vc-di-eddsa): canonical statements, hashed and signed."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pyld import jsonld

from credrules import Refused
from credrules_openbadges.keys import holds
from credrules_openbadges.terms import CONTEXTS, OB_URL, VC_URL, undefined_terms

if TYPE_CHECKING:
    from credrules_openbadges.form import Proved
    from credrules_openbadges.keys import SigningKey


def signed(document: dict[str, Any], key: SigningKey, created: str) -> dict[str, Any]:
    """The document with its proof. `created` is a time with its zone.

    Raises Refused where a term would be dropped in silence: no signature would cover it.
    """
    refuse_undefined(document)
    value = key.sign(_options_hash(created, key.method) + _hash(document))
    return {**document, "proof": {**_options(created, key.method), "proofValue": value}}


def refuse_undefined(document: dict[str, Any]) -> None:
    undefined = list(undefined_terms(document))
    if undefined:
        raise Refused(f"The badge would hold terms that no signature covers: {', '.join(undefined)}.")


def proof_holds(badge: Proved, document: dict[str, Any]) -> bool:
    """Whether the proof was made by the key that it names, over just these statements.

    `badge` is the document, understood: only what has the form of one can be canonicalised in reasonable time.
    """
    bare = {name: part for name, part in document.items() if name != "proof"}
    proof = badge.proof
    # The name of the key within its DID is the key itself, under a did:web as well: nothing has to be looked up.
    return holds(
        f"did:key:{badge.fragment}",
        proof.proofValue,
        _options_hash(proof.created, proof.verificationMethod) + _hash(bare),
    )


def _options(created: str, method: str) -> dict[str, str]:
    return {
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-rdfc-2022",
        "created": created,
        "verificationMethod": method,
        "proofPurpose": "assertionMethod",
    }


@lru_cache(maxsize=64)
def _options_hash(created: str, method: str) -> bytes:
    """Kept, as many badges are earned on the same few days."""
    return _hash({"@context": [VC_URL, OB_URL], **_options(created, method)})


def _hash(document: dict[str, Any]) -> bytes:
    return hashlib.sha256(canonical_statements(document).encode()).digest()


def canonical_statements(document: dict[str, Any]) -> str:
    """What a document states, as sorted N-Quads (www.w3.org/TR/rdf-canon)."""
    options = {
        "algorithm": "URDNA2015",  # RDF canonicalization by its older name
        "format": "application/n-quads",
        "documentLoader": _load,
    }
    statements: str = jsonld.normalize(document, options)
    return statements


def _load(url: str, _: Any) -> dict[str, Any]:
    """Contexts from our own table; anything else is refused, and nothing is ever fetched."""
    if url not in CONTEXTS:
        raise jsonld.JsonLdError(f"The context {url} is not one that badges here use.", "jsonld.LoadDocumentError")
    return {
        "contentType": "application/ld+json",
        "contextUrl": None,
        "documentUrl": url,
        "document": {"@context": CONTEXTS[url]},
    }
