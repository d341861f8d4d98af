"""What the outbox says of an award, as parts of a query over awards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, select

from credrules.ledger import tables
from credrules.ledger.queue import ISSUE

if TYPE_CHECKING:
    from sqlalchemy import ScalarSelect


def of_award(outbox: Any, action: Any) -> Any:
    return and_(outbox.c.award_id == tables.awards.c.id, outbox.c.action == action)


def last_event(*events: str, action: str = ISSUE) -> ScalarSelect[Any]:
    """The last of these events of an award; NULL where it had none of them."""
    outbox = tables.outbox.alias()
    query = select(outbox.c.event).where(of_award(outbox, action), outbox.c.event.in_(events))
    return query.order_by(outbox.c.id.desc()).limit(1).correlate(tables.awards).scalar_subquery()


def last_body(action: str = ISSUE) -> ScalarSelect[Any]:
    outbox = tables.outbox.alias()
    query = select(outbox.c.body).where(of_award(outbox, action), outbox.c.body.is_not(None))
    return query.order_by(outbox.c.id.desc()).limit(1).correlate(tables.awards).scalar_subquery()


def as_owed() -> Any:
    """The award as it was last owed."""
    return func.coalesce(last_body(), tables.awards.c.body)
