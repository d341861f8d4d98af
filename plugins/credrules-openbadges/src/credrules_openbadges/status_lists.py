"""StatusLists: the published lists, and the books behind them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING

from credrules import Refused, Unavailable
from credrules_openbadges import badge_file, books, status_list
from credrules_openbadges.books import Place, Revocation
from credrules_openbadges.proofs import signed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import Any

    from credrules_openbadges.books import Books
    from credrules_openbadges.keys import SigningKey


class StatusLists:
    """Lists as files in the folder of the badges; the books apart from it, because they are nobody else's to read.

    The books come first: a badge is signed when its place is on the disk, and a list is a copy of the books. So
    whatever a crash leaves undone is done by doing the same again.
    """

    def __init__(self, folder: Path, books_folder: Path, public_url: str) -> None:
        self.folder = folder
        self.books = books_folder
        self.public_url = public_url

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
        if not self._path(place.list).exists():
            self._publish(place.list, lambda _: key)
        return status_list.status_entry(self._url(place.list), place.position)

    def revoke(self, badge: str, reason: str, key_of: Callable[[str], SigningKey]) -> None:
        """Take a badge back and publish its list. `key_of` gives the key of an issuer, or raises Refused."""
        with books.write(self.books) as ours:
            place = ours.place(badge)
            if place is None:
                raise Refused(f"No badge with a place in a status list here is named {badge}: nothing was taken back.")
            key_of(ours.issuer(place.list) or "")
            ours.revoke(badge, Revocation(datetime.now(UTC).date(), reason))
        self._publish(place.list, key_of)

    def revocation(self, badge: str) -> Revocation | None:
        """When and why a badge was taken back. Raises Unavailable where the books cannot be read."""
        with books.read(self.books) as ours:
            return ours.revocation(badge) if ours else None

    def republish(self, key_of: Callable[[str], SigningKey]) -> int:
        """Sign every list anew; says how many there are."""
        with books.read(self.books) as ours:
            numbers = [number for number, _ in ours.lists()] if ours else []
        for number in numbers:
            self._publish(number, key_of)
        return len(numbers)

    def _free_place(self, ours: Books, badge: str, key: SigningKey) -> Place:
        number = self._list_for(ours, key.did)
        return next(place for place in _places(badge, key, number) if ours.is_free(place))

    def _list_for(self, ours: Books, issuer: str) -> int:
        """The newest list of this issuer, or a new one. Verifiers want a list and its badges to be of one issuer."""
        lists = ours.lists()
        newest = next((number for number, whose in lists if whose == issuer), None)
        if newest is not None and ours.taken(newest) < status_list.FULL:
            return newest
        number = lists[0][0] + 1 if lists else 1
        if self._path(number).exists():
            raise Unavailable(
                f"{self._path(number).name} is published, but the books in {self.books} do not know it. Put back the "
                "books: without them a place would be given twice, and what was taken back would be valid again."
            )
        ours.begin_list(number, issuer)
        return number

    def _publish(self, number: int, key_of: Callable[[str], SigningKey]) -> None:
        """Write a list as the books have it: within their lock, so that no older one is written over a newer one."""
        with books.write(self.books) as ours:
            revoked = ours.revoked(number)
            if not self._published(number) <= revoked:
                raise Unavailable(
                    f"{self._path(number).name} takes back badges of which the books in {self.books} do not know: they "
                    "are older than it. Put back the newest books."
                )
            issuer = ours.issuer(number) or ""
            now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            document = status_list.list_credential(self._url(number), issuer, revoked, now)
            credential = signed(document, key_of(issuer), now)
            badge_file.write(self._path(number), (json.dumps(credential, indent=2) + "\n").encode())

    def _published(self, number: int) -> set[int]:
        path = self._path(number)
        try:
            return status_list.decoded(badge_file.read(path)["credentialSubject"]["encodedList"])
        except FileNotFoundError:
            return set()
        except OSError as error:
            raise Unavailable(f"{path.name} cannot be read: {error.strerror}.") from error
        except (ValueError, KeyError, TypeError, AttributeError):
            raise Unavailable(f"{path.name} is no status list as credrules leaves it. Move it away.") from None

    def _path(self, number: int) -> Path:
        return self.folder / f"status-{number}.json"

    def _url(self, number: int) -> str:
        return f"{self.public_url}/status-{number}.json"


def _places(badge: str, key: SigningKey, number: int) -> Iterator[Place]:
    for attempt in count():
        drawn = int.from_bytes(key.derived(f"status/{number}/{badge}/{attempt}")[:8])
        yield Place(number, drawn % status_list.SIZE)
