"""An award as an OpenBadgeCredential (Open Badges 3.0, www.imsglobal.org/spec/ob/v3p0)."""

from __future__ import annotations

import hashlib
import re
import uuid
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from credrules import Refused
from credrules_openbadges.form import Credential, form_faults
from credrules_openbadges.terms import OB_URL, VC_URL

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from credrules import Award
    from credrules_openbadges.keys import SigningKey

_NAMESPACE = uuid.UUID("6f1f3b46-3a52-5d3e-9f0e-0b6f3a7c5d21")  # of credrules; achievements are names in it


def badge_uuid(award: Award, key: SigningKey) -> uuid.UUID:
    """The same for an award every time.

    The namespace is a secret of the key's. In a public one, anybody could try learner ids, which are few, and so learn
    whose badge it is, or whether a learner has one.
    """
    try:
        return uuid.uuid5(uuid.UUID(bytes=key.derived("badge ids")[:16]), award.key)
    except UnicodeEncodeError:
        raise Refused("The award's key holds half of a character; no badge can be named by it.") from None


def credential_id(award: Award, key: SigningKey) -> str:
    return f"urn:uuid:{badge_uuid(award, key)}"


@dataclass(frozen=True, slots=True)
class Additions:
    """What a badge says that no award does. `skills` are the addresses of skills in a framework, by their names."""

    skills: Mapping[str, str] = field(default_factory=dict)
    phone: str | None = None
    about: str | None = None  # the institution, in a sentence
    logo: str | None = None
    image: str | None = None  # the address of the achievement's picture, where the program names none
    caption: str | None = None


NOTHING = Additions()


def credential(
    award: Award, key: SigningKey, status: dict[str, Any] | None = None, additions: Additions = NOTHING
) -> dict[str, Any]:
    """The credential without its proof. Raises Refused, naming everything that it lacks.

    `status` is its place in a status list; a badge without one can never be taken back.
    """
    faults = list(_lacks(award))
    if not faults:
        document = _document(award, key, additions)
        if status is not None:
            document["credentialStatus"] = status
        try:
            Credential.model_validate(document)
        except ValidationError as error:
            faults = list(form_faults(error))
    if faults:
        raise Refused(f"The badge for {award.achievement.program} cannot be made: {'; '.join(faults)}.")
    return document


def day_as_time(day: date) -> str:
    """The first moment of a day, with its zone; Open Badges has no plain days."""
    return f"{day.isoformat()}T00:00:00Z"


def _lacks(award: Award) -> Iterator[str]:
    achievement = award.achievement
    facts = {
        "a title": achievement.title,
        "a description": achievement.description,
        "criteria": achievement.criteria,
        "the institution's name": award.institution.name,
        "an e-mail address or id of the learner": _recipient(award)[1],
    }
    for name, value in facts.items():
        if not value.strip():
            yield f"it lacks {name}"
    try:
        _recipient(award)[1].encode()
    except UnicodeEncodeError:
        yield "the learner's e-mail address or id holds half of a character"
    if "credits" in award.options and stated_credits(award.options) is None:
        yield "the credits that its program file states are no number"
    if award.credits is not None and not award.credits.is_finite():
        yield "its credits are not a number"


def _document(award: Award, key: SigningKey, additions: Additions) -> dict[str, Any]:
    document: dict[str, Any] = {
        "@context": [VC_URL, OB_URL],
        "id": credential_id(award, key),
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": award.achievement.title,
        "description": award.achievement.description,
        "issuer": _profile(award, key, additions),
        "validFrom": day_as_time(award.awarded_on),
        "awardedDate": day_as_time(award.awarded_on),
        "credentialSubject": _subject(award, key, additions),
    }
    if award.expires_on:
        document["validUntil"] = f"{award.expires_on.isoformat()}T23:59:59Z"
    if award.evidence:
        document["evidence"] = list(_evidence(award, key))
    return document


def _profile(award: Award, key: SigningKey, additions: Additions) -> dict[str, Any]:
    institution = award.institution
    profile: dict[str, Any] = {"id": key.did, "type": ["Profile"], "name": institution.name}
    if institution.url:
        profile["url"] = institution.url
    if institution.email:
        profile["email"] = institution.email
    if additions.phone:
        profile["phone"] = additions.phone
    if additions.about:
        profile["description"] = additions.about
    if additions.logo:
        profile["image"] = {"id": additions.logo, "type": "Image"}
    return profile


def _subject(award: Award, key: SigningKey, additions: Additions) -> dict[str, Any]:
    subject: dict[str, Any] = {
        "type": ["AchievementSubject"],
        "identifier": [_identity(award, key)],
        "achievement": _achievement(award, additions),
    }
    if key.signs_jwt:  # a JWT is about somebody with a name: this one says nothing, and is nobody's on another badge
        subject["id"] = f"urn:uuid:{uuid.UUID(bytes=key.derived(f'subject/{award.key}')[:16], version=4)}"
    if award.credits is not None:
        subject["creditsEarned"] = _number(award.credits)
    return subject


def stated_credits(options: Mapping[str, str]) -> Decimal | None:
    """What the program file says that anyone who earns it is given; None where it says nothing that is a number."""
    text = options.get("credits", "")
    return Decimal(text) if re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,3})?", text, re.ASCII) else None


def _number(credits_: Decimal) -> int | float:
    """JSON has no decimals. Credits have at most three places, which a float gives back unchanged."""
    return int(credits_) if credits_ == credits_.to_integral_value() else float(credits_)


def _recipient(award: Award) -> tuple[str, str]:
    """What the learner is known by, in a term of Open Badges, and its value."""
    email = (award.recipient.email or "").strip()
    return ("emailAddress", email) if email else ("sisSourcedId", award.recipient.learner_id)


def _identity(award: Award, key: SigningKey) -> dict[str, Any]:
    """The recipient as a salted hash: who knows the address can check it, and nobody can read it."""
    kind, value = _recipient(award)
    salt = key.derived(f"salt/{award.key}").hex()[:32]
    return {
        "type": "IdentityObject",
        "hashed": True,
        "identityHash": f"sha256${hashlib.sha256(f'{value}{salt}'.encode()).hexdigest()}",
        "identityType": kind,
        "salt": salt,
    }


def _achievement(award: Award, additions: Additions) -> dict[str, Any]:
    about = award.achievement
    name = f"{award.institution.id}/{about.program}/{about.version}"
    achievement: dict[str, Any] = {
        "id": about.url or f"urn:uuid:{uuid.uuid5(_NAMESPACE, f'achievement/{name}')}",
        "type": ["Achievement"],
        "achievementType": "MicroCredential",
        "name": about.title,
        "description": about.description,
        "criteria": {"narrative": about.criteria},
        "version": about.version,
    }
    available = stated_credits(award.options)
    if available is not None:
        achievement["creditsAvailable"] = _number(available)
    if about.skills:
        achievement["tag"] = list(dict.fromkeys(about.skills))  # a set: a skill is in it once
    if about.image:
        achievement["image"] = {"id": about.image, "type": "Image"}
    elif additions.image:
        achievement["image"] = {"id": additions.image, "type": "Image", "caption": additions.caption}
    alignments = {skill: additions.skills[skill] for skill in about.skills if skill in additions.skills}
    if alignments:
        achievement["alignment"] = [
            {"type": ["Alignment"], "targetName": skill, "targetUrl": url} for skill, url in alignments.items()
        ]
    return achievement


def _evidence(award: Award, key: SigningKey) -> Iterator[dict[str, Any]]:
    """An address names one part of a badge: what shares it with a part before is there without it."""
    taken = {key.did, award.achievement.url, award.achievement.image}
    for evidence in award.evidence:
        document: dict[str, Any] = {"type": ["Evidence"], "name": evidence.title, "genre": evidence.kind}
        if evidence.detail.strip():
            document["description"] = evidence.detail
        if evidence.url and evidence.url not in taken:
            document["id"] = evidence.url
            taken.add(evidence.url)
        yield document
