"""MessageIssuer: an award becomes one e-mail, to the learner, the lead or the office."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING

from credrules import OutcomeUnknown, Receipt, Refused, Unavailable
from credrules.errors import nearest
from credrules_message.journal import SENT, AlreadySent, Entry, Journal, Unsettled, What, digest, now
from credrules_message.letters import Heading, Letter, Templates, address_of, web, written

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from email.headerregistry import Address
    from pathlib import Path

    from credrules import Award
    from credrules_message.post import Post

TO = ("learner", "lead", "office")
OPTIONS = ("link", "template", "to")


@dataclass(frozen=True, slots=True)
class Addresses:
    """Who writes, and where the office is, if not at the institution's own address."""

    sender: Address
    reply_to: Address | None = None
    office: Address | None = None


class MessageIssuer:
    """Never sends a message of which it is not known that it was not sent: a late one is better than two."""

    def __init__(
        self, name: str, post: Post, addresses: Addresses, journal: Path, templates: Path | None = None
    ) -> None:
        self.name = name
        self.post = post
        self.journal = Journal(journal)
        self._addresses = addresses
        self._folder = templates
        self._templates = Templates(templates)

    def __repr__(self) -> str:
        return f"MessageIssuer(name={self.name!r}, server={self.post.server!r})"

    def check(self) -> Iterator[str]:
        """Whether server, journal and templates are of use. Nothing is sent."""
        yield from self.post.check()
        place = self.journal.folder
        while not place.exists() and place != place.parent:
            place = place.parent
        if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
            yield f"the journal cannot be written to {self.journal.folder}: {place} is no folder to write in."
        if self._folder and not self._folder.is_dir():
            yield f"{self._folder} is no folder with templates."
        for to in TO:
            yield from self._templates.faults(to, to)

    def option_faults(self, options: Mapping[str, str]) -> Iterator[str]:
        for unknown in sorted(set(options) - set(OPTIONS)):
            listed = f"There are: {', '.join(OPTIONS)}.{nearest(unknown, OPTIONS)}"
            yield f"'{unknown}' is nothing that a message has. {listed}"
        if "link" in options and web(options["link"]) is None:
            yield "'link' is no web address; write it in full, as in https://university.example/badges."
        to = options.get("to", "learner")
        if to not in TO:
            yield f"'{to}' is nobody to write to. There are: {', '.join(TO)}.{nearest(to, TO)}"
        elif "template" in options:
            yield from self._templates.faults(options["template"], to)

    def find(self, award: Award) -> Receipt | None:
        """The receipt where the journal knows that the message was taken.

        None also where nobody knows: that never leads to a second message, as `issue` refuses it.
        """
        entry = self.journal.last(digest(award.key))
        return self._receipt(award, entry.message_id) if entry and entry.what in SENT else None

    def issue(self, award: Award) -> Receipt:
        """Send it. Refused where it was begun before and nobody knows how that ended: a person has to look."""
        name = digest(award.key)
        entry = self.journal.last(name)
        if entry and entry.what in SENT:
            return self._receipt(award, entry.message_id)
        if entry and entry.what is What.BEGUN:
            raise _unsettled(entry)
        letter = self._letter(award, f"<{name}@{self._addresses.sender.domain}>")
        message_id = letter.message["Message-ID"]
        begun = False

        def begin() -> None:
            nonlocal begun
            self.journal.begin(name, message_id, now())
            begun = True

        try:
            self.post.send(letter, begin)
        except AlreadySent as error:
            return self._receipt(award, error.entry.message_id)
        except Unsettled as error:
            raise _unsettled(error.entry) from None
        except (Refused, Unavailable):
            if begun:
                self._end(name, message_id, What.NOT_TAKEN)
            raise
        self._end(name, message_id, What.TAKEN)
        return self._receipt(award, message_id)

    def revoke(self, receipt: Receipt, reason: str) -> None:
        """Refused: what was read cannot be unread."""
        raise Refused(
            f"{receipt.reference} cannot be taken back: an e-mail that was sent stays with whoever has it. "
            "Write to them, if they have to know."
        )

    def _end(self, name: str, message_id: str, what: What) -> None:
        """Write down how it ended. Where that fails, nobody will know: so it is unknown from now on."""
        try:
            self.journal.end(name, message_id, what, now())
        except Unavailable as error:
            raise OutcomeUnknown(f"{message_id} is {what}, which could not be written down. {error}") from error

    def _letter(self, award: Award, message_id: str) -> Letter:
        to = award.options.get("to", "learner")
        recipient = self._recipient(award, to)
        heading = Heading(self._addresses.sender, recipient, self._addresses.reply_to)
        message = written(self._templates, award, to, heading, format_datetime(datetime.now(UTC)))
        message["Message-ID"] = message_id
        return Letter(to, recipient, message)

    def _recipient(self, award: Award, to: str) -> str:
        """Raises Refused, without the address."""
        if to not in TO:
            raise Refused(f"'{to}' is nobody to write to. There are: {', '.join(TO)}.")
        office = self._addresses.office
        address, where = {
            "learner": (award.recipient.email, "the learner's record"),
            "lead": (award.achievement.lead_email, "'lead:' of the program file"),
            "office": (office.addr_spec if office else award.institution.email, "'office' of credrules.toml"),
        }[to]
        if not address or not address.strip():
            raise Refused(f"There is no e-mail address of the {to}. It would stand in {where}.")
        try:
            return address_of(address)
        except ValueError:
            raise Refused(f"The e-mail address of the {to} is none. Correct it in {where}.") from None

    def _receipt(self, award: Award, message_id: str) -> Receipt:
        return Receipt(award_key=award.key, issuer=self.name, reference=message_id)


def _unsettled(entry: Entry) -> Refused:
    return Refused(
        f"Nobody knows whether {entry.message_id} was sent: it was handed in at {entry.at} and no answer came. It is "
        "not sent again by itself. Look for it in the log of the mail server, say `credrules messages sent` or "
        "`credrules messages not-sent` with its name, and retry the award."
    )
