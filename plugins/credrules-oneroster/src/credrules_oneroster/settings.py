"""The `[records]` table of credrules.toml, where plugin = "oneroster" or "oneroster-csv"."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from credrules import PluginSettings, RelativePath, Secret
from credrules.rest import secure_address

STATUSES = ("exempt", "fully graded", "not submitted", "partially graded", "submitted")
LISTS = ("academicSessions", "courses", "classes", "students", "enrollments", "categories", "lineItems", "results")
_SCOPE = "https://purl.imsglobal.org/spec/or/{version}/scope/{name}"
_PLAIN_GRADES = ("textScore", "score", "comment")
_PLAIN_IDS = ("sourcedId", "identifier", "userMasterIdentifier")


def _grade(text: str) -> str:
    if text not in _PLAIN_GRADES and not re.fullmatch(r"metadata\.\S+", text):
        raise ValueError(f"'{text}' holds no grade. Possible: {', '.join(_PLAIN_GRADES)}, metadata.NAME")
    return text


def _learner_id(text: str) -> str:
    if text not in _PLAIN_IDS and not re.fullmatch(r"userIds:\S+", text):
        raise ValueError(f"'{text}' is no id of a user. Possible: {', '.join(_PLAIN_IDS)}, userIds:TYPE")
    return text


def _list(text: str) -> str:
    if text not in LISTS:
        raise ValueError(f"there is no list '{text}' that is read. There are: {', '.join(LISTS)}")
    return text


class Final(PluginSettings):
    """Which line item holds the final grade of its class: OneRoster has no mark for it."""

    category: tuple[str, ...] = ()
    """Titles or sourcedIds of categories."""
    title: tuple[str, ...] = ()
    """Titles of line items."""

    @model_validator(mode="after")
    def _says_something(self) -> Final:
        if not self.category and not self.title:
            raise ValueError(
                "set `category`, `title` or both: which line item is the final grade is a convention of your own"
            )
        return self


class Understanding(PluginSettings):
    """How what is read is to be understood, however it is read."""

    final: Final
    grade: tuple[Annotated[str, AfterValidator(_grade)], ...] = Field(default=("textScore",), min_length=1)
    """Tried in order: where the symbol of the grade is."""
    learner_id: Annotated[str, AfterValidator(_learner_id)] = Field(default="sourcedId", alias="learner-id")
    course: Literal["courseCode", "classCode"] = "courseCode"
    score_status: dict[str, Literal["exempt", "fully graded", "not submitted", "partially graded", "submitted"]] = (
        Field(default_factory=dict, alias="score-status")
    )
    """What the server says that the specification does not know = what it means."""
    incomplete: str | None = None
    """The symbol of a grade that is marked as incomplete; None where that is not a grade of its own."""
    origin: Literal["institution"] | None = None
    """Said by the institution of everything that is read, since OneRoster does not; None where nobody says so."""
    basis: Literal["graded", "pass-fail", "satisfactory", "credit", "non-graded"] | None = None
    """Likewise."""
    last_day: Literal["inclusive", "exclusive"] = Field(default="inclusive", alias="last-day")

    @property
    def said(self) -> dict[str, str]:
        """The columns that the institution answers for."""
        return {name: value for name in ("origin", "basis") if (value := getattr(self, name))}


class OneRosterSettings(Understanding):
    """A service, 1.2 or 1.1, with OAuth 2 client credentials."""

    url: Annotated[str, AfterValidator(secure_address)]
    token_url: Annotated[str, AfterValidator(secure_address)] = Field(alias="token-url")
    client_id: str = Field(alias="client-id", min_length=1)
    client_secret: Secret = Field(alias="client-secret")
    version: Literal["1.2", "1.1"] = "1.2"
    rostering: str | None = None
    """The path before /students, where it is not that of the specification; `gradebook` likewise before /results."""
    gradebook: str | None = None
    scopes: tuple[str, ...] | None = None
    results: Literal["by-line-item", "all"] = "by-line-item"
    sort: str = "sourcedId"
    filters: dict[Annotated[str, AfterValidator(_list)], str] = Field(default_factory=dict)
    page: int = Field(default=500, ge=2, le=10_000)
    timeout: float = Field(default=60.0, ge=1, le=600)
    patience: float = Field(default=300.0, ge=0, le=7200)

    @property
    def rostering_url(self) -> str:
        return self._base(self.rostering, "rostering/")

    @property
    def gradebook_url(self) -> str:
        return self._base(self.gradebook, "gradebook/")

    def _base(self, own: str | None, service: str) -> str:
        short = "v1p2" if self.version == "1.2" else "v1p1"
        path = f"ims/oneroster/{service if self.version == '1.2' else ''}{short}" if own is None else own.strip("/")
        return f"{self.url}/{path}" if path else self.url

    @property
    def asked_scopes(self) -> tuple[str, ...]:
        """Reading only, and without demographics."""
        short = "v1p2" if self.version == "1.2" else "v1p1"
        names = ("roster-core.readonly", "gradebook.readonly")
        return tuple(_SCOPE.format(version=short, name=name) for name in names) if self.scopes is None else self.scopes


class OneRosterCsvSettings(Understanding):
    """A bundle of CSV files: a zip, or a folder."""

    bundle: RelativePath
