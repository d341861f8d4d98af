"""The shape that requests must have, and what the service says of those that have not."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, Any

from credly_emulator.answers import invalid
from credly_emulator.clock import parsed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

LOCALES = ("en", "fr", "de", "ko", "ja", "zh-CN", "pt", "es-ES", "es-US", "fr-CA", "pt-BR")
EVIDENCE = ("UrlEvidence", "IdEvidence")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_LONGEST = 255


def is_uuid(text: object) -> bool:
    try:
        return isinstance(text, str) and str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False


def time_of(body: dict[str, Any], name: str, *, lenient: bool) -> datetime:
    moment = parsed(body.get(name), lenient=lenient)
    if moment is None:
        words = name.replace("_", " ").capitalize()
        fault = "is invalid" if body.get(name) else "can't be blank"
        raise invalid(f"{words} {fault}")
    return moment


def check_recipient(body: dict[str, Any]) -> None:
    """Whom it is issued to. Raises Failure with every fault."""
    faults = [
        f"{words} can't be blank"
        for name, words in (
            ("recipient_email", "Recipient email"),
            ("issued_to_first_name", "Issued to first name"),
            ("issued_to_last_name", "Issued to last name"),
        )
        if not _text(body, name)
    ]
    email = _text(body, "recipient_email")
    if email and not _EMAIL.fullmatch(email):
        faults.append(f"Recipient email {email} is not a valid email address")
    faults += _extras(body)
    if faults:
        raise invalid(*faults)


def _extras(body: dict[str, Any]) -> Iterator[str]:
    for name, value in body.items():
        if isinstance(value, str) and len(value) > _LONGEST and name.startswith(("issued_to", "issuer_", "recipient")):
            yield f"{name.replace('_', ' ').capitalize()} is too long (maximum is {_LONGEST} characters)"
    if body.get("locale") is not None and body["locale"] not in LOCALES:
        yield "Locale is not included in the list"


def evidence_of(body: dict[str, Any]) -> list[dict[str, Any]]:
    """The evidence as answers give it back."""
    given = body.get("evidence") or []
    if not isinstance(given, list):
        raise invalid("Evidence is invalid")
    return [_evidence(item) for item in given]


def _evidence(item: Any) -> dict[str, Any]:
    if not isinstance(item, dict) or item.get("type") not in EVIDENCE:
        raise invalid("Evidence type is not included in the list")
    shown = {"id": item.get("id") or str(uuid.uuid4()), "type": item["type"], "description": item.get("description")}
    if item["type"] == "UrlEvidence":
        if not str(item.get("value", "")).startswith(("https://", "http://")):
            raise invalid("Evidence value is not a valid URL")
        return {**shown, "name": item.get("name"), "value": item["value"]}
    if not item.get("title"):
        raise invalid("Evidence title can't be blank")
    return {**shown, "name": item["title"]}


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    return value.strip() if isinstance(value, str) else ""
