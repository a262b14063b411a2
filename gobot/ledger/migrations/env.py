"""Run the scripts on the connection that the ledger hands over, inside its transaction."""

from __future__ import annotations

from alembic import context

from gobot.ledger.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
