"""A list of a service, read page after page until its end is proved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from credrules.rest import fail
from credrules.rows.spool import Shapeless

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from credrules.rows.spool import Item

READINGS = 3
"""How often a list that moves while it is read is begun anew."""

Row = dict[str, Any]


class Page(NamedTuple):
    """The rows from one offset on, and how many the service says that there are in all, where it says so."""

    rows: list[Row]
    total: int | None


class Moved(Exception):
    """A page did not begin where the one before it ended."""


def read_list(
    url: str,
    key: str,
    ask: Callable[[int], Page],
    keep: Callable[[Iterator[Row]], None],
    forget: Callable[[], None],
) -> None:
    """Hand the rows to `keep`; where the list has moved, `forget` them and read it again. Raises RecordsError.

    Nothing is believed but rows: a page that is short, empty, or without a header is no end of a list. Each page begins
    with the last row of the one before, so that a row that was put in or taken out meanwhile shows; the end is a page
    with that row alone. `key` is the field by which a row is known, `ask` gets the page from an offset on.
    """
    for _ in range(READINGS):
        try:
            keep(_rows(url, key, ask))
        except Moved:
            forget()
        else:
            return
    fail(
        url,
        f"moved while it was read, {READINGS} times: a page did not begin with the row that ended the page before. "
        "Read at a quieter hour; if it happens again, the server does not heed `offset` or gives no steady order.",
    )


def _rows(url: str, key: str, ask: Callable[[int], Page]) -> Iterator[Row]:
    page, total = ask(0)
    if not page and ask(0).rows:  # nothing at all is believed when it is said twice
        raise Moved
    read, most, last = 0, len(page), ""
    while page:
        if last and _key(page[0], key, url) != last:
            raise Moved
        fresh = page[1:] if last else page
        yield from fresh
        read += len(fresh)
        last = _key(page[-1], key, url)
        if not fresh:
            if most > 1 or not ask(read).rows:
                break
            fail(url, "gives one row a page, whatever it is asked for. Ask its operator for a larger page.")
        page, total = ask(read - 1)
        if not page:
            raise Moved
        most = max(most, len(page))
    if total is not None and total > read:
        fail(url, f"has {read} rows, though the server counts {total}. Something was left out; nothing is decided.")


def _key(row: Row, key: str, url: str) -> str:
    found = row.get(key)
    if not isinstance(found, str) or not found.strip():
        fail(url, f"has a row without a {key}, so that nobody can say which one it is.")
    return found.strip()


def shaped(rows: Iterator[Row], shape: Callable[[Row], Item | None], url: str) -> Iterator[Item]:
    """What is kept of each row. Raises RecordsError where nobody knows whose or what one is."""
    for row in rows:
        try:
            item = shape(row)
        except Shapeless as error:
            fail(url, f"has a row that {error}, so that nobody knows whose or what it is.")
        if item:
            yield item


def counted(text: str) -> int | None:
    """A header that counts; None where it does not."""
    return int(text) if text.strip().isdecimal() and len(text) < 12 else None
