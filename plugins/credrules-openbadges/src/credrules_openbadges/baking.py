"""Credentials in pictures: PNG and SVG, as Open Badges 3.0 says (www.imsglobal.org/spec/ob/v3p0, 5.3).

A picture that is read is hostile until it is understood, and one of ours may be as well: whoever opens a baked SVG runs
what is in it.
"""

from __future__ import annotations

import re
import struct
import zlib
from typing import TYPE_CHECKING
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_BYTES = 4 * 1024 * 1024  # of a picture
NAMESPACE = "https://purl.imsglobal.org/ob/v3p0"
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_KEYWORD = b"openbadgecredential"
_ACTIVE = {"script", "foreignobject", "iframe", "object", "embed", "handler", "animate", "set"}


class NoPicture(ValueError):
    """A file that cannot carry a credential, and why."""


def is_png(data: bytes) -> bool:
    return data.startswith(_SIGNATURE)


def into_png(picture: bytes, credential: str) -> bytes:
    """The picture with the credential in it, and no other one. Raises NoPicture."""
    chunks = [(kind, body) for kind, body in _chunks(picture) if not _carries(kind, body)]
    # Uncompressed, without a language and a translated keyword.
    text = _KEYWORD + b"\0" + b"\0\0" + b"\0" + b"\0" + credential.encode()
    first, rest = chunks[:1], chunks[1:]
    return _SIGNATURE + b"".join(_chunk(kind, body) for kind, body in [*first, (b"iTXt", text), *rest])


def from_png(picture: bytes) -> str | None:
    """The credential in a picture; None where there is none. Raises NoPicture, also where there are several."""
    found = [body for kind, body in _chunks(picture) if _carries(kind, body)]
    if not found:
        return None
    if len(found) > 1:
        raise NoPicture("there are several credentials in it")
    rest = found[0][len(_KEYWORD) + 1 :]  # two signs that say whether it is compressed, a language, its own keyword
    parts = rest[2:].split(b"\0", 2)
    if rest[:2] != b"\0\0" or len(parts) < 3:
        raise NoPicture("its credential is compressed or in pieces, which no badge's is")
    try:
        return parts[2].decode()
    except UnicodeDecodeError:
        raise NoPicture("its credential is not text") from None


def _carries(kind: bytes, body: bytes) -> bool:
    return kind == b"iTXt" and body.startswith(_KEYWORD + b"\0")


def _chunks(picture: bytes) -> Iterator[tuple[bytes, bytes]]:
    if not is_png(picture):
        raise NoPicture("it is no PNG")
    at, kind = len(_SIGNATURE), b""
    while kind != b"IEND":
        head = picture[at : at + 8]
        if len(head) < 8:
            raise NoPicture("it has no end")
        length, kind = struct.unpack(">I4s", head)
        body = picture[at + 8 : at + 8 + length]
        at += 12 + length
        if picture[at - 4 : at] != struct.pack(">I", zlib.crc32(kind + body)):
            raise NoPicture("a part of it is damaged")
        yield kind, body


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def into_svg(picture: bytes, credential: str) -> bytes:
    """The picture with the credential as its first element. Raises NoPicture where it could do more than be seen."""
    svg = _Svg(picture)
    if svg.credentials:
        raise NoPicture("there is a credential in it already")
    if credential.startswith("{"):
        # In JSON, signs that XML has not or reads otherwise stand in texts only, where they may be escaped.
        text = re.sub(r"[^\x00-\x7f]|>", lambda sign: _escaped(sign[0]), credential)
        node = f'<openbadges:credential xmlns:openbadges="{NAMESPACE}"><![CDATA[{text}]]></openbadges:credential>'
    else:
        node = f'<openbadges:credential xmlns:openbadges="{NAMESPACE}" verify={quoteattr(credential)}/>'
    return picture[: svg.inside] + node.encode() + picture[svg.inside :]


def _escaped(sign: str) -> str:
    return "".join(f"\\u{unit:04x}" for (unit,) in struct.iter_unpack(">H", sign.encode("utf-16-be")))


def from_svg(picture: bytes) -> str | None:
    """The credential in a picture; None where there is none. Raises NoPicture, also where there are several."""
    found = _Svg(picture).credentials
    if len(found) > 1:
        raise NoPicture("there are several credentials in it")
    return found[0].strip() if found else None


class _Svg:
    """An SVG that can only be seen: no script, nothing that it reacts to, no entities.

    `inside` is the place just after the root's start tag; `credentials` are the texts of those that it carries.
    """

    def __init__(self, picture: bytes) -> None:
        self.inside = 0
        self.credentials: list[str] = []
        self._depth = 0
        self._within = 0  # the depth at which a credential began
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._picture = picture
        try:
            self._parser.Parse(picture, True)
        except expat.ExpatError as error:
            raise NoPicture(f"it is no XML: line {error.lineno}") from None
        if picture[:2] in (b"\xff\xfe", b"\xfe\xff"):
            raise NoPicture("it is not in UTF-8")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        local = name.rpartition(" ")[2]
        if self._depth == 1:
            if name != "http://www.w3.org/2000/svg svg":
                raise NoPicture("it is no SVG")
            self.inside = self._end_of_tag(self._parser.CurrentByteIndex)
        if local.lower() in _ACTIVE:
            raise NoPicture(f"<{local}> in it does something")
        for attribute, value in attributes.items():
            place = attribute.rpartition(" ")[2].lower()
            if place.startswith("on"):
                raise NoPicture(f"'{place}' in it does something")
            if place == "href" and not value.lower().startswith(("#", "data:image/png;", "data:image/jpeg;")):
                raise NoPicture("it asks for something elsewhere")
        if name == f"{NAMESPACE} credential" and not self._within:
            self.credentials.append(attributes.get("verify", ""))
            self._within = self._depth

    def _end_of_tag(self, at: int) -> int:
        quote = 0
        for place in range(at, len(self._picture)):
            sign = self._picture[place]
            if quote:
                quote = 0 if sign == quote else quote
            elif sign in b"\"'":
                quote = sign
            elif sign == ord(">"):
                if self._picture[place - 1] == ord("/"):
                    raise NoPicture("it is empty")
                return place + 1
        raise NoPicture("it has no end")

    def _end(self, _: str) -> None:
        if self._within == self._depth:
            self._within = 0
        self._depth -= 1

    def _text(self, text: str) -> None:
        if self._within:
            self.credentials[-1] += text

    def _doctype(self, *_: object) -> None:
        raise NoPicture("it has a document type, which could make it say anything")
