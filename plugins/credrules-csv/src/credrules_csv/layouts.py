"""The files of the folder and their columns, as README.md describes them."""

from __future__ import annotations

from dataclasses import dataclass, fields

from credrules.rows import layouts


@dataclass(frozen=True, slots=True)
class Layout(layouts.Layout):
    """The file of one entity."""

    @property
    def name(self) -> str:
        return f"{self.entity}.csv"

    @property
    def table(self) -> str:
        """What it is called in the staging database."""
        return self.entity


def _file(layout: layouts.Layout) -> Layout:
    return Layout(**{field.name: getattr(layout, field.name) for field in fields(layout)})


LEARNERS = _file(layouts.LEARNERS)
ATTEMPTS = _file(layouts.ATTEMPTS)
TERMS = _file(layouts.TERMS)
COURSES = _file(layouts.COURSES)

LAYOUTS = tuple(map(_file, layouts.LAYOUTS))
OF_LEARNERS = tuple(map(_file, layouts.OF_LEARNERS))
ALL = (*LAYOUTS, COURSES)
