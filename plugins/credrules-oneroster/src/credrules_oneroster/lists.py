"""One list of a service, read page after page until its end is proved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from credrules.rest import fail
from credrules.rows import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from credrules.rest import Answer, Line

READINGS = 3
"""How often a list that moves while it is read is begun anew."""


class Moved(Exception):
    """A page did not begin where the one before it ended."""


class Lists:
    """Reads lists of one service, in which nothing is believed but rows.

    A page that is short, empty, or without a header is no end of a list. Each page begins with the last row of the one
    before, so that a row that was put in or taken out meanwhile shows; the end is a page with that row alone.
    """

    def __init__(self, line: Line, *, size: int, sort: str) -> None:
        self._line = line
        self._size = size
        self._order = {"sort": sort, "orderBy": "asc"} if sort else {}

    def read(
        self,
        url: str,
        name: str,
        keep: Callable[[Iterator[dict[str, Any]]], None],
        forget: Callable[[], None],
        chosen: str = "",
    ) -> None:
        """Hand the rows to `keep`; where the list has moved, `forget` them and read it again. Raises RecordsError."""
        for _ in range(READINGS):
            try:
                keep(self._rows(url, name, chosen))
            except Moved:
                forget()
            else:
                return
        fail(
            url,
            f"moved while it was read, {READINGS} times: a page did not begin with the row that ended the page before. "
            "Read at a quieter hour; if it happens again, the server does not heed `offset` or gives no steady order "
            "(try another `sort`).",
        )

    def _rows(self, url: str, name: str, chosen: str) -> Iterator[dict[str, Any]]:
        page, total = self._page(url, name, 0, chosen)
        if not page and self._page(url, name, 0, chosen)[0]:  # nothing at all is believed when it is said twice
            raise Moved
        read, most, last = 0, len(page), ""
        while page:
            if last and _id(page[0], url) != last:
                raise Moved
            fresh = page[1:] if last else page
            yield from fresh
            read += len(fresh)
            last = _id(page[-1], url)
            if not fresh:
                if most > 1 or not self._page(url, name, read, chosen)[0]:
                    break
                fail(url, "gives one row a page, whatever it is asked for. Ask its operator for a larger page.")
            page, total = self._page(url, name, read - 1, chosen)
            if not page:
                raise Moved
            most = max(most, len(page))
        if total is not None and total > read:
            fail(url, f"has {read} rows, though the server counts {total}. Something was left out; nothing is decided.")

    def _page(self, url: str, name: str, offset: int, chosen: str) -> tuple[list[dict[str, Any]], int | None]:
        params = {"limit": str(self._size), "offset": str(offset), **self._order}
        answer = self._line.get(url, {**params, "filter": chosen} if chosen else params)
        if answer.status != 200:
            fail(url, f"answers {answer.status}{_described(answer)}. {_advice(answer.status, chosen)}")
        rows = envelope(answer.data, name)
        if rows is None:
            fail(url, f"answers with something else than a list '{name}' of objects.")
        total = answer.headers.get("X-Total-Count", "").strip()
        return rows, int(total) if total.isdecimal() and len(total) < 12 else None


def envelope(data: Any, name: str) -> list[dict[str, Any]] | None:
    """The rows of an answer: under the list's name, else in the one list that is there; None where there is none."""
    if isinstance(data, dict):
        lists = [value for value in data.values() if isinstance(value, list)]
        data = data[name] if name in data else lists[0] if len(lists) == 1 else None
    return data if isinstance(data, list) and all(isinstance(row, dict) for row in data) else None


def _id(row: dict[str, Any], url: str) -> str:
    found = row.get("sourcedId")
    if not isinstance(found, str) or not found.strip():
        fail(url, "has a row without a sourcedId, so that nobody can say which one it is.")
    return found.strip()


def _described(answer: Answer) -> str:
    """What the server says of it, shortened: it may be anything."""
    text = answer.data.get("imsx_description") if isinstance(answer.data, dict) else None
    return f" ({shown(text)})" if isinstance(text, str) and text else ""


def _advice(status: int, chosen: str) -> str:
    if status == 404:
        return "Look at `url`, `version`, `rostering` and `gradebook` in the table [records]."
    if chosen:
        return "The server may not allow this filter: take it out of [records.filters]."
    return "If it does not sort, set `sort` to another field, or to nothing, in the table [records]."
