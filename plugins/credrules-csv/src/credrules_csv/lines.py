"""Rows of CSV files by the lines where they begin."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from credrules.rows import Layout, Row


class Lines:
    """Calls a row by its file and its line."""

    def where(self, layout: Layout, row: Row) -> str:
        return self.called(layout)

    def source(self, layout: Layout, row: Row) -> str:
        return f"{self.called(layout)}:{row[0]}"

    def other(self, row: Row) -> str:
        return f"line {row[0]}"

    def called(self, layout: Layout) -> str:
        return f"{layout.entity}.csv"
