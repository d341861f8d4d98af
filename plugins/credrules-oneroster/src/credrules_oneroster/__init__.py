"""Student records by OneRoster: from a service, or from a bundle of CSV files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from credrules import hookimpl
from credrules.connecting import Connection, Question
from credrules.rest import Line
from credrules_oneroster.bundle import Bundle
from credrules_oneroster.records import OneRosterRecords
from credrules_oneroster.service import Service
from credrules_oneroster.settings import OneRosterCsvSettings, OneRosterSettings
from credrules_oneroster.tokens import ClientCredentials

if TYPE_CHECKING:
    from collections.abc import Iterator

    from credrules import Section, StudentRecords
    from credrules.http_client import Clock

__all__ = ["OneRosterCsvSettings", "OneRosterRecords", "OneRosterSettings", "from_bundle", "from_service"]


@hookimpl
def credrules_student_records(settings: Section) -> Iterator[StudentRecords]:
    if settings.plugin == "oneroster":
        yield from_service(settings.read(OneRosterSettings))
    elif settings.plugin == "oneroster-csv":
        yield from_bundle(settings.read(OneRosterCsvSettings))


@hookimpl
def credrules_connections() -> Iterator[Connection]:
    yield Connection(
        "oneroster",
        "a OneRoster service",
        [
            Question("url", "Its address, as in https://sis.university.example/ims/oneroster"),
            Question("token-url", "The address that gives tokens"),
            Question("client-id", "The client's id"),
            Question("client-secret", "Where the client's secret is kept, as in env:NAME or file:PATH", secret=True),
        ],
    )
    yield Connection("oneroster-csv", "a OneRoster bundle of CSV files", [Question("bundle", "The zip or the folder")])


def from_service(settings: OneRosterSettings, clock: Clock | None = None) -> OneRosterRecords:
    tokens = ClientCredentials(settings.token_url, settings.client_id, settings.client_secret, settings.asked_scopes)
    line = Line(settings.url, tokens, timeout=settings.timeout, patience=settings.patience, clock=clock)
    return OneRosterRecords("oneroster", Service(line, settings), settings)


def from_bundle(settings: OneRosterCsvSettings) -> OneRosterRecords:
    return OneRosterRecords("oneroster-csv", Bundle(settings.bundle, settings), settings)
