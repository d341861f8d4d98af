"""How Alembic reaches the ledger: in the transaction that `database` hands it, never by a file."""

from __future__ import annotations

from alembic import context

from credrules.ledger.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
