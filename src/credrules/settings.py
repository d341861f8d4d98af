"""credrules.toml: where the records, the rules, the ledger and the issuers are; mistakes come with their lines."""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
)

from credrules.errors import Problem, SettingsError, nearest

FILE_NAME = "credrules.toml"
KEPT = "credrules-kept.db"
"""Where a run notes what each learner was decided on, unless the settings name another file."""

Population = Literal["auto", "columnar", "plain"]
"""How everybody is decided at once: in columns where the extra is installed, in columns, or one by one."""

ModelT = TypeVar("ModelT", bound=BaseModel)


def _resolve(value: object, info: ValidationInfo) -> object:
    base = (info.context or {}).get("base")
    return Path(base, value).absolute() if base and isinstance(value, str) else value


def _fetch_secret(value: object, info: ValidationInfo) -> object:
    if not isinstance(value, str):
        return value
    source, _, place = value.partition(":")
    if source == "env" and place:
        if place not in os.environ:
            raise ValueError(f"the environment variable {place} is not set")
        return os.environ[place]
    if source == "file" and place:
        path = Path((info.context or {}).get("base", "."), place)
        try:
            return path.read_text(encoding="utf-8")
        except OSError as error:
            raise ValueError(f"{path} cannot be read: {error.strerror}") from error
    if source == "keyring" and "/" in place:
        return from_keyring(place)
    raise ValueError(
        "a secret is never written here; write 'env:NAME', 'file:PATH' or 'keyring:SERVICE/NAME' for where it is kept"
    )


def from_keyring(place: str, package: str = "credrules[keyring]") -> str:
    """What the system's keyring keeps under SERVICE/NAME; `package` brings the library. Raises ValueError."""
    try:
        import keyring  # noqa: PLC0415  an extra
        import keyring.errors  # noqa: PLC0415
    except ImportError:
        raise ValueError(f"the keyring needs a library: pip install '{package}'") from None
    service, _, name = place.partition("/")
    try:
        found: str | None = keyring.get_password(service, name)
    except keyring.errors.KeyringError as error:
        raise ValueError(f"the keyring cannot be opened: {type(error).__name__}") from None
    if found is None:
        raise ValueError(f"the keyring has no entry {place}; make it with `keyring set {service} {name}`")
    return found


RelativePath = Annotated[Path, BeforeValidator(_resolve)]
"""A path; where it is relative, from the folder that holds credrules.toml."""

Secret = Annotated[SecretStr, BeforeValidator(_fetch_secret)]
"""A secret by reference, 'env:NAME', 'file:PATH' or 'keyring:SERVICE/NAME'; it shows as stars everywhere else."""


class PluginSettings(BaseModel):
    """Base for the settings of one plugin: unknown keys are errors, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


@dataclass(frozen=True)
class Section:
    """One table of credrules.toml, as a plugin gets it."""

    name: str
    plugin: str
    values: dict[str, Any] = field(repr=False)
    where: str = FILE_NAME
    text: str = field(default="", repr=False)

    def read(self, model: type[ModelT]) -> ModelT:
        """The table as `model`. Raises SettingsError with every problem in it, each with its line."""
        try:
            return model.model_validate(self.values, context={"base": str(Path(self.where).parent)})
        except ValidationError as error:
            raise SettingsError(_problems(error, self.where, self.text, self.name, set(_keys(model)))) from None


class SyncSettings(PluginSettings):
    """The `[sync]` table: docs/synchronising.md says what each means."""

    store: RelativePath | None = None
    overlap_hours: int = Field(default=48, ge=0, alias="overlap-hours")
    overlap_numbers: int = Field(default=10_000, ge=0, alias="overlap-numbers")
    terms: tuple[str, ...] = ()
    scope_days: int = Field(default=1, ge=1, alias="scope-days")
    full_days: int = Field(default=7, ge=1, alias="full-days")
    most_gone: int = Field(default=5, ge=0, le=100, alias="most-gone")
    few: int = Field(default=10, ge=0)


class Settings(BaseModel):
    """The whole file, understood; plugins read their own tables."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: Path
    rules: Path
    ledger: str
    engine: Literal["durable", "plain"]
    records: Section
    issuers: tuple[Section, ...]
    population: Population = "auto"
    kept: Path | None = None
    sync: SyncSettings = SyncSettings()

    @property
    def folder(self) -> Path:
        return self.path.parent


class _Top(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    rules: RelativePath
    ledger: str = "sqlite:///credrules.db"
    engine: Literal["durable", "plain"] = "durable"
    population: Population = "auto"
    kept: RelativePath | None = None
    records: dict[str, Any]
    sync: dict[str, Any] = Field(default_factory=dict)
    issuers: dict[str, dict[str, Any]] = Field(default_factory=dict)


def load(path: Path) -> Settings:
    """Read and understand one settings file. Raises SettingsError."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        advice = "Run `credrules init` for a first one, or name one with --settings."
        raise SettingsError([Problem(str(path), 0, f"cannot be read: {error.strerror}. {advice}")]) from None
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"at line (\d+)", str(error))
        raise SettingsError([Problem(str(path), int(at[1]) if at else 0, f"is not TOML: {error}")]) from None
    try:
        top = _Top.model_validate(values, context={"base": str(path.parent)})
    except ValidationError as error:
        raise SettingsError(_problems(error, str(path), text, "", set(_keys(_Top)))) from None

    problems: list[Problem] = []
    records = _section("records", top.records, str(path), text, problems)
    issuers = tuple(
        _section(f"issuers.{name}", table, str(path), text, problems) for name, table in top.issuers.items()
    )
    if problems:
        raise SettingsError(problems)
    return Settings(
        path=path.absolute(),
        rules=top.rules,
        ledger=_ledger_url(top.ledger, path),
        engine=top.engine,
        population=top.population,
        kept=top.kept,
        sync=Section("sync", "", top.sync, where=str(path), text=text).read(SyncSettings),
        records=records,
        issuers=issuers,
    )


def _section(table: str, values: dict[str, Any], where: str, text: str, problems: list[Problem]) -> Section:
    plugin = values.get("plugin")
    if not isinstance(plugin, str):
        problems.append(
            Problem(where, _line(text, table, None), f'[{table}] names no plugin. Say which, as in plugin = "csv".')
        )
        plugin = ""
    name = table.removeprefix("issuers.")
    rest = {key: value for key, value in values.items() if key != "plugin"}
    return Section(name=name, plugin=plugin, values=rest, where=where, text=text)


def _ledger_url(url: str, path: Path) -> str:
    match = re.fullmatch(r"sqlite:///(?!/)(.+)", url)
    return f"sqlite:///{Path(path.parent, match[1]).absolute()}" if match else url


def _keys(model: type[BaseModel]) -> list[str]:
    return [info.alias or name for name, info in model.model_fields.items()]


def _problems(error: ValidationError, where: str, text: str, section: str, keys: set[str]) -> list[Problem]:
    table = section if section in ("", "records", "sync") else f"issuers.{section.removeprefix('issuers.')}"
    problems = []
    for fault in error.errors(include_input=False, include_url=False):
        key = str(fault["loc"][0]) if fault["loc"] else ""
        line = _line(text, table, key)
        if fault["type"] == "extra_forbidden":
            message = f"'{key}' is not a setting here. There are: {', '.join(sorted(keys))}.{nearest(key, keys)}"
        elif fault["type"] == "missing":
            message = f"'{key}' is missing{f' in [{table}]' if table else ''}."
        else:
            message = f"'{key}': {fault['msg'].removeprefix('Value error, ')}."
        problems.append(Problem(where, line, message))
    return problems


def _line(text: str, table: str, key: str | None) -> int:
    """The line where `key` of `table` stands; the table's own line where the key is not there; 0 for neither."""
    current, table_line = "", 0
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*\[\s*([^\]]+?)\s*\]", line):
            current = header[1].replace('"', "").replace(" ", "")
            if current == table:
                table_line = number
            if key and current == f"{table}.{key}".lstrip("."):
                return number
        elif key and current == table and re.match(rf'\s*"?{re.escape(key)}"?\s*=', line):
            return number
    return table_line
