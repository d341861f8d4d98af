"""The text of a block, and the words and signs that it is made of."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from credrules.errors import InputError, Problem

MAX_BYTES = 300_000
"""Published blocks have a few hundred lines; a program file may be three times as long, and has 1,000,000 at most."""

MOST_PROBLEMS = 200


class ScribeError(InputError):
    """The block cannot be parsed."""


class Kind(StrEnum):
    WORD = "word"  # names, numbers, course numbers and reserved words
    STRING = "text in quotes"
    MARK = "sign"
    END = "END."


@dataclass(frozen=True, slots=True)
class Token:
    kind: Kind
    text: str  # of a string what stands between the quotes
    start: int
    end: int

    def __str__(self) -> str:
        shown = self.text if len(self.text) <= 30 else f"{self.text[:30]}..."
        return f'"{shown}"' if self.kind is Kind.STRING else f"'{shown}'"


@dataclass(frozen=True, slots=True)
class Span:
    """From one place in the text up to another."""

    start: int
    end: int


@dataclass
class Source:
    """The text of a block, and where it stands."""

    name: str
    text: str = field(repr=False)

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(match.end() for match in re.finditer("\n", self.text))]

    @property
    def lines(self) -> list[str]:
        return self.text.split("\n")

    def line(self, place: int) -> int:
        """The line, from 1, on which a place in the text is."""
        return bisect_right(self._starts, place)

    def last_line(self, span: Span) -> int:
        return self.line(max(span.start, span.end - 1))

    def words(self, span: Span, most: int = 200) -> str:
        """What stands there, on one line, comments left out."""
        text = " ".join(re.sub(r"#[^\n\"]*(?=\n|$)", "", self.text[span.start : span.end]).split())
        return text if len(text) <= most else f"{text[: most - 3].rstrip()}..."


def read_source(raw: bytes, name: str) -> Source:
    """Bytes of a file as text: UTF-8, or with its mark UTF-16, or else Windows-1252, which older exports have."""
    if len(raw) > MAX_BYTES:
        raise ScribeError(
            [Problem(name, 0, f"is larger than {MAX_BYTES} bytes; no block should be. Import one block.")]
        )
    text = _decoded(raw)
    if text is None or "\0" in text:
        message = "is not text in UTF-8, UTF-16 or Windows-1252. Export the block as text, or save it as UTF-8."
        raise ScribeError([Problem(name, 0, message)])
    return Source(name, text.replace("\r\n", "\n").replace("\r", "\n"))


def _decoded(raw: bytes) -> str | None:
    wide = raw[:2] in {b"\xff\xfe", b"\xfe\xff"}
    for encoding in ("utf-16",) if wide else ("utf-8-sig", "cp1252"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


_SPACE = re.compile(r"\s+|#[^\n]*")
_STRING = re.compile(r'"([^"]*)"|[“”]([^“”"]*)[“”"]')
_UNCLOSED = re.compile(r'["“”]([^\n]*)')
_END = re.compile(r"end\s?\.(?![\w.])", re.IGNORECASE)
_MARK = re.compile(r"<=|>=|<>|[=<>;:,+(){}\[\]?]")
_WORD = re.compile(r"[A-Za-z0-9_@&./'*!%$-]+")
_BEGIN = re.compile(r"^[^#\n\"]*?(\bBEGIN\b)(?![-\w])", re.IGNORECASE | re.MULTILINE)


def find_begin(source: Source) -> Span | None:
    """The word BEGIN, outside of comments. What stands before it is about the block and no part of it."""
    match = _BEGIN.search(source.text)
    return Span(match.start(1), match.end(1)) if match else None


def tokens(source: Source, start: int, problems: list[Problem]) -> list[Token]:
    """Everything from `start` up to END., or to the end of the text where there is none."""
    found: list[Token] = []
    text, at = source.text, start
    while at < len(text):
        if match := _SPACE.match(text, at):
            at = match.end()
            continue
        if match := _END.match(text, at):
            found.append(Token(Kind.END, match[0], at, match.end()))
            break
        if match := _STRING.match(text, at):
            found.append(Token(Kind.STRING, match[1] if match[1] is not None else match[2], at, match.end()))
        elif match := _UNCLOSED.match(text, at):
            message = f'the quotation mark before "{match[1][:30].strip()}" is never closed. Close it on this line.'
            problems.append(Problem(source.name, source.line(at), message))
            found.append(Token(Kind.STRING, match[1], at, match.end()))
        elif match := _MARK.match(text, at):
            found.append(Token(Kind.MARK, match[0], at, match.end()))
        elif match := _WORD.match(text, at):
            found.append(Token(Kind.WORD, match[0], at, match.end()))
        else:
            end = at + 1
            while end < len(text) and not _is_readable(text[end]):
                end += 1
            shown = ascii(text[at : min(end, at + 10)]).strip("'\"")
            message = f"'{shown}' is no sign of the language. Outside of quotes there are letters, digits and @ & . - _"
            problems.append(Problem(source.name, source.line(at), f"{message} = < > ( ) [ ] {{ }} , ; : + #."))
            at = end
            continue
        at = match.end()
    return found


def _is_readable(sign: str) -> bool:
    return sign.isspace() or sign.isascii() or sign in "“”"
