"""Cases: what has shifted under an award that was issued, what the rules say of it, and what a person decided."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, exists, func, insert, select

from credrules.errors import LedgerError
from credrules.grounds import Finding, Ground, Policy, Then
from credrules.ledger import bodies, database, tables
from credrules.ledger.events import as_owed
from credrules.ledger.pieces import pieces
from credrules.ledger.queue import REVOKE
from credrules.records import canonical, digest

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from sqlalchemy import Connection, Engine, Select

    from credrules.awards import Award
    from credrules.decisions import Decision

    Group = tuple[str, str, int]
    """A learner, a program, and which term of a renewal."""


class CaseState(StrEnum):
    OPEN = "open"
    KEPT = "kept"
    REVOKED = "revoked"
    GONE = "gone"  # what was found is so no longer


_STATES = {None: CaseState.OPEN, "keep": CaseState.KEPT, "revoke": CaseState.REVOKED, "gone": CaseState.GONE}


@dataclass(frozen=True, slots=True)
class Held:
    """An award that was issued and is not taken back."""

    award: Award

    @property
    def decision(self) -> str:
        """The digest of the decision that it was issued for."""
        return self.award.decision

    @property
    def group(self) -> Group:
        return self.award.recipient.learner_id, self.award.achievement.program, self.award.cycle


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCase:
    group: Group
    ground: Ground
    findings: tuple[Finding, ...]
    policy: Policy
    decision_before: str
    decision_after: str = ""

    @property
    def mark(self) -> str:
        told = [[one.ground, one.text, one.before, one.after] for one in self.findings]
        return digest([*self.group, sorted(told)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case. `said_by`, `reason` and `closed_on` are of whoever closed it: a person, a rule or a later run."""

    number: int
    learner_id: str
    program: str
    cycle: int
    ground: Ground
    proposed: Then
    rule: str
    findings: tuple[Finding, ...]
    decision_before: str
    decision_after: str
    as_of: date
    state: CaseState
    said_by: str = ""
    reason: str = ""
    closed_at: datetime | None = None

    @property
    def group(self) -> Group:
        return self.learner_id, self.program, self.cycle


class CaseBook:
    """The cases of one ledger. `ask` queues the revocation of an award, by its number, in a transaction."""

    def __init__(self, engine: Engine, ask: Callable[[Connection, int, str, str, str], None]) -> None:
        self._engine = engine
        self._ask = ask

    # What was issued.

    def holders(self) -> set[str]:
        """Every learner who has an award in hand."""
        with database.reading(self._engine) as connection:
            return set(connection.scalars(_held(tables.awards.c.learner_id).where(_not_erased()).distinct()))

    def held(self, learners: Collection[str]) -> list[Held]:
        """What these learners have in hand, as it was issued."""
        found = []
        awards = tables.awards
        query = _held(as_owed()).where(_not_erased()).order_by(awards.c.id)
        with database.reading(self._engine) as connection:
            for some in pieces(sorted(set(learners))):
                texts = connection.scalars(query.where(awards.c.learner_id.in_(some)))
                found += [Held(bodies.award_from(text)) for text in texts]
        return found

    def decision(self, held: Held) -> Decision | None:
        """The decision that an award was issued for."""
        table = tables.decisions
        learner, program, _ = held.group
        query = select(table.c.body).where(
            table.c.learner_id == learner, table.c.program == program, table.c.digest == held.decision
        )
        with database.reading(self._engine) as connection:
            body = connection.scalar(query.order_by(table.c.id.desc()).limit(1))
        return None if body is None else bodies.decision_from(body)

    # Cases.

    def keep_up(self, run: int, as_of: date, found: Sequence[NewCase], looked_at: Collection[Group]) -> list[Case]:
        """Open what is new among these, and close what is open of those looked at and found no longer.

        What a rule decides alone is decided in the same transaction. What was closed by a person or a rule is not
        opened again while it is the same. Gives the cases that were opened.
        """
        learners = sorted({group[0] for group in looked_at})
        opened = []
        with database.writing(self._engine) as connection:
            there = {
                (case.group, case.ground, mark): case
                for some in pieces(learners)
                for case, mark in _read(connection, _cases().where(tables.cases.c.learner_id.in_(some)))
            }
            now = {(one.group, one.ground, one.mark): one for one in found}
            for key, case in there.items():
                if case.state is CaseState.OPEN and key not in now and case.group in looked_at:
                    _say(connection, case.number, "gone", f"run {run}", "What was found is so no longer.")
            for key, one in now.items():
                before = there.get(key)
                if before is None or before.state is CaseState.GONE:
                    number = self._open(connection, run, as_of, one)
                    opened += _numbered(connection, number)
        return opened

    def _open(self, connection: Connection, run: int, as_of: date, one: NewCase) -> int:
        learner, program, cycle = one.group
        row = {
            "run_id": run,
            "learner_id": learner,
            "program": program,
            "cycle": cycle,
            "ground": one.ground,
            "proposed": one.policy.then,
            "rule": one.policy.rule,
            "mark": one.mark,
            "decision_before": one.decision_before,
            "decision_after": one.decision_after,
            "body": canonical(one.findings),
            "as_of": as_of,
            "opened_at": datetime.now(UTC),
        }
        number = int(connection.scalar(insert(tables.cases).values(row).returning(tables.cases.c.id)) or 0)
        by = f"rule {one.policy.rule}"
        if one.policy.then is Then.KEEP:
            _say(connection, number, "keep", by, "")
        elif one.policy.then is Then.REVOKE and one.policy.alone:
            _say(connection, number, "revoke", by, one.policy.told)
            self._revoke(connection, one.group, one.policy.told, by)
        return number

    def decide(self, number: int, then: Then, by: str, reason: str) -> Case:
        """A person's word: keep or revoke. Raises LedgerError where there is no such case, or it is closed for good.

        `reason` of a revocation may be shown to the learner and to the public.
        """
        with database.writing(self._engine) as connection:
            there = _numbered(connection, number)
            if not there:
                raise LedgerError(f"There is no case {number}. `credrules cases --all` lists them.")
            (found,) = there
            if found.state in (CaseState.REVOKED, CaseState.GONE):
                raise LedgerError(f"Case {number} is closed: {found.state}, by {found.said_by}.")
            _say(connection, number, then, by, reason)
            if then is Then.REVOKE:
                self._revoke(connection, found.group, reason, by)
            return _numbered(connection, number)[0]

    def _revoke(self, connection: Connection, group: Group, reason: str, by: str) -> None:
        """Every award of the group; other open cases about them are closed with it."""
        awards = tables.awards
        learner, program, cycle = group
        mine = _held(awards.c.id, awards.c.issuer, awards.c.body)
        mine = mine.where(awards.c.learner_id == learner, awards.c.program == program)
        for row in connection.execute(mine.order_by(awards.c.id)).all():
            if bodies.term_of(row.body).cycle == cycle:
                self._ask(connection, row.id, row.issuer, reason, by)
        others = _cases().where(tables.cases.c.learner_id == learner, tables.cases.c.program == program)
        for case, _ in _read(connection, others):
            if case.state is CaseState.OPEN and case.cycle == cycle:
                _say(connection, case.number, "gone", by, "The award is revoked.")

    def cases(self, *, every: bool = False, learner_id: str | None = None) -> list[Case]:
        """The open ones, or every one; oldest first."""
        query = _cases()
        if learner_id is not None:
            query = query.where(tables.cases.c.learner_id == learner_id)
        if not every:
            query = query.where(tables.case_events.c.event.is_(None))
        with database.reading(self._engine) as connection:
            return [case for case, _ in _read(connection, query)]

    def case(self, number: int) -> Case | None:
        with database.reading(self._engine) as connection:
            return next(iter(_numbered(connection, number)), None)


def _held(*columns: Any) -> Select[Any]:
    """Awards that have a receipt, and of which nobody has asked that they be taken back."""
    awards, receipts, outbox = tables.awards, tables.receipts, tables.outbox.alias()
    asked = exists().where(
        outbox.c.award_id == awards.c.id, outbox.c.action == REVOKE, outbox.c.event.in_(("asked", "revoked"))
    )
    return select(*columns).join_from(awards, receipts, receipts.c.award_id == awards.c.id).where(~asked)


def _not_erased() -> Any:
    return ~exists().where(tables.erasures.c.learner_id == tables.awards.c.learner_id)


def _cases() -> Select[Any]:
    events = tables.case_events
    last = select(func.max(events.c.id)).where(events.c.case_id == tables.cases.c.id)
    query = select(tables.cases, events.c.event, events.c.said_by, events.c.reason, events.c.at)
    on = and_(events.c.case_id == tables.cases.c.id, events.c.id == last.correlate(tables.cases).scalar_subquery())
    return query.outerjoin(events, on).order_by(tables.cases.c.id)


def _numbered(connection: Connection, number: int) -> list[Case]:
    """The case of this number; none where there is none."""
    return [case for case, _ in _read(connection, _cases().where(tables.cases.c.id == number))]


def _read(connection: Connection, query: Select[Any]) -> Iterator[tuple[Case, str]]:
    """Cases and their marks."""
    for row in connection.execute(query).all():
        case = Case(
            number=row.id,
            learner_id=row.learner_id,
            program=row.program,
            cycle=row.cycle,
            ground=Ground(row.ground),
            proposed=Then(row.proposed),
            rule=row.rule,
            findings=tuple(Finding(**{**one, "ground": Ground(one["ground"])}) for one in json.loads(row.body)),
            decision_before=row.decision_before,
            decision_after=row.decision_after,
            as_of=row.as_of,
            state=_STATES[row.event],
            said_by=row.said_by or "",
            reason=row.reason or "",
            closed_at=row.at,
        )
        yield case, row.mark


def _say(connection: Connection, number: int, event: str, by: str, reason: str) -> None:
    row = {"case_id": number, "event": event, "said_by": by, "reason": reason, "at": datetime.now(UTC)}
    connection.execute(insert(tables.case_events).values(row))
