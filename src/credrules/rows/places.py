"""How a source names the places where its rows stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from credrules.rows.cells import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from credrules.rows.layouts import Layout

Row = tuple[Any, ...]
"""The row's line, 0 where there are no lines; then a cell for each column of the layout, None where it is blank."""


class Places(Protocol):
    """What messages and evidence call the rows of one source."""

    def where(self, layout: Layout, row: Row) -> str:
        """The place of a problem with this row, without its line: 'attempts.csv'."""

    def source(self, layout: Layout, row: Row) -> str:
        """What the record says of where it was read: 'attempts.csv:17'."""

    def other(self, row: Row) -> str:
        """A second row of the same entity, within a sentence about the first: 'line 17'."""

    def called(self, layout: Layout) -> str:
        """The entity as a whole: 'attempts.csv'."""


class KeyedPlaces:
    """Of a service: calls a row by its list and its key there, which is the first of its cells.

    `names` are what the service calls the list of an entity, where it is another name.
    """

    def __init__(self, place: str, names: Mapping[str, str]) -> None:
        self._place = place
        self._names = names

    def where(self, layout: Layout, row: Row) -> str:
        return f"{self._place}, {self.called(layout)} {shown(row[1])}"

    def source(self, layout: Layout, row: Row) -> str:
        return f"{self.called(layout)}: {row[1]}"

    def other(self, row: Row) -> str:
        return "another row"

    def called(self, layout: Layout) -> str:
        return self._names.get(layout.entity, layout.entity)
