"""A program's title within the width of a transcript's line."""

from __future__ import annotations

import unicodedata

MARK = "..."
"""Ends a title that was cut, so that nobody takes the rest for the whole."""

_JOINER = "\N{ZERO WIDTH JOINER}"


def fit(title: str, width: int) -> str:
    """The title where it is at most `width` characters; else as many whole words as go before the mark.

    A first word that is too long itself is cut between two characters, never between a letter and its accent.
    """
    title = unicodedata.normalize("NFC", title)
    if len(title) <= width:
        return title
    room = width - len(MARK)
    end = title.rfind(" ", 0, room + 1)
    if end <= 0:
        end = room
        while end > 0 and _belongs_to_the_one_before(title, end):
            end -= 1
    return title[:end].rstrip() + MARK


def _belongs_to_the_one_before(text: str, at: int) -> bool:
    """Whether the sign at `at` and the one before it are one character to a reader."""
    sign = text[at]
    if unicodedata.category(sign) in ("Mn", "Mc", "Me", "Cf") or text[at - 1] == _JOINER:
        return True
    if "\U0001f3fb" <= sign <= "\U0001f3ff":  # skin tones
        return True
    flags = 0
    while at - flags > 0 and _half_a_flag(text[at - flags - 1]):
        flags += 1
    return _half_a_flag(sign) and flags % 2 == 1


def _half_a_flag(sign: str) -> bool:
    return "\U0001f1e6" <= sign <= "\U0001f1ff"
