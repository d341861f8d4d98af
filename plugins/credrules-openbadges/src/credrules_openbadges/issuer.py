"""OpenBadgesIssuer: signed badges as files in a folder, which are its books."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from pydantic import ValidationError

from credrules import AwardField, Receipt, Refused, Unavailable, Verification
from credrules_openbadges import badge_file, baking, jws
from credrules_openbadges.credential import NOTHING, badge_uuid, credential, credential_id, day_as_time
from credrules_openbadges.form import Badge, Credential, LearnerRecord, TokenBadge, form_faults
from credrules_openbadges.keyring import KeyRing
from credrules_openbadges.keys import UnusableKey, did_web
from credrules_openbadges.learner_records import LearnerRecords
from credrules_openbadges.proofs import proof_holds, refuse_undefined, signed
from credrules_openbadges.showcase import Showcase
from credrules_openbadges.status_lists import StatusLists

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any

    from credrules import Award
    from credrules_openbadges.credential import Additions
    from credrules_openbadges.keys import SigningKey
    from credrules_openbadges.showcase import Look

FORMS = (".json", ".jwt")


@dataclass(frozen=True, slots=True)
class Options:
    """What a badge may be beyond a signed file. `earlier_keys` are those that signed before, as PEM, the last first."""

    books: Path | None = None  # where the books of the status lists are; beside the folder where it is not said
    web: bool = False  # sign in the name of a did:web, whose document is published beside the badges
    earlier_keys: tuple[str, ...] = ()
    look: Look | None = None  # of pages and pictures; without one there are none
    additions: Additions = NOTHING
    records: Path | None = None  # for records of all that a learner has; none without a folder

    def __repr__(self) -> str:
        return "Options(...)"


PLAIN = Options()

TAKES = frozenset({AwardField.EMAIL, AwardField.CREDITS, AwardField.COURSES, AwardField.MILESTONES})
"""The e-mail address leaves as a salted hash. What people granted or attested is no part of a public badge."""


class OpenBadgesIssuer:
    """One folder, one key that signs, and those that signed before it.

    The form of a badge goes by the key: a Data Integrity proof by an Ed25519 key, a JWT by an RSA key. The same award,
    keys and options give the same badge on every machine.
    """

    def __init__(
        self, name: str, folder: Path, key_pem: str, public_url: str | None = None, options: Options = PLAIN
    ) -> None:
        self.name = name
        self.takes = TAKES
        self.folder = folder
        self.public_url = public_url.rstrip("/") if public_url else None
        self.books = options.books or folder.with_name(f"{folder.name}-books")
        self._pem = key_pem
        self._options = options
        self._lists: StatusLists | None = None
        self._showcase: Showcase | None = None
        self._records: LearnerRecords | None = None
        if self.public_url:
            self._lists = StatusLists(folder, self.books, self.public_url, self._usable_keys)
            self._records = LearnerRecords(options.records, self._lists) if options.records else None
            self._showcase = Showcase(folder, self.public_url, options.look) if options.look else None

    def __repr__(self) -> str:
        return f"OpenBadgesIssuer(name={self.name!r}, folder={str(self.folder)!r})"

    @cached_property
    def _keys(self) -> KeyRing:
        """Raises UnusableKey."""
        if not self._options.web:
            return KeyRing.of(self._pem, self._options.earlier_keys)
        if not self.public_url:
            raise UnusableKey("the key would sign in the name of a did:web, and public-url does not say which")
        try:
            return KeyRing.of(self._pem, self._options.earlier_keys, did_web(self.public_url))
        except ValueError as error:
            raise UnusableKey(str(error)) from None

    @property
    def signs_jwt(self) -> bool:
        """Whether the key that signs now is one for JWT. Raises Unavailable where there is no usable key."""
        return self._usable_keys().current.signs_jwt

    def check(self) -> Iterator[str]:
        """What would keep a badge from being made."""
        try:
            _ = self._keys
        except UnusableKey as error:
            yield f"{error}. `credrules init` in an empty folder makes a new one in keys/badges.pem."
        yield from _unwritable(self.folder, "badges")
        if self._lists:
            yield from _unwritable(self.books, "the books of the status lists")
            try:
                self._lists.revocation("")
            except Unavailable as error:
                yield str(error)
        if self._showcase:
            yield from self._showcase.check()
        if self._records:
            yield from _unwritable(self._records.folder, "learner records")

    def find(self, award: Award) -> Receipt | None:
        """The receipt of the badge's file, whichever key signed it. Raises Refused where something else is there."""
        for key in self._usable_keys().signing():
            for form in FORMS:
                path = self.folder / f"{badge_uuid(award, key)}{form}"
                if path.exists():
                    return self._found(path, award, key)
        return None

    def _found(self, path: Path, award: Award, key: SigningKey) -> Receipt:
        try:
            badge, faults = self._read(path)
        except OSError as error:
            raise Unavailable(f"{path.name} cannot be read: {error.strerror}.") from error
        except ValueError:
            badge, faults = None, ()
        if badge is None or faults or badge.id != credential_id(award, key):
            raise Refused(
                f"{path.name} is there, but is not the badge that belongs there. {' '.join(faults)} "
                "Move it away, and it will be made again."
            )
        return self._receipt(award, badge.id, path)

    def issue(self, award: Award) -> Receipt:
        """Sign the badge and put it into the folder, whole or not at all.

        What is published beside it comes first: when a badge is there, so is all that it refers to.
        """
        there = self.find(award)
        if there:
            return there
        key = self._usable_keys().current
        additions = self._options.additions
        if self._showcase:
            additions = self._showcase.pictured(award, additions)
        document = credential(award, key, additions=additions)  # refused, if it is, before a place is given
        if self._lists:
            document = credential(award, key, self._lists.entry(document["id"], key), additions)
        text = _secured(document, key, day_as_time(award.awarded_on))
        if len(text.encode()) > badge_file.MAX_BYTES:
            raise Refused(
                f"The badge for {award.achievement.program} would have {len(text.encode())} bytes; "
                f"verifiers take {badge_file.MAX_BYTES}. Shorten the program's texts, or link its image."
            )
        self._publish_keys()
        path = self.folder / f"{badge_uuid(award, key)}{'.jwt' if key.signs_jwt else '.json'}"
        if self._records:
            if key.signs_jwt:
                raise Refused("A learner record holds badges with a proof, and this key signs JWT. Use an Ed25519 key.")
            self._records.add(award, json.loads(text), self._usable_keys())
        if self._showcase:
            self._showcase.show(path, text.strip(), Credential.model_validate(document), award)
        badge_file.write(path, text.encode())
        return self._receipt(award, document["id"], path)

    def revoke(self, receipt: Receipt, reason: str) -> None:
        """Set the badge's bit in its status list, publish the list, and say so on its page.

        Refused for a badge without a place in one: made before there were lists, or without a `public-url`.
        """
        if self._lists is None:
            raise Refused(
                f"{receipt.reference} cannot be taken back: without a public-url there is no status list where a "
                "verifier would look. Tell whoever relies on it, and keep the reason with the decision."
            )
        self._lists.revoke(receipt.reference, reason)
        if self._records:
            self._records.take_back(receipt.reference, reason, self._usable_keys())
        for form in FORMS:
            path = self.folder / f"{receipt.reference.removeprefix('urn:uuid:')}{form}"
            if self._showcase and path.exists():
                self._show_again(self._showcase, path)

    def publish(self) -> int:
        """Write anew all that is published beside the badges, by the keys and settings as they are now.

        The badges themselves stay as they are. Says how many there are.
        """
        self._publish_keys()
        if self._lists:
            self._lists.republish()
        badges = [path for path in sorted(self.folder.glob("*")) if path.suffix in FORMS and _is_uuid(path.stem)]
        for path in badges:
            if self._showcase:
                self._show_again(self._showcase, path)
        return len(badges)

    def _show_again(self, showcase: Showcase, path: Path) -> None:
        try:
            badge, faults = self._read(path)
        except (OSError, ValueError):
            badge, faults = None, ()
        if badge is not None and not faults:
            revocation = self._lists.revocation(badge.id) if self._lists else None
            showcase.show(path, path.read_text(encoding="utf-8").strip(), badge, revocation=revocation)

    def _publish_keys(self) -> None:
        """The document of the did:web, where the badges are: `did.json`, or as `.well-known` at the root of a host."""
        keys = self._usable_keys()
        document = keys.did_document()
        if document is None or keys.web is None:
            return
        at_root = keys.web.count(":") == 2
        path = self.folder / ".well-known" / "did.json" if at_root else self.folder / "did.json"
        if not path.exists() or path.read_bytes() != document:
            badge_file.write(path, document)

    def _usable_keys(self) -> KeyRing:
        try:
            return self._keys
        except UnusableKey as error:
            raise Unavailable(f"{error}.") from None

    def _receipt(self, award: Award, reference: str, path: Path) -> Receipt:
        shown = path.with_suffix(".html") if self._showcase else path
        return Receipt(
            award_key=award.key,
            issuer=self.name,
            reference=reference,
            url=f"{self.public_url}/{shown.name}" if self.public_url else None,
            detail={"file": path.name},
        )

    def verify(self, path: Path) -> Verification | None:
        """Check a badge of the form that ours have, whoever signed it; in a picture too. Never raises for what a file
        holds.
        """
        record = self._record(path)
        if record is not None:
            return record
        try:
            badge, faults = self._read(path) if path.is_file() else (None, ())
        except (OSError, ValueError):
            return None
        if badge is None:
            return Verification(path.name, faults=faults) if faults else None
        if not faults:
            faults = tuple(self._status_faults(badge))
        return Verification(badge.id, _facts(badge), faults, references=(badge.id,))

    def _record(self, path: Path) -> Verification | None:
        """What is said of a learner record; None where the file is something else."""
        try:
            document = badge_file.read(path)
            if not isinstance(document, dict) or "ClrCredential" not in document.get("type", []):
                return None
            record = LearnerRecord.model_validate(document)
        except ValidationError as error:
            faults = "; ".join(form_faults(error))
            return Verification(path.name, faults=(f"It has not the form of a learner record made here: {faults}.",))
        except (OSError, ValueError, TypeError):
            return None
        badges = record.credentialSubject.verifiableCredential
        faults_ = [*self._proof_faults(record, document), *self._status_faults(record)]
        for badge, member in zip(badges, document["credentialSubject"]["verifiableCredential"], strict=True):
            found = (*self._proof_faults(badge, member), *self._status_faults(badge))
            faults_ += [f"{badge.name}: {fault}" for fault in found]
        facts = {"record": record.name, "badges": ", ".join(badge.name for badge in badges)}
        return Verification(record.id, facts, tuple(faults_), references=tuple(badge.id for badge in badges))

    def _status_faults(self, badge: Credential | LearnerRecord) -> Iterator[str]:
        """Whether one of ours was taken back. The books say it best, and nothing is fetched."""
        if badge.credentialStatus is None or self._lists is None:
            return
        try:
            revocation = self._lists.revocation(badge.id)
        except Unavailable as error:
            yield f"Whether it was taken back cannot be told. {error}"
            return
        if revocation:
            yield f"It was taken back on {revocation.day}: {revocation.reason}"

    def _read(self, path: Path) -> tuple[Credential | None, tuple[str, ...]]:
        """A badge, and what is wrong with it in sentences; neither where the file is something else.

        Raises OSError, or ValueError where the file cannot be understood at all.
        """
        text = _text(badge_file.read_bytes(path, baking.MAX_BYTES))
        if text is None:
            return None, ()
        token = None if text.startswith("{") else jws.read(text)
        document = token.payload if token else badge_file.parsed(text)
        if not _is_open_badge(document):
            return None, ()
        try:
            if token:
                badge = TokenBadge.model_validate(document)
                return badge, tuple(self._token_faults(badge, token))
            proved = Badge.model_validate(document)
            return proved, tuple(self._proof_faults(proved, document))
        except ValidationError as error:
            faults = "; ".join(form_faults(error))
            return None, (f"It has not the form of a badge made here, so its signature was not looked at: {faults}.",)

    def _proof_faults(self, badge: Badge | LearnerRecord, document: dict[str, Any]) -> Iterator[str]:
        if not proof_holds(badge, document):
            yield "The signature does not hold: the badge was changed, or never signed by the key that it names."
            return
        if badge.issuer.id != badge.signer:
            yield "It was signed by another key than its issuer's."
        try:
            ours = self._keys.named(badge.proof.verificationMethod)
        except UnusableKey as error:
            yield f"Whether the key is this institution's cannot be told: {error}."
            return
        if ours is None:
            yield "It was signed by another key than this institution's."

    def _token_faults(self, badge: TokenBadge, token: jws.Token) -> Iterator[str]:
        """A JWT only names its key, so that one of another institution cannot be checked: nothing is fetched."""
        try:
            ours = self._keys.named(token.method)
        except UnusableKey as error:
            yield f"Its signature cannot be checked: {error}."
            return
        if ours is None:
            yield "It names another key than this institution's, so its signature was not looked at."
        elif not token.holds(ours):
            yield "The signature does not hold: the badge was changed, or never signed by the key that it names."
        elif badge.issuer.id != token.method.partition("#")[0]:
            yield "It was signed by another key than its issuer's."


def _secured(document: dict[str, Any], key: SigningKey, created: str) -> str:
    if not key.signs_jwt:
        return json.dumps(signed(document, key, created), ensure_ascii=False, indent=2) + "\n"
    refuse_undefined(document)
    return jws.compact(jws.with_claims(document), key)


def _text(data: bytes) -> str | None:
    """The credential in a file: the file itself, or what a picture carries."""
    if baking.is_png(data):
        return baking.from_png(data)
    if data.lstrip()[:1] == b"<":
        return baking.from_svg(data)
    return data.decode().strip()


def _unwritable(folder: Path, what: str) -> Iterator[str]:
    place = folder
    while not place.exists() and place != place.parent:
        place = place.parent
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        yield f"{what} cannot be written to {folder}: {place} is no folder that can be written to."


def _is_uuid(text: str) -> bool:
    return len(text) == 36 and text.count("-") == 4


def _is_open_badge(document: Any) -> bool:
    types = document.get("type") if isinstance(document, dict) else None
    return isinstance(types, list) and "OpenBadgeCredential" in types


def _facts(badge: Credential) -> dict[str, str]:
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
