"""Runs, cycles, orders, trades, fills and funding."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# Scripts speak of plain types only: what they build must not change when gobot's own types do.
_MONEY = sa.Text().with_variant(sa.Numeric(), "postgresql")
_UNSETTLED = sa.column("settled").is_(False)
_OPEN = sa.column("closing").is_(None)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "cycles",
        sa.Column("cycle", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("candle_ms", sa.BigInteger(), nullable=False),
        sa.Column("phase", sa.String(16), nullable=False),
        sa.Column("started_ms", sa.BigInteger(), nullable=False),
        sa.Column("decided_ms", sa.BigInteger()),
        sa.Column("finished_ms", sa.BigInteger()),
        sa.Column("equity", _MONEY),
        sa.Column("ideas", sa.Integer(), nullable=False),
        sa.Column("refusals", sa.Integer(), nullable=False),
        sa.Column("decisions", sa.Text()),
        sa.PrimaryKeyConstraint("cycle", name="pk_cycles"),
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mode", sa.String(16), nullable=False),
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("strategy", sa.String(64), nullable=False),
        sa.Column("branch", sa.String(128), nullable=False),
        sa.Column("started_ms", sa.BigInteger(), nullable=False),
        sa.Column("ended_ms", sa.BigInteger()),
        sa.Column("reason", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
    )
    op.create_table(
        "orders",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.String(36), nullable=False),
        sa.Column("bot", sa.String(24), nullable=False),
        sa.Column("cycle", sa.Integer()),
        sa.Column("candle_ms", sa.BigInteger(), nullable=False),
        sa.Column("symbol", sa.String(64), nullable=False),
        sa.Column("leg", sa.String(16), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("side", sa.String(16), nullable=False),
        sa.Column("type", sa.String(16), nullable=False),
        sa.Column("quantity", _MONEY, nullable=False),
        sa.Column("price", _MONEY),
        sa.Column("trigger", _MONEY),
        sa.Column("callback", _MONEY),
        sa.Column("reduce_only", sa.Boolean(), nullable=False),
        sa.Column("closes_position", sa.Boolean(), nullable=False),
        sa.Column("post_only", sa.Boolean(), nullable=False),
        sa.Column("stop", _MONEY),
        sa.Column("target", _MONEY),
        sa.Column("strategy", sa.String(64), nullable=False),
        sa.Column("branch", sa.String(128), nullable=False),
        sa.Column("regime", sa.String(32)),
        sa.Column("confidence", sa.Float()),
        sa.Column("probe", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("settled", sa.Boolean(), nullable=False),
        sa.Column("decided_ms", sa.BigInteger(), nullable=False),
        sa.Column("sent_ms", sa.BigInteger()),
        sa.Column("updated_ms", sa.BigInteger(), nullable=False),
        sa.Column("venue_id", sa.String(64), nullable=False),
        sa.Column("filled", _MONEY, nullable=False),
        sa.Column("average", _MONEY),
        sa.Column("booked", _MONEY, nullable=False),
        sa.Column("code", sa.String(32), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["cycle"], ["cycles.cycle"], name="fk_orders_cycle"),
        sa.PrimaryKeyConstraint("id", name="pk_orders"),
        sa.UniqueConstraint("client_id", name="uq_orders_client_id"),
    )
    op.create_index("ix_orders_candle_ms_symbol", "orders", ["candle_ms", "symbol"])
    op.create_index("ix_orders_cycle", "orders", ["cycle"])
    op.create_index("ix_orders_unsettled", "orders", ["id"], sqlite_where=_UNSETTLED, postgresql_where=_UNSETTLED)
    op.create_table(
        "trades",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("bot", sa.String(24), nullable=False),
        sa.Column("symbol", sa.String(64), nullable=False),
        sa.Column("direction", sa.String(16), nullable=False),
        sa.Column("candle_ms", sa.BigInteger()),
        sa.Column("cycle", sa.Integer()),
        sa.Column("strategy", sa.String(64), nullable=False),
        sa.Column("branch", sa.String(128), nullable=False),
        sa.Column("regime", sa.String(32)),
        sa.Column("confidence", sa.Float()),
        sa.Column("probe", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("stop", _MONEY),
        sa.Column("target", _MONEY),
        sa.Column("quantity", _MONEY, nullable=False),
        sa.Column("open_quantity", _MONEY, nullable=False),
        sa.Column("entry_value", _MONEY, nullable=False),
        sa.Column("exit_value", _MONEY, nullable=False),
        sa.Column("cost", _MONEY, nullable=False),
        sa.Column("realized", _MONEY, nullable=False),
        sa.Column("fees", _MONEY, nullable=False),
        sa.Column("funding", _MONEY, nullable=False),
        sa.Column("entry_ms", sa.BigInteger(), nullable=False),
        sa.Column("exit_ms", sa.BigInteger()),
        sa.Column("exit_reason", sa.String(16)),
        sa.Column("closing", sa.Integer()),
        sa.ForeignKeyConstraint(["cycle"], ["cycles.cycle"], name="fk_trades_cycle"),
        sa.PrimaryKeyConstraint("id", name="pk_trades"),
        sa.UniqueConstraint("closing", name="uq_trades_closing"),
    )
    op.create_index("ix_trades_symbol", "trades", ["symbol"])
    op.create_index(
        "uq_trades_open", "trades", ["bot", "symbol"], unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN
    )
    op.create_table(
        "fills",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("symbol", sa.String(64), nullable=False),
        sa.Column("fill_id", sa.String(64), nullable=False),
        sa.Column("client_id", sa.String(64), nullable=False),
        sa.Column("trade_id", sa.Integer(), nullable=False),
        sa.Column("side", sa.String(16), nullable=False),
        sa.Column("price", _MONEY, nullable=False),
        sa.Column("quantity", _MONEY, nullable=False),
        sa.Column("fee", _MONEY, nullable=False),
        sa.Column("maker", sa.Boolean(), nullable=False),
        sa.Column("time_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["trade_id"], ["trades.id"], name="fk_fills_trade_id"),
        sa.PrimaryKeyConstraint("id", name="pk_fills"),
        sa.UniqueConstraint("symbol", "fill_id", name="uq_fills_symbol_fill_id"),
    )
    op.create_index("ix_fills_time_ms", "fills", ["time_ms"])
    op.create_table(
        "funding",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("symbol", sa.String(64), nullable=False),
        sa.Column("payment_id", sa.String(64), nullable=False),
        sa.Column("trade_id", sa.Integer()),
        sa.Column("amount", _MONEY, nullable=False),
        sa.Column("rate", _MONEY, nullable=False),
        sa.Column("time_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["trade_id"], ["trades.id"], name="fk_funding_trade_id"),
        sa.PrimaryKeyConstraint("id", name="pk_funding"),
        sa.UniqueConstraint("symbol", "payment_id", name="uq_funding_symbol_payment_id"),
    )
    op.create_index("ix_funding_time_ms", "funding", ["time_ms"])


def downgrade() -> None:
    """Remove the tables."""
    for table in ("funding", "fills", "trades", "orders", "runs", "cycles"):
        op.drop_table(table)
