"""Connection: what `credrules connect` asks for a source of student records, as its plugin says."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import tomlkit

from credrules.settings import Section

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from credrules.settings import Settings

REFERENCE = re.compile(r"(env|file|keyring):.+")
"""Where a secret is kept. The secret itself is never asked for and never written."""


@dataclass(frozen=True, slots=True)
class Question:
    """One setting of the table [records]: its key, and what a person is asked.

    A `secret` is answered with where it is kept; what may be left out is not `needed`.
    """

    key: str
    text: str
    secret: bool = False
    needed: bool = True


@dataclass(frozen=True, slots=True)
class Profile:
    """A kind of system that a source was recognised as: the settings for it, and by what it was."""

    name: str
    settings: Mapping[str, str]
    because: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What a plugin found by looking at a source: profiles that fit, the best first; and lines for a person to read.

    `otherwise` is asked where none of the profiles is taken.
    """

    profiles: Sequence[Profile] = ()
    remarks: Sequence[str] = ()
    otherwise: Sequence[Question] = ()


@dataclass(frozen=True, slots=True)
class Connection:
    """How to connect one kind of source.

    `look` is given the answers as a table of settings and looks at the source: at what tables there are, say, never at
    a learner. Raises SettingsError where the answers cannot be used, and RecordsError where the source does not answer.
    """

    plugin: str
    title: str
    questions: Sequence[Question]
    look: Callable[[Section], Seen] = field(default=lambda _: Seen())


def with_records(text: str, values: Mapping[str, Any]) -> str:
    """The text of credrules.toml with another table [records]. Everything else in it stays, comments too."""
    document = tomlkit.parse(text)
    table = tomlkit.table()
    table.update(values)
    if "records" in document:
        document["records"] = table
    else:
        document.append("records", table)
    return tomlkit.dumps(document)


def section_of(settings: Settings, text: str, values: Mapping[str, Any]) -> Section:
    """The table as a plugin gets it, before it is in the file."""
    rest = {key: value for key, value in values.items() if key != "plugin"}
    return Section("records", str(values["plugin"]), rest, where=str(settings.path), text=text)
