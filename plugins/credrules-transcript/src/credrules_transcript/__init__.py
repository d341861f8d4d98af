"""Transcript notes as a file that the registrar loads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from credrules import PluginSettings, RelativePath, hookimpl
from credrules.scaffold import Part
from credrules_transcript.issuer import TranscriptIssuer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from credrules import Issuer, Section

__all__ = ["TranscriptIssuer", "TranscriptSettings"]


class TranscriptSettings(PluginSettings):
    """An `[issuers.NAME]` table of credrules.toml, where plugin = "transcript"."""

    folder: RelativePath
    line_width: int = Field(default=40, alias="line-width", ge=10, le=1000)
    text: str = ""


@hookimpl
def credrules_issuers(settings: Section) -> Iterator[Issuer]:
    if settings.plugin == "transcript":
        own = settings.read(TranscriptSettings)
        yield TranscriptIssuer(settings.name, own.folder, line_width=own.line_width, text=own.text)


@hookimpl
def credrules_scaffold() -> Iterator[Part]:
    yield Part(
        name="transcript",
        settings='[issuers.transcript]\nplugin = "transcript"\nfolder = "out/transcript"\n',
    )
