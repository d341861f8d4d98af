"""What the database says in the words of the records: mapped values, and the address to prefer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from credrules.rows import cell_of, to_text
from credrules.rows.cells import Unreadable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from credrules.rows import Layout, Row

_MIDNIGHT = re.compile(r"(\d{4}-\d{2}-\d{2})[ T]00:00(:00(\.0+)?)?")
"""A day as SQLite keeps a datetime."""


class Translation:
    """Makes a row of cells of what a query gives for one entity."""

    def __init__(self, layout: Layout, present: Sequence[str], values: Mapping[str, Mapping[str, str]]) -> None:
        self._at = {name: place for place, name in enumerate(present)}
        self._columns = layout.columns
        self._values = {name: values.get(f"{layout.entity}.{name}", values.get(name, {})) for name in layout.columns}

    def row(self, found: Sequence[Any]) -> Row:
        return (0, *(self._cell(name, found[self._at[name]]) if name in self._at else None for name in self._columns))

    def _cell(self, name: str, value: object) -> object:
        cell = cell_of(value)
        if isinstance(cell, bool):
            cell = "true" if cell else "false"
        if isinstance(cell, str) and (midnight := _MIDNIGHT.fullmatch(cell)):
            cell = midnight[1]
        if not (mapped := self._values[name]):
            return cell
        try:
            text = "" if cell is None else to_text(cell)
        except Unreadable:
            return cell  # which the reader refuses, saying where it is
        return cell_of(mapped[text]) if text in mapped else cell


def preferred_address(rows: Sequence[Row], kinds: Sequence[str]) -> str | None:
    """The address of the first kind in the order of preference; of that kind, the one that the source prefers.

    Where none is of a kind that is listed there is no address: never simply the first one.
    """
    best: tuple[int, bool, str] | None = None
    for _, _, email, kind, preferred in rows:
        if email is None or kind is None or str(kind) not in kinds:
            continue
        candidate = (kinds.index(str(kind)), str(preferred).lower() not in _YES, str(email))
        best = min(best, candidate) if best else candidate
    return best[2] if best else None


_YES = frozenset({"y", "yes", "1", "true", "t"})
