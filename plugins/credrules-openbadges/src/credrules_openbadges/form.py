"""The form of a badge: what each part of it must hold and may hold. Names are those of the specifications.

Narrower than Open Badges 3.0: it is what badges here look like, no more. Whatever has this form is small, has no
circles in it, and means the same to every verifier; only then is it worth signing, and safe to check.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal, Self, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Strict, ValidationError, model_validator

from credrules_openbadges.jws import numeric

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

FAULTS_SHOWN = 10

# Canonicalisers do not agree on how these are written, so that one would accept a badge and another refuse it.
_UNEQUAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\x00-\x20\x7f\ud800-\udfff<>\"{}|^`\\]+")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(Z|[+-]\d{2}:\d{2})", re.ASCII)
_METHOD = re.compile(
    r"did:(?:key:(z[1-9A-HJ-NP-Za-km-z]{40,60})#\1|web:[\w.:%~-]{1,300}#z[1-9A-HJ-NP-Za-km-z]{40,60})", re.ASCII
)


def _said(text: str) -> str:
    if not text.strip():
        raise ValueError("says nothing")
    if _UNEQUAL.search(text):
        raise ValueError("holds a control character, or half of a character")
    return text


def _full_address(text: str) -> str:
    if not _ADDRESS.fullmatch(text):
        raise ValueError("is not a full address, as in https://university.example/program")
    return text


def _moment(text: str) -> str:
    if not _TIME.fullmatch(text):
        raise ValueError("is not a time with its zone")
    datetime.fromisoformat(text)
    return text


def _key_method(text: str) -> str:
    if not _METHOD.fullmatch(text):
        raise ValueError("does not name a key as did:key does, or a did:web by it")
    return text


Text = Annotated[str, AfterValidator(_said)]
Address = Annotated[str, AfterValidator(_full_address)]
Time = Annotated[str, AfterValidator(_moment)]

Credits = Annotated[int | float, Field(ge=0, le=10_000, allow_inf_nan=False)]

ItemT = TypeVar("ItemT")
One = Annotated[tuple[ItemT], Strict(False)]  # not strict, as JSON has lists and no tuples


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


class Image(_Part):
    id: Address
    type: Literal["Image"]
    caption: Text | None = None


class Profile(_Part):
    id: Address
    type: One[Literal["Profile"]]
    name: Text
    url: Address | None = None
    email: Text | None = None
    phone: Text | None = None
    description: Text | None = None
    image: Image | None = None


class Criteria(_Part):
    narrative: Text


class Alignment(_Part):
    type: One[Literal["Alignment"]]
    targetName: Text
    targetUrl: Address

    @property
    def pair(self) -> tuple[str, str]:
        return self.targetName, self.targetUrl


class Achievement(_Part):
    id: Address
    type: One[Literal["Achievement"]]
    achievementType: Literal["MicroCredential"]
    name: Text
    description: Text
    criteria: Criteria
    version: Text
    creditsAvailable: Credits | None = None
    tag: list[Text] = Field(default=[], max_length=200)
    alignment: list[Alignment] = Field(default=[], max_length=200)
    image: Image | None = None


class Identity(_Part):
    type: Literal["IdentityObject"]
    hashed: Literal[True]
    identityHash: Annotated[str, Field(pattern=r"^sha256\$[0-9a-f]{64}$")]
    identityType: Literal["emailAddress", "sisSourcedId"]
    salt: Text


class Subject(_Part):
    id: Address | None = None
    type: One[Literal["AchievementSubject"]]
    identifier: One[Identity]
    achievement: Achievement
    creditsEarned: Credits | None = None


class Evidence(_Part):
    id: Address | None = None
    type: One[Literal["Evidence"]]
    name: Text
    description: Text | None = None
    genre: Text


class Status(_Part):
    type: Literal["BitstringStatusListEntry"]
    statusPurpose: Literal["revocation"]
    statusListIndex: Annotated[str, Field(pattern=r"^(0|[1-9][0-9]{0,9})$")]
    statusListCredential: Address


class Proof(_Part):
    type: Literal["DataIntegrityProof"]
    cryptosuite: Literal["eddsa-rdfc-2022"]
    created: Time
    verificationMethod: Annotated[str, AfterValidator(_key_method)]
    proofPurpose: Literal["assertionMethod"]
    proofValue: Annotated[str, Field(max_length=100)]


_Contexts = tuple[
    Literal["https://www.w3.org/ns/credentials/v2"],
    Literal["https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"],
]
_Types = tuple[Literal["VerifiableCredential"], Literal["OpenBadgeCredential"]]


class Credential(_Part):
    """What is signed."""

    context: Annotated[_Contexts, Strict(False), Field(alias="@context")]
    id: Address
    type: Annotated[_Types, Strict(False)]
    name: Text
    description: Text
    issuer: Profile
    validFrom: Time
    validUntil: Time | None = None
    awardedDate: Time
    credentialSubject: Subject
    credentialStatus: Status | None = None
    evidence: list[Evidence] = Field(default=[], max_length=500)

    @model_validator(mode="after")
    def _each_address_stands_for_one_part(self) -> Self:
        """Otherwise the parts would be one to JSON-LD, and what is said of one would be said of the other."""
        achievement = self.credentialSubject.achievement
        named = [self.id, self.issuer.id, achievement.id, *(one.id for one in self.evidence if one.id)]
        named += [image.id for image in (achievement.image, self.issuer.image) if image]
        named += [self.credentialSubject.id] if self.credentialSubject.id else []
        if len(set(named)) < len(named):
            raise ValueError("gives one address to several of: itself, issuer, achievement, image, evidence")
        return self


class Proved(_Part):
    """What has a proof of its own."""

    proof: Proof

    @property
    def signer(self) -> str:
        """The DID in whose name the proof was made."""
        return self.proof.verificationMethod.partition("#")[0]

    @property
    def fragment(self) -> str:
        """The key that the proof names, in multibase."""
        return self.proof.verificationMethod.partition("#")[2]


class Badge(Credential, Proved):
    """A credential with its proof."""


_RecordContexts = tuple[
    Literal["https://www.w3.org/ns/credentials/v2"],
    Literal["https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"],
    Literal["https://purl.imsglobal.org/spec/clr/v2p0/context-2.0.1.json"],
]
_RecordTypes = tuple[Literal["VerifiableCredential"], Literal["ClrCredential"]]


class RecordSubject(_Part):
    type: One[Literal["ClrSubject"]]
    identifier: One[Identity]
    verifiableCredential: list[Badge] = Field(min_length=1, max_length=200)


class LearnerRecord(Proved):
    """A Comprehensive Learner Record: whole badges of one learner, in a credential of its own."""

    context: Annotated[_RecordContexts, Strict(False), Field(alias="@context")]
    id: Address
    type: Annotated[_RecordTypes, Strict(False)]
    name: Text
    issuer: Profile
    validFrom: Time
    credentialSubject: RecordSubject
    credentialStatus: Status | None = None


class TokenBadge(Credential):
    """A credential with the claims of a JWT, its payload."""

    iss: Address
    jti: Address
    sub: Address
    nbf: int
    exp: int | None = None

    @model_validator(mode="after")
    def _claims_say_what_the_credential_says(self) -> Self:
        said = (self.issuer.id, self.id, self.credentialSubject.id, numeric(self.validFrom))
        ends = numeric(self.validUntil) if self.validUntil else None
        if (self.iss, self.jti, self.sub, self.nbf, self.exp) != (*said, ends):
            raise ValueError("says one thing to readers of its claims and another to readers of the credential")
        return self


def form_faults(error: ValidationError) -> Iterator[str]:
    """What keeps a document from being a badge, in half-sentences. They hold no value of it, and no long key."""
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    for fault in faults[:FAULTS_SHOWN]:
        what = {"missing": "is missing", "extra_forbidden": "is not in the vocabulary of badges here"}.get(
            fault["type"], fault["msg"].removeprefix("Value error, ").lower()
        )
        yield f"{_place(fault['loc'])} {what}"
    if len(faults) > FAULTS_SHOWN:
        yield f"there are {len(faults) - FAULTS_SHOWN} more faults"


def _place(location: Iterable[int | str]) -> str:
    parts = [f"[{part}]" if isinstance(part, int) else f".{_shown(part)}" for part in location]
    return "".join(parts).lstrip(".") or "the badge"


def _shown(key: str) -> str:
    return key if key.isprintable() and len(key) <= 40 else "(an odd name)"
