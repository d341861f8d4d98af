"""The catalog year: which version of a program a learner is held to.

That in force on the day they enrolled in the program; where no such day is known, on the day they registered for the
first course that the program looks at; where there is none yet, today's. Nobody is held to a version that came into
effect later, unless they chose it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from credrules.attestations import ExceptionKind
from credrules.records import Origin
from credrules.standing import GONE, Stage

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from credrules.attestations import GrantedException, Word
    from credrules.records import Record
    from credrules.rules import Program
    from credrules.standing import Standing

CODES = {
    "version-by-enrolment": "the version in force on the day of enrolment in the program",
    "version-by-registration": "the version in force on the day of registration for the first course",
    "version-of-today": "the version in force now: the learner has no part in the program yet",
    "version-elected": "a later version, which the learner has chosen",
    "version-unknown": "the day is not known, and the versions that may apply come to different outcomes",
    "version-not-needed": "the day is not known, but the versions that may apply come to the same outcome",
    "program-closed": "the program no longer took anybody in on that day",
}


@dataclass(frozen=True, slots=True)
class CatalogYear:
    """The versions that a learner may be held to, as positions, oldest first: several where the day is not known.

    None where the program was closed on the day; `closed` where it may have been, so that there is perhaps none.
    """

    versions: tuple[int, ...]
    because: str
    text: str
    closed: bool = False
    chosen_on: date | None = None


@dataclass(frozen=True, slots=True)
class _Begun:
    """The day on which a learner began, or the last day on which it can have been."""

    day: date
    known: bool
    because: str
    text: str  # as in 'in force ...'


def catalog_year(
    versions: Sequence[Program], standings: Iterable[Standing], record: Record, word: Word, as_of: date
) -> CatalogYear:
    """Which of a program's versions, given oldest first, one learner is held to.

    `standings` are those of the attempts that some version looks at.
    """
    begun = _enrolled(versions[0].id, record, as_of) or _registered(standings, as_of)
    if begun is None:
        begun = _Begun(as_of, known=True, because="version-of-today", text=f"now ({as_of})")
    last = _in_force(versions, begun.day)
    closed = versions[last].until
    possible = (last,) if begun.known else tuple(range(last + 1))
    if closed and begun.day > closed:
        text = f"The program took learners until {closed}"
        if begun.known:
            held = CatalogYear((), "program-closed", f"{text}, which is before {begun.text}.")
        else:
            text = f"{text}, and it is not known when this learner came."
            held = CatalogYear(possible, "version-unknown", text, closed=True)
    elif len(possible) == 1:
        first = "" if begun.day >= versions[0].effective else " None was in force before it."
        held = CatalogYear(possible, begun.because, f"{_held(versions[last])}, in force {begun.text}.{first}")
    else:
        listed = " or ".join(versions[number].version for number in possible)
        text = f"It is not known when the learner registered; the version of {listed} may apply."
        held = CatalogYear(possible, "version-unknown", text)
    for granted in _elections(versions[0].id, word):
        held = _elected(held, versions, granted, as_of)
    return held


def _held(program: Program) -> str:
    return f"Held to the version of {program.version}"


def _in_force(versions: Sequence[Program], day: date) -> int:
    """The newest version in effect on a day; the oldest of all where none was yet."""
    return max((number for number, program in enumerate(versions) if program.effective <= day), default=0)


def _enrolled(program: str, record: Record, as_of: date) -> _Begun | None:
    """The day of enrolment: of the last one where the learner left and came back. None where a day is not known."""
    days = [one.since for one in record.enrolments or () if one.program == program]
    known = [day for day in days if day is not None]
    begun = [day for day in known if day <= as_of]
    if not begun or len(known) < len(days):
        return None
    day = max(begun)
    return _Begun(day, True, "version-by-enrolment", f"when the learner enrolled in the program ({day})")


def _registered(standings: Iterable[Standing], as_of: date) -> _Begun | None:
    """The day of registration for the first course. Credit from elsewhere is none; what was dropped neither."""
    attempts = [
        standing.attempt
        for standing in standings
        if (standing.stage not in GONE or standing.stage is Stage.WITHDRAWN)
        and standing.attempt.origin is Origin.INSTITUTION
    ]
    if not attempts:
        return None
    known = [attempt.registered_on for attempt in attempts if attempt.registered_on]
    because = "version-by-registration"
    if len(known) == len(attempts):
        day = min(known)
        return _Begun(day, True, because, f"when the learner registered for the first course ({day})")
    ends = [attempt.term.ends for attempt in attempts if attempt.registered_on is None and attempt.term]
    day = min([*known, *ends, as_of])
    return _Begun(day, False, because, f"when the learner registered for the first course (by {day})")


def _elections(program: str, word: Word) -> list[GrantedException]:
    granted = [one for one in word.exceptions if one.program == program and one.kind is ExceptionKind.ELECTION]
    return sorted(granted, key=lambda one: one.requirement)


def _elected(held: CatalogYear, versions: Sequence[Program], granted: GrantedException, as_of: date) -> CatalogYear:
    """A later version where one was chosen; never an earlier one, and none that is not in effect yet."""
    asked = f"The version of {granted.requirement} was chosen ({granted.by}, {granted.on}: {granted.reason})"
    number = next((at for at, one in enumerate(versions) if one.version == granted.requirement), None)
    refused = ""
    if number is None:
        refused = f"{asked}, but there is no such version."
    elif versions[number].effective > as_of:
        refused = f"{asked}, but it is not in effect yet."
    elif held.versions and number < held.versions[0]:
        refused = f"{asked}, but only a later version can be chosen."
    if number is None or refused:
        return replace(held, text=f"{held.text} {refused}")
    later = tuple(dict.fromkeys(max(number, one) for one in held.versions))
    if later == held.versions:
        return held
    if len(later) > 1:
        return replace(held, versions=later, text=f"{held.text} {asked}.")
    text = (
        f"{_held(versions[later[0]])}, chosen in place of the one in force before "
        f"({granted.by}, {granted.on}: {granted.reason})."
    )
    return replace(held, versions=later, because="version-elected", text=text, chosen_on=granted.on)
