"""The account: balances, positions, trades and income."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from gobot.core import ZERO, plain
from gobot.exchange.holding import Holding
from gobot.sandbox.brackets import maintenance
from gobot.sandbox.engine import Engine
from gobot.sandbox.errors import ApiError
from gobot.sandbox.listings import Listing
from gobot.sandbox.parameters import Parameters
from gobot.sandbox.records import amount
from gobot.sandbox.trade_pages import time_window

HUGE = Decimal(1_000_000)
"""The largest position, USDT, that is said to be allowed."""

_DAY_MS = 86_400_000


class AccountPages:
    """What one account may know of itself."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._book = engine.book
        self._state = engine.venue.state

    # Money

    def balance(self, _: Parameters) -> list[dict[str, Any]]:
        """Balances by asset."""
        totals = self._totals()
        return [
            {
                "accountAlias": "SgsR",
                "asset": "USDT",
                "balance": amount(totals["wallet"]),
                "crossWalletBalance": amount(totals["cross"]),
                "crossUnPnl": amount(ZERO),
                "availableBalance": amount(totals["available"]),
                "maxWithdrawAmount": amount(totals["available"]),
                "marginAvailable": True,
                "updateTime": self._engine.now_ms,
            }
        ]

    def account_v2(self, _: Parameters) -> dict[str, Any]:
        """Everything, every symbol listed."""
        positions = [self._position_in_account(listing) for listing in self._engine.listings]
        flags = {
            "feeTier": 0,
            "feeBurn": True,
            "canTrade": True,
            "canDeposit": True,
            "canWithdraw": True,
            "updateTime": 0,
            "multiAssetsMargin": False,
            "tradeGroupId": -1,
        }
        return {**flags, **self._account_totals(), "positions": positions}

    def account_v3(self, _: Parameters) -> dict[str, Any]:
        """Totals, and the positions that are open or have orders."""
        names = (
            "symbol", "positionSide", "positionAmt", "isolatedMargin", "notional", "isolatedWallet", "initialMargin",
            "maintMargin", "updateTime",
        )  # fmt: skip
        positions = [
            {
                **{name: common[name] for name in names},
                "unrealizedProfit": common["unRealizedProfit"],
            }
            for common in map(self._position, self._listings_at_work())
        ]
        totals = self._account_totals()
        for asset in totals["assets"]:
            del asset["marginAvailable"]
        return {**totals, "positions": positions}

    def _totals(self) -> dict[str, Decimal]:
        balance = self._engine.venue.balance(self._engine.mark)
        margins = sum((holding.margin for holding in self._state.holdings.values()), ZERO)
        held = sum((self._maintenance(s, h) for s, h in self._state.holdings.items()), ZERO)
        cross = balance.wallet - margins
        return {
            "wallet": balance.wallet,
            "equity": balance.equity,
            "profit": balance.equity - balance.wallet,
            "available": balance.available,
            "margins": margins,
            "maintenance": held,
            "orders": max(cross - balance.available, ZERO),
            "cross": cross,
        }

    def _account_totals(self) -> dict[str, Any]:
        totals = self._totals()
        initial = amount(totals["margins"] + totals["orders"])
        shown = {
            "totalInitialMargin": initial,
            "totalMaintMargin": amount(totals["maintenance"]),
            "totalWalletBalance": amount(totals["wallet"]),
            "totalUnrealizedProfit": amount(totals["profit"]),
            "totalMarginBalance": amount(totals["equity"]),
            "totalPositionInitialMargin": amount(totals["margins"]),
            "totalOpenOrderInitialMargin": amount(totals["orders"]),
            "totalCrossWalletBalance": amount(totals["cross"]),
            "totalCrossUnPnl": amount(ZERO),
            "availableBalance": amount(totals["available"]),
            "maxWithdrawAmount": amount(totals["available"]),
        }
        asset = {
            "asset": "USDT",
            "walletBalance": amount(totals["wallet"]),
            "unrealizedProfit": amount(totals["profit"]),
            "marginBalance": amount(totals["equity"]),
            "maintMargin": amount(totals["maintenance"]),
            "initialMargin": initial,
            "positionInitialMargin": amount(totals["margins"]),
            "openOrderInitialMargin": amount(totals["orders"]),
            "crossWalletBalance": amount(totals["cross"]),
            "crossUnPnl": amount(ZERO),
            "availableBalance": amount(totals["available"]),
            "maxWithdrawAmount": amount(totals["available"]),
            "marginAvailable": True,
            "updateTime": self._engine.now_ms,
        }
        return {**shown, "assets": [asset]}

    # Positions

    def positions_v2(self, parameters: Parameters) -> list[dict[str, Any]]:
        """positionRisk: every symbol listed."""
        wanted = parameters.optional("symbol")
        listings = [self._engine.listings[wanted]] if wanted else list(self._engine.listings)
        return [self._position_v2(listing) for listing in listings]

    def positions_v3(self, parameters: Parameters) -> list[dict[str, Any]]:
        """positionRisk: only what is open or has orders."""
        wanted = parameters.optional("symbol")
        at_work = self._listings_at_work()
        return [self._position_v3(one) for one in at_work if wanted in (None, one.id)]

    def _position_v2(self, listing: Listing) -> dict[str, Any]:
        symbol, common = listing.market.symbol, self._position(listing)
        leverage = self._state.leverage.get(symbol, 1)
        isolated = self._book.margin_types.get(symbol) == "ISOLATED"
        names = (
            "symbol", "positionAmt", "entryPrice", "breakEvenPrice", "markPrice", "unRealizedProfit",
            "liquidationPrice", "isolatedMargin", "notional", "isolatedWallet", "positionSide", "updateTime",
        )  # fmt: skip
        return {
            **{name: common[name] for name in names},
            "leverage": str(leverage),
            "maxNotionalValue": plain(HUGE),
            "marginType": "isolated" if isolated else "cross",
            "isAutoAddMargin": "false",
        }

    def _position_v3(self, listing: Listing) -> dict[str, Any]:
        return {
            **self._position(listing),
            "marginAsset": "USDT",
            "adl": 0,
            "bidNotional": "0",
            "askNotional": "0",
        }

    def _position_in_account(self, listing: Listing) -> dict[str, Any]:
        symbol, common = listing.market.symbol, self._position(listing)
        return {
            "symbol": listing.id,
            "initialMargin": common["initialMargin"],
            "maintMargin": common["maintMargin"],
            "unrealizedProfit": common["unRealizedProfit"],
            "positionInitialMargin": common["positionInitialMargin"],
            "openOrderInitialMargin": common["openOrderInitialMargin"],
            "leverage": str(self._state.leverage.get(symbol, 1)),
            "isolated": self._book.margin_types.get(symbol) == "ISOLATED",
            "entryPrice": common["entryPrice"],
            "maxNotional": plain(HUGE),
            "bidNotional": "0",
            "askNotional": "0",
            "positionSide": "BOTH",
            "positionAmt": common["positionAmt"],
            "updateTime": common["updateTime"],
        }

    def _position(self, listing: Listing) -> dict[str, Any]:
        """What both versions of positionRisk tell."""
        symbol = listing.market.symbol
        holding, mark = self._state.holdings.get(symbol), self._engine.mark(symbol)
        margin = entry = profit = quantity = needed = ZERO
        level = "0"
        if holding is not None:
            margin, entry = holding.margin, holding.entry_price
            quantity = holding.quantity * holding.direction.sign
            profit, needed = holding.profit(mark, holding.quantity), self._maintenance(symbol, holding)
            level = plain(listing.market.round_price(Decimal(f"{holding.liquidation_level:.12g}")))
        return {
            "symbol": listing.id,
            "positionSide": "BOTH",
            "positionAmt": plain(quantity),
            "entryPrice": plain(entry),
            "breakEvenPrice": plain(entry),
            "markPrice": plain(mark),
            "unRealizedProfit": amount(profit),
            "liquidationPrice": level,
            "isolatedMargin": amount(margin + profit if holding else ZERO),
            "notional": amount(quantity * mark),
            "isolatedWallet": amount(margin),
            "initialMargin": amount(margin),
            "maintMargin": amount(needed),
            "positionInitialMargin": amount(margin),
            "openOrderInitialMargin": amount(ZERO),
            "updateTime": self._engine.now_ms if holding else 0,
        }

    def _listings_at_work(self) -> list[Listing]:
        algos = {algo.symbol for algo in self._book.open_algos()}
        symbols = sorted({*self._state.symbols_at_work(), *algos})
        return [self._engine.listings.of(symbol) for symbol in symbols]

    def _maintenance(self, symbol: str, holding: Holding) -> Decimal:
        return maintenance(symbol, holding.quantity * self._engine.mark(symbol))

    # What has happened

    def trades(self, parameters: Parameters) -> list[dict[str, Any]]:
        """userTrades: at most seven days between start and end; without either the last seven."""
        listing, now = self._engine.listings[parameters.text("symbol")], self._engine.now_ms
        first, order_id = parameters.integer("fromId"), parameters.integer("orderId")
        limit = parameters.limit(500, 1000)
        if first is not None and ("startTime" in parameters or "endTime" in parameters):
            raise ApiError(-1128)
        since, until = time_window(parameters, now)
        if since < now - 180 * _DAY_MS and "startTime" in parameters:
            raise ApiError(-4178, text="Only data in the last 3 months is available.")
        rows = [
            trade.document
            for trade in self._book.trades
            if trade.symbol_id == listing.id
            and order_id in (None, trade.order_id)
            and (trade.id >= first if first is not None else since <= trade.at_ms <= until)
        ]
        return rows[:limit] if first is not None or "startTime" in parameters else rows[-limit:]

    def income(self, parameters: Parameters) -> list[dict[str, Any]]:
        """Changes of the wallet; without a start the last seven days."""
        now, wanted, kind = self._engine.now_ms, parameters.optional("symbol"), parameters.optional("incomeType")
        parameters.ignore("page")
        end = parameters.integer("endTime") or now
        start = parameters.integer("startTime")
        since, limit = now - 7 * _DAY_MS if start is None else start, parameters.limit(100, 1000)
        rows = [
            one.document
            for one in self._book.incomes
            if wanted in (None, one.symbol_id) and kind in (None, one.kind) and since <= one.at_ms <= end
        ]
        return rows[:limit] if start is not None else rows[-limit:]
