"""E-mail to learner, lead and office, each message once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from credrules import PluginSettings, RelativePath, Secret, hookimpl
from credrules_message.issuer import Addresses, MessageIssuer
from credrules_message.letters import mailbox
from credrules_message.post import LOOPBACK, PORTS, Post

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.headerregistry import Address

    from credrules import Issuer, Section

__all__ = ["Addresses", "MessageIssuer", "MessageSettings", "Post"]


def _mailbox(text: str) -> str:
    mailbox(text)
    return text


Mailbox = Annotated[str, AfterValidator(_mailbox)]


class MessageSettings(PluginSettings):
    """An `[issuers.NAME]` table of credrules.toml, where plugin = "message"."""

    server: str = Field(min_length=1)
    port: int | None = Field(default=None, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str | None = None
    password: Secret | None = None
    sender: Mailbox = Field(alias="from")
    reply_to: Mailbox | None = Field(default=None, alias="reply-to")
    office: Mailbox | None = None
    templates: RelativePath | None = None
    journal: RelativePath
    timeout: float = Field(default=30.0, ge=1, le=600)

    @model_validator(mode="after")
    def _keeps_what_it_sends_to_itself(self) -> Self:
        if self.security == "none" and self.server not in LOOPBACK:
            raise ValueError('security = "none" is for a server on this machine only; write "starttls" or "tls"')
        if (self.user is None) != (self.password is None):
            raise ValueError("a user needs a password, and a password a user")
        return self


@hookimpl
def credrules_issuers(settings: Section) -> Iterator[Issuer]:
    if settings.plugin == "message":
        yield issuer_of(settings.name, settings.read(MessageSettings))


def issuer_of(name: str, own: MessageSettings) -> MessageIssuer:
    return MessageIssuer(
        name,
        Post(
            own.server,
            own.port or PORTS[own.security],
            security=own.security,
            user=own.user,
            password=own.password,
            timeout=own.timeout,
        ),
        Addresses(sender=mailbox(own.sender), reply_to=_optional(own.reply_to), office=_optional(own.office)),
        own.journal,
        own.templates,
    )


def _optional(text: str | None) -> Address | None:
    return None if text is None else mailbox(text)
