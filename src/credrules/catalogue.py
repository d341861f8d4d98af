"""The institution's course catalogue. No decision looks at it; `credrules check` holds it against the rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal

    from credrules.records import Course


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueCourse:
    """A course as the catalogue lists it, on all days or on some; one that changed is there once for each time.

    None is what the catalogue does not say. `credits` are the most, where they vary.
    """

    course: Course
    title: str | None = None
    since: date | None = None
    until: date | None = None
    level: str | None = None
    credits: Decimal | None = None
    attributes: frozenset[str] | None = None
