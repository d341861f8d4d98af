"""The `[records]` table of credrules.toml, where plugin = "ethos"."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from credrules import PluginSettings, Secret
from credrules.rest import secure_address

VERSIONS = {
    "persons": "12",
    "section-registrations": "16",
    "student-transcript-grades": "1",
    "grade-definitions": "6",
    "sections": "16",
    "courses": "16",
    "subjects": "6",
    "academic-periods": "16",
    "academic-levels": "6",
    "person-holds": "6",
}
"""The resources that are read, and the version of each that this package understands."""


def _resource(name: str) -> str:
    if name not in VERSIONS:
        raise ValueError(f"'{name}' is no resource that is read. There are: {', '.join(sorted(VERSIONS))}")
    return name


Version = Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+){0,2}$")]


class EthosSettings(PluginSettings):
    """One application of Ethos Integration, by its API key."""

    url: Annotated[str, AfterValidator(secure_address)]
    api_key: Secret = Field(alias="api-key")
    learner_id: str = Field(default="bannerId", alias="learner-id", min_length=1)
    """The type of a person's credential, such as bannerId or colleaguePersonId; or `id` for the GUID."""
    emails: tuple[str, ...] = ()
    versions: dict[Annotated[str, AfterValidator(_resource)], Version] = Field(default_factory=dict)
    """Of a resource that the institution has in another version than VERSIONS."""
    registrations: dict[str, Literal["enrolled", "waitlisted", "dropped", "withdrawn", "planned"]] = Field(
        default_factory=dict
    )
    """What a registration's status or its reason means, beside what the specification knows."""
    modes: dict[str, Literal["graded", "pass-fail", "satisfactory", "credit", "audit", "non-graded"]] = Field(
        default_factory=dict
    )
    repeats: dict[str, Literal["include", "exclude", "average-only"]] = Field(default_factory=dict)
    origin: Literal["institution"] | None = None
    """Said by the institution of every section that is read; None where nobody says so."""
    holds: dict[str, str] = Field(default_factory=dict)
    """The category of a hold = what it blocks, with semicolons between."""
    page: int = Field(default=500, ge=2, le=1000)
    token_minutes: int = Field(default=5, ge=1, le=120, alias="token-minutes")
    timeout: float = Field(default=60.0, ge=1, le=600)
    patience: float = Field(default=300.0, ge=0, le=7200)

    def version(self, resource: str) -> str:
        return self.versions.get(resource, VERSIONS[resource])
