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
            numbers, names = self._numbers(), _names(award, keys)
            learner = next((name for name in names if name in numbers), names[0])
            newest = max(numbers.get(learner, [0]))
            members = self._valid_members(_members(self._record(learner, newest))) if newest else []
            if badge["id"] not in [member["id"] for member in members]:
                self._write(learner, newest + 1, [*members, badge], keys.current)

    def take_back(self, badge_id: str, reason: str, keys: KeyRing) -> None:
        """Take back every record with this badge, whose own revocation is in the books."""
        if not self.folder.is_dir():
            return
        with self._locked():
            numbers = self._numbers()
            shortened: dict[str, list[dict[str, Any]]] = {}  # of those whose newest record has the badge
            for learner, number in [(one, number) for one, of in sorted(numbers.items()) for number in of]:
                record = self._record(learner, number)
                if badge_id in [member["id"] for member in _members(record)]:
                    self._lists.revoke(record["id"], reason)
                    if number == max(numbers[learner]):
                        shortened[learner] = _members(record)
            for learner, before in shortened.items():
                if members := self._valid_members(before):
                    self._write(learner, max(numbers[learner]) + 1, members, keys.current)

    def _numbers(self) -> dict[str, list[int]]:
        """The records that each learner has."""
        found: dict[str, list[int]] = {}
        for path in self.folder.iterdir():
            if name := _NAME.fullmatch(path.name):
                found.setdefault(name[1], []).append(int(name[2]))
        return found

    def _path(self, learner: str, number: int) -> Path:
        return self.folder / f"{learner}-{number}.json"

    def _record(self, learner: str, number: int) -> Any:
        """A record that was written here. Raises Unavailable."""
        path = self._path(learner, number)
        try:
            return badge_file.read(path)
        except (OSError, ValueError):
            raise Unavailable(f"{path} cannot be read as a learner record. Put it back as credrules left it.") from None

    def _valid_members(self, members: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [member for member in members if self._lists.revocation(member["id"]) is None]

    def _write(self, learner: str, number: int, members: list[dict[str, Any]], key: SigningKey) -> None:
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
        badge_file.write(self._path(learner, number), text.encode(), private=True)

    def _locked(self) -> FileLock:
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise Unavailable(f"Learner records cannot be written to {self.folder}: {error.strerror}.") from error
        return FileLock(self.folder / ".lock", timeout=LOCK_SECONDS)


def _names(award: Award, keys: KeyRing) -> list[str]:
    """What the records of a learner may be called: by which key soever they were begun, the present one first."""
    name = f"{award.institution.id}/{award.recipient.learner_id}"
    try:
        return [str(uuid.uuid5(uuid.UUID(bytes=key.derived("learners")[:16]), name)) for key in keys.signing()]
    except UnicodeEncodeError:
        raise Refused("The learner's id holds half of a character; no record can be named by it.") from None


def _members(record: Any) -> list[dict[str, Any]]:
    members: list[dict[str, Any]] = record["credentialSubject"]["verifiableCredential"]
    return members
