"""Whom a run can leave alone: learners of whom nothing is another than when they were last decided.

Beside the ledger is a file with a row for each learner: a keyed digest of everything their record and people said, a
digest of the outcomes at every node in columns, the day, and what each program came to. No record is in it. Somebody is
left alone only where all of this holds:

- the last run of the ledger is the one that this file knows of, under the same rules, programs, engines and release;
- record and words are the same, names and addresses included;
- on the same day nothing more can be another. On a later one, in columns every outcome at every node is the same; no
  day that the record, people or the rules name has come in between; and the learner has no part in a program that
  counts in months, is renewed, asked for or conferred on certain days, or asks what another used;
- the engines agreed, and no award waits for its day.

Whatever is not known to be so is decided again. It can be deleted at any time: then everybody is decided again.
"""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
from collections.abc import Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

from credrules import __version__
from credrules.decisions import Outcome
from credrules.engines.columnar.arrays import numbers, valid
from credrules.engines.columnar.digests import Digests
from credrules.engines.columnar.encoding import part
from credrules.engines.columnar.needed import np, pa
from credrules.engines.columnar.signatures import day_number
from credrules.engines.columnar.tables import PARTS, PERSONAL, records_to_arrow
from credrules.errors import CredrulesError, EngineError
from credrules.records import Learner
from credrules.timing import Timing
from credrules.uses import asked_about
from credrules.windows import Window

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from credrules.attestations import Word
    from credrules.deciding import Decided, Decider
    from credrules.ledger import LastRun
    from credrules.plan import Plan, ProgramPlan
    from credrules.records import Record
    from credrules.rules import RuleSet

    Known = Sequence[tuple[Record, Word]]
    Array = np.ndarray[Any, np.dtype[Any]]

FORMAT = 1
NO_PART = 255
IN_LIST = 500
_IN_COLUMNS = frozenset({"attestations", "exceptions", "held", "uses", "conferred"})
_TABLES = """
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS learners (
    learner_id TEXT PRIMARY KEY, said INTEGER NOT NULL, told BLOB NOT NULL, day INTEGER NOT NULL,
    timed INTEGER NOT NULL, programs BLOB NOT NULL
) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class _Row:
    said: int
    told: bytes
    day: int
    timed: bool
    programs: bytes


@dataclass(frozen=True, slots=True)
class Sifted:
    """A batch: who is to be decided, and who is left alone, each with what every program came to."""

    again: Known
    alone: Sequence[tuple[Record, Mapping[str, Outcome]]]


class Settled:
    """The file, open for one run. Nothing in it is another before `end`."""

    def __init__(self, connection: sqlite3.Connection, key: bytes, decider: Decider, as_of: date) -> None:
        self.connection = connection
        self.decider = decider
        self.as_of = as_of
        self.names = list(decider.versions)
        self.timed = _timed(decider.plan)
        self.key = key
        self.digests = Digests(key)
        self._day = day_number(as_of)
        self._said: dict[str, int] = {}

    @cached_property
    def days(self) -> Array:
        """Those that the rules name."""
        return np.array(
            sorted({day_number(one) for one in _inside(self.decider.plan) if isinstance(one, date)}), np.int64
        )

    # Before a batch is decided.

    def sifted(self, known: Known, *, everyone: bool = False) -> Sifted:
        """Who has to be decided, and who can be left alone."""
        said = self._digests(known)
        self._said = said
        rows = {} if everyone else self._rows([record.learner.learner_id for record, _ in known])
        same = [
            (record, word)
            for record, word in known
            if (row := rows.get(record.learner.learner_id)) and row.said == said.get(record.learner.learner_id)
        ]
        left = {record.learner.learner_id for record, _ in self._unmoved(same, rows)}
        again = [one for one in known if one[0].learner.learner_id not in left]
        alone = [
            (record, self._came_to(rows[record.learner.learner_id].programs))
            for record, _ in known
            if record.learner.learner_id in left
        ]
        if left:
            moved = [(self._day, name) for name in sorted(left)]
            self.connection.executemany("UPDATE learners SET day = ? WHERE learner_id = ?", moved)
        return Sifted(again, alone)

    def _unmoved(self, same: Known, rows: Mapping[str, _Row]) -> Iterator[tuple[Record, Word]]:
        """Of those whose records are the same: for whom the day makes no difference either."""
        later = []
        for one in same:
            row = rows[one[0].learner.learner_id]
            if row.day == self._day:
                yield one
            elif row.day < self._day and not row.timed:
                later.append(one)
        if not later:
            return
        since = np.array([rows[record.learner.learner_id].day for record, _ in later], np.int64)
        passed = self._passed(later, since)
        quiet = [one for one, moved in zip(later, passed.tolist(), strict=True) if not moved]
        self.decider.prepare(quiet, self.as_of)
        for record, word in quiet:
            told = self._told(record)
            if told and told == rows[record.learner.learner_id].told:
                yield record, word

    def _passed(self, known: Known, since: Array) -> Array:
        """For whom a day that is named somewhere has come since they were decided; both ends count."""
        batch = _batch(known)
        found = np.searchsorted(self.days, since, "left") < np.searchsorted(self.days, self._day, "right")
        for name in PARTS:
            rows = part(batch, name)
            if rows is None:
                continue
            for field in rows.values.type:
                if pa.types.is_date32(field.type):
                    values = rows.values.field(field.name)
                    there = valid(values)
                    days = numbers(values)
                    whose = rows.learner[there & (days >= since[rows.learner]) & (days <= self._day)]
                    found[whose] = True
        return found

    def _digests(self, known: Known) -> dict[str, int]:
        """A number for each learner; none for one whose record fits no column, who is always decided."""
        try:
            batch = _batch(known)
        except EngineError:
            return {} if len(known) == 1 else {k: v for one in known for k, v in self._digests([one]).items()}
        personal = [
            "\x1f".join(str(getattr(record.learner, field.name)) for field in fields(Learner) if field.name in PERSONAL)
            for record, _ in known
        ]
        conferred = [sorted(word.conferred) for _, word in known]
        more = [pa.array(personal, pa.string()), pa.array(conferred, pa.list_(pa.string()))]
        whole = pa.RecordBatch.from_arrays(
            [*batch.columns, *more], names=[*batch.schema.names, "personal", "conferred"]
        )
        found = self.digests.of(whole).view(np.int64).tolist()
        return {record.learner.learner_id: number for (record, _), number in zip(known, found, strict=True)}

    def _rows(self, learners: Sequence[str]) -> dict[str, _Row]:
        found = {}
        for at in range(0, len(learners), IN_LIST):
            some = learners[at : at + IN_LIST]
            marks = ",".join("?" * len(some))
            query = f"SELECT learner_id, said, told, day, timed, programs FROM learners WHERE learner_id IN ({marks})"  # noqa: S608  question marks only
            for name, said, told, day, timed, programs in self.connection.execute(query, some):
                found[name] = _Row(said, told, day, bool(timed), programs)
        return found

    def _came_to(self, programs: bytes) -> dict[str, Outcome]:
        return {name: Outcome(level) for name, level in zip(self.names, programs, strict=True) if level != NO_PART}

    def _told(self, record: Record) -> bytes:
        columns = self.decider.columns
        said = columns.told(record) if columns else b""
        return hashlib.blake2b(said, key=self.key, digest_size=16).digest() if said else b""

    # After it.

    def note(self, record: Record, decided: Decided) -> None:
        """What a learner of the batch came to. Whoever must be decided again anyway is forgotten."""
        name = record.learner.learner_id
        said, told = self._said.get(name), self._told(record)
        waits = any(one.confers_on and one.confers_on > self.as_of for one in decided.decisions)
        if said is None or not told or waits or decided.disagreements:
            self.forget(name)
            return
        came = {one.program: int(one.outcome) for one in decided.decisions}
        programs = bytes(came.get(program, NO_PART) for program in self.names)
        timed = not self.timed.isdisjoint(came)
        row = (name, said, told, self._day, timed, programs)
        self.connection.execute("INSERT OR REPLACE INTO learners VALUES (?, ?, ?, ?, ?, ?)", row)

    def forget(self, learner_id: str) -> None:
        self.connection.execute("DELETE FROM learners WHERE learner_id = ?", (learner_id,))

    def end(self, run: LastRun) -> None:
        """The run is over: from now on, this is what is known."""
        self.connection.execute("INSERT OR REPLACE INTO about VALUES ('run', ?)", (_named(run),))
        self.connection.commit()


@contextmanager
def settled(path: Path, rules: RuleSet, decider: Decider, as_of: date, last: LastRun | None) -> Iterator[Settled]:
    """Opens the file, or makes it. `last` is the ledger's last run; where the file knows another, nobody is left alone.

    Raises CredrulesError where it cannot be read or written.
    """
    try:
        with closing(_opened(path)) as connection:
            about = dict(connection.execute("SELECT name, value FROM about").fetchall())
            under = _under(rules, decider)
            known = about.get("under") == under
            same = known and last is not None and about.get("run") == _named(last)
            if not same:
                connection.execute("DELETE FROM learners")
            if not known:
                new = {"under": under, "secret": secrets.token_hex(32), "run": ""}
                connection.executemany("INSERT OR REPLACE INTO about VALUES (?, ?)", new.items())
                about |= new
            yield Settled(connection, bytes.fromhex(about["secret"]), decider, as_of)
    except sqlite3.Error as error:
        raise CredrulesError(
            f"{path} cannot be read or written ({error}). It says whom a run can leave alone: delete it, and everybody "
            "is decided again; or name another file with `kept` in credrules.toml."
        ) from error


def _opened(path: Path) -> sqlite3.Connection:
    try:
        path.touch(mode=0o600)
    except OSError as error:
        raise sqlite3.OperationalError(error.strerror) from error
    connection = sqlite3.connect(path, timeout=30)
    connection.executescript(_TABLES)
    return connection


def _named(run: LastRun) -> str:
    return f"{run.number} {run.started_at}"


def _under(rules: RuleSet, decider: Decider) -> str:
    """What all decisions in the file were made under."""
    programs = sorted(one.program.digest for one in decider.plan.programs)
    told = repr((FORMAT, __version__, rules.digest, programs, list(decider.versions), decider.engines))
    return hashlib.sha256(told.encode()).hexdigest()


def _batch(known: Known) -> Any:
    """Records as columns, without the lines on which they stood: another line is no other fact."""
    for _, word in known[:1]:
        if more := {field.name for field in fields(word)} - _IN_COLUMNS:
            raise EngineError(f"No column holds the {', '.join(sorted(more))} of what people said.")
    return records_to_arrow([record for record, _ in known], [word for _, word in known], without=("source",))


def _inside(value: Any) -> Iterator[Any]:
    """Everything that a rule says, however deep it stands."""
    yield value
    if is_dataclass(value) and not isinstance(value, type):
        inner: Iterable[Any] = (getattr(value, field.name) for field in fields(value))
    elif isinstance(value, Mapping):
        inner = value.items()
    else:
        inner = value if isinstance(value, tuple | list | frozenset | set) else ()
    for one in inner:
        yield from _inside(one)


def _timed(plan: Plan) -> frozenset[str]:
    """The programs in which a day that nobody named can matter."""
    return frozenset(one.program.id for one in plan.programs if _counts_days(one))


def _counts_days(plan: ProgramPlan) -> bool:
    life = plan.program.life
    return bool(
        life.renews
        or life.claim
        or life.confer_on
        or plan.time_limit
        or asked_about([plan.program])
        or any(isinstance(one, Timing) or (isinstance(one, Window) and one.months) for one in _inside(plan))
    )
