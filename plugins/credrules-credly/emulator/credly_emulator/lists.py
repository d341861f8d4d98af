"""Filter, sort and page a list as the service does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

PER_PAGE = 50


def filtered(
    items: Iterable[dict[str, Any]], text: str, matchers: dict[str, Callable[[dict[str, Any], str], bool]]
) -> list[dict[str, Any]]:
    """`key::value|key::one,other`. A key that is not known is passed over; what the service does is not known."""
    conditions = [part.partition("::") for part in text.split("|") if part]
    found = list(items)
    for key, _, values in conditions:
        matches = matchers.get(key)
        if matches:
            found = [item for item in found if any(matches(item, value) for value in values.split(","))]
    return found


def sorted_by(items: list[dict[str, Any]], text: str) -> list[dict[str, Any]]:
    for key in reversed([part for part in text.split("|") if part]):
        name, descending = key.lstrip("-"), key.startswith("-")
        items = sorted(items, key=lambda item: str(item.get(name) or ""), reverse=descending)
    return items


def page_of(items: list[dict[str, Any]], query: dict[str, str], url: str) -> tuple[list[Any], dict[str, Any]]:
    """One page and its metadata. `url` is that of the list, on whatever path the service names."""
    per = _number(query.get("per"), PER_PAGE, PER_PAGE)
    pages = max(1, -(-len(items) // per))
    page = _number(query.get("page"), 1, 10**9)
    shown = items[(page - 1) * per : page * per]

    def link(number: int) -> str | None:
        return f"{url}?{urlencode({**query, 'page': number})}" if 1 <= number <= pages else None

    return shown, {
        "count": len(shown),
        "current_page": page,
        "total_count": len(items),
        "total_pages": pages,
        "per": per,
        "previous_page_url": link(page - 1),
        "next_page_url": link(page + 1),
    }


def batch_of(items: list[dict[str, Any]], query: dict[str, str], url: str) -> tuple[list[Any], dict[str, Any]]:
    """One page of the search for large numbers, which says nothing but where the next one is."""
    start = _number(query.get("cursor"), 0, 10**9)
    end = start + PER_PAGE
    following = f"{url}?{urlencode({**query, 'cursor': end})}" if end < len(items) else None
    return items[start:end], {"next_page_url": following}


def _number(text: str | None, otherwise: int, most: int) -> int:
    return min(int(text), most) if text and text.isdigit() and int(text) > 0 else otherwise
