"""Open Badges 3.0, signed with the institution's own key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field

from credrules import PluginSettings, RelativePath, Secret, hookimpl
from credrules.scaffold import File, Part
from credrules_openbadges.issuer import OpenBadgesIssuer
from credrules_openbadges.keys import did_of, new_key_pem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from credrules import Issuer, Section

__all__ = ["OpenBadgesIssuer", "OpenBadgesSettings", "did_of", "new_key_pem"]


def _web_address(text: str) -> str:
    if not text.startswith(("https://", "http://")):
        raise ValueError("is no web address; write it in full, as in https://university.example/badges")
    return text


class OpenBadgesSettings(PluginSettings):
    """An `[issuers.NAME]` table of credrules.toml with plugin = "openbadges"."""

    folder: RelativePath
    key: Secret
    public_url: Annotated[str, AfterValidator(_web_address)] | None = Field(default=None, alias="public-url")
    books: RelativePath | None = None


@hookimpl
def credrules_issuers(settings: Section) -> Iterator[Issuer]:
    if settings.plugin == "openbadges":
        read = settings.read(OpenBadgesSettings)
        yield OpenBadgesIssuer(
            settings.name, read.folder, read.key.get_secret_value(), read.public_url, books=read.books
        )


@hookimpl
def credrules_scaffold() -> Iterator[Part]:
    yield Part(
        name="openbadges",
        settings='[issuers.badges]\nplugin = "openbadges"\nkey = "file:keys/badges.pem"\nfolder = "out/badges"\n',
        files=(File("keys/badges.pem", new_key_pem(), private=True),),
    )
