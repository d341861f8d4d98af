"""What was withheld, and since when not any longer: a row where either changes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, select

from credrules.ledger import tables
from credrules.privacy import Withheld

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import Connection, Select

    from credrules.awards import Award


@dataclass(frozen=True, slots=True)
class Kept:
    """An award that would be issued if nothing kept it."""

    key: str
    learner_id: str
    program: str
    issuer: str
    reason: Withheld


def note(
    connection: Connection,
    run: int,
    withheld: Sequence[tuple[Award, Withheld]],
    learners: Collection[str],
    programs: Collection[str],
) -> None:
    """`withheld` is all that is withheld now of these learners and programs."""
    mine = tables.withheld.c.learner_id.in_(sorted(learners)), tables.withheld.c.program.in_(sorted(programs))
    before = {row.award: row for row in connection.execute(_last(*mine))}
    now = {award.key: (award, reason) for award, reason in withheld}
    rows = [
        _row(run, award.recipient.learner_id, award.achievement.program, award.issuer, key, reason)
        for key, (award, reason) in now.items()
        if key not in before or before[key].reason != reason
    ]
    rows += [
        _row(run, row.learner_id, row.program, row.issuer, key, "")
        for key, row in before.items()
        if row.reason and key not in now
    ]
    if rows:
        connection.execute(insert(tables.withheld), rows)


def standing(connection: Connection) -> list[Kept]:
    """All that is withheld, oldest first."""
    table = tables.withheld
    return [
        Kept(row.award, row.learner_id, row.program, row.issuer, Withheld(row.reason))
        for row in connection.execute(_last().where(table.c.reason != "").order_by(table.c.id))
    ]


def _last(*of: Any) -> Select[Any]:
    """The last row of each award, of those that `of` says."""
    table = tables.withheld
    return select(table).where(table.c.id.in_(select(func.max(table.c.id)).where(*of).group_by(table.c.award)))


def _row(run: int, learner: str, program: str, issuer: str, key: str, reason: str) -> dict[str, Any]:
    return {
        "run_id": run,
        "learner_id": learner,
        "program": program,
        "issuer": issuer,
        "award": key,
        "reason": reason,
        "at": datetime.now(UTC),
    }
