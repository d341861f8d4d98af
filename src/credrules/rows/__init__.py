"""Rows as records: what every adapter of tables, of files or of queries, does in the same way.

For the authors of adapters. A source hands in rows in the order of a layout's columns (`layouts`), with cells that
are text or have types of their own (`cells`), and says what its rows are called (`Places`); a `Reader` makes one
learner's `Rows` a Record, or says everything that is wrong with them.
"""

from credrules.rows.cells import cell_of, shown, to_text
from credrules.rows.courses import read_courses
from credrules.rows.knowledge import known_from
from credrules.rows.layouts import Layout
from credrules.rows.places import KeyedPlaces, Places, Row
from credrules.rows.reader import Present, Reader, Rows
from credrules.rows.spool import Item, Shapeless, Spool, open_spool
from credrules.rows.terms import read_terms

__all__ = [
    "Item",
    "KeyedPlaces",
    "Layout",
    "Places",
    "Present",
    "Reader",
    "Row",
    "Rows",
    "Shapeless",
    "Spool",
    "cell_of",
    "known_from",
    "open_spool",
    "read_courses",
    "read_terms",
    "shown",
    "to_text",
]
