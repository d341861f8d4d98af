"""How a source names the places where its rows stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
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
