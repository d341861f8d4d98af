"""Badges on Credly, each award exactly once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field

from credrules import PluginSettings, hookimpl
from credrules.http_client import LOOPBACK
from credrules_credly.account import Account
from credrules_credly.issuer import CredlyIssuer
from credrules_credly.line import Line
from credrules_credly.request import LOCALES, Manner
from credrules_credly.shapes import is_id
from credrules_credly.token import Token  # noqa: TC001  pydantic reads it
from credrules_credly.webhooks import Webhooks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from credrules import Issuer, Section

__all__ = ["Account", "CredlyIssuer", "CredlySettings", "Line", "Manner", "Webhooks", "account_of"]


def _address(text: str) -> str:
    parts = urlsplit(text)
    safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
    if safe and parts.hostname and "@" not in parts.netloc and not parts.query and not parts.fragment:
        return text
    raise ValueError("is no address of Credly; write it as in https://api.credly.com/v1 (https, but for this machine)")


def _organization(text: str) -> str:
    if not is_id(text):
        raise ValueError("is no id of an organization; Credly shows it under Developers")
    return text


def _zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (KeyError, ValueError, OSError):  # as the library says that there is none
        raise ValueError(f"'{text}' is no time zone; write it as in America/New_York") from None
    return text


def _locale(text: str) -> str:
    if text not in LOCALES:
        raise ValueError(f"'{text}' is no language of Credly's. There are: {', '.join(LOCALES)}")
    return text


def _source(text: str) -> str:
    if text != "record" and not (text.startswith("@") and "." in text and "@" not in text[1:]):
        raise ValueError(f'\'{text}\' is neither "record" nor the end of an address, as in "@university.example"')
    return text


Name = Literal["given", "family", "display"]


class CredlySettings(PluginSettings):
    """An `[issuers.NAME]` table of credrules.toml, where plugin = "credly"."""

    organization: Annotated[str, AfterValidator(_organization)]
    token: Token
    url: Annotated[str, AfterValidator(_address)] = "https://api.credly.com/v1"
    zone: Annotated[str, AfterValidator(_zone)] = "UTC"
    given_name: list[Name] = Field(default=["given", "display"], alias="given-name", min_length=1)
    family_name: list[Name] = Field(default=["family", "display"], alias="family-name", min_length=1)
    email: list[Annotated[str, AfterValidator(_source)]] = Field(default=["record"], min_length=1)
    evidence: Literal["none", "titles", "details"] = "titles"
    notify: bool = True
    locale: Annotated[str, AfterValidator(_locale)] | None = None
    requests_per_minute: float | None = Field(default=None, alias="requests-per-minute", gt=0)
    timeout: float = Field(default=30.0, ge=1, le=600)
    patience: float = Field(default=150.0, ge=0, le=3600)
    settling: float = Field(default=60.0, ge=0, le=86_400)


def account_of(settings: CredlySettings) -> Account:
    line = Line(
        settings.url,
        settings.token,
        timeout=settings.timeout,
        patience=settings.patience,
        requests_per_minute=settings.requests_per_minute,
    )
    return Account(line, settings.organization)


@hookimpl
def credrules_issuers(settings: Section) -> Iterator[Issuer]:
    if settings.plugin == "credly":
        own = settings.read(CredlySettings)
        manner = Manner(
            zone=own.zone,
            given_name=tuple(own.given_name),
            family_name=tuple(own.family_name),
            email=tuple(own.email),
            evidence=own.evidence,
            notify=own.notify,
            locale=own.locale,
        )
        yield CredlyIssuer(settings.name, account_of(own), manner, settling=own.settling)
