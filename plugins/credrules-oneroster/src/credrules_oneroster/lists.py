"""One list of a OneRoster service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from credrules.rest import fail
from credrules.rest_lists import Page, counted, read_list
from credrules.rows import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from credrules.rest import Answer, Line


class Lists:
    """Asks for pages as OneRoster has them, always in one order."""

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
        read_list(url, "sourcedId", lambda offset: self._page(url, name, offset, chosen), keep, forget)

    def _page(self, url: str, name: str, offset: int, chosen: str) -> Page:
        params = {"limit": str(self._size), "offset": str(offset), **self._order}
        answer = self._line.get(url, {**params, "filter": chosen} if chosen else params)
        if answer.status != 200:
            fail(url, f"answers {answer.status}{_described(answer)}. {_advice(answer.status, chosen)}")
        rows = envelope(answer.data, name)
        if rows is None:
            fail(url, f"answers with something else than a list '{name}' of objects.")
        return Page(rows, counted(answer.headers.get("X-Total-Count", "")))


def envelope(data: Any, name: str) -> list[dict[str, Any]] | None:
    """The rows of an answer: under the list's name, else in the one list that is there; None where there is none."""
    if isinstance(data, dict):
        lists = [value for value in data.values() if isinstance(value, list)]
        data = data[name] if name in data else lists[0] if len(lists) == 1 else None
    return data if isinstance(data, list) and all(isinstance(row, dict) for row in data) else None


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
