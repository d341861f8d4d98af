"""Student records from a folder of CSV files."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

from credrules import PluginSettings, RelativePath, hookimpl
from credrules.connecting import Connection, Question
from credrules.scaffold import File, Part
from credrules_csv.layouts import ALL
from credrules_csv.records import CsvRecords

if TYPE_CHECKING:
    from collections.abc import Iterator

    from credrules import Section, StudentRecords

__all__ = ["CsvRecords", "CsvSettings"]


class CsvSettings(PluginSettings):
    """The `[records]` table of credrules.toml, where plugin = "csv"."""

    folder: RelativePath


@hookimpl
def credrules_student_records(settings: Section) -> Iterator[StudentRecords]:
    if settings.plugin == "csv":
        yield CsvRecords(settings.read(CsvSettings).folder)


@hookimpl
def credrules_connections() -> Iterator[Connection]:
    yield Connection(
        "csv", "a folder of CSV files", [Question("folder", "The folder with learners.csv and the others")]
    )


@hookimpl
def credrules_scaffold() -> Iterator[Part]:
    example = resources.files("credrules_csv") / "example"
    yield Part(
        name="csv",
        settings='[records]\nplugin = "csv"\nfolder = "records"\n',
        files=tuple(
            File(f"records/{layout.name}", (example / layout.name).read_text(encoding="utf-8")) for layout in ALL
        ),
    )
