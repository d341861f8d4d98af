"""What is too much to lose at once: an answer of nobody, or of far fewer, is a fault of the source first."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from credrules.errors import Problem, RecordsError
from credrules.wording import number

if TYPE_CHECKING:
    from credrules.sync.store import Drop

ATTEMPTS_EACH = 10
"""Attempts that a learner has, about: as many may go with each of the few learners who may always be gone."""


def check(source: str, drop: Drop, most_gone: int, few: int) -> None:
    """Raises RecordsError where more would be lost than is allowed."""
    lost = []
    if drop.learners > max(few, drop.of_learners * most_gone // 100):
        lost.append(f"{drop.learners} of {number(drop.of_learners, 'learner')}")
    if drop.attempts > max(few * ATTEMPTS_EACH, drop.of_attempts * most_gone // 100):
        lost.append(f"{drop.attempts} of {number(drop.of_attempts, 'attempt')}")
    if lost:
        message = (
            f"{' and '.join(lost)} are no longer there, more than {most_gone}%. Nothing was changed. Look at the "
            "source first: at an export that is not complete, at what the account may see, at the conditions of the "
            "queries. If it is so, run `credrules sync --accept-loss` once."
        )
        raise RecordsError([Problem(source, 0, message)])


def refuse_nobody(source: str) -> NoReturn:
    message = (
        "answers that there is nobody. Nothing was changed. Look at what the account may see: some systems show "
        "nothing of what is not granted, and say no word of it."
    )
    raise RecordsError([Problem(source, 0, message)])


def refuse_cut_off(source: str, left_out: int) -> NoReturn:
    message = (
        f"{number(left_out, 'learner')} were left out of the reading and are there when they are asked for by name. "
        "It ended early. Nothing was changed; run this again."
    )
    raise RecordsError([Problem(source, 0, message)])


def refuse_short(source: str, read: int, count: int) -> NoReturn:
    message = (
        f"{number(read, 'learner')} were read, and the source counts {count}. The reading ended early. Nothing was "
        "changed; run this again."
    )
    raise RecordsError([Problem(source, 0, message)])
