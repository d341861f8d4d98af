"""An award as the request that issues it: every field that leaves the institution is written in this file."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from credrules import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from credrules import Award, Recipient

LOCALES = ("en", "fr", "de", "ko", "ja", "zh-CN", "pt", "es-ES", "es-US", "fr-CA", "pt-BR")
NAMES = ("given", "family", "display")
EVIDENCE = ("none", "titles", "details")
OPTIONS = ("template", "evidence", "expires", "locale", "duplicates")
TOLD = ("course", "milestone")  # what people granted or attested is nobody's business at Credly
LONGEST = 255

_PLAIN = re.compile(r"[0-9A-Za-z_.@-]{1,64}")
_ADDRESS = re.compile(r"[^@\s]{1,64}@[^@\s]+\.[^@\s]+")


@dataclass(frozen=True, slots=True)
class Manner:
    """How awards are told to Credly. `given_name`, `family_name` and `email` are tried in order."""

    zone: str = "UTC"
    given_name: tuple[str, ...] = ("given", "display")
    family_name: tuple[str, ...] = ("family", "display")
    email: tuple[str, ...] = ("record",)
    evidence: str = "titles"
    notify: bool = True
    locale: str | None = None


def award_reference(award_key: str) -> str:
    """What an award is known by at Credly: our own key, without what it says of the learner."""
    return "credrules-" + hashlib.sha256(award_key.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def earner_id(award: Award) -> str:
    """The learner at Credly: the learner's id where it is plain text, else a digest of it.

    A list is filtered by it, in a grammar of bars, colons and commas that knows no way to write one of them.
    """
    learner = award.recipient.learner_id
    if _PLAIN.fullmatch(learner) and not learner.startswith("learner-"):
        return learner
    text = f"{award.institution.id}/{learner}".encode("utf-8", "surrogatepass")
    return "learner-" + hashlib.sha256(text).hexdigest()[:32]


def email_of(award: Award, manner: Manner) -> str | None:
    """The first address, in the order of preference, that is there and is one."""
    for source in manner.email:
        learner = award.recipient.learner_id
        made = f"{learner}{source}" if source.startswith("@") and _PLAIN.fullmatch(learner) else None
        address = (award.recipient.email or "").strip() if source == "record" else made
        if address and _ADDRESS.fullmatch(address) and len(address) <= LONGEST and _is_whole(address):
            return address
    return None


def issue_request(award: Award, manner: Manner) -> dict[str, Any]:
    """The body that issues it. Raises Refused with everything that it lacks; never half of a request."""
    given = _name(award.recipient, manner.given_name, 0)
    family = _name(award.recipient, manner.family_name, -1)
    email = email_of(award, manner)
    faults = [
        *([] if award.options.get("template") else ["the program file names no template"]),
        *([] if email else ["the learner has no e-mail address that Credly would take"]),
        *_name_faults("given", given),
        *_name_faults("family", family),
    ]
    if faults:
        raise Refused(f"The badge for {award.achievement.program} cannot be issued: {'; '.join(faults)}.")
    locale = award.options.get("locale", manner.locale)
    return {
        "badge_template_id": award.options["template"],
        "recipient_email": email,
        "issued_to_first_name": given,
        "issued_to_last_name": family,
        "issuer_earner_id": earner_id(award),
        "issued_at": moment(conferred_on(award), manner.zone),
        "evidence": [*_evidence(award, manner), _own_evidence(award)],
        "suppress_badge_notification_email": not manner.notify,
        **({"locale": locale} if locale else {}),
        **_expiry(award, manner.zone),
    }


def personal(body: dict[str, Any]) -> list[str]:
    """What a request says of a person, so that it can be kept out of messages."""
    names = ("recipient_email", "issued_to_first_name", "issued_to_last_name", "issuer_earner_id")
    return [body[name] for name in names if body.get(name)]


def moment(day: date, zone: str, at: time = time(12)) -> str:
    """Noon of that day, as Credly writes times: a day has no time, and noon is the same day nearly everywhere."""
    here = UTC if zone == "UTC" else ZoneInfo(zone)
    return datetime.combine(day, at, here).strftime("%Y-%m-%d %H:%M:%S %z")


def conferred_on(award: Award) -> date:
    return award.conferred_on or award.earned_on


def earlier_references(award: Award) -> list[str]:
    """What the awards are known by that a renewal renews, the last one first; none where it is no renewal."""
    cycle = award.cycle
    first = award.key.removesuffix(f"/{cycle}")
    return [award_reference(f"{first}/{number}" if number else first) for number in reversed(range(cycle))]


def _expiry(award: Award, zone: str) -> dict[str, Any]:
    """Left out, the template's own expiry holds; `false` is how Credly is told that it has none."""
    day = award.expires_on
    if day is not None:
        return {"expires_at": moment(day, zone, time(23, 59, 59))}  # it is valid on its last day
    return {"expires_at": False} if award.options.get("expires") == "never" else {}


def _name(recipient: Recipient, sources: Sequence[str], word: int) -> str:
    """The first name of the order that is there; '' for none.

    A name to print gives its first or its last word, if it has more than one: nobody is called by one name twice unless
    the settings say so.
    """
    whole = recipient.name if recipient.name != recipient.learner_id else ""
    for source in sources:
        words = ({"given": recipient.given_name, "family": recipient.family_name}.get(source, whole) or "").split()
        if source == "display":
            words = [words[word]] if len(words) > 1 else []
        if words:
            return unicodedata.normalize("NFC", " ".join(words))
    return ""


def _name_faults(kind: str, name: str) -> Iterator[str]:
    if not name:
        yield f"the learner has no {kind} name (see `{kind}-name` in the settings)"
    elif len(name) > LONGEST:
        yield f"the learner's {kind} name has more than {LONGEST} signs"
    elif not _is_whole(name):
        yield f"the learner's {kind} name holds a control character or half of one"


def _is_whole(text: str) -> bool:
    return not any(unicodedata.category(sign) in ("Cc", "Cs") for sign in text)


def _evidence(award: Award, manner: Manner) -> Iterator[dict[str, str]]:
    told = award.options.get("evidence", manner.evidence)
    for evidence in award.evidence:
        if told == "none" or evidence.kind not in TOLD:
            continue
        title, everything = _text(evidence.title), told == "details"
        description = (_text(evidence.detail) if everything else "") or evidence.kind.capitalize()
        if everything and evidence.url and evidence.url.startswith(("https://", "http://")):
            yield {"type": "UrlEvidence", "value": evidence.url, "name": title, "description": description}
        elif title:
            yield {"type": "IdEvidence", "title": title, "description": description}


def _own_evidence(award: Award) -> dict[str, str]:
    """By this the badge is known again as this award's, whatever else the learner has of the same template."""
    reference = award_reference(award.key)
    return {"type": "IdEvidence", "title": "Award reference", "description": reference, "id": reference}


def _text(text: str) -> str:
    return "".join(sign for sign in " ".join(text.split()) if _is_whole(sign))[:LONGEST]
