"""Open Badges 3.0, signed with the institution's own key."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from credrules import PluginSettings, RelativePath, Secret, hookimpl
from credrules.scaffold import File, Part
from credrules_openbadges.credential import Additions
from credrules_openbadges.image import COLOUR
from credrules_openbadges.issuer import OpenBadgesIssuer, Options
from credrules_openbadges.keys import did_of, new_key_pem, new_rsa_key_pem
from credrules_openbadges.showcase import Look

if TYPE_CHECKING:
    from collections.abc import Iterator

    from credrules import Issuer, Section

__all__ = [
    "Additions",
    "Look",
    "OpenBadgesIssuer",
    "OpenBadgesSettings",
    "Options",
    "did_of",
    "new_key_pem",
    "new_rsa_key_pem",
]


def _web_address(text: str) -> str:
    if not text.startswith(("https://", "http://")):
        raise ValueError("is no web address; write it in full, as in https://university.example/badges")
    return text


def _colour(text: str) -> str:
    if not re.fullmatch("#[0-9a-fA-F]{6}", text):
        raise ValueError("is no colour; write it as in #123a63")
    return text.lower()


WebAddress = Annotated[str, AfterValidator(_web_address)]


class ProfileSettings(PluginSettings):
    """What badges say of the institution beside its name, address and e-mail."""

    phone: str | None = None
    description: str | None = None
    logo: WebAddress | None = None


class LookSettings(PluginSettings):
    """How pages and pictures look."""

    colour: Annotated[str, AfterValidator(_colour)] = COLOUR
    font: RelativePath | None = None
    pictures: RelativePath | None = None
    linkedin: Annotated[str, Field(pattern="^[0-9]{1,20}$")] | None = None


class OpenBadgesSettings(PluginSettings):
    """An `[issuers.NAME]` table of credrules.toml with plugin = "openbadges"."""

    folder: RelativePath
    key: Secret
    public_url: WebAddress | None = Field(default=None, alias="public-url")
    books: RelativePath | None = None
    did: Literal["key", "web"] = "key"
    earlier_keys: list[Secret] = Field(default=[], alias="earlier-keys")
    pages: bool = False
    records: RelativePath | None = None
    look: LookSettings = LookSettings()
    profile: ProfileSettings = ProfileSettings()
    skills: dict[str, WebAddress] = Field(default={})

    @model_validator(mode="after")
    def _has_an_address(self) -> Self:
        if self.public_url is None and (self.pages or self.records or self.did == "web"):
            raise ValueError(
                'pages = true, records and did = "web" need a public-url: the address where the folder is published'
            )
        return self


@hookimpl
def credrules_issuers(settings: Section) -> Iterator[Issuer]:
    if settings.plugin == "openbadges":
        read = settings.read(OpenBadgesSettings)
        options = Options(
            books=read.books,
            web=read.did == "web",
            earlier_keys=tuple(key.get_secret_value() for key in read.earlier_keys),
            records=read.records,
            look=Look(**dict(read.look)) if read.pages else None,
            additions=Additions(
                skills=read.skills,
                phone=read.profile.phone,
                about=read.profile.description,
                logo=read.profile.logo,
            ),
        )
        yield OpenBadgesIssuer(settings.name, read.folder, read.key.get_secret_value(), read.public_url, options)


@hookimpl
def credrules_scaffold() -> Iterator[Part]:
    yield Part(
        name="openbadges",
        settings='[issuers.badges]\nplugin = "openbadges"\nkey = "file:keys/badges.pem"\nfolder = "out/badges"\n',
        files=(File("keys/badges.pem", new_key_pem(), private=True),),
    )
