"""StatusLists: the published lists, and the books behind them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING

from credrules import Refused, Unavailable
from credrules_openbadges import badge_file, books, jws, status_list
from credrules_openbadges.books import Place, Revocation, StatusList
from credrules_openbadges.proofs import signed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import Any

    from credrules_openbadges.books import Books
    from credrules_openbadges.keyring import KeyRing
    from credrules_openbadges.keys import SigningKey


class StatusLists:
    """Lists as files in the folder of the badges; the books apart from it, because they are nobody else's to read.

    The books come first: a badge is signed when its place is on the disk, and a list is a copy of the books. So
    whatever a crash leaves undone is done by doing the same again.
    """

    def __init__(self, folder: Path, books_folder: Path, public_url: str, keys: Callable[[], KeyRing]) -> None:
        self.folder = folder
        self.books = books_folder
        self.public_url = public_url
        self._keys = keys

    def entry(self, badge: str, key: SigningKey) -> dict[str, Any]:
        """The badge's place: the one that it has, or one for ever. Its list is published when this returns.

        Where a place is follows from the key and the badge, so that nobody without the key can tell from two places
        which badge was issued first.
        """
        with books.write(self.books) as ours:
            place = ours.place(badge)
            if place is None:
                place = self._free_place(ours, badge, key)
                ours.take(badge, place)
            its_list = _known(ours, place.list)
        if not self._path(its_list).exists():
            self._publish(its_list)
        return status_list.status_entry(self._url(its_list), place.position)

    def revoke(self, badge: str, reason: str) -> None:
        """Take a badge back and publish its list."""
        with books.write(self.books) as ours:
            place = ours.place(badge)
            if place is None:
                raise Refused(f"No badge with a place in a status list here is named {badge}: nothing was taken back.")
            its_list = _known(ours, place.list)
            self._key(its_list)  # refused, if it is, before anything is written
            ours.revoke(badge, Revocation(datetime.now(UTC).date(), reason))
        self._publish(its_list)

    def revocation(self, badge: str) -> Revocation | None:
        """When and why a badge was taken back. Raises Unavailable where the books cannot be read."""
        with books.read(self.books) as ours:
            return ours.revocation(badge) if ours else None

    def republish(self) -> int:
        """Sign every list anew; says how many there are."""
        with books.read(self.books) as ours:
            lists = ours.lists() if ours else []
        for one in lists:
            self._publish(one)
        return len(lists)

    def _free_place(self, ours: Books, badge: str, key: SigningKey) -> Place:
        its_list = self._list_for(ours, key)
        return next(place for place in _places(badge, key, its_list.number) if ours.is_free(place))

    def _list_for(self, ours: Books, key: SigningKey) -> StatusList:
        """The newest list of this issuer, or a new one. Verifiers want a list and its badges to be of one issuer."""
        lists, form = ours.lists(), "jwt" if key.signs_jwt else "json"
        newest = next((one for one in lists if (one.issuer, one.form) == (key.did, form)), None)
        if newest and ours.taken(newest.number) < status_list.FULL:
            return newest
        begun = StatusList(lists[0].number + 1 if lists else 1, key.did, form)
        if self._path(begun).exists():
            raise Unavailable(
                f"{begun.file} is published, but the books in {self.books} do not know it. Put back the "
                "books: without them a place would be given twice, and what was taken back would be valid again."
            )
        ours.begin(begun)
        return begun

    def _publish(self, one: StatusList) -> None:
        """Write a list as the books have it: within their lock, so that no older one is written over a newer one."""
        with books.write(self.books) as ours:
            revoked = ours.revoked(one.number)
            if not self._published(one) <= revoked:
                raise Unavailable(
                    f"{one.file} takes back badges of which the books in {self.books} do not know: they "
                    "are older than it. Put back the newest books."
                )
            key, now = self._key(one), datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            document = status_list.list_credential(self._url(one), one.issuer, revoked, now)
            badge_file.write(self._path(one), _secured(document, key, now).encode())

    def _key(self, one: StatusList) -> SigningKey:
        return self._keys().signer_of(one.issuer, jwt=one.form == "jwt")

    def _published(self, one: StatusList) -> set[int]:
        path = self._path(one)
        try:
            data = badge_file.read_bytes(path, badge_file.MAX_BYTES).decode().strip()
            document = jws.read(data).payload if one.form == "jwt" else badge_file.parsed(data)
            return status_list.decoded(document["credentialSubject"]["encodedList"])
        except FileNotFoundError:
            return set()
        except OSError as error:
            raise Unavailable(f"{path.name} cannot be read: {error.strerror}.") from error
        except (ValueError, KeyError, TypeError, AttributeError):
            raise Unavailable(f"{path.name} is no status list as credrules leaves it. Move it away.") from None

    def _path(self, one: StatusList) -> Path:
        return self.folder / one.file

    def _url(self, one: StatusList) -> str:
        return f"{self.public_url}/{one.file}"


def _known(ours: Books, number: int) -> StatusList:
    one = ours.named(number)
    assert one is not None  # noqa: S101  a place refers to its list, says the table
    return one


def _secured(document: dict[str, Any], key: SigningKey, now: str) -> str:
    if not key.signs_jwt:
        return json.dumps(signed(document, key, now), indent=2) + "\n"
    claims = {"iss": document["issuer"], "jti": document["id"], "sub": document["credentialSubject"]["id"]}
    return jws.compact({**document, **claims, "nbf": jws.numeric(now)}, key)


def _places(badge: str, key: SigningKey, number: int) -> Iterator[Place]:
    for attempt in count():
        drawn = int.from_bytes(key.derived(f"status/{number}/{badge}/{attempt}")[:8])
        yield Place(number, drawn % status_list.SIZE)
