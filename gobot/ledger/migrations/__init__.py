"""Alembic scripts of the ledger, run by `gobot.ledger.database`."""
