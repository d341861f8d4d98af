"""LearnerRecords: the badges of one learner, as Comprehensive Learner Records 2.0 (www.imsglobal.org/spec/clr/v2p0).

Each is a document of its own, `LEARNER-NUMBER.json`, with whole signed badges in it; none is ever changed. A new badge
makes the next one. A badge that is taken back takes back every record that holds it, and makes the next one without it.
"""

from __future__ import annotations

import json
import re
import uuid
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from credrules import Refused, Unavailable
from credrules_openbadges import badge_file
from credrules_openbadges.proofs import signed
from credrules_openbadges.terms import CLR_URL, OB_URL, VC_URL

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from credrules import Award
    from credrules_openbadges.keyring import KeyRing
    from credrules_openbadges.keys import SigningKey
    from credrules_openbadges.status_lists import StatusLists

LOCK_SECONDS = 30
_NAME = re.compile(r"([0-9a-f-]{36})-([1-9][0-9]{0,5})\.json")


class LearnerRecords:
    """A folder that is for learners, each of whom gets the newest of their own: never publish it as it is."""

    def __init__(self, folder: Path, lists: StatusLists) -> None:
        self.folder = folder
        self._lists = lists

    def add(self, award: Award, badge: dict[str, Any], keys: KeyRing) -> None:
        """The next record of this learner, with this badge; nothing where the newest one has it."""
        with self._locked():
            learner = self._learner(award, keys)
            members = self._valid_members(learner)
            if badge["id"] not in [member["id"] for member in members]:
                self._write(learner, [*members, badge], keys.current)

    def take_back(self, badge_id: str, reason: str, keys: KeyRing) -> None:
        """Take back every record with this badge, whose own revocation is in the books."""
        if not self.folder.is_dir():
            return
        with self._locked():
            holding = [path for path in self.folder.iterdir() if _NAME.fullmatch(path.name) and _holds(path, badge_id)]
            for path in holding:
                self._lists.revoke(_read(path)["id"], reason)
            for learner in sorted({path.name[:36] for path in holding}):
                newest = self._newest(learner)
                members = self._valid_members(learner)
                if newest in holding and members:
                    self._write(learner, members, keys.current)

    def _learner(self, award: Award, keys: KeyRing) -> str:
        """By which key soever their records were begun."""
        name = f"{award.institution.id}/{award.recipient.learner_id}"
        try:
            names = [str(uuid.uuid5(uuid.UUID(bytes=key.derived("learners")[:16]), name)) for key in keys.signing()]
        except UnicodeEncodeError:
            raise Refused("The learner's id holds half of a character; no record can be named by it.") from None
        return next((one for one in names if self._newest(one)), names[0])

    def _newest(self, learner: str) -> Path | None:
        numbers = [int(found[2]) for found in self._files() if found[1] == learner]
        return self.folder / f"{learner}-{max(numbers)}.json" if numbers else None

    def _files(self) -> Iterator[re.Match[str]]:
        for path in self.folder.iterdir():
            if found := _NAME.fullmatch(path.name):
                yield found

    def _valid_members(self, learner: str) -> list[dict[str, Any]]:
        newest = self._newest(learner)
        members = _read(newest)["credentialSubject"]["verifiableCredential"] if newest else []
        return [member for member in members if self._lists.revocation(member["id"]) is None]

    def _write(self, learner: str, members: list[dict[str, Any]], key: SigningKey) -> None:
        newest = self._newest(learner)
        number = int(newest.stem[37:]) + 1 if newest else 1
        last = members[-1]
        document: dict[str, Any] = {
            "@context": [VC_URL, OB_URL, CLR_URL],
            "id": f"urn:uuid:{uuid.uuid5(uuid.UUID(learner), str(number))}",
            "type": ["VerifiableCredential", "ClrCredential"],
            "name": f"Learner record, {last['issuer']['name']}",
            "issuer": {**last["issuer"], "id": key.did},
            "validFrom": max(member["validFrom"] for member in members),
            "credentialSubject": {
                "type": ["ClrSubject"],
                "identifier": last["credentialSubject"]["identifier"],
                "verifiableCredential": members,
            },
        }
        document["credentialStatus"] = self._lists.entry(document["id"], key)
        text = json.dumps(signed(document, key, document["validFrom"]), ensure_ascii=False, indent=2) + "\n"
        if len(text.encode()) > badge_file.MAX_BYTES:
            raise Refused(
                f"A record of {len(members)} badges is larger than verifiers take. Shorten the programs' texts."
            )
        badge_file.write(self.folder / f"{learner}-{number}.json", text.encode(), private=True)

    def _locked(self) -> FileLock:
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise Unavailable(f"Learner records cannot be written to {self.folder}: {error.strerror}.") from error
        return FileLock(self.folder / ".lock", timeout=LOCK_SECONDS)


def _read(path: Path) -> Any:
    """A record that was written here. Raises Unavailable."""
    try:
        return badge_file.read(path)
    except (OSError, ValueError):
        raise Unavailable(f"{path} cannot be read as a learner record. Put it back as credrules left it.") from None


def _holds(path: Path, badge_id: str) -> bool:
    return badge_id in [member["id"] for member in _read(path)["credentialSubject"]["verifiableCredential"]]
