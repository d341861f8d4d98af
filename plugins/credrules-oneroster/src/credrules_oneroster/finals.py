"""Which line items hold final grades."""

from __future__ import annotations

from typing import TYPE_CHECKING

from credrules import Problem, RecordsError
from credrules.rows import shown
from credrules_oneroster.shapes import CATEGORIES, LINE_ITEMS

if TYPE_CHECKING:
    from credrules.rows import Spool
    from credrules_oneroster.settings import Final

MOST_NAMED = 8


def final_line_items(spool: Spool, final: Final, where: str) -> dict[str, str]:
    """The class of each line item that the settings call final. Raises RecordsError where there is none at all."""
    categories = {one.key: one.body["title"] for one in spool.all(CATEGORIES)}
    found = {
        one.key: one.body["class"]
        for one in spool.all(LINE_ITEMS)
        if (not final.title or one.body["title"] in final.title)
        and (not final.category or {one.body["category"], categories.get(one.body["category"])} & set(final.category))
    }
    if found:
        return found
    titles = list(categories.values()) if final.category else [one.body["title"] for one in spool.all(LINE_ITEMS)]
    there = ", ".join(shown(one) for one in sorted({one for one in titles if one})[:MOST_NAMED])
    what = "categories" if final.category else "line items"
    message = (
        "no line item is a final grade as [records.final] says. "
        f"The first {what} that are there: {there or 'none with a title'}."
    )
    raise RecordsError([Problem(where, 0, message)])
