"""Random histories of a student information system that is synchronised while it is written to.

Grades are written, changed and deleted; stamps come from clocks that differ, late, or not at all; rows become current
on a later day with no write; the source is down, breaks off, ends early or answers with nobody; synchronisations and
runs are killed and begun again. A reader keeps a copy by what it is told has changed, and nothing else: at the end its
copy must be that of a full reading on that day.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Protocol

from credrules.adapters import Batch, ChangesReader, VersionReader
from credrules.errors import RecordsError
from credrules.records import Affiliation, Attempt, Course, Hold, Learner, Record, Term, digest
from credrules.sync import Scope, Store, synchronise
from credrules.testing.system import FakeSystem

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path
    from random import Random

    from credrules.adapters import Changed, StudentRecords

TERMS = tuple(
    Term(date(year, first, 1), date(year, first + 4, 28), f"{year}{name}", f"{name} {year}")
    for year in (2025, 2026)
    for name, first in (("spring", 1), ("fall", 8))
)
OPEN = TERMS[2:]
"""The terms of the scope: what leaves no stamp happens in these alone."""

SCOPE = Scope(overlap=timedelta(hours=36), terms=frozenset(term.term_id for term in OPEN), full_days=30, few=2)
COURSES = ("STA 501", "STA 502", "CSE 574")


@dataclass(frozen=True)
class GradeRow:
    """A row of an attempt; where `on` is a day to come, one that the source does not show before."""

    attempt_id: str
    learner_id: str
    course: str
    term: Term
    grade: str | None
    stamp: datetime
    on: date | None = None


@dataclass(frozen=True)
class HoldRow:
    learner_id: str
    since: date
    stamp: datetime


@dataclass(frozen=True)
class PersonRow:
    learner_id: str
    name: str
    stamp: datetime


@dataclass
class World:
    """All rows that there are, and the moment."""

    now: datetime
    people: dict[str, PersonRow] = field(default_factory=dict)
    grades: dict[str, GradeRow] = field(default_factory=dict)
    holds: dict[str, HoldRow] = field(default_factory=dict)

    @property
    def today(self) -> date:
        return self.now.date()

    def shown_grades(self) -> Iterator[tuple[GradeRow, datetime]]:
        """The rows that are current, with their stamps: that of what came into effect by itself is its day's."""
        for row in self.grades.values():
            if row.on is None:
                yield row, row.stamp
            elif row.on <= self.today:
                yield row, max(row.stamp, datetime.combine(row.on, time()))


class Campus(Protocol):
    """One kind of source, that can be made to hold what a world holds."""

    def show(self, world: World) -> StudentRecords:
        """A source that says what the world is at this moment."""


class FakeCampus:
    """The fake system, whose learners have the newest stamp of their rows."""

    def show(self, world: World) -> FakeSystem:
        system = FakeSystem()
        grades: dict[str, list[tuple[GradeRow, datetime]]] = {}
        for row, stamp in world.shown_grades():
            grades.setdefault(row.learner_id, []).append((row, stamp))
        for person in world.people.values():
            own = grades.get(person.learner_id, [])
            hold = world.holds.get(person.learner_id)
            stamps = [person.stamp, *(stamp for _, stamp in own), *([hold.stamp] if hold else [])]
            system.write(_record(person, [row for row, _ in own], hold), max(stamps))
        return system


def _record(person: PersonRow, grades: list[GradeRow], hold: HoldRow | None) -> Record:
    return Record(
        learner=Learner(learner_id=person.learner_id, given_name=person.name, affiliation=Affiliation.HOME),
        attempts=tuple(_attempt(row) for row in sorted(grades, key=lambda row: row.attempt_id)),
        holds=(Hold(code="H", blocks=frozenset({"conferral"}), since=hold.since),) if hold else (),
    )


def _attempt(row: GradeRow) -> Attempt:
    course = Course.parse(row.course)
    assert course is not None
    return Attempt(attempt_id=row.attempt_id, course=course, term=row.term, grade=row.grade)


class Killed(BaseException):
    """The process is gone, at this instant."""


@dataclass
class Unsteady:
    """A source in front of which things go wrong: `failures` as of FakeSystem, and `kill_after` so many answers."""

    inner: StudentRecords
    failures: list[str]
    kill_after: int = -1

    def __post_init__(self) -> None:
        self.name = self.inner.name
        self.capabilities = self.inner.capabilities

    def count(self) -> int | None:
        return self.inner.count()

    def batches(self, learners: Collection[str] | None = None, size: int = 500) -> Iterator[Batch]:
        yield from self._failing(lambda: self.inner.batches(learners, 2), named=learners is not None)

    def _failing(self, ask: Callable[[], Iterator[Batch]], *, named: bool) -> Iterator[Batch]:
        failure = self.failures.pop(0) if self.failures else ""
        if failure in ("down", "broken"):
            raise RecordsError([])
        batches = [] if failure == "empty" else list(ask())
        if failure == "cut" and not named:
            batches = batches[: len(batches) // 2]
        for batch in batches:
            self._alive()
            yield batch

    def _alive(self) -> None:
        self.kill_after -= 1
        if self.kill_after == 0:
            raise Killed


@dataclass
class UnsteadyVersion(Unsteady):
    """One that says whether anything has changed, too."""

    inner: VersionReader  # type: ignore[assignment]  # and StudentRecords

    def version(self) -> str:
        return self.inner.version()


@dataclass
class UnsteadyChanges(Unsteady):
    """One that says who has changed, too."""

    inner: ChangesReader  # type: ignore[assignment]  # and StudentRecords

    def __post_init__(self) -> None:
        super().__post_init__()
        self.stamps = self.inner.stamps

    def common(self) -> str:
        return self.inner.common()

    def latest(self) -> datetime | int | None:
        return self.inner.latest()

    def changed_since(self, since: datetime | int) -> Iterator[Changed]:
        for one in self.inner.changed_since(since):
            self._alive()
            yield one

    def batches_of_terms(self, terms: Collection[str], size: int = 500) -> Iterator[Batch]:
        yield from self._failing(lambda: self.inner.batches_of_terms(terms, 2), named=False)


def _unsteady(inner: StudentRecords, failures: list[str], kill_after: int) -> Unsteady:
    if isinstance(inner, ChangesReader):
        return UnsteadyChanges(inner, failures, kill_after)
    if isinstance(inner, VersionReader):
        return UnsteadyVersion(inner, failures, kill_after)
    return Unsteady(inner, failures, kill_after)


@dataclass
class History:
    """One history. `copy` is what somebody knows who reads again only whom a synchronisation names."""

    random: Random
    campus: Campus
    path: Path
    scope: Scope = SCOPE
    copy: dict[str, str] = field(default_factory=dict)
    synchronisations: int = 0
    refused: int = 0
    killed: int = 0

    def __post_init__(self) -> None:
        self.world = World(datetime(2026, 3, 2, 9))  # noqa: DTZ001  as most systems keep it, without a zone
        self._number = 0
        for _ in range(8):
            self.write()
        self._store = Store.open(self.path)

    def close(self) -> None:
        self._store.close()

    # What happens to the source.

    def step(self) -> None:
        """Anything that may happen."""
        act = self.random.choice((self.write, self.write, self.write, self.unstamped, self.wait, self.synchronise))
        act()

    def write(self) -> None:
        """Somebody writes; the clock of the machine is wrong by hours, or the commit comes as much later."""
        random, stamp = self.random, self.world.now + timedelta(hours=self.random.randint(-8, 8))
        kind = random.choice(("person", "grade", "grade", "regrade", "hold", "future grade"))
        people, grades = list(self.world.people), list(self.world.grades)
        if kind == "person" or not people:
            self._number += 1
            learner_id = f"L{self._number:03}"
            self.world.people[learner_id] = PersonRow(learner_id, random.choice("ABC"), stamp)
        elif kind == "hold":
            learner_id = random.choice(people)
            since = self.world.today + timedelta(days=random.randint(-2, 4))
            self.world.holds[learner_id] = HoldRow(learner_id, since, stamp)
        elif kind == "regrade" and grades:
            row = self.world.grades[random.choice(grades)]
            self.world.grades[row.attempt_id] = replace(row, grade=random.choice("ABC"), stamp=stamp)
        else:
            self._number += 1
            on = self.world.today + timedelta(days=random.randint(1, 4)) if kind == "future grade" else None
            row = GradeRow(
                f"A{self._number:03}",
                random.choice(people),
                random.choice(COURSES),
                random.choice(TERMS),
                random.choice(("A", "B", None)),
                stamp,
                on,
            )
            self.world.grades[row.attempt_id] = row

    def unstamped(self) -> None:
        """A row goes, or a batch job changes one, and no stamp tells of it."""
        world, random = self.world, self.random
        open_rows = [row for row in world.grades.values() if row.term in OPEN]
        kind = random.choice(("delete", "change", "hold", "person"))
        if kind == "person" and len(world.people) > 5:
            learner_id = random.choice(list(world.people))
            del world.people[learner_id]
            world.holds.pop(learner_id, None)
            world.grades = {key: row for key, row in world.grades.items() if row.learner_id != learner_id}
        elif kind == "hold" and world.holds:
            del world.holds[random.choice(list(world.holds))]
        elif kind == "delete" and open_rows:
            del world.grades[random.choice(open_rows).attempt_id]
        elif open_rows:
            row = random.choice(open_rows)
            world.grades[row.attempt_id] = replace(row, grade=random.choice("ABC"))

    def wait(self) -> None:
        self.world.now += timedelta(hours=self.random.choice((1, 5, 20, 30)))

    # What is done about it.

    def synchronise(self, *, steady: bool = False) -> None:
        """Synchronise, and then read again who waits; each may be killed, and the source may fail."""
        failures: list[str] = []
        kill_after = -1
        if not steady:
            self._restarted()
            failures = [self.random.choice(("", "", "", "", "down", "broken", "cut", "empty")) for _ in range(3)]
            kill_after = self.random.choice((-1, -1, self.random.randint(1, 8)))
        self.synchronisations += 1
        try:
            self._synchronise(failures, kill_after)
            self._read_again(steady=steady)
        except Killed:
            self.killed += 1
            self._restarted()

    def _restarted(self) -> None:
        if self.random.random() < 0.3:
            self._store.close()
            self._store = Store.open(self.path)

    def _synchronise(self, failures: list[str], kill_after: int) -> None:
        inner = self.campus.show(self.world)
        source = _unsteady(inner, failures, kill_after)
        before = self._store.digests(), self._store.state()
        try:
            synchronise(source, self._store, self.scope, self.world.today)
        except RecordsError:
            self.refused += 1
            assert (self._store.digests(), self._store.state()) == before
            if (
                not source.failures and kill_after < 0
            ):  # nothing is wrong with the source: somebody looked, and it is so
                synchronise(inner, self._store, self.scope, self.world.today, accept_loss=True)

    def _read_again(self, *, steady: bool) -> None:
        waiting = self._store.waiting()
        known = self._store.digests()
        source = self.campus.show(self.world)
        seen = {}
        if waiting.learners:
            seen = _seen(source.batches(sorted(waiting.learners)), self.world.today)
        if not steady and self.random.random() < 0.15:
            raise Killed
        self.copy.update(seen)
        self.copy = {learner_id: what for learner_id, what in self.copy.items() if learner_id in known}
        self._store.decided(waiting, {})

    def finish(self) -> bool:
        """On a later day, when all is well with the source: whether the copy is that of a full reading.

        Another synchronisation must then find nothing more: what was told is not told again.
        """
        self.world.now += timedelta(days=1)
        self.synchronise(steady=True)
        again = synchronise(self.campus.show(self.world), self._store, self.scope, self.world.today)
        quiet = not (again.new or again.changed or again.gone or again.due)
        return quiet and self.copy == _seen(self.campus.show(self.world).batches(), self.world.today)


def _seen(batches: Iterator[Batch], today: date) -> dict[str, str]:
    """What is decided by, of everybody: the record, and which of its holds are in force on this day."""
    seen = {}
    for batch in batches:
        for record in batch.records:
            active = sum(hold.since is None or hold.since <= today for hold in record.holds or ())
            seen[record.learner.learner_id] = f"{digest(record)} {active}"
        for aside in batch.set_aside:
            seen[aside.learner_id] = digest([problem.message for problem in aside.problems])
    return seen
