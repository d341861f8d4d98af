"""The vocabulary of our badges: which term stands for which IRI.

A badge names the official contexts of the two specifications, Verifiable Credentials 2.0
(www.w3.org/TR/vc-data-model-2.0) and Open Badges 3.0 (www.imsglobal.org/spec/ob/v3p0). This is what they say of the
terms that our badges use, and of no others. So nothing is fetched, and a term that is not here is refused before it is
signed: JSON-LD would drop it in silence, and the signature would not cover it. That the signed statements are those of
the official contexts is shown by a verifier that has them (tests/test_independent.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

VC_URL = "https://www.w3.org/ns/credentials/v2"
CLR_URL = "https://purl.imsglobal.org/spec/clr/v2p0/context-2.0.1.json"
OB_URL = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"

_VC = "https://www.w3.org/2018/credentials#"
_OB = "https://purl.imsglobal.org/spec/vc/ob/vocab.html#"
_CLR = "https://purl.imsglobal.org/spec/vc/clr/vocab.html#"
_SECURITY = "https://w3id.org/security#"
_SCHEMA = "https://schema.org/"
_STATUS = "https://www.w3.org/ns/credentials/status#"
_TIME = "http://www.w3.org/2001/XMLSchema#dateTime"
_XSD = "https://www.w3.org/2001/XMLSchema#"  # with the s, as Open Badges writes it

_Definition = dict[str, str]


def _plain(iri: str) -> _Definition:
    return {"@id": iri}


def _link(iri: str) -> _Definition:
    return {"@id": iri, "@type": "@id"}


def _typed(iri: str, kind: str) -> _Definition:
    return {"@id": iri, "@type": kind}


def _set(iri: str) -> _Definition:
    return {"@id": iri, "@container": "@set"}


_ANYWHERE: dict[str, _Definition] = {
    "name": _plain(f"{_SCHEMA}name"),
    "description": _plain(f"{_SCHEMA}description"),
    "narrative": _plain(f"{_OB}narrative"),
    "url": _typed(f"{_SCHEMA}url", f"{_XSD}anyURI"),
    "image": _link(f"{_OB}image"),
    "awardedDate": _typed(f"{_OB}awardedDate", "xsd:dateTime"),
}
"""The terms that any part of a badge may use."""

_OF_TYPE: dict[str, tuple[str, dict[str, _Definition]]] = {
    "VerifiableCredential": (
        f"{_VC}VerifiableCredential",
        {
            "credentialStatus": _link(f"{_VC}credentialStatus"),
            "credentialSubject": _link(f"{_VC}credentialSubject"),
            "evidence": _link(f"{_VC}evidence"),
            "issuer": _link(f"{_VC}issuer"),
            "proof": {**_link(f"{_SECURITY}proof"), "@container": "@graph"},
            "validFrom": _typed(f"{_VC}validFrom", _TIME),
            "validUntil": _typed(f"{_VC}validUntil", _TIME),
        },
    ),
    "OpenBadgeCredential": (f"{_OB}OpenBadgeCredential", {}),
    "Profile": (f"{_OB}Profile", {"email": _plain(f"{_SCHEMA}email"), "phone": _plain(f"{_OB}phone")}),
    "AchievementSubject": (
        f"{_OB}AchievementSubject",
        {
            "achievement": _plain(f"{_OB}achievement"),
            "creditsEarned": _typed(f"{_OB}creditsEarned", f"{_XSD}float"),
            "identifier": _set(f"{_OB}identifier"),
        },
    ),
    "IdentityObject": (
        f"{_OB}IdentityObject",
        {
            "hashed": _typed(f"{_OB}hashed", f"{_XSD}boolean"),
            "identityHash": _plain(f"{_OB}identityHash"),
            "identityType": _plain(f"{_OB}identityType"),
            "salt": _plain(f"{_OB}salt"),
        },
    ),
    "Achievement": (
        f"{_OB}Achievement",
        {
            "alignment": _set(f"{_OB}alignment"),
            "achievementType": _plain(f"{_OB}achievementType"),
            "creditsAvailable": _typed(f"{_OB}creditsAvailable", f"{_XSD}float"),
            "criteria": _link(f"{_OB}Criteria"),
            "tag": _set(f"{_SCHEMA}keywords"),
            "version": _plain(f"{_OB}version"),
        },
    ),
    "Alignment": (
        f"{_SCHEMA}AlignmentObject",
        {"targetName": _plain(f"{_SCHEMA}targetName"), "targetUrl": _typed(f"{_SCHEMA}targetUrl", f"{_XSD}anyURI")},
    ),
    "Image": (f"{_OB}Image", {"caption": _plain(f"{_SCHEMA}caption")}),
    "Evidence": (f"{_OB}Evidence", {"genre": _plain(f"{_SCHEMA}genre")}),
    "BitstringStatusListEntry": (
        f"{_STATUS}BitstringStatusListEntry",
        {
            "statusListCredential": _link(f"{_STATUS}statusListCredential"),
            "statusListIndex": _plain(f"{_STATUS}statusListIndex"),
            "statusPurpose": _plain(f"{_STATUS}statusPurpose"),
        },
    ),
    "BitstringStatusListCredential": (f"{_STATUS}BitstringStatusListCredential", {}),
    "BitstringStatusList": (
        f"{_STATUS}BitstringStatusList",
        {
            "encodedList": _typed(f"{_STATUS}encodedList", f"{_SECURITY}multibase"),
            "statusPurpose": _plain(f"{_STATUS}statusPurpose"),
        },
    ),
    "ClrCredential": (f"{_CLR}ClrCredential", {}),
    "ClrSubject": (
        f"{_CLR}ClrSubject",
        {
            "identifier": {**_typed(f"{_CLR}identifier-1", f"{_OB}Identifier"), "@container": "@set"},
            "verifiableCredential": {
                **_typed(f"{_CLR}verifiableCredential", f"{_VC}verifiableCredential"),
                "@container": "@set",
            },
        },
    ),
    "DataIntegrityProof": (
        f"{_SECURITY}DataIntegrityProof",
        {
            "created": _typed("http://purl.org/dc/terms/created", _TIME),
            "cryptosuite": _typed(f"{_SECURITY}cryptosuite", f"{_SECURITY}cryptosuiteString"),
            "proofPurpose": _typed(f"{_SECURITY}proofPurpose", "@vocab"),
            "proofValue": _typed(f"{_SECURITY}proofValue", f"{_SECURITY}multibase"),
            "verificationMethod": _link(f"{_SECURITY}verificationMethod"),
        },
    ),
}
"""Each type, and the terms that only a part of this type may use."""

_OF_CREDENTIALS = frozenset(
    {
        "VerifiableCredential",
        "BitstringStatusListEntry",
        "BitstringStatusListCredential",
        "BitstringStatusList",
        "DataIntegrityProof",
    }
)
"""The types that Verifiable Credentials 2.0 knows by itself; the others are of Open Badges and learner records."""

_OF_RECORDS = frozenset({"ClrCredential", "ClrSubject"})
"""The types of Comprehensive Learner Records 2.0 (www.imsglobal.org/spec/clr/v2p0)."""


def _table(types: Iterable[str]) -> dict[str, Any]:
    """What a context says, as one flat table.

    The official contexts define the terms of a type only within it. `undefined_terms` sees to that here, so that PyLD
    gets a table which it keeps ready: that halves the time a badge takes.
    """
    defined = [(name, *_OF_TYPE[name]) for name in types]
    return {
        **{name: _plain(iri) for name, iri, _ in defined},
        **{term: definition for _, _, terms in defined for term, definition in terms.items()},
    }


CONTEXTS: dict[str, dict[str, Any]] = {
    VC_URL: {
        "id": "@id",
        "type": "@type",
        **_table(sorted(_OF_CREDENTIALS)),
        "assertionMethod": _plain(f"{_SECURITY}assertionMethod"),  # what `proofPurpose` says
    },
    OB_URL: {**_ANYWHERE, **_table(sorted(_OF_TYPE.keys() - _OF_CREDENTIALS - _OF_RECORDS))},
    # Its subject has an `identifier` too, which is another than that of Open Badges: so its terms are its own.
    CLR_URL: {
        name: {"@id": iri, "@context": terms} if terms else _plain(iri)
        for name, (iri, terms) in ((one, _OF_TYPE[one]) for one in sorted(_OF_RECORDS))
    },
}


def undefined_terms(node: Any, path: str = "") -> Iterator[str]:
    """Every key and type in a document that the vocabulary does not define where it stands, as paths."""
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from undefined_terms(item, f"{path}[{index}]")
    if not isinstance(node, dict):
        return
    types = node.get("type", [])
    known = {"id", "type", *_ANYWHERE}
    for name in types if isinstance(types, list) else [types]:
        if not isinstance(name, str) or name not in _OF_TYPE:
            yield f"{path}.type '{name}'".lstrip(".")
        else:
            known.update(_OF_TYPE[name][1])
    for key, value in node.items():
        if key == "@context" and (not path or "VerifiableCredential" in types):
            continue
        if key not in known:
            yield f"{path}.{key}".lstrip(".")
        elif key not in ("id", "type"):
            yield from undefined_terms(value, f"{path}.{key}".lstrip("."))
