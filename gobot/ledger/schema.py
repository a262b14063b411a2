"""The tables of the ledger.  A change here needs a new script under ``migrations/versions`` and a new `HEAD`."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from gobot.core import Direction, OrderType, Refusal, Side
from gobot.ledger.columns import Money, Word
from gobot.ledger.words import CyclePhase, LedgerStatus, Leg

HEAD = "0003"
"""The newest migration; a database that says so needs no look at the scripts."""

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    }
)

runs = Table(
    "runs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("mode", String(16), nullable=False),
    Column("version", String(64), nullable=False),
    Column("strategy", String(64), nullable=False),
    Column("branch", String(128), nullable=False),
    Column("started_ms", BigInteger, nullable=False),
    Column("ended_ms", BigInteger),
    Column("reason", Text),
)

cycles = Table(
    "cycles",
    metadata,
    Column("cycle", Integer, primary_key=True, autoincrement=False),
    Column("candle_ms", BigInteger, nullable=False),
    Column("phase", Word(CyclePhase), nullable=False),
    Column("started_ms", BigInteger, nullable=False),
    Column("decided_ms", BigInteger),
    Column("finished_ms", BigInteger),
    Column("equity", Money),
    Column("ideas", Integer, nullable=False),
    Column("refusals", Integer, nullable=False),
    Column("decisions", Text),
)

orders = Table(
    "orders",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("client_id", String(36), nullable=False, unique=True),
    Column("bot", String(24), nullable=False),
    Column("cycle", Integer, ForeignKey("cycles.cycle")),
    Column("candle_ms", BigInteger, nullable=False),
    Column("symbol", String(64), nullable=False),
    Column("leg", Word(Leg), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("side", Word(Side), nullable=False),
    Column("type", Word(OrderType), nullable=False),
    Column("quantity", Money, nullable=False),
    Column("price", Money),
    Column("trigger", Money),
    Column("callback", Money),
    Column("reduce_only", Boolean, nullable=False),
    Column("closes_position", Boolean, nullable=False),
    Column("post_only", Boolean, nullable=False),
    Column("stop", Money),
    Column("target", Money),
    Column("strategy", String(64), nullable=False),
    Column("branch", String(128), nullable=False),
    Column("regime", String(32)),
    Column("confidence", Float),
    Column("probe", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Column("status", Word(LedgerStatus), nullable=False),
    Column("settled", Boolean, nullable=False),
    Column("decided_ms", BigInteger, nullable=False),
    Column("sent_ms", BigInteger),
    Column("updated_ms", BigInteger, nullable=False),
    Column("venue_id", String(64), nullable=False),
    Column("filled", Money, nullable=False),
    Column("average", Money),
    Column("booked", Money, nullable=False),
    Column("code", String(32), nullable=False),
    Column("cause", Word(Refusal)),
    Column("withdrawn_ms", BigInteger),
    Column("note", Text, nullable=False),
    Index(None, "cycle"),
    Index(None, "candle_ms", "symbol"),
)
_unsettled = orders.c.settled.is_(False)
Index("ix_orders_unsettled", orders.c.id, sqlite_where=_unsettled, postgresql_where=_unsettled)

trades = Table(
    "trades",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("bot", String(24), nullable=False),
    Column("symbol", String(64), nullable=False),
    Column("direction", Word(Direction), nullable=False),
    Column("candle_ms", BigInteger),
    Column("cycle", Integer, ForeignKey("cycles.cycle")),
    Column("strategy", String(64), nullable=False),
    Column("branch", String(128), nullable=False),
    Column("regime", String(32)),
    Column("confidence", Float),
    Column("probe", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Column("stop", Money),
    Column("target", Money),
    Column("quantity", Money, nullable=False),
    Column("open_quantity", Money, nullable=False),
    Column("entry_value", Money, nullable=False),
    Column("exit_value", Money, nullable=False),
    Column("cost", Money, nullable=False),
    Column("realized", Money, nullable=False),
    Column("fees", Money, nullable=False),
    Column("funding", Money, nullable=False),
    Column("entry_ms", BigInteger, nullable=False),
    Column("exit_ms", BigInteger),
    Column("exit_reason", String(16)),
    Column("closing", Integer, unique=True),
    Index(None, "symbol"),
)
_open = trades.c.closing.is_(None)
Index("uq_trades_open", trades.c.bot, trades.c.symbol, unique=True, sqlite_where=_open, postgresql_where=_open)

fills = Table(
    "fills",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("symbol", String(64), nullable=False),
    Column("fill_id", String(64), nullable=False),
    Column("client_id", String(64), nullable=False),
    Column("trade_id", Integer, ForeignKey("trades.id"), nullable=False),
    Column("side", Word(Side), nullable=False),
    Column("price", Money, nullable=False),
    Column("quantity", Money, nullable=False),
    Column("fee", Money, nullable=False),
    Column("maker", Boolean, nullable=False),
    Column("time_ms", BigInteger, nullable=False),
    UniqueConstraint("symbol", "fill_id"),
    Index(None, "time_ms"),
)

funding = Table(
    "funding",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("symbol", String(64), nullable=False),
    Column("payment_id", String(64), nullable=False),
    Column("trade_id", Integer, ForeignKey("trades.id")),
    Column("amount", Money, nullable=False),
    Column("rate", Money, nullable=False),
    Column("time_ms", BigInteger, nullable=False),
    UniqueConstraint("symbol", "payment_id"),
    Index(None, "time_ms"),
)

backtests = Table(
    "backtests",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("strategy", String(64), nullable=False),
    Column("params", Text, nullable=False),
    Column("symbols", Text, nullable=False),
    Column("timeframe", String(16), nullable=False),
    Column("start_ms", BigInteger, nullable=False),
    Column("end_ms", BigInteger, nullable=False),
    Column("settings", Text, nullable=False),
    Column("metrics", Text, nullable=False),
    Column("curve", Text, nullable=False),
)
