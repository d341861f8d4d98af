"""The text of a cell as a value."""

from __future__ import annotations

import difflib
import re
from datetime import date
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


@lru_cache(maxsize=16384)
def to_day(text: str) -> date:
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


@lru_cache(maxsize=16384)
def to_course(text: str) -> Course:
    course = Course.parse(text)
    if course is None:
        raise Unreadable("A course is written as subject and number, such as STA 501.")
    return course


@lru_cache(maxsize=1024)
def to_credits(text: str) -> Decimal:
    if _CREDITS.fullmatch(text):
        return Decimal(text)
    if re.fullmatch(r"[0-9]+,[0-9]*", text):
        raise Unreadable("Write the decimals after a point, such as 1.5.")
    raise Unreadable("Credits are a number from 0 to 99 with at most three decimals, such as 3 or 1.5.")


@lru_cache(maxsize=1024)
def to_amount(text: str) -> Decimal:
    """Hours, points or a score."""
    if _AMOUNT.fullmatch(text) and Decimal(text) <= MOST_WORK:
        return Decimal(text)
    if re.fullmatch(r"[0-9]+,[0-9]*", text):
        raise Unreadable("Write the decimals after a point, such as 1.5.")
    raise Unreadable(f"It is a number from 0 to {MOST_WORK} with at most three decimals, such as 24 or 1.5.")


def to_one_of(kind: type[EnumT]) -> Callable[[str], EnumT]:
    """Reads one of the values of `kind`, in whatever case."""
    possible = {str(member): member for member in kind}

    @lru_cache(maxsize=256)  # nearly every cell is one of a few, and a call from the cache costs a third
    def read(text: str) -> EnumT:
        found = possible.get(text) or possible.get(text.lower())
        if found is None:
            raise Unreadable(f"Possible: {', '.join(possible)}.{hint(text.lower(), tuple(possible))}")
        return found

    return read


@lru_cache(maxsize=4096)
def to_set(text: str) -> frozenset[str]:
    """The parts between semicolons."""
    return frozenset(part.strip() for part in text.split(";") if part.strip())


def to_blocks(text: str) -> frozenset[str]:
    """What a hold stops. A slip in a word that rules ask about would lift the hold without anybody's wish."""
    blocks = to_set(text.lower())
    for block in blocks - ASKED_ABOUT:
        if meant := difflib.get_close_matches(block, ASKED_ABOUT, 1, 0.8):
            raise Unreadable(
                f"Did you mean '{meant[0]}'? What a hold blocks is written as one word each, with ; between."
            )
    return blocks


def to_key(text: str) -> str:
    if not text.isprintable():
        raise Unreadable("It has a character that cannot be printed. Take it out.")
    return text


def shown(cell: str, personal: frozenset[str] = frozenset()) -> str:
    """A cell for a message: short, printable, and withheld where it may be somebody's name or address.

    Columns that have slipped put names where dates should be; a message must not carry them into a log.
    """
    if "@" in cell or words(cell) & personal:
        return "a text that may be personal and is not repeated here"
    short = cell if len(cell) <= 40 else f"{cell[:40]}…"
    return "'" + "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in short) + "'"


def words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", text.casefold()))
