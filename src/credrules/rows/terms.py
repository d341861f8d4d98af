"""The terms of a source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from credrules.errors import Problem
from credrules.records import Term
from credrules.rows.cells import Unreadable, shown, to_day, to_text
from credrules.rows.layouts import TERMS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from credrules.rows.places import Places, Row


def read_terms(rows: Iterable[Row], places: Places, problems: list[Problem]) -> dict[str, Term]:
    """The terms by their ids. A term touches everybody, so a fault in it sets nobody aside but stops the reading."""
    terms: dict[str, Term] = {}
    for row in rows:
        term_id, title, *days = row[1:]
        faults = [
            f"{name} is blank."
            for name, cell in zip(TERMS.columns, (term_id, title, *days), strict=True)
            if cell is None
        ]
        texts, dates = [], []
        for name, cell in zip(("term_id", "title"), (term_id, title), strict=True):
            try:
                texts.append(to_text(cell) if cell is not None else "")
            except Unreadable as error:
                faults.append(f"{name} is {shown(cell)}. {error}")
        for name, cell in zip(("starts", "ends"), days, strict=True):
            try:
                dates += [to_day(cell)] if cell is not None else []
            except Unreadable as error:
                faults.append(f"{name} is {shown(cell)}. {error}")
        if texts and texts[0] in terms:
            faults.append(f"term_id {shown(term_id)} is there more than once.")
        if len(dates) == 2 and dates[1] < dates[0]:
            faults.append("the term ends before it starts.")
        problems.extend(Problem(places.where(TERMS, row), row[0], fault) for fault in faults)
        if not faults:
            terms[texts[0]] = Term(dates[0], dates[1], *texts)
    return terms
