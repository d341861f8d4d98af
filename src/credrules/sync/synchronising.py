"""One synchronisation: suspect, read again, compare, hold against the threshold, settle."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

from credrules.adapters import ChangesReader, Knows, VersionReader
from credrules.sync import cursor, losses
from credrules.sync.cursor import Overlap
from credrules.sync.extracts import extracts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from credrules.adapters import Batch, StudentRecords
    from credrules.sync.cursor import Stamp
    from credrules.sync.store import Draft, Store

BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """How much is compared, how often, and how much may be missing. docs/synchronising.md says it for administrators.

    `most_gone` is in percent, of learners and of attempts; `few` learners may always be gone.
    """

    overlap: timedelta = timedelta(hours=48)
    overlap_numbers: int = 10_000
    terms: frozenset[str] = frozenset()
    scope_days: int = 1
    full_days: int = 7
    most_gone: int = 5
    few: int = 10

    @property
    def text(self) -> str:
        """Whatever decides what is kept of a learner: where it differs, everybody has to be read anew."""
        return json.dumps(sorted(self.terms))


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What one synchronisation found, in learners. `days` are ahead: something that was read already begins or ends.

    `reading` is 'everybody', 'scope', 'changes' or 'nothing', and `because` says why, where that is not its ordinary
    course.
    """

    as_of: date
    reading: str
    because: str = ""
    read: int = 0
    new: int = 0
    changed: int = 0
    gone: int = 0
    due: int = 0
    days: Mapping[date, int] = field(default_factory=dict)
    dry_run: bool = False


def synchronise(
    records: StudentRecords,
    store: Store,
    scope: Scope,
    as_of: date,
    *,
    full: bool = False,
    accept_loss: bool = False,
    dry_run: bool = False,
    on_read: Callable[[int], object] = lambda learners: None,
) -> Report:
    """Find who has changed since the last time, and whose day has come, and have them wait to be decided.

    Nothing is changed until everything has been read and compared, and then all at once: one that is interrupted, at
    whatever instant, is simply begun again. Raises RecordsError where the source cannot be read, answers with nobody,
    or would lose more than `scope` allows and `accept_loss` does not; StoreError where the store cannot be used.
    """
    with store.draft() as draft:
        reading = _Reading(records, draft, scope, as_of, store.state(), on_read)
        kind, because = reading.kind(full=full)
        if kind == "everybody":
            reading.everybody()
        elif kind in ("scope", "changes"):
            reading.suspects(in_scope=kind == "scope")
        if not accept_loss:
            losses.check(records.name, draft.drop(), scope.most_gone, scope.few)
        reading.confirm()
        settled = draft.settle(as_of, reading.state(kind), keep=not dry_run)
    found = settled.found
    return Report(
        as_of=as_of,
        reading=kind,
        because=because,
        read=reading.read,
        new=found["new"],
        changed=found["changed"],
        gone=found["gone"],
        due=found["due"],
        days=settled.days,
        dry_run=dry_run,
    )


@dataclass(slots=True)
class _Tally:
    """Whom a reading had."""

    learners: int = 0
    problems: int = 0

    def add(self, batch: Batch) -> None:
        self.learners += len(batch.records) + len({aside.learner_id for aside in batch.set_aside})
        self.problems += sum(len(aside.problems) for aside in batch.set_aside)

    def short_of(self, count: int, few: int) -> bool:
        """Whether learners are missing. Where some are set aside a few may be: a doubled row counts twice."""
        return self.learners + (max(self.problems, few) if self.problems else 0) < count


class _Reading:
    """The reading of one synchronisation. `before` is what is known of the last one."""

    def __init__(
        self,
        records: StudentRecords,
        draft: Draft,
        scope: Scope,
        as_of: date,
        before: Mapping[str, str],
        on_read: Callable[[int], object],
    ) -> None:
        self._records = records
        self._changes = records if isinstance(records, ChangesReader) else None
        self._draft = draft
        self._scope = scope
        self._as_of = as_of
        self._before = before
        self._on_read = on_read
        self._cursor = cursor.read(before.get("cursor"))
        self._common = self._changes.common() if self._changes else ""
        # Asked before anybody is read: what is written meanwhile is then found again.
        self._latest = self._changes.latest() if self._changes else None
        self._version = records.version() if isinstance(records, VersionReader) else ""
        self._absent: list[str] = []  # of a reading of everybody: who is known and was not there
        self.read = 0

    def kind(self, *, full: bool) -> tuple[str, str]:
        """What has to be read, and why, where that is more than the ordinary."""
        if because := "it was asked for" if full else self._why_everybody():
            return "everybody", because
        if self._version:
            return ("nothing", "") if self._version == self._before.get("version") else ("everybody", "")
        if self._changes is None:
            return "everybody", ""
        unseen = self._changes.stamps is not Knows.FULL
        if unseen and not self._scope.terms:
            return "everybody", ""
        compared = self._scope.terms and (unseen or self._is_due("scope_on", self._scope.scope_days))
        return "scope" if compared else "changes", ""

    def _why_everybody(self) -> str:
        if "full_on" not in self._before:
            return "it is the first time"
        if self._before.get("source") != self._records.name or self._before.get("common") != self._common:
            return "something has changed on which every record depends"
        if self._before.get("scope") != self._scope.text:
            return "the terms of the scope are others"
        if self._is_due("full_on", self._scope.full_days):
            return f"the last time was on {self._before['full_on']}"
        return self._why_not_from_the_cursor() if self._changes and self._changes.stamps is not Knows.NONE else ""

    def _why_not_from_the_cursor(self) -> str:
        if self._cursor is None or self._latest is None:
            return "there are no stamps to go by"
        if not cursor.alike(self._cursor, self._latest):
            return "the stamps are of another kind"
        if self._latest < self._since(self._cursor):  # type: ignore[operator]  # they are alike
            return "the newest stamp is older than the last one: was the source restored?"
        return ""

    def _is_due(self, name: str, days: int) -> bool:
        last = self._before.get(name)
        return last is None or self._as_of - date.fromisoformat(last) >= timedelta(days=days)

    def _since(self, stamp: Stamp) -> Stamp:
        return Overlap(self._scope.overlap, self._scope.overlap_numbers).before(stamp)

    def everybody(self) -> None:
        """Read all; whoever is known and is not among them is absent."""
        with self._counted() as tally:
            for batch in self._records.batches(size=BATCH):
                tally.add(batch)
                self._take(batch)
        self._cursor = None if self._latest is None else cursor.credible(self._latest, self._as_of)
        self._absent = self._draft.find_absent(everybody=True)

    def suspects(self, *, in_scope: bool) -> None:
        """Read those again who are stamped, or of whom the scope says something else; and only those."""
        if self._changes is not None and self._changes.stamps is not Knows.NONE and self._cursor is not None:
            self._follow(self._changes, self._cursor)
        if self._changes is not None and in_scope:
            with self._counted() as tally:
                for batch in self._changes.batches_of_terms(self._scope.terms, BATCH):
                    tally.add(batch)
                    self._draft.compare_scoped(list(extracts(batch, self._scope.terms)))
                    self._on_read(len(batch.records) + len(batch.set_aside))
            self._draft.suspect_unnamed()
        asked = 0
        for chunk in self._draft.suspects(BATCH):
            asked += len(chunk)
            for batch in self._records.batches(chunk, BATCH):
                self._take(batch)
        self._draft.find_absent(everybody=False)
        if asked and not self._draft.drafted():
            self._look_for_a_witness()

    @contextmanager
    def _counted(self) -> Iterator[_Tally]:
        """A reading of everybody, held against the source's own count: who is new would otherwise not be missed.

        Who comes or goes meanwhile is no fault, so the smaller of the counts before and after holds.
        """
        before, tally = self._records.count(), _Tally()
        yield tally
        if not tally.learners:
            losses.refuse_nobody(self._records.name)
        after = self._records.count() if before is not None and tally.short_of(before, self._scope.few) else None
        if before is not None and after is not None and tally.short_of(min(before, after), self._scope.few):
            losses.refuse_short(self._records.name, tally.learners, min(before, after))

    def _follow(self, changes: ChangesReader, since: Stamp) -> None:
        suspected: set[str] = set()
        for one in changes.changed_since(self._since(since)):
            suspected.add(one.learner_id)
            self._cursor = cursor.advanced(since if self._cursor is None else self._cursor, one.stamp, self._as_of)
        self._draft.suspect(suspected)

    def _look_for_a_witness(self) -> None:
        """Of all who were asked for nobody is there: that is so, or the source answers nothing to anything."""
        witnesses = self._draft.some_known(5)
        if not any(batch.records or batch.set_aside for batch in self._records.batches(witnesses, BATCH)):
            losses.refuse_nobody(self._records.name)

    def confirm(self) -> None:
        """Raises RecordsError where a reading left somebody out who is there when asked for by name."""
        left_out = self._draft.left_out()
        for start in range(0, len(self._absent), BATCH):
            for batch in self._records.batches(self._absent[start : start + BATCH], BATCH):
                left_out += len(batch.records) + len(batch.set_aside)
        if left_out:
            losses.refuse_cut_off(self._records.name, left_out)

    def _take(self, batch: Batch) -> None:
        kept = list(extracts(batch, self._scope.terms))
        self._draft.add(kept, self._as_of)
        self.read += len(kept)
        self._on_read(len(kept))

    def state(self, kind: str) -> dict[str, str]:
        """What the next synchronisation has to know of this one."""
        day = self._as_of.isoformat()
        state = {"source": self._records.name, "common": self._common, "scope": self._scope.text}
        if self._version:
            state["version"] = self._version
        if kind == "everybody":
            state["full_on"] = day
        if kind in ("everybody", "scope"):
            state["scope_on"] = day
        if text := cursor.written(self._cursor):
            state["cursor"] = text
        return state
