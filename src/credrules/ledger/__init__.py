"""The ledger: everything decided, attested, awarded and received. Rows are added, not edited; only what is still to be
done, and by whom, is written over.
"""

from __future__ import annotations

import json
import secrets
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import and_, case, exists, func, insert, or_, select

from credrules.adapters import SetAside
from credrules.attestations import Attestation, ExceptionKind, GrantedException, ProgramUse, Word, standing
from credrules.awards import Receipt
from credrules.decisions import Outcome, decision_text
from credrules.errors import LedgerError, NoLedger, Problem
from credrules.ledger import bodies, database, erasing, queue, rests, tables
from credrules.ledger import withheld as withholding
from credrules.ledger.cases import CaseBook
from credrules.ledger.events import as_owed, last_body, last_event, of_award
from credrules.ledger.pieces import pieces
from credrules.ledger.queue import ISSUE, REVOKE, Hold, Waiting
from credrules.ledger.rests import Rest
from credrules.records import CredentialHeld, CredentialStatus
from credrules.uses import used_by

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from datetime import date

    from sqlalchemy import Connection, Engine, ScalarSelect, Select

    from credrules.awards import Award
    from credrules.decisions import Decision, DecisionText
    from credrules.ledger.withheld import Kept
    from credrules.privacy import Withheld
    from credrules.records import Record

__all__ = ["AwardState", "Hold", "Ledger", "Outstanding", "Recorded", "Rest", "Standing", "Waiting"]

PAGE = 200
"""Awards read at a time."""

DETAIL = 500

CALLS = ("intent", "issued", "refused", "unavailable", "unknown")
"""Events of a call to an issuer ..."""

IN_DOUBT = ("intent", "unknown")
"""... those of them after which nobody knows what came of it ..."""

BY_HAND = ("refused", "dropped", "retry")
"""... events that lay an award aside for a person, or take it up again ..."""

CLAIMS = ("lapsed", "owed")
"""... and events of a later decision, that no longer owes it or owes it anew."""

REVOCATION = ("asked", "revoked", *BY_HAND)
"""Events that say how a revocation stands."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What was new in a batch."""

    decisions: int
    awards: int


@dataclass(frozen=True, slots=True)
class Outstanding:
    """An award without a receipt, as it is owed now; or, where `action` says so, one that is to be revoked.

    `call` is what is known of the last call: an event of CALLS, None where there was none. One that is `lapsed`, no
    longer owed, is outstanding only while it is in doubt. `place` is its own in the queue, where later awards have
    later ones. `calls` were begun since a person last took it up; `tries` of any kind came to nothing in a row. `ended`
    is how many seconds ago a call of unknown outcome was known to be over; None where it is not known to be. `receipt`
    and `reason` are of a revocation.
    """

    award: Award
    place: int
    call: str | None
    lapsed: bool = False
    action: str = ISSUE
    tries: int = 0
    calls: int = 0
    ended: float | None = None
    receipt: Receipt | None = None
    reason: str = ""

    @property
    def in_doubt(self) -> bool:
        """A call was begun, and nobody knows what came of it."""
        return self.call in IN_DOUBT

    @property
    def tried(self) -> bool:
        """There was a call, so that the issuer is asked what it has before it is called again."""
        return self.call is not None


@dataclass(frozen=True, slots=True)
class Standing:
    """How one program stands: learners by their latest decision, and how many have every award in hand.

    `to_confer` of those that are met have a day of conferral after that of the last run; `next_conferral` is the first.
    """

    program: str
    registered: int
    unmet: int
    undetermined: int
    pending: int
    awaiting: int
    met: int
    conferred: int
    to_confer: int = 0
    next_conferral: date | None = None


@dataclass(frozen=True, slots=True)
class AwardState:
    """`state` is owed, issued, refused, unavailable, in doubt, dropped or lapsed; of one that is to be taken back,
    revoking, revoked or not revoked (the issuer refused).
    """

    key: str
    issuer: str
    learner_id: str
    program: str
    state: str
    detail: str
    receipt: Receipt | None


@dataclass(frozen=True, slots=True)
class LastRun:
    """Which run it was: another ledger's run of the same number began at another moment."""

    number: int
    started_at: str


class Ledger:
    """One open ledger. Use `Ledger.open`; close it, or use it as a context manager."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime] | None = None) -> None:
        self._engine = engine
        self._clock = clock
        self._still_alone: Callable[[], None] = lambda: None
        self._still_connected: Callable[[], None] = lambda: None

    def __repr__(self) -> str:
        return f"<Ledger {database.shown(self._engine.url)}>"

    @classmethod
    def open(cls, url: str, *, create: bool = True, clock: Callable[[], datetime] | None = None) -> Ledger:
        """Open the ledger at a database URL, making it where there is none and `create` allows it.

        `clock` is by what claims and waits are judged: the database server's own where it is left out, so that workers
        on several machines agree. Raises LedgerError.
        """
        return cls(database.connect(url, create=create), clock)

    @classmethod
    def open_to_read(cls, url: str) -> Ledger:
        """Open the ledger and make nothing: where there is none yet, an empty one in memory stands in for it.

        Raises LedgerError.
        """
        try:
            return cls.open(url, create=False)
        except NoLedger:
            return cls(database.in_memory())

    @staticmethod
    def migrate(url: str) -> None:
        """Bring a ledger that an older credrules made up to date. Raises LedgerError."""
        database.migrate(url)

    def close(self) -> None:
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def exclusively(self) -> Iterator[None]:
        """Be the only run. Raises LedgerError where there is another. People may go on attesting meanwhile."""
        with database.only_run(self._engine) as still_alone:
            self._still_alone = still_alone
            try:
                yield
            finally:
                self._still_alone = lambda: None

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Be a worker: on SQLite the only one, and no run beside it; on PostgreSQL one of any number.

        Raises LedgerError where that cannot be.
        """
        if self._engine.dialect.name == "sqlite":
            with self.exclusively():
                yield
        else:
            yield

    @contextmanager
    def holding(self, seconds: float) -> Iterator[Hold]:
        """A hold under which to claim. It is given up at the end, with all that is in hand.

        Raises LedgerError while the tables are being changed.
        """
        hold = Hold(secrets.randbelow(2**31), seconds)
        with database.one_worker(self._engine, hold.by) as still_connected:
            self._still_connected = still_connected
            try:
                yield hold
                with database.writing(self._engine) as connection:
                    queue.release(connection, hold.by)
            finally:
                self._still_connected = lambda: None

    # Runs.

    def begin(self, as_of: date, rule_set: str, files: Mapping[str, str], engines: Sequence[str]) -> int:
        """Note that a run begins, with the text of its rules, so that its decisions can be derived again."""
        with database.writing(self._engine) as connection:
            new = {"digest": rule_set, "files": bodies.packed(dict(files)), "recorded_at": _now()}
            connection.execute(_unless_there(connection, tables.rule_sets).values(new))
            run = {"as_of": as_of, "rule_set": rule_set, "engines": ", ".join(engines), "started_at": _now()}
            return int(connection.scalar(insert(tables.runs).values(run).returning(tables.runs.c.id)) or 0)

    def last_run(self) -> LastRun | None:
        """The run that began last, whether or not it came to its end."""
        runs = tables.runs
        query = select(runs.c.id, runs.c.started_at).order_by(runs.c.id.desc()).limit(1)
        with database.reading(self._engine) as connection:
            row = connection.execute(query).first()
        return LastRun(row.id, row.started_at.isoformat()) if row else None

    def to_look_at(self, run: int, after: date, as_of: date) -> frozenset[str]:
        """Of whom something was said since this run began, and whose day of conferral has come since `after`."""
        attestations, exceptions, decisions = tables.attestations, tables.exceptions, tables.decisions
        began = select(tables.runs.c.started_at).where(tables.runs.c.id == run).scalar_subquery()
        queries = (
            select(attestations.c.learner_id).where(attestations.c.recorded_at >= began),
            select(exceptions.c.learner_id).where(exceptions.c.recorded_at >= began),
            select(decisions.c.learner_id).where(decisions.c.confers_on > after, decisions.c.confers_on <= as_of),
        )
        with database.reading(self._engine) as connection:
            return frozenset(learner_id for query in queries for learner_id in connection.scalars(query.distinct()))

    def end(self, run: int, counts: Mapping[str, int]) -> None:
        with database.writing(self._engine) as connection:
            row = {"run_id": run, "counts": json.dumps(dict(counts), sort_keys=True), "ended_at": _now()}
            connection.execute(insert(tables.run_ends).values(row))

    def record(
        self, run: int, decisions: Sequence[Decision], awards: Sequence[Award], set_aside: Sequence[SetAside] = ()
    ) -> Recorded:
        """Record a batch in one transaction: decisions that differ from the last one, awards that are not owed yet.

        `awards` are all that these decisions owe. One that is in the ledger, was not issued and is no longer among them
        lapses; one that is owed anew, or otherwise than before (to another e-mail address, say), is owed as it is now.
        """
        texts = [decision_text(decision) for decision in decisions]
        with database.writing(self._engine) as connection:
            database.one_at_a_time(connection)
            last = self._last_digests(connection, {decision.learner_id for decision in decisions})
            rows = [
                _decision_row(run, decision, text)
                for decision, text in zip(decisions, texts, strict=True)
                if last.get((decision.learner_id, decision.program)) != text.digest
            ]
            if rows:
                connection.execute(insert(tables.decisions), rows)
            self._follow(connection, decisions, awards)
            known = self._known(connection, [award.key for award in awards])
            owed = [_award_row(award) for award in awards if award.key not in known]
            if owed:
                connection.execute(_unless_there(connection, tables.awards), owed)
                self._queue(connection, [row["key"] for row in owed])
            asides = [
                {"run_id": run, "learner_id": aside.learner_id, "problems": _problems_text(aside)}
                for aside in set_aside
            ]
            if asides:
                connection.execute(insert(tables.set_aside), asides)
        return Recorded(len(rows), len(owed))

    def _follow(self, connection: Connection, decisions: Sequence[Decision], awards: Sequence[Award]) -> None:
        """Let what is waiting to be issued lapse, or be owed otherwise, as the decisions now say."""
        decided = {(decision.learner_id, decision.program): decision.cycle for decision in decisions}
        owed = {award.key: award for award in awards}
        programs = sorted({program for _, program in decided})
        waiting = _with_events().where(tables.receipts.c.award_id.is_(None), tables.awards.c.program.in_(programs))
        changes, due = [], []
        for some in pieces(sorted({learner for learner, _ in decided})):
            for row in connection.execute(waiting.where(tables.awards.c.learner_id.in_(some))):
                if (row.learner_id, row.program) not in decided:
                    continue
                if row.key not in owed and bodies.term_of(row.as_owed).cycle != decided[row.learner_id, row.program]:
                    continue  # it is for another term than the one that is decided now
                now = owed.get(row.key)
                if change := _change(row, now):
                    changes.append(change)
                    due += [{"award_id": row.id, "issuer": now.issuer}] if now else []
        if changes:
            connection.execute(insert(tables.outbox), changes)
            queue.put(connection, due, ISSUE, self._now(connection))

    def _queue(self, connection: Connection, keys: Sequence[str]) -> None:
        """Let workers know of these awards."""
        awards = tables.awards
        for some in pieces(keys):
            query = select(awards.c.id.label("award_id"), awards.c.issuer).where(awards.c.key.in_(some))
            rows = [dict(row) for row in connection.execute(query.order_by(awards.c.id)).mappings()]
            queue.put(connection, rows, ISSUE, self._now(connection))

    def _now(self, connection: Connection) -> datetime:
        """The time by which claims and waits are judged."""
        if self._clock:
            return self._clock()
        if self._engine.dialect.name == "sqlite":
            return _now()
        now: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
        return now.astimezone(UTC)

    def _last_digests(self, connection: Connection, learners: Collection[str]) -> dict[tuple[str, str], str]:
        decisions = tables.decisions
        found: dict[tuple[str, str], str] = {}
        for some in pieces(sorted(learners)):
            latest = (
                select(func.max(decisions.c.id))
                .where(decisions.c.learner_id.in_(some))
                .group_by(decisions.c.learner_id, decisions.c.program)
            )
            query = select(decisions.c.learner_id, decisions.c.program, decisions.c.digest)
            for row in connection.execute(query.where(decisions.c.id.in_(latest))):
                found[row.learner_id, row.program] = row.digest
        return found

    def known(self, awards: Sequence[Award]) -> set[str]:
        """Which of these awards, by their keys, the ledger has already."""
        with database.reading(self._engine) as connection:
            return self._known(connection, [award.key for award in awards])

    def _known(self, connection: Connection, keys: Sequence[str]) -> set[str]:
        found: set[str] = set()
        for some in pieces(keys):
            found.update(connection.scalars(select(tables.awards.c.key).where(tables.awards.c.key.in_(some))))
        return found

    # What people say.

    def word_of(self, learners: Collection[str], uses_of: Collection[str] = ()) -> dict[str, Word]:
        """All that stands of what people have said, by learner; no entry for a learner nobody has spoken of.

        `uses_of` are the programs of which it is asked what their awards used.
        """
        attested: dict[str, list[Attestation]] = {}
        granted: dict[str, list[GrantedException]] = {}
        issued: dict[str, list[tuple[str, bool]]] = {}
        conferred: dict[str, set[str]] = {}
        uses: dict[str, dict[str, set[str]]] = {}
        with database.reading(self._engine) as connection:
            for some in pieces(sorted(set(learners))):
                for row in connection.execute(_perhaps_issued(some)):
                    conferred.setdefault(row.learner_id, set()).add(row.program)
                for row in connection.execute(_decided_for(some, uses_of)) if uses_of else ():
                    used = uses.setdefault(row.learner_id, {}).setdefault(row.program, set())
                    used |= used_by(bodies.decision_from(row.body).reason)
                for row in connection.execute(_issued(some)):
                    revoked = row.revocation in ("asked", "retry", "revoked")
                    issued.setdefault(row.learner_id, []).append((row.as_owed, revoked))
                for row in connection.execute(_said(tables.attestations, some)):
                    attested.setdefault(row.learner_id, []).append(_attestation(row))
                for row in connection.execute(_said(tables.exceptions, some)):
                    granted.setdefault(row.learner_id, []).append(_exception(row))
        return {
            learner: replace(
                standing(attested.get(learner, []), granted.get(learner, [])),
                held=_held(issued.get(learner, ())),
                conferred=frozenset(conferred.get(learner, ())),
                uses=tuple(ProgramUse(name, frozenset(used)) for name, used in uses.get(learner, {}).items()),
            )
            for learner in {*attested, *granted, *conferred}
        }

    def granted(self) -> list[GrantedException]:
        """Every exception that stands, of all learners."""
        granted: dict[str, list[GrantedException]] = {}
        with database.reading(self._engine) as connection:
            for row in connection.execute(select(tables.exceptions).order_by(tables.exceptions.c.id)):
                granted.setdefault(row.learner_id, []).append(_exception(row))
        return [one for learner in sorted(granted) for one in standing([], granted[learner]).exceptions]

    def attest(self, *attestations: Attestation) -> None:
        """Keep people's word: all of it or, where something fails, none."""
        rows = [
            {
                "learner_id": attestation.learner_id,
                "program": attestation.program,
                "role": str(attestation.role),
                "statement": attestation.statement,
                "said_by": attestation.by,
                "said_on": attestation.on,
                "evidence": attestation.evidence,
                "withdrawn": int(attestation.withdrawn),
                "recorded_at": _now(),
            }
            for attestation in attestations
        ]
        if rows:
            with database.writing(self._engine) as connection:
                connection.execute(insert(tables.attestations), rows)

    def grant(self, exception: GrantedException) -> None:
        row = {
            "learner_id": exception.learner_id,
            "program": exception.program,
            "kind": exception.kind.value,
            "requirement": exception.requirement,
            "course": exception.course,
            "until": exception.until,
            "reason": exception.reason,
            "granted_by": exception.by,
            "granted_on": exception.on,
            "withdrawn": int(exception.withdrawn),
            "recorded_at": _now(),
        }
        with database.writing(self._engine) as connection:
            connection.execute(insert(tables.exceptions).values(row))

    # What is to be done.

    def outstanding(self) -> Iterator[Outstanding]:
        """Awards that are owed and neither received, refused nor dropped, oldest first, whoever has them in hand."""
        after = 0
        while True:
            query = _open_tasks().where(tables.queue.c.id > after, tables.queue.c.action == ISSUE)
            with database.reading(self._engine) as connection:
                now = self._now(connection)
                rows = connection.execute(query.order_by(tables.queue.c.id).limit(PAGE)).all()
            if not rows:
                return
            yield from (_outstanding(row, now) for row in rows if _is_open(row))
            after = rows[-1].place

    def claim(
        self,
        hold: Hold,
        limit: int = PAGE,
        *,
        issuers: Collection[str] | None = None,
        eager_after: int | None = None,
    ) -> list[Outstanding]:
        """Take in hand what is due, of these issuers or of all, and nobody else has in hand.

        With `eager_after`, a place, it is all that have a later one, due or not, in that order. Nothing where there is
        nothing. Raises LedgerError where the connection was lost by which others see that this worker lives.
        """
        self._still_connected()
        while True:
            with database.writing(self._engine) as connection:
                now = self._now(connection)
                taken = queue.take(connection, hold, now, limit, issuers, eager_after)
                ids = [row.id for row in taken]
                rows = connection.execute(_open_tasks().where(tables.queue.c.id.in_(ids))).all() if ids else ()
                found = {row.place: _outstanding(row, now) for row in rows if _is_open(row)}
                for row in taken:
                    if row.id not in found:
                        queue.remove(connection, row.award_id, row.action)
            if found or not taken:
                return [found[place] for place in ids if place in found]
            eager_after = None if eager_after is None else ids[-1]

    def release(self, hold: Hold) -> None:
        """Give back what is in hand."""
        with database.writing(self._engine) as connection:
            queue.release(connection, hold.by)

    def put_back(self, task: Outstanding, hold: Hold) -> None:
        """Give one back that was not tried."""
        with database.writing(self._engine) as connection:
            queue.put_back(connection, self._award_id(connection, task.award.key), task.action, hold.by)

    def put_off(self, key: str, seconds: float, action: str = ISSUE, hold: Hold | None = None) -> None:
        """Let one be due again in so many seconds, for anybody."""
        with database.writing(self._engine) as connection:
            if award := self._in_charge(connection, key, action, hold):
                self._put_off(connection, award, action, seconds)

    def waiting(self) -> list[Waiting]:
        """What is still to be done, by issuer."""
        with database.reading(self._engine) as connection:
            return queue.waiting(connection, self._now(connection))

    def _put_off(self, connection: Connection, award: int, action: str, seconds: float) -> None:
        queue.put_off(connection, award, action, self._now(connection) + timedelta(seconds=seconds))

    # Which issuers are left alone.

    def rest_of(self, issuer: str) -> Rest:
        with database.reading(self._engine) as connection:
            return rests.look(connection, issuer, self._now(connection))

    def failed(self, issuer: str, rest_for: Callable[[int], float | None]) -> Rest:
        """Note a failure of an issuer as a whole. `rest_for` says how long to leave it alone after so many in a row."""
        with database.writing(self._engine) as connection:
            return rests.failed(connection, issuer, self._now(connection), rest_for)

    def well(self, issuer: str) -> None:
        """An issuer answers: it need not rest any longer."""
        with database.writing(self._engine) as connection:
            rests.well(connection, issuer)

    def trial(self, issuer: str, seconds: float) -> bool:
        """Whether to be the one who tries an issuer whose rest is over; the others wait for so many seconds more."""
        with database.writing(self._engine) as connection:
            return rests.trial(connection, issuer, self._now(connection), seconds)

    # The outbox.

    def intend(self, key: str, hold: Hold | None = None, action: str = ISSUE) -> bool:
        """Note, before the call, that it is about to be made; False, and nothing noted, where another has it.

        Raises LedgerError where the place was lost that `exclusively` gave: another run may be making the call.
        """
        self._still_alone()
        with database.writing(self._engine) as connection:
            award = self._in_charge(connection, key, action, hold)
            if award:
                self._add_event(connection, award, "intent", "", action)
        return bool(award)

    # What came of a call is noted by whoever has it in hand. Where another has taken that over, nothing is written: it
    # is for the other to find out, who may have begun a call since.

    def refuse(self, key: str, why: str, action: str = ISSUE, hold: Hold | None = None) -> None:
        """Lay it aside for a person."""
        with database.writing(self._engine) as connection:
            if award := self._in_charge(connection, key, action, hold):
                self._add_event(connection, award, "refused", why, action)
                queue.remove(connection, award, action)

    def postpone(self, key: str, why: str, seconds: float = 0.0, action: str = ISSUE, hold: Hold | None = None) -> None:
        """Nothing happened; it is due again in so many seconds."""
        with database.writing(self._engine) as connection:
            if award := self._in_charge(connection, key, action, hold):
                self._add_event(connection, award, "unavailable", why, action)
                self._put_off(connection, award, action, seconds)

    def doubt(
        self, key: str, why: str, seconds: float | None = 0.0, action: str = ISSUE, hold: Hold | None = None
    ) -> None:
        """Nobody knows what came of it; it is due again in so many seconds, or stays in hand where that is None."""
        with database.writing(self._engine) as connection:
            if award := self._in_charge(connection, key, action, hold):
                self._add_event(connection, award, "unknown", why, action)
                if seconds is not None:
                    self._put_off(connection, award, action, seconds)

    def _in_charge(self, connection: Connection, key: str, action: str, hold: Hold | None) -> int | None:
        """The award's number; None where another has taken it over."""
        award = self._award_id(connection, key)
        if hold and not queue.keep(connection, hold, award, action, self._now(connection)):
            return None
        return award

    def retry(self, key: str, by: str) -> None:
        """Let what was refused, or dropped, be tried again. Raises LedgerError where it is neither."""
        state = self._state_of(key)
        if state.state not in ("refused", "dropped", "not revoked"):
            raise LedgerError(
                f"{key} is {state.state}: only what was refused or dropped is tried again by hand. What is owed, "
                "unavailable or in doubt is taken up by the next `credrules run`."
            )
        action = REVOKE if state.receipt else ISSUE
        with database.writing(self._engine) as connection:
            award = self._award_id(connection, key)
            self._add_event(connection, award, "retry", by, action)
            rows = [{"award_id": award, "issuer": state.issuer}]
            queue.put(connection, rows, action, self._now(connection))

    def drop(self, key: str, by: str, why: str) -> None:
        """Give an award up, or a revocation that was refused. Raises LedgerError where it was issued, or taken back."""
        state = self._state_of(key)
        if state.receipt and state.state not in ("revoking", "not revoked"):
            raise LedgerError(f"{key} was issued; what is issued cannot be dropped.")
        action = REVOKE if state.receipt else ISSUE
        with database.writing(self._engine) as connection:
            self._add_event(connection, self._award_id(connection, key), "dropped", f"{by}: {why}", action)

    def receive(self, receipt: Receipt) -> None:
        """Keep an issuer's answer. The same one twice is harmless; another for the same award is a LedgerError."""
        with database.writing(self._engine) as connection:
            award = self._award_id(connection, receipt.award_key)
            row = {
                "award_id": award,
                "issuer": receipt.issuer,
                "reference": receipt.reference,
                "url": receipt.url,
                "detail": json.dumps(dict(receipt.detail), sort_keys=True, ensure_ascii=False),
                "received_at": _now(),
            }
            kept = _unless_there(connection, tables.receipts).values(row).returning(tables.receipts.c.award_id)
            if connection.scalar(kept) is not None:
                self._add_event(connection, award, "issued", "")
            else:
                query = select(tables.receipts.c.reference).where(tables.receipts.c.award_id == award)
                there = connection.scalar(query)
                if there != receipt.reference:
                    raise LedgerError(
                        f"{receipt.award_key} has the receipt {there} and now got another, {receipt.reference}."
                    )
            queue.remove(connection, award, ISSUE)

    def ask_revocation(self, key: str, reason: str, by: str) -> None:
        """Have an award taken back, by a worker. Asked again for one that is to be, or was, changes nothing.

        `reason` may be shown to the learner and the public. Raises LedgerError where the award was never issued.
        """
        state = self._state_of(key)
        if state.receipt is None:
            raise LedgerError(f"{key} is {state.state}: only what was issued can be taken back.")
        if state.state in ("revoking", "revoked"):
            return
        with database.writing(self._engine) as connection:
            self._ask(connection, self._award_id(connection, key), state.issuer, reason, by)

    def _ask(self, connection: Connection, award: int, issuer: str, reason: str, by: str) -> None:
        self._add_event(connection, award, "asked", by, REVOKE, body=json.dumps({"reason": reason}))
        queue.put(connection, [{"award_id": award, "issuer": issuer}], REVOKE, self._now(connection))

    def case_book(self) -> CaseBook:
        """The cases about awards whose ground has shifted."""
        return CaseBook(self._engine, self._ask)

    def revoked(self, key: str) -> None:
        """The issuer has taken it back."""
        with database.writing(self._engine) as connection:
            award = self._award_id(connection, key)
            self._add_event(connection, award, "revoked", "", REVOKE)
            queue.remove(connection, award, REVOKE)

    def _add_event(
        self,
        connection: Connection,
        award: int,
        event: str,
        detail: str,
        action: str = ISSUE,
        *,
        body: str | None = None,
    ) -> None:
        row = {"award_id": award, "action": action, "event": event, "detail": detail[:DETAIL], "body": body}
        connection.execute(insert(tables.outbox).values({**row, "at": self._now(connection)}))

    def _award_id(self, connection: Connection, key: str) -> int:
        found = connection.scalar(select(tables.awards.c.id).where(tables.awards.c.key == key))
        if found is None:
            raise _no_award(key)
        return int(found)

    def _state_of(self, key: str) -> AwardState:
        """Raises LedgerError where there is no such award."""
        found = self._states(_with_events(*_ANSWER).where(tables.awards.c.key == key))
        if not found:
            raise _no_award(key)
        return found[0]

    # Reading.

    def decision(self, learner_id: str, program: str) -> Decision | None:
        """The latest decision recorded for a learner and a program."""
        return next(iter(self.history(learner_id, program)), None)

    def history(self, learner_id: str, program: str) -> list[Decision]:
        """Every decision recorded for a learner and a program, the latest first."""
        table = tables.decisions
        query = select(table.c.body).where(table.c.learner_id == learner_id, table.c.program == program)
        with database.reading(self._engine) as connection:
            return [bodies.decision_from(body) for body in connection.scalars(query.order_by(table.c.id.desc()))]

    def rule_files(self, rule_set: str) -> dict[str, str] | None:
        """The text of every file of a rule set that was ever run, by its digest."""
        query = select(tables.rule_sets.c.files).where(tables.rule_sets.c.digest == rule_set)
        with database.reading(self._engine) as connection:
            body = connection.scalar(query)
        return None if body is None else dict(bodies.unpacked(body))

    def tally(self) -> list[Standing]:
        """How each program stands, in order of program."""
        decisions = tables.decisions
        latest = select(func.max(decisions.c.id)).group_by(decisions.c.learner_id, decisions.c.program)
        by_outcome = [func.sum(case((decisions.c.outcome == outcome, 1), else_=0)) for outcome in Outcome]
        query = select(decisions.c.program, func.count(), *by_outcome).where(decisions.c.id.in_(latest))
        query = query.group_by(decisions.c.program).order_by(decisions.c.program)
        with database.reading(self._engine) as connection:
            conferred = self._conferred(connection)
            waiting = self._waiting(connection, latest)
            rows = connection.execute(query).all()
        return [
            Standing(
                program=row[0],
                registered=row[1],
                **{str(outcome): int(count) for outcome, count in zip(Outcome, row[2:], strict=True)},
                conferred=conferred.get(row[0], 0),
                to_confer=waiting.get(row[0], (0, None))[0],
                next_conferral=waiting.get(row[0], (0, None))[1],
            )
            for row in rows
        ]

    def _waiting(self, connection: Connection, latest: Select[Any]) -> dict[str, tuple[int, date | None]]:
        """By program, how many are met and conferred later than on the day of the last run; and the first such day."""
        decisions, runs = tables.decisions, tables.runs
        last_run = select(runs.c.as_of).order_by(runs.c.id.desc()).limit(1).scalar_subquery()
        query = select(decisions.c.program, func.count(), func.min(decisions.c.confers_on)).where(
            decisions.c.id.in_(latest), decisions.c.outcome == Outcome.MET, decisions.c.confers_on > last_run
        )
        return {row[0]: (int(row[1]), row[2]) for row in connection.execute(query.group_by(decisions.c.program))}

    def _conferred(self, connection: Connection) -> dict[str, int]:
        """Learners by program to whom every award that is owed, and was not given up, has been issued."""
        awards, receipts = tables.awards, tables.receipts
        revoked = case((func.coalesce(last_event(*REVOCATION, action=REVOKE), "") == "revoked", 1), else_=0)
        each = (
            select(awards.c.program)
            .outerjoin(receipts, receipts.c.award_id == awards.c.id)
            .where(func.coalesce(last_event(*BY_HAND), "") != "dropped")
            .group_by(awards.c.program, awards.c.learner_id)
            .having(func.count() == func.count(receipts.c.award_id), func.sum(revoked) == 0)
            .subquery()
        )
        query = select(each.c.program, func.count()).group_by(each.c.program)
        return {row[0]: row[1] for row in connection.execute(query)}

    def award_states(self, *, learner_id: str | None = None, unissued: bool = False) -> list[AwardState]:
        """How awards stand: all, one learner's, or those that are not issued."""
        query = _with_events(*_ANSWER).order_by(tables.awards.c.id)
        if learner_id is not None:
            query = query.where(tables.awards.c.learner_id == learner_id)
        if unissued:
            query = query.where(tables.receipts.c.award_id.is_(None))
        return self._states(query)

    def dead_letters(self) -> list[AwardState]:
        """What was refused, and waits for a person's word: to try it again or to give it up."""
        refused = and_(tables.receipts.c.award_id.is_(None), last_event(*BY_HAND) == "refused")
        not_revoked = last_event(*REVOCATION, action=REVOKE) == "refused"
        return self._states(_with_events(*_ANSWER).where(or_(refused, not_revoked)).order_by(tables.awards.c.id))

    def _states(self, query: Select[Any]) -> list[AwardState]:
        with database.reading(self._engine) as connection:
            return [_state(row) for row in connection.execute(query)]

    def receipt(self, key: str) -> Receipt | None:
        found = self._states(_with_events(*_ANSWER).where(tables.awards.c.key == key))
        return found[0].receipt if found else None

    def has_reference(self, reference: str) -> bool:
        """Whether any receipt has this reference."""
        with database.reading(self._engine) as connection:
            return bool(connection.scalar(select(exists().where(tables.receipts.c.reference == reference))))

    def withhold(
        self,
        run: int,
        withheld: Sequence[tuple[Award, Withheld]],
        decided: Sequence[tuple[Record, Word]],
        programs: Collection[str],
    ) -> None:
        """Note what is withheld of learners who were just decided, and that nothing else of these programs is."""
        learners = [record.learner.learner_id for record, _ in decided]
        with database.writing(self._engine) as connection:
            withholding.note(connection, run, withheld, learners, programs)

    def withheld(self) -> list[Kept]:
        """Awards that are owed and not issued, because something about the learner keeps them."""
        with database.reading(self._engine) as connection:
            return withholding.standing(connection)

    def erased(self) -> set[str]:
        """The learners who were erased. Nothing is decided about them any more."""
        with database.reading(self._engine) as connection:
            return erasing.erased(connection)

    def held_of(self, learner_id: str) -> dict[str, int]:
        """What the ledger holds of a learner, in rows, by table."""
        with database.reading(self._engine) as connection:
            return erasing.counts(connection, learner_id)

    def erase(self, learner_id: str, by: str, reason: str) -> dict[str, int]:
        """Remove the person and keep the proof of what was awarded; what was removed, in rows, by table.

        Raises LedgerError where there is nothing, where a run is at work, or where something is still under way.
        """
        with self.exclusively():
            with database.writing(self._engine) as connection:
                mine = connection.execute(_open_tasks().where(tables.awards.c.learner_id == learner_id)).all()
                erasing.refuse_under_way(learner_id, [row.key for row in mine if _is_open(row)])
                found = erasing.erase(connection, learner_id, by, reason)
            database.forget_removed(self._engine)
        return found

    def set_aside(self) -> list[SetAside]:
        """The learners that the last run set aside, with their problems."""
        aside = tables.set_aside
        last = select(func.max(tables.run_ends.c.run_id)).scalar_subquery()
        query = select(aside.c.learner_id, aside.c.problems).where(aside.c.run_id == last).order_by(aside.c.id)
        with database.reading(self._engine) as connection:
            return [
                SetAside(row.learner_id, tuple(Problem(**problem) for problem in json.loads(row.problems)))
                for row in connection.execute(query)
            ]


def _no_award(key: str) -> LedgerError:
    return LedgerError(f"The ledger has no award {key}. `credrules status --awards` lists those that are open.")


def _unless_there(connection: Connection, table: Any) -> Any:
    """An insert that leaves a row alone that is there already, however two processes interleave."""
    return database.inserting(connection, table).on_conflict_do_nothing()


def _now() -> datetime:
    return datetime.now(UTC)


def _decision_row(run: int, decision: Decision, text: DecisionText) -> dict[str, Any]:
    return {
        "run_id": run,
        "learner_id": decision.learner_id,
        "program": decision.program,
        "version": decision.version,
        "outcome": int(decision.outcome),
        "as_of": decision.as_of,
        "earned_on": decision.earned_on,
        "confers_on": decision.confers_on,
        "digest": text.digest,
        "rules": decision.rules,
        "evidence": decision.evidence,
        "body": bodies.compressed(text.whole),
    }


def _award_row(award: Award) -> dict[str, Any]:
    return {
        "key": award.key,
        "issuer": award.issuer,
        "kind": award.kind,
        "learner_id": award.recipient.learner_id,
        "program": award.achievement.program,
        "version": award.achievement.version,
        "earned_on": award.earned_on,
        "decision": award.decision,
        "body": bodies.award_text(award),
        "owed_at": _now(),
    }


def _change(row: Any, now: Award | None) -> dict[str, Any] | None:
    """The event that brings an award in the ledger to what is owed now; None where it is that already."""
    event = {"award_id": row.id, "detail": "", "at": _now()}
    if now is None:
        lapsed = {**event, "event": "lapsed", "detail": "The latest decision does not owe it.", "body": None}
        return None if row.claim == "lapsed" else lapsed
    before = bodies.award_from(row.as_owed)
    if row.claim != "lapsed" and replace(now, decision=before.decision) == before:  # the decision's digest has its day
        return None
    return {**event, "event": "owed", "body": bodies.award_text(now)}


def _problems_text(aside: SetAside) -> str:
    problems = [{"where": one.where, "line": one.line, "message": one.message} for one in aside.problems]
    return json.dumps(problems, ensure_ascii=False)


def _said(table: Any, learners: Collection[str]) -> Select[Any]:
    return select(table).where(table.c.learner_id.in_(learners)).order_by(table.c.id)


def _issued(learners: Collection[str]) -> Select[Any]:
    """The awards that were issued, each as it was last owed."""
    awards = tables.awards
    issued = awards.join(tables.receipts, tables.receipts.c.award_id == awards.c.id)
    return (
        select(
            awards.c.learner_id,
            as_owed().label("as_owed"),
            last_event(*REVOCATION, action=REVOKE).label("revocation"),
        )
        .select_from(issued)
        .where(awards.c.learner_id.in_(learners))
        .order_by(awards.c.learner_id, awards.c.program, awards.c.id)
    )


def _perhaps_issued(learners: Collection[str]) -> Select[Any]:
    """The programs of which an award was issued, or of which nobody knows what came of the call."""
    awards, receipts = tables.awards, tables.receipts
    return (
        select(awards.c.learner_id, awards.c.program)
        .outerjoin(receipts, receipts.c.award_id == awards.c.id)
        .where(
            awards.c.learner_id.in_(learners),
            or_(receipts.c.award_id.is_not(None), last_event(*CALLS).in_(IN_DOUBT)),
        )
        .distinct()
    )


def _decided_for(learners: Collection[str], programs: Collection[str]) -> Select[Any]:
    """The decisions for which awards were, or may have been, issued; those awarded first before the others."""
    awards, receipts, decisions = tables.awards, tables.receipts, tables.decisions
    return (
        select(awards.c.learner_id, awards.c.program, decisions.c.body)
        .outerjoin(receipts, receipts.c.award_id == awards.c.id)
        .join(
            decisions,
            and_(
                decisions.c.learner_id == awards.c.learner_id,
                decisions.c.program == awards.c.program,
                decisions.c.digest == awards.c.decision,
            ),
        )
        .where(
            awards.c.learner_id.in_(learners),
            awards.c.program.in_(sorted(programs)),
            or_(receipts.c.award_id.is_not(None), last_event(*CALLS).in_(IN_DOUBT)),
        )
        .order_by(awards.c.id, decisions.c.id)
    )


def _held(issued: Sequence[tuple[str, bool]]) -> tuple[CredentialHeld, ...]:
    """What a learner holds of what was issued: one of each term, under its program's id and what it renews.

    It is revoked as soon as one award of it is, or is to be.
    """
    terms: dict[tuple[str, int], list[bodies.Term]] = {}
    taken_back: set[tuple[str, int]] = set()
    for text, revoked in issued:
        term = bodies.term_of(text)
        terms.setdefault((term.program, term.cycle), []).append(term)
        if revoked:
            taken_back.add((term.program, term.cycle))
    return tuple(
        CredentialHeld(
            code=code,
            status=CredentialStatus.REVOKED if (program, cycle) in taken_back else CredentialStatus.ACTIVE,
            earned_on=min(term.since for term in same),
            expires_on=max((term.expires_on for term in same if term.expires_on), default=None),
        )
        for (program, cycle), same in sorted(terms.items())
        for code in (program, *([same[0].renews] if same[0].renews else []))
    )


def _attestation(row: Any) -> Attestation:
    return Attestation(
        learner_id=row.learner_id,
        program=row.program,
        role=row.role,
        statement=row.statement,
        by=row.said_by,
        on=row.said_on,
        evidence=row.evidence,
        withdrawn=bool(row.withdrawn),
    )


def _exception(row: Any) -> GrantedException:
    return GrantedException(
        learner_id=row.learner_id,
        program=row.program,
        kind=ExceptionKind(row.kind),
        requirement=row.requirement,
        reason=row.reason,
        by=row.granted_by,
        on=row.granted_on,
        course=row.course,
        until=row.until,
        withdrawn=bool(row.withdrawn),
    )


def _last_id(outbox: Any, event: str, action: Any) -> ScalarSelect[Any]:
    query = select(func.coalesce(func.max(outbox.c.id), 0)).where(of_award(outbox, action), outbox.c.event == event)
    return query.correlate(tables.awards, tables.queue).scalar_subquery()


def _call_ended() -> ScalarSelect[Any]:
    """When it was noted first that nobody knows what came of the last call; NULL where nothing was noted."""
    outbox = tables.outbox.alias()
    since = _last_id(tables.outbox.alias(), "intent", ISSUE)
    query = select(func.min(outbox.c.at)).where(of_award(outbox, ISSUE), outbox.c.event == "unknown")
    return query.where(outbox.c.id > since).correlate(tables.awards).scalar_subquery()


def _calls() -> ScalarSelect[Any]:
    """Calls that were begun since a person last took it up again."""
    outbox, action = tables.outbox.alias(), tables.queue.c.action
    since = _last_id(tables.outbox.alias(), "retry", action)
    query = select(func.count()).where(of_award(outbox, action), outbox.c.event == "intent", outbox.c.id > since)
    return query.correlate(tables.awards, tables.queue).scalar_subquery()


_ANSWER = (
    tables.receipts.c.issuer.label("answered_by"),
    tables.receipts.c.reference,
    tables.receipts.c.url,
    tables.receipts.c.detail.label("answer"),
    last_event(*REVOCATION, action=REVOKE).label("revocation"),
)


def _with_events(*more: Any) -> Select[Any]:
    """Awards with what became of each. The last `call`, what was last done `by_hand` and the last `claim` are apart:
    whoever drops or retries an award does not thereby know what came of a call.
    """
    awards, outbox, receipts = tables.awards, tables.outbox, tables.receipts
    last = select(func.max(outbox.c.id)).where(outbox.c.award_id == awards.c.id).correlate(awards).scalar_subquery()
    query = select(
        awards,
        outbox.c.detail,
        last_event(*CALLS).label("call"),
        last_event(*BY_HAND).label("by_hand"),
        last_event(*CLAIMS).label("claim"),
        as_owed().label("as_owed"),
        *more,
    )
    return query.outerjoin(outbox, outbox.c.id == last).outerjoin(receipts, receipts.c.award_id == awards.c.id)


def _open_tasks() -> Select[Any]:
    """What is in the queue, with what became of each award."""
    tasks = tables.queue
    more = (
        tasks.c.id.label("place"),
        tasks.c.action,
        tasks.c.tries,
        _call_ended().label("ended"),
        _calls().label("calls"),
        last_body(REVOKE).label("asked"),
    )
    return _with_events(*_ANSWER, *more).join(tasks, tasks.c.award_id == tables.awards.c.id)


def _is_open(row: Any) -> bool:
    """Not received, not laid aside for a person since, and still owed or in doubt; of a revocation, asked for and not
    done, refused or dropped since."""
    if row.action == REVOKE:
        return row.revocation in ("asked", "retry")
    owed = row.claim in (None, "owed") or row.call in IN_DOUBT
    return row.reference is None and row.by_hand in (None, "retry") and owed


def _outstanding(row: Any, now: datetime) -> Outstanding:
    ago = queue.seconds_from(now, row.ended)
    return Outstanding(
        bodies.award_from(row.as_owed),
        place=row.place,
        call=row.call,
        lapsed=row.claim == "lapsed",
        action=row.action,
        tries=row.tries,
        calls=row.calls,
        ended=None if ago is None else -ago,
        receipt=_receipt(row),
        reason=json.loads(row.asked)["reason"] if row.asked else "",
    )


def _receipt(row: Any) -> Receipt | None:
    if row.reference is None:
        return None
    return Receipt(
        award_key=row.key,
        issuer=row.answered_by,
        reference=row.reference,
        url=row.url,
        detail=json.loads(row.answer),
    )


_REVOCATION_STATES = {"asked": "revoking", "retry": "revoking", "refused": "not revoked", "revoked": "revoked"}


def _state(row: Any) -> AwardState:
    receipt = _receipt(row)
    if receipt:
        state = _REVOCATION_STATES.get(row.revocation, "issued")
    elif row.by_hand in ("refused", "dropped"):
        state = row.by_hand
    elif row.call in IN_DOUBT:
        state = "in doubt"
    elif row.claim == "lapsed":
        state = "lapsed"
    else:
        state = "unavailable" if row.call == "unavailable" else "owed"
    return AwardState(
        key=row.key,
        issuer=row.issuer,
        learner_id=row.learner_id,
        program=row.program,
        state=state,
        detail=row.detail or "",
        receipt=receipt,
    )
