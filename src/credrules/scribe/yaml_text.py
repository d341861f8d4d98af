"""Plain data as YAML text with a comment above each part, as a person would write it."""

from __future__ import annotations

import re
import textwrap
from datetime import date
from decimal import Decimal
from typing import Any

COMMENT = "#"
"""The key under which a mapping holds the comment that stands above it."""

WIDTH = 110

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9 .&/+-]*(?<! )")


def yaml_text(data: dict[str, Any]) -> str:
    return "\n".join(_mapping(data, 0)) + "\n"


def _mapping(data: dict[str, Any], indent: int) -> list[str]:
    lines: list[str] = []
    for key, value in data.items():
        if key == COMMENT:
            continue
        lines += _entry(key, value, indent)
    return lines


def _entry(key: str, value: Any, indent: int) -> list[str]:
    pad = " " * indent
    if isinstance(value, dict):
        flow = _flow(value)
        if COMMENT not in value and len(flow) + indent + len(key) <= WIDTH:
            return [f"{pad}{key}: {flow}"]
        return [f"{pad}{key}:", *_mapping(value, indent + 2)]
    if isinstance(value, list):
        if not any(isinstance(item, dict) for item in value):
            return _flow_list(key, value, indent)
        lines = [f"{pad}{key}:"]
        for item in value:
            lines += _item(item, indent + 2)
        return lines
    return [f"{pad}{key}: {scalar(value)}"]


def _item(item: Any, indent: int) -> list[str]:
    pad = " " * indent
    if not isinstance(item, dict):
        return [f"{pad}- {scalar(item)}"]
    comment = item.get(COMMENT, "")
    above = [f"{pad}# {_printable(comment)}"] if comment else []
    inner = {key: value for key, value in item.items() if key != COMMENT}
    flow = _flow(inner)
    if not comment and len(flow) + indent <= WIDTH and not any(isinstance(one, list | dict) for one in inner.values()):
        return [f"{pad}- {flow}"]
    lines = _mapping(inner, indent + 2)
    return [*above, f"{pad}- {lines[0].lstrip()}", *lines[1:]]


def _flow_list(key: str, values: list[Any], indent: int) -> list[str]:
    pad = " " * indent
    whole = f"{pad}{key}: [{', '.join(map(scalar, values))}]"
    if len(whole) <= WIDTH:
        return [whole]
    inner = ", ".join(scalar(value).replace(" ", "\0") for value in values)
    wrapped = textwrap.wrap(inner, WIDTH - indent - 2, break_long_words=False, break_on_hyphens=False)
    return [f"{pad}{key}: [", *(f"{pad}  {line}".replace("\0", " ") for line in wrapped), f"{pad}]"]


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key}: {_flow(one)}" for key, one in value.items() if key != COMMENT) + " }"
    if isinstance(value, list):
        return f"[{', '.join(map(_flow, value))}]"
    return scalar(value)


def scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | date):
        return str(value)
    if isinstance(value, Decimal):
        text = f"{value:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    text = str(value)
    if (_PLAIN.fullmatch(text) or re.fullmatch(r"\d+-\d+", text)) and text not in {"true", "false", "null"}:
        return text
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(sign: str) -> str:
    if sign in '"\\':
        return f"\\{sign}"
    if _is_printable(sign):
        return sign
    code = ord(sign)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _is_printable(sign: str) -> bool:
    """Whether YAML lets a character stand as it is; line ends that are no newline do not."""
    return sign.isprintable() and sign != "\ufeff" and not "\ud800" <= sign <= "\udfff"


def _printable(text: str) -> str:
    return "".join(sign if _is_printable(sign) else "?" for sign in text)
