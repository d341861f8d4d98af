"""The picture of a badge, drawn from the program: title, level and institution, as SVG and as PNG.

One layout for both. Lines are measured with the font of the PNG; an SVG is shown in whatever font there is, so that
lines keep some room on both sides.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import astuple, dataclass
from functools import lru_cache
from importlib import resources
from io import BytesIO
from itertools import pairwise
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

from credrules_openbadges.pages import render

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SIZE = 640
COLOUR = "#123a63"
LEAST_CONTRAST = 4.5  # WCAG 2.2, 1.4.3
_DESIGN = 1  # another number where the same facts are drawn otherwise
_ROOM = 490  # for a line of text
_TITLE_TOP, _TITLE_ROOM = 208, 236
_TITLE_SIZES = (62, 54, 46, 40, 34, 30, 26)
_NOT_XML = re.compile("[^\\t\\n\\r\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Facts:
    """What a picture shows."""

    title: str
    institution: str
    level: str = ""
    colour: str = COLOUR
    font: Path | None = None

    @property
    def name(self) -> str:
        """The same for the same facts, on every machine: the picture's place is part of what is signed."""
        facts = [_DESIGN, *map(str, astuple(self)[:4])]
        return f"image-{hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]}"

    @property
    def caption(self) -> str:
        """What it says to who does not see it."""
        return " · ".join(part for part in (self.title, self.level, self.institution) if part)

    @property
    def ink(self) -> str:
        """Black or white, whichever is easier to read on the colour: one of them always is."""
        return max(("#ffffff", "#000000"), key=lambda ink: contrast(ink, self.colour))


@dataclass(frozen=True, slots=True)
class Line:
    text: str
    middle: int  # from the top
    size: int


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, from 1 to 21 (WCAG 2.2)."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@lru_cache(maxsize=64)
def svg(facts: Facts) -> bytes:
    """The picture as SVG, with a title and a description for who does not see it."""
    lines = [Line(printable(line.text), line.middle, line.size) for line in _lines(facts)]
    caption = printable(facts.caption)
    return render("badge.svg.j2", facts=facts, lines=lines, size=SIZE, caption=caption).encode()


def printable(text: str) -> str:
    """Without the few signs that no XML may hold."""
    return _NOT_XML.sub("\ufffd", text)


@lru_cache(maxsize=64)
def png(facts: Facts) -> bytes | None:
    """The picture as PNG; None where the font lacks one of its signs, and what it shows could not be read."""
    lines = _lines(facts)
    missing = _missing(facts.font)
    if any(missing(sign) for line in lines for sign in set(line.text)):
        return None
    scale = 2  # drawn larger and then made smaller: shapes have no smooth edges of their own
    image = Image.new("RGBA", (SIZE * scale, SIZE * scale))
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((8 * scale, 8 * scale, 632 * scale, 632 * scale), 72 * scale, facts.colour)
    draw.rounded_rectangle((26 * scale, 26 * scale, 614 * scale, 614 * scale), 56 * scale, None, facts.ink, 4 * scale)
    draw.ellipse((268 * scale, 62 * scale, 372 * scale, 166 * scale), facts.ink)
    tick = [(294, 116), (313, 135), (347, 95)]
    for start, end in pairwise(tick):
        draw.line([(x * scale, y * scale) for x, y in (start, end)], facts.colour, 12 * scale)
    for x, y in tick:
        draw.circle((x * scale, y * scale), 6 * scale, facts.colour)
    draw.line([(200 * scale, 500 * scale), (440 * scale, 500 * scale)], facts.ink, 3 * scale)
    for line in lines:
        middle = (SIZE // 2 * scale, line.middle * scale)
        draw.text(middle, line.text, facts.ink, _font(facts.font, line.size * scale), anchor="mm")
    out = BytesIO()
    few = image.resize((SIZE, SIZE), Image.Resampling.LANCZOS).quantize(64)  # two colours, and the edges between them
    few.save(out, "PNG", optimize=True)
    return out.getvalue()


def _lines(facts: Facts) -> list[Line]:
    """Every line of text in its place. A title too long for the smallest size ends in dots; its caption is whole."""
    return [*_title(facts), *_row(facts, facts.level, 472, 28), *_row(facts, facts.institution, 544, 30, 2)]


def _title(facts: Facts) -> Iterator[Line]:
    size, texts = _TITLE_SIZES[-1], [""]
    for size in _TITLE_SIZES:
        texts = _wrapped(facts.title, _font(facts.font, size))
        whole_words = all(word in " ".join(texts).split() for word in facts.title.split())
        if len(texts) * size * 1.2 <= _TITLE_ROOM and (whole_words or size <= _TITLE_SIZES[-3]):
            break
    texts = _cut(texts, int(_TITLE_ROOM / (size * 1.2)))
    yield from _stacked(texts, _TITLE_TOP + _TITLE_ROOM // 2, size)


def _row(facts: Facts, text: str, middle: int, size: int, rows: int = 1) -> Iterator[Line]:
    """One text in one size, smaller where it needs more rows than there are."""
    texts: list[str] = []
    for smaller in (size, size * 4 // 5, size * 2 // 3):
        texts, size = _wrapped(text, _font(facts.font, smaller)), smaller
        if len(texts) <= rows:
            break
    yield from _stacked(_cut(texts, rows), middle, size)


def _stacked(texts: list[str], middle: int, size: int) -> Iterator[Line]:
    for number, text in enumerate(texts):
        yield Line(text, round(middle + (number - (len(texts) - 1) / 2) * size * 1.2), size)


def _cut(texts: list[str], rows: int) -> list[str]:
    return texts if len(texts) <= rows else [*texts[: rows - 1], f"{texts[rows - 1][:-2].rstrip()}…"]


def _wrapped(text: str, font: ImageFont.FreeTypeFont) -> list[str]:
    """In lines that fit, between words; within a word only where it is longer than a line."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        if line and font.getlength(f"{line} {word}") <= _ROOM:
            line = f"{line} {word}"
            continue
        if line:
            lines.append(line)
        line = word
        while font.getlength(line) > _ROOM:
            fits = next(end for end in range(len(line) - 1, 0, -1) if end == 1 or font.getlength(line[:end]) <= _ROOM)
            lines.append(line[:fits])
            line = line[fits:]
    return [*lines, line] if line else lines


@lru_cache(maxsize=64)
def _font(path: Path | None, size: int) -> ImageFont.FreeTypeFont:
    """Roboto where none is named: the same on every machine. Raises OSError for a file that is no font."""
    with resources.as_file(resources.files("font_roboto") / "files" / "Roboto-Medium.ttf") as ours:
        return ImageFont.truetype(path or ours, size, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(maxsize=8)
def _missing(path: Path | None) -> Callable[[str], bool]:
    """Whether a font lacks a sign: it then draws the box that stands for all that it lacks."""
    font = _font(path, 40)
    box = _drawn(font, "\U0010fffe")
    return lambda sign: not sign.isspace() and _drawn(font, sign) == box


def _drawn(font: ImageFont.FreeTypeFont, sign: str) -> tuple[object, ...]:
    mask = font.getmask(sign)
    return (mask.size, font.getlength(sign), bytes(mask))


def font_fault(path: Path) -> str | None:
    """Why a font cannot be used; None where it can."""
    try:
        _font(path, 40)
    except OSError as error:
        return f"{path} is no font that can be read: {error}"
    return None
