"""OpenBadgesIssuer: signed badges as files in a folder, which are its books."""

from __future__ import annotations

import json
import os
from functools import cached_property
from typing import TYPE_CHECKING

from pydantic import ValidationError

from credrules import Receipt, Refused, Unavailable, Verification
from credrules_openbadges import badge_file
from credrules_openbadges.credential import badge_uuid, credential, credential_id, day_as_time
from credrules_openbadges.form import Badge, form_faults
from credrules_openbadges.keys import SigningKey, UnusableKey
from credrules_openbadges.proofs import proof_holds, signed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any

    from credrules import Award


class OpenBadgesIssuer:
    """One signing key and one folder. The same award and key give the same bytes on every machine."""

    def __init__(self, name: str, folder: Path, key_pem: str, public_url: str | None = None) -> None:
        self.name = name
        self.folder = folder
        self.public_url = public_url.rstrip("/") if public_url else None
        self._pem = key_pem

    def __repr__(self) -> str:
        return f"OpenBadgesIssuer(name={self.name!r}, folder={str(self.folder)!r})"

    @cached_property
    def _key(self) -> SigningKey:
        """Raises UnusableKey."""
        return SigningKey.from_pem(self._pem)

    def check(self) -> Iterator[str]:
        """What would keep a badge from being made."""
        try:
            _ = self._key
        except UnusableKey as error:
            yield f"{error}. `credrules init` in an empty folder makes a new one in keys/badges.pem."
        place = self.folder
        while not place.exists() and place != place.parent:
            place = place.parent
        if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
            yield f"badges cannot be written to {self.folder}: {place} is no folder that can be written to."

    def find(self, award: Award) -> Receipt | None:
        """The receipt of the badge's file. Raises Refused where something else stands in its place."""
        path = self._path(award)
        try:
            document = badge_file.read(path)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Unavailable(f"{path.name} cannot be read: {error.strerror}.") from error
        except ValueError:
            document = None
        badge, faults = self._checked(document)
        if badge is None or faults or badge.id != credential_id(award, self._usable_key()):
            raise Refused(
                f"{path.name} is there, but is not the badge that belongs there. {' '.join(faults)} "
                "Move it away, and it will be made again."
            )
        return self._receipt(award)

    def issue(self, award: Award) -> Receipt:
        """Sign the badge and put it into the folder, whole or not at all."""
        there = self.find(award)
        if there:
            return there
        key = self._usable_key()
        badge = signed(credential(award, key), key, day_as_time(award.awarded_on))
        data = (json.dumps(badge, ensure_ascii=False, indent=2) + "\n").encode()
        if len(data) > badge_file.MAX_BYTES:
            raise Refused(
                f"The badge for {award.achievement.program} would have {len(data)} bytes; "
                f"verifiers take {badge_file.MAX_BYTES}. Shorten the program's texts, or link its image."
            )
        badge_file.write(self._path(award), data)
        return self._receipt(award)

    def revoke(self, receipt: Receipt, reason: str) -> None:
        """Refused: the badges made here name no status list, so that no verifier could learn of it."""
        raise Refused(
            f"{receipt.reference} cannot be taken back: it names no status list where a verifier would look. "
            "Tell whoever relies on it, and keep the reason with the decision."
        )

    def _usable_key(self) -> SigningKey:
        try:
            return self._key
        except UnusableKey as error:
            raise Unavailable(f"{error}.") from None

    def _path(self, award: Award) -> Path:
        return self.folder / f"{badge_uuid(award, self._usable_key())}.json"

    def _receipt(self, award: Award) -> Receipt:
        file = self._path(award).name
        return Receipt(
            award_key=award.key,
            issuer=self.name,
            reference=credential_id(award, self._usable_key()),
            url=f"{self.public_url}/{file}" if self.public_url else None,
            detail={"file": file},
        )

    def verify(self, path: Path) -> Verification | None:
        """Check a badge of the form that ours have, whoever signed it. Never raises for what a file holds."""
        try:
            document = badge_file.read(path) if path.is_file() else None
        except (OSError, ValueError):
            return None
        if not _is_open_badge(document):
            return None
        badge, faults = self._checked(document)
        if badge is None:
            return Verification(path.name, faults=faults)
        return Verification(badge.id, _facts(badge), faults, references=(badge.id,))

    def _checked(self, document: Any) -> tuple[Badge | None, tuple[str, ...]]:
        """The document as a badge, if it has the form of one; and what is wrong with it, in sentences."""
        try:
            badge = Badge.model_validate(document)
        except ValidationError as error:
            faults = "; ".join(form_faults(error))
            return None, (f"It has not the form of a badge made here, so its signature was not looked at: {faults}.",)
        return badge, tuple(self._signature_faults(badge, document))

    def _signature_faults(self, badge: Badge, document: dict[str, Any]) -> Iterator[str]:
        if not proof_holds(badge, document):
            yield "The signature does not hold: the badge was changed, or never signed by the key that it names."
            return
        if badge.issuer.id != badge.signer:
            yield "It was signed by another key than its issuer's."
        try:
            ours = self._key.did
        except UnusableKey as error:
            yield f"Whether the key is this institution's cannot be told: {error}."
            return
        if badge.signer != ours:
            yield "It was signed by another key than this institution's."


def _is_open_badge(document: Any) -> bool:
    types = document.get("type") if isinstance(document, dict) else None
    return isinstance(types, list) and "OpenBadgeCredential" in types


def _facts(badge: Badge) -> dict[str, str]:
    """What a person wants to read of a badge."""
    subject = badge.credentialSubject
    facts = {
        "badge": badge.name,
        "issuer": badge.issuer.name,
        "earned on": badge.awardedDate[:10],
        "recipient": f"hashed {subject.identifier[0].identityType}",
    }
    if badge.validUntil:
        facts["valid until"] = badge.validUntil[:10]
    return facts if subject.creditsEarned is None else {**facts, "credits": str(subject.creditsEarned)}
