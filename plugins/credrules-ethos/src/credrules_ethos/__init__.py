"""Student records by Ellucian Ethos Integration, from Banner or Colleague."""

from __future__ import annotations

from typing import TYPE_CHECKING

from credrules import hookimpl
from credrules.connecting import Connection, Question
from credrules.rest import Line
from credrules_ethos.api import Api
from credrules_ethos.queue import Changes, Queue
from credrules_ethos.records import EthosRecords
from credrules_ethos.settings import EthosSettings
from credrules_ethos.tokens import ApiKey

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from credrules import Section, StudentRecords
    from credrules.http_client import Clock

__all__ = ["Changes", "EthosRecords", "EthosSettings", "Queue", "queue_of", "records_of"]


@hookimpl
def credrules_student_records(settings: Section) -> Iterator[StudentRecords]:
    if settings.plugin == "ethos":
        yield records_of(settings.read(EthosSettings))


@hookimpl
def credrules_connections() -> Iterator[Connection]:
    yield Connection(
        "ethos",
        "Ellucian Ethos Integration",
        [
            Question("url", "Its address, as in https://integrate.elluciancloud.com"),
            Question("api-key", "Where the application's key is kept, as in env:NAME or file:PATH", secret=True),
        ],
    )


def records_of(settings: EthosSettings, clock: Clock | None = None) -> EthosRecords:
    return EthosRecords(Api(_line(settings, clock), settings), settings)


def queue_of(settings: EthosSettings, path: Path, clock: Clock | None = None) -> Queue:
    line = _line(settings, clock)
    return Queue(line, Api(line, settings), settings.url, path)


def _line(settings: EthosSettings, clock: Clock | None) -> Line:
    tokens = ApiKey(settings.url, settings.api_key, settings.token_minutes)
    return Line(settings.url, tokens, timeout=settings.timeout, patience=settings.patience, clock=clock)
