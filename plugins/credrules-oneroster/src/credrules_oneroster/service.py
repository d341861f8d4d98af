"""Service: a OneRoster server as what fills the spool."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from credrules.rest import fail
from credrules.rest_lists import shaped
from credrules_oneroster import shapes
from credrules_oneroster.finals import final_line_items
from credrules_oneroster.lists import Lists

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from credrules.rest import Line
    from credrules.rows import Item, Spool
    from credrules_oneroster.settings import OneRosterSettings


class Service:
    """Reads rostering first, then which line items are final, then the results of those alone."""

    def __init__(self, line: Line, settings: OneRosterSettings) -> None:
        self._lists = Lists(line, size=settings.page, sort=settings.sort)
        self._settings = settings

    def __repr__(self) -> str:
        return f"Service({self._settings.url!r})"

    @property
    def place(self) -> str:
        return self._settings.url

    def fill(self, spool: Spool) -> dict[str, str]:
        """The class of each final line item.

        Raises RecordsError where anything that is needed cannot be read, or is not there.
        """
        settings = self._settings
        self.courses(spool)
        for name, shape in (
            (shapes.SESSIONS, shapes.session),
            (shapes.CLASSES, shapes.section),
            (shapes.STUDENTS, lambda row: shapes.student(row, settings.learner_id)),
            (shapes.ENROLMENTS, shapes.enrolment),
        ):
            self._read(spool, settings.rostering_url, name, shape)
        if settings.final.category:
            self._read(spool, settings.gradebook_url, shapes.CATEGORIES, shapes.category)
        self._read(spool, settings.gradebook_url, shapes.LINE_ITEMS, shapes.line_item)
        finals = final_line_items(spool, settings.final, f"{settings.gradebook_url}/{shapes.LINE_ITEMS}")
        self._read_results(spool, finals)
        return finals

    def courses(self, spool: Spool) -> None:
        self._read(spool, self._settings.rostering_url, shapes.COURSES, shapes.course)

    def _read_results(self, spool: Spool, finals: dict[str, str]) -> None:
        """`finals` are the classes of line items."""

        def shape(row: dict[str, Any]) -> Item | None:
            found = shapes.result(row, self._settings.grade)
            return found if found and found.body["line_item"] in finals else None

        base = self._settings.gradebook_url
        if self._settings.results == "all":
            self._read(spool, base, shapes.RESULTS, shape)
            return
        for line_item, section in finals.items():
            path = f"classes/{quote(section, safe='')}/lineItems/{quote(line_item, safe='')}/{shapes.RESULTS}"
            self._read(spool, base, shapes.RESULTS, shape, path)

    def _read(
        self, spool: Spool, base: str, name: str, shape: Callable[[dict[str, Any]], Item | None], path: str = ""
    ) -> None:
        """One list into the spool; one of many small ones, where it has a path of its own."""
        url = f"{base}/{path or name}"

        def keep(rows: Iterator[dict[str, Any]]) -> None:
            items = shaped(rows, shape, url)
            spool.put(name, list(items) if path else items)

        def forget() -> None:
            if not path:  # of a small list nothing was put before it had ended
                spool.forget(name)

        self._lists.read(url, name, keep, forget, self._settings.filters.get(name, ""))
        if not path and not spool.count(name):
            fail(
                url,
                "answers that there is nobody and nothing (an empty list). That is mostly a scope or an organization "
                "that the account was not given; nothing is decided on it.",
            )
