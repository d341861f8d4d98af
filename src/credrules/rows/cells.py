"""Cells as values: the text that a file holds, or the date, number or text that a database gives."""

from __future__ import annotations

import difflib
import re
from datetime import date, datetime, time
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

from credrules import Course
from credrules.errors import nearest
from credrules.records import MOST_WORK

if TYPE_CHECKING:
    from collections.abc import Callable
    from enum import StrEnum

EnumT = TypeVar("EnumT", bound="StrEnum")

ASKED_ABOUT = frozenset({"conferral", "registration"})

hint = lru_cache(maxsize=1024)(nearest)  # a slip in an export is in every row of it

_ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_EXCEL_DAY = re.compile(
    r"[0-9]{1,4}([/.])[0-9]{1,2}\1[0-9]{1,4}( .*)?"  # 1/15/2026, 15.01.2026, 2026/01/15 0:00
    r"|[0-9]{1,2}-[A-Za-z]{3}-[0-9]{2,4}"  # 15-Jan-26
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2}[ T].*"  # 2026-01-15 00:00:00
    r"|[0-9]{5}"  # 46037, the day's number
)
_CREDITS = re.compile(r"[0-9]{1,2}(\.[0-9]{1,3}0*)?|\.[0-9]{1,3}0*")
_AMOUNT = re.compile(r"[0-9]{1,6}(\.[0-9]{1,3}0*)?|\.[0-9]{1,3}0*")


class Unreadable(ValueError):
    """A cell is not what its column holds. The text says what was possible, and never repeats the cell."""


def cell_of(value: object) -> object:
    """A value as a source gives it, as a cell: None where it is blank, as PeopleSoft's ' ' is."""
    return value.strip() or None if isinstance(value, str) else value


def to_text(cell: object) -> str:
    """The cell as text, where it can be written in one way only."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool | datetime):
        raise Unreadable(f"It is of the type {type(cell).__name__}. Cast it to text in the query.")
    if isinstance(cell, int):
        return str(cell)
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, Decimal):
        return format(_finite(cell), "f")
    raise _of_no_use(cell)


def to_day(cell: object) -> date:
    if isinstance(cell, str):
        return _day_of_text(cell)
    if isinstance(cell, datetime):
        if cell.tzinfo is None and cell.time() == time():  # a DATE, as Oracle and SQL Server's DATETIME hold it
            return cell.date()
        raise Unreadable("It has a time of day or a time zone. Make it the institution's own day in the query.")
    if isinstance(cell, date):
        return cell
    raise _of_no_use(cell, "A date is of the type date, or text as YYYY-MM-DD.")


@lru_cache(maxsize=16384)
def _day_of_text(text: str) -> date:
    if _ISO_DAY.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise Unreadable("There is no such day.") from None
    if _EXCEL_DAY.fullmatch(text):
        raise Unreadable(
            "That is a date as Excel shows it, and can be read in more than one way. Write YYYY-MM-DD, "
            "such as 2026-01-15: in Excel, give the column the format yyyy-mm-dd before you save it."
        )
    raise Unreadable("A date is written YYYY-MM-DD, such as 2026-01-15.")


def to_course(cell: object) -> Course:
    return _course_of_text(to_text(cell))


@lru_cache(maxsize=16384)
def _course_of_text(text: str) -> Course:
    course = Course.parse(text)
    if course is None:
        raise Unreadable("A course is written as subject and number, such as STA 501.")
    return course


def to_credits(cell: object) -> Decimal:
    return _credits_of_text(_number(cell))


@lru_cache(maxsize=1024)
def _credits_of_text(text: str) -> Decimal:
    if _CREDITS.fullmatch(text):
        return Decimal(text)
    if re.fullmatch(r"[0-9]+,[0-9]*", text):
        raise Unreadable("Write the decimals after a point, such as 1.5.")
    raise Unreadable("Credits are a number from 0 to 99 with at most three decimals, such as 3 or 1.5.")


def to_amount(cell: object) -> Decimal:
    """Hours, points or a score."""
    return _amount_of_text(_number(cell))


@lru_cache(maxsize=1024)
def _amount_of_text(text: str) -> Decimal:
    if _AMOUNT.fullmatch(text) and Decimal(text) <= MOST_WORK:
        return Decimal(text)
    if re.fullmatch(r"[0-9]+,[0-9]*", text):
        raise Unreadable("Write the decimals after a point, such as 1.5.")
    raise Unreadable(f"It is a number from 0 to {MOST_WORK} with at most three decimals, such as 24 or 1.5.")


def _number(cell: object) -> str:
    """The text of a number; by the number's own type first, for 3, Decimal(3) and 3.0 are one key to a cache."""
    if isinstance(cell, date):
        raise Unreadable("It is a date, where a number belongs.")
    return to_text(cell)


def _finite(number: Decimal) -> Decimal:
    if not number.is_finite():
        raise Unreadable("It is not a number that anything can be counted with.")
    return number


def _of_no_use(cell: object, possible: str = "") -> Unreadable:
    if isinstance(cell, float):
        return Unreadable(
            "It is a binary floating-point number, which holds few decimals exactly. "
            "Cast it to a decimal type or to text in the query."
        )
    return Unreadable(f"It is of the type {type(cell).__name__}. {possible or 'Cast it to text in the query.'}")


def to_one_of(kind: type[EnumT]) -> Callable[[object], EnumT]:
    """Reads one of the values of `kind`, in whatever case."""
    possible = {str(member): member for member in kind}

    @lru_cache(maxsize=256)  # nearly every cell is one of a few, and a call from the cache costs a third
    def of_text(text: str) -> EnumT:
        found = possible.get(text) or possible.get(text.lower())
        if found is None:
            raise Unreadable(f"Possible: {', '.join(possible)}.{hint(text.lower(), tuple(possible))}")
        return found

    def read(cell: object) -> EnumT:
        return of_text(to_text(cell))

    return read


def to_set(cell: object) -> frozenset[str]:
    """The parts between semicolons."""
    return _set_of_text(to_text(cell))


@lru_cache(maxsize=4096)
def _set_of_text(text: str) -> frozenset[str]:
    return frozenset(part.strip() for part in text.split(";") if part.strip())


def to_blocks(cell: object) -> frozenset[str]:
    """What a hold stops. A slip in a word that rules ask about would lift the hold without anybody's wish."""
    blocks = to_set(to_text(cell).lower())
    for block in blocks - ASKED_ABOUT:
        if meant := difflib.get_close_matches(block, ASKED_ABOUT, 1, 0.8):
            raise Unreadable(
                f"Did you mean '{meant[0]}'? What a hold blocks is written as one word each, with ; between."
            )
    return blocks


def to_key(cell: object) -> str:
    text = to_text(cell)
    if not text.isprintable():
        raise Unreadable("It has a character that cannot be printed. Take it out.")
    return text


def shown(cell: object, personal: frozenset[str] = frozenset()) -> str:
    """A cell for a message: short, printable, and withheld where it may be somebody's name or address.

    Columns that have slipped put names where dates should be; a message must not carry them into a log.
    """
    text = str(cell)
    if "@" in text or words(text) & personal:
        return "a text that may be personal and is not repeated here"
    short = text if len(text) <= 40 else f"{text[:40]}…"
    return "'" + "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in short) + "'"


def words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", text.casefold()))
