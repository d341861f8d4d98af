"""What can go wrong, as exceptions and as located problems."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake in somebody's input: where it is, what was found, what was possible, what to do.

    `line` counts from 1; 0 means the whole file. `where` is a file, or what stands in for one ("the environment").
    """

    where: str
    line: int
    message: str

    def __str__(self) -> str:
        place = f"{self.where}:{self.line}" if self.line else self.where
        return f"{place}: {self.message}"


class CredrulesError(Exception):
    """Anything that credrules raises on purpose. Its text is written for the person who runs it."""


class InputError(CredrulesError):
    """Input that cannot be used, with every problem in it and not just the first."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class RuleFileError(InputError):
    """The rule files cannot be used."""


class SettingsError(InputError):
    """credrules.toml, or the environment it refers to, cannot be used."""


class RecordsError(InputError):
    """The student records cannot be read at all. (A fault in one learner's rows sets only that learner aside.)"""


class PluginError(CredrulesError):
    """A plugin is missing, or offers something other than what its hook promises."""


class EngineError(CredrulesError):
    """An engine could not decide. Nothing may be concluded from it."""


class EngineUnavailable(EngineError):
    """An engine is not installed, or not in a working state; the text says how to get it."""


class LedgerError(CredrulesError):
    """The ledger cannot be opened or used."""


class NoLedger(LedgerError):
    """There is no ledger yet, and none was to be made."""


class IssuerFailure(CredrulesError):
    """An issuer did not answer with a receipt. Always one of the three below."""


class Refused(IssuerFailure):
    """It will never work as it stands: a person has to look at it. Nothing was issued."""


class Unavailable(IssuerFailure):
    """Nothing happened; the same call may work later."""


class OutcomeUnknown(IssuerFailure):
    """It may have happened. Ask with `find` before any retry."""


def nearest(found: str, possible: Iterable[str]) -> str:
    """' Did you mean "grade"?' where something possible is spelt much like what was found, else ''."""
    close = closest(found, possible)
    return f" Did you mean '{close}'?" if close else ""


def closest(found: str, possible: Iterable[str]) -> str:
    """What is possible and spelt much like what was found; '' where nothing is."""
    close = difflib.get_close_matches(found, sorted(possible), n=1, cutoff=0.6)
    return close[0] if close else ""
