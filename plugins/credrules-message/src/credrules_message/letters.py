"""Letter: an award in words, as one e-mail. What may be in one is decided here, and nowhere else."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import parseaddr
from typing import TYPE_CHECKING, Any

from jinja2 import (
    ChoiceLoader,
    FileSystemLoader,
    PackageLoader,
    StrictUndefined,
    TemplateError,
    TemplateSyntaxError,
    select_autoescape,
)
from jinja2.sandbox import ImmutableSandboxedEnvironment

from credrules import Achievement, Award, Institution, Recipient, Refused

if TYPE_CHECKING:
    from pathlib import Path

SUFFIXES = (".subject.txt", ".txt", ".html")
LONGEST_SUBJECT = 200
_SPECIAL = re.compile(r"[\x00-\x20\x7f,;:<>()\[\]\\\"]")


@dataclass(frozen=True)
class Letter:
    """An e-mail that is ready to be handed in. `to` says who the recipient is: learner, lead or office."""

    to: str
    recipient: str
    message: EmailMessage

    @property
    def sender(self) -> str:
        return str(self.message["From"].addresses[0].addr_spec)

    @property
    def is_international(self) -> bool:
        """Whether an address in it needs a server that takes addresses beyond ASCII."""
        return not (self.recipient + self.sender).isascii()

    def data(self) -> bytes:
        return self.message.as_bytes(policy=SMTPUTF8 if self.is_international else SMTP)


class Templates:
    """The institution's templates, and ours for those that it has none of."""

    def __init__(self, folder: Path | None = None) -> None:
        ours = PackageLoader("credrules_message")
        # The sandbox: a template is text that somebody edits, and must not become a program.
        self._environment = ImmutableSandboxedEnvironment(
            loader=ChoiceLoader([FileSystemLoader(folder), ours]) if folder else ours,
            autoescape=select_autoescape(["html"]),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def faults(self, name: str, to: str) -> list[str]:
        """What keeps the three templates of a name from being filled, in sentences."""
        return [fault for suffix in SUFFIXES for fault in self._faults(f"{name}{suffix}", to)]

    def _faults(self, file: str, to: str) -> list[str]:
        try:
            self._environment.get_template(file).render(facts_for(to, _EXAMPLE))
        except TemplateError as error:
            return [f"The template {file} cannot be filled: {_template_fault(error)}."]
        return []

    def fill(self, name: str, facts: dict[str, Any]) -> tuple[str, str, str]:
        """Subject, text and HTML. Raises Refused."""
        try:
            subject, text, html = (
                self._environment.get_template(f"{name}{suffix}").render(facts) for suffix in SUFFIXES
            )
        except TemplateError as error:
            raise Refused(f"The templates '{name}' cannot be filled: {_template_fault(error)}.") from None
        return " ".join(subject.split())[:LONGEST_SUBJECT], text.strip() + "\n", html.strip() + "\n"


def _template_fault(error: TemplateError) -> str:
    """Says nothing of whom it was filled for: jinja2 names templates, names and lines."""
    where = f"line {error.lineno}: " if isinstance(error, TemplateSyntaxError) else ""
    return f"{where}{error.message or type(error).__name__}"


def facts_for(to: str, award: Award) -> dict[str, Any]:
    """What a template may say to this recipient: nothing else of an award is ever in an e-mail.

    No grade, course or other evidence is among it: an e-mail can be read on its way.
    """
    recipient, about, institution = award.recipient, award.achievement, award.institution
    facts: dict[str, Any] = {
        "learner": _line(recipient.name),
        "program": _line(about.title),
        "program_id": about.program,
        "program_url": web(about.url),
        "institution": _line(institution.name),
        "institution_url": web(institution.url),
        "institution_email": institution.email,
        "awarded_on": award.awarded_on,
        "expires_on": award.expires_on,
        "link": web(award.options.get("link")),
    }
    if to == "learner":
        facts["given_name"] = _line(recipient.given_name or recipient.name)
        facts["credits"] = None if award.credits is None else format(award.credits.normalize(), "f")
    else:
        facts["learner_id"] = _line(recipient.learner_id)
    return facts


@dataclass(frozen=True)
class Heading:
    """From whom a message is, and to which address."""

    sender: Address
    recipient: str
    reply_to: Address | None = None


def written(templates: Templates, award: Award, to: str, heading: Heading, sent_at: str) -> EmailMessage:
    """The message without its name. Raises Refused where it cannot be written."""
    subject, text, html = templates.fill(award.options.get("template", to), facts_for(to, award))
    if not subject:
        raise Refused(f"The subject for the {to} is blank. Mend its template.")
    message = EmailMessage(policy=SMTPUTF8)
    message["From"] = heading.sender
    message["To"] = _address(heading.recipient)  # without a name: names are what headers are broken with
    if heading.reply_to is not None:
        message["Reply-To"] = heading.reply_to
    message["Subject"] = subject
    message["Date"] = sent_at
    message["Auto-Submitted"] = "auto-generated"  # so that nobody's holiday answers it (RFC 3834)
    message.set_content(text)
    message.add_alternative(html, subtype="html")
    return message


def mailbox(text: str) -> Address:
    """'Office <office@university.example>', or the address alone. Raises ValueError."""
    name, address = parseaddr(text)
    if not address or any(unicodedata.category(sign) == "Cc" for sign in text):
        raise ValueError("is no e-mail address; write it as in 'Office <office@university.example>'")
    return _address(address_of(address), name)


def address_of(text: str) -> str:
    """One plain address. Raises ValueError, and never says it: it may be a learner's."""
    address = text.strip()
    local, at, domain = address.rpartition("@")
    if not (local and at and domain) or len(address) > 254 or _SPECIAL.search(address) or "@" in local:
        raise ValueError("is no e-mail address")
    if ".." in address or domain.startswith(".") or domain.endswith("."):
        raise ValueError("is no e-mail address")
    return address


def _address(text: str, name: str = "") -> Address:
    """By its parts: as a whole, one beyond ASCII would be refused."""
    local, _, domain = text.rpartition("@")
    return Address(display_name=name, username=local, domain=domain)


def web(address: str | None) -> str | None:
    """An address that leads to a page, never to something that runs; None where it is none."""
    return address if address and re.fullmatch(r"https?://[^\s\x00-\x1f\x7f]+", address, re.IGNORECASE) else None


def _line(text: str) -> str:
    """One line without what no reader sees: it may end up in a subject."""
    seen = "".join(sign if unicodedata.category(sign) not in ("Cc", "Cs", "Zl", "Zp") else " " for sign in text)
    return " ".join(seen.split())


_EXAMPLE = Award(
    key="example",
    issuer="message",
    kind="message",
    institution=Institution(id="example", name="Example University", url="https://university.example"),
    recipient=Recipient(learner_id="1", name="Ada Example"),
    achievement=Achievement(
        program="example", version="2026-01-01", title="An Example", description="One.", criteria="- One course."
    ),
    earned_on=date(2026, 1, 1),
)
"""What templates are tried with."""
