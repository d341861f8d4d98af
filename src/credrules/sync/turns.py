"""Whose turn it is to be decided: who has changed, for whom a day has come, and of whom something was said since."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from credrules.errors import CredrulesError
from credrules.sync.extracts import turning_days
from credrules.sync.store import Store, Waiting

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from credrules.installation import Installation
    from credrules.rules import RuleSet
    from credrules.settings import Settings


def store_of(settings: Settings) -> Path:
    """Where the store is: beside credrules.toml, unless the settings name another place."""
    return settings.sync.store or settings.folder / "credrules-sync.db"


@dataclass(frozen=True)
class Turn:
    """What one run has to do. `state` is what is known of the last synchronisation, and of the last run after it."""

    installation: Installation
    as_of: date
    waiting: Waiting
    state: dict[str, str]

    def learners(self) -> frozenset[str] | None:
        """Whom to decide; None where it is everybody, because the rules, or a day that they name, may change anybody.

        Raises CredrulesError where nothing was synchronised yet.
        """
        if "full_on" not in self.state:
            raise CredrulesError(
                "Nothing has been synchronised yet. Run `credrules sync` first, or leave --changed out."
            )
        rules = self.installation.rule_set
        if self.state.get("decided_rules") != rules.digest:
            return None
        last = date.fromisoformat(self.state["decided_on"])
        if any(last < day <= self.as_of for day in _days_of(rules)):
            return None
        with self.installation.ledger_to_read() as ledger:
            return self.waiting.learners | ledger.to_look_at(int(self.state["decided_run"]), last, self.as_of)


@contextmanager
def turn(installation: Installation, as_of: date, *, of_everybody: bool) -> Iterator[Turn]:
    """The turn of a run: when it has ended well, nobody waits any more who did before.

    Where it is not `of_everybody`, by names, for some programs or as a dry run, all go on waiting. Where nothing was
    ever synchronised nothing is kept.
    """
    path = store_of(installation.settings)
    with Store.open_to_read(path) as store:
        before = Turn(installation, as_of, store.waiting(), store.state())
        with installation.ledger_to_read() as ledger:
            last = ledger.last_run()
        yield before
        if of_everybody and path.exists():
            decided = {
                "decided_rules": installation.rule_set.digest,
                "decided_on": as_of.isoformat(),
                # What is said while a run is at work may come too late for it, so the one before it is remembered.
                "decided_run": str(last.number if last else 0),
            }
            store.decided(before.waiting, decided)


def _days_of(rules: RuleSet) -> set[date]:
    """The days that programs name: from when, until when, by when."""
    return {day for program in rules.programs for day in turning_days(program)}
