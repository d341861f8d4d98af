"""Erasing a learner: the proof that an award was made stays, and the person goes.

It is the one place where rows of the ledger are changed and removed; a row in `erasures` says who had it done, and why.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, literal, select, update

from credrules.attestations import Role
from credrules.errors import LedgerError
from credrules.ledger import tables

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Connection, Table

ERASED = "erased"


def counts(connection: Connection, learner: str) -> dict[str, int]:
    """What is held of a learner, in rows, by table."""
    return {
        table.name: int(connection.scalar(select(func.count()).select_from(table).where(_of(table, learner))) or 0)
        for table in (*_REMOVED, *_BLANKED, tables.awards, tables.outbox, tables.receipts, tables.case_events)
    }


def erase(connection: Connection, learner: str, by: str, reason: str) -> dict[str, int]:
    """Erase a learner about whom nothing is under way. Raises LedgerError where there is nothing of them."""
    found = counts(connection, learner)
    if not any(found.values()):
        raise LedgerError(f"The ledger holds nothing of a learner '{learner}'.")
    for table in _REMOVED:
        connection.execute(delete(table).where(_of(table, learner)))
    for table, values in _BLANKED.items():
        connection.execute(update(table).where(_of(table, learner)).values(values))
    wishes = _of(tables.attestations, learner) & (tables.attestations.c.role == Role.LEARNER)
    connection.execute(update(tables.attestations).where(wishes).values(said_by=ERASED))
    connection.execute(update(tables.case_events).where(_of(tables.case_events, learner)).values(reason=""))
    connection.execute(delete(tables.queue).where(_of(tables.queue, learner)))
    _erase_awards(connection, learner)
    row = {
        "learner_id": learner,
        "said_by": by,
        "reason": reason,
        "counts": json.dumps(found, sort_keys=True),
        "at": datetime.now(UTC),
    }
    connection.execute(insert(tables.erasures).values(row))
    return found


def erased(connection: Connection) -> set[str]:
    """Every learner who was erased."""
    return set(connection.scalars(select(tables.erasures.c.learner_id)))


_REMOVED = (tables.decisions, tables.set_aside, tables.withheld)
"""Bodies of decisions hold courses and grades; the digest of the one that an award was made for stays in the award."""

_BLANKED: dict[Table, dict[str, Any]] = {
    tables.attestations: {"evidence": None},
    tables.exceptions: {"reason": ERASED},
    tables.cases: {"body": "[]"},
}


def _of(table: Table, learner: str) -> ColumnElement[bool]:
    if table is tables.case_events:
        return table.c.case_id.in_(select(tables.cases.c.id).where(tables.cases.c.learner_id == learner))
    if "learner_id" in table.c:
        return table.c.learner_id == learner
    return table.c.award_id.in_(_awards_of(learner))


def _awards_of(learner: str) -> Any:
    return select(tables.awards.c.id).where(tables.awards.c.learner_id == learner)


def refuse_under_way(learner: str, keys: Sequence[str]) -> None:
    """A call whose outcome is unknown, or a revocation that was asked for, needs what would be erased.

    Raises LedgerError where there are such awards.
    """
    if keys:
        raise LedgerError(
            f"Something is under way for '{learner}': {', '.join(sorted(keys))}. Let `credrules run` finish it, or "
            "give it up with `credrules retry KEY --drop WHY --by NAME`; then erase."
        )


def _erase_awards(connection: Connection, learner: str) -> None:
    """Key, program, version, day and the decision's digest stay; of the text, what says nothing of the person."""
    awards, mine = tables.awards, _of(tables.outbox, learner)
    for row in connection.execute(select(awards.c.id, awards.c.body).where(awards.c.learner_id == learner)).all():
        connection.execute(update(awards).where(awards.c.id == row.id).values(body=_impersonal(row.body)))
    asked = tables.outbox.c.event == "asked"
    reason = literal(json.dumps({"reason": ""}))
    connection.execute(update(tables.outbox).where(mine & asked).values(body=reason))
    connection.execute(update(tables.outbox).where(mine & ~asked).values(body=None, detail=""))
    connection.execute(update(tables.receipts).where(_of(tables.receipts, learner)).values(url=None))


def _impersonal(text: str) -> str:
    award = json.loads(text)
    learner = award["recipient"]["learner_id"]
    recipient = {"learner_id": learner, "name": "", "given_name": None, "family_name": None, "email": None}
    return json.dumps({**award, "recipient": recipient, "evidence": [], "credits": None}, sort_keys=True)
