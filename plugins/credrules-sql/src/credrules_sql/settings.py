"""The `[records]` table of credrules.toml, where plugin = "sql"."""

from __future__ import annotations

from dataclasses import fields
from datetime import date  # noqa: TC003  pydantic reads the annotations
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from credrules import Capabilities, PluginSettings, RelativePath, Secret
from credrules.errors import nearest
from credrules_sql.profiles import load_profile, profile_names
from credrules_sql.queries import ENTITIES

_SECRETS = frozenset({"password", "passwd", "pwd", "odbc_connect", "user_password", "access_token", "token"})
_KNOWN = frozenset(field.name for field in fields(Capabilities))
_COLUMNS = frozenset(
    name
    for layout in ENTITIES.values()
    for column in layout.columns
    for name in (column, f"{layout.entity}.{column}")
    if column != "learner_id"
)


def _url_without_secrets(text: str) -> str:
    try:
        url = make_url(text)
    except ArgumentError:
        raise ValueError(
            "is not a URL of SQLAlchemy's, such as 'postgresql+psycopg://reader@db.university.example/sis'"
        ) from None
    if url.password is not None or _SECRETS & {key.lower() for key in url.query}:
        raise ValueError("holds a password; take it out, and set `password` to 'env:NAME' or 'file:PATH'")
    if url.get_driver_name() == "mariadbconnector":
        raise ValueError(
            "the driver mariadbconnector ends a broken read as if it were complete, so that learners' rows go missing "
            "without an error; write 'mariadb+pymysql://...'"
        )
    return text


def _column(name: str) -> str:
    if name not in _COLUMNS:
        raise ValueError(f"there is no column '{name}' whose values could be mapped.{nearest(name, _COLUMNS)}")
    return name


def _capability(name: str) -> str:
    if name not in _KNOWN:
        raise ValueError(f"'{name}' is nothing that a source could know. Possible: {', '.join(sorted(_KNOWN))}")
    return name


def _profile(name: str) -> str:
    if name not in profile_names():
        possible = f"Possible: {', '.join(profile_names())}.{nearest(name, profile_names())}"
        raise ValueError(f"there is no profile '{name}'. {possible}")
    return name


def _entity(name: str) -> str:
    if name not in ENTITIES:
        raise ValueError(f"there is no entity '{name}'. Possible: {', '.join(ENTITIES)}.{nearest(name, ENTITIES)}")
    return name


class SqlSettings(PluginSettings):
    """Where the database is, and how what it says is to be understood."""

    url: Annotated[str, AfterValidator(_url_without_secrets)]
    password: Secret | None = None
    profile: Annotated[str, AfterValidator(_profile)] | None = None
    """The student information system whose tables these are, where its SELECTs come with the plugin."""
    queries: RelativePath | None = None
    """SELECTs of the institution's own. With a profile they replace its own for the same entity."""
    without: tuple[Annotated[str, AfterValidator(_entity)], ...] = ()
    """Entities of the profile that are not read."""
    parameters: dict[str, str | int | date] = Field(default_factory=dict)
    values: dict[Annotated[str, AfterValidator(_column)], dict[str, str]] = Field(default_factory=dict)
    emails: tuple[str, ...] = ()
    """Kinds of e-mail address, the one to prefer first; a kind that is not listed is never used."""
    partial: tuple[Annotated[str, AfterValidator(_capability)], ...] = ()
    order: Literal["binary", "database"] = "binary"
    page: int = Field(default=24_000, ge=1)
    timeout: int = Field(default=300, ge=1)

    def with_profile(self) -> SqlSettings:
        """These settings, with the profile's wherever they say nothing themselves."""
        if self.profile is None:
            return self
        given = load_profile(self.profile).settings
        values: dict[str, dict[str, str]] = {**given.get("values", {})}
        for column, own in self.values.items():
            values[column] = values.get(column, {}) | own
        unsaid = {name: setting for name, setting in given.items() if name not in self.model_fields_set}
        parameters = given.get("parameters", {}) | self.parameters
        return self.model_copy(update=unsaid | {"values": values, "parameters": parameters})

    def sqlalchemy_url(self, folder: Path) -> URL:
        """The address with its password. A file is found from this folder."""
        url = make_url(self.url)
        if url.get_backend_name() == "sqlite" and url.database and not url.database.startswith((":", "file:")):
            url = url.set(database=str(Path(folder, url.database).absolute()))
        return url.set(password=self.password.get_secret_value().strip()) if self.password else url
