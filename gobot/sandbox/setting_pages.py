"""The settings of the account: leverage, margin type, position mode, fees, and what the key may do."""

from __future__ import annotations

from typing import Any

from gobot.core import VenueRefused, plain
from gobot.matching import tiers_of
from gobot.sandbox.account_pages import HUGE
from gobot.sandbox.brackets import brackets_of
from gobot.sandbox.engine import Engine
from gobot.sandbox.errors import ApiError
from gobot.sandbox.parameters import Parameters


class SettingPages:
    """What one account may set.

    ``may_withdraw`` is what its key is allowed beyond trading.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._book = engine.book
        self._state = engine.venue.state
        self.dual_side = False
        self.may_withdraw = False

    def in_hedge_mode(self) -> bool:
        """Whether long and short positions are kept apart."""
        return self.dual_side

    def set_leverage(self, parameters: Parameters) -> dict[str, Any]:
        """Leverage of a symbol."""
        listing, leverage = self._engine.listings[parameters.text("symbol")], parameters.integer("leverage")
        if leverage is None:
            raise ApiError(-1102, "leverage")
        symbol = listing.market.symbol
        held = self._state.holdings.get(symbol)
        if held is not None and leverage < held.leverage:
            raise ApiError(-4161)
        parameters.require_all_read()
        try:
            self._engine.venue.set_leverage(symbol, leverage)
        except VenueRefused:
            raise ApiError(-4028, leverage) from None
        self._book.tell_leverage(listing.id, leverage, self._engine.now_ms)
        return {"leverage": leverage, "maxNotionalValue": plain(HUGE), "symbol": listing.id}

    def set_margin_type(self, parameters: Parameters) -> dict[str, Any]:
        """ISOLATED or CROSSED."""
        listing = self._engine.listings[parameters.text("symbol")]
        kind = parameters.choice("marginType", ("ISOLATED", "CROSSED"), -1130)
        symbol = listing.market.symbol
        if self._book.margin_types.get(symbol, "CROSSED") == kind:
            raise ApiError(-4046)
        if self._book.open_orders(symbol):
            raise ApiError(-4047)
        if symbol in self._state.holdings:
            raise ApiError(-4048)
        parameters.require_all_read()
        self._book.margin_types[symbol] = kind
        return {"code": 200, "msg": "success"}

    def position_mode(self, _: Parameters) -> dict[str, Any]:
        """Hedge mode or one-way mode."""
        return {"dualSidePosition": self.dual_side}

    def set_position_mode(self, parameters: Parameters) -> dict[str, Any]:
        """Change between hedge mode and one-way mode."""
        parameters.text("dualSidePosition")
        wanted = parameters.flag("dualSidePosition")
        if wanted == self.dual_side:
            raise ApiError(-4059)
        if self._book.open_orders() or self._book.open_algos():
            raise ApiError(-4067)
        if self._state.holdings:
            raise ApiError(-4068)
        parameters.require_all_read()
        self.dual_side = wanted
        return {"code": 200, "msg": "success"}

    def multi_assets_mode(self, _: Parameters) -> dict[str, Any]:
        """Whether several assets are margin together: never."""
        return {"multiAssetsMargin": False}

    def configuration(self, _: Parameters) -> dict[str, Any]:
        """AccountConfig."""
        return {
            "feeTier": 0,
            "canTrade": True,
            "canDeposit": True,
            "canWithdraw": True,
            "dualSidePosition": self.dual_side,
            "updateTime": 0,
            "multiAssetsMargin": False,
            "tradeGroupId": -1,
        }

    def symbol_configuration(self, parameters: Parameters) -> list[dict[str, Any]]:
        """SymbolConfig."""
        wanted = parameters.optional("symbol")
        listings = [self._engine.listings[wanted]] if wanted else list(self._engine.listings)
        return [
            {
                "symbol": listing.id,
                "marginType": self._book.margin_types.get(listing.market.symbol, "CROSSED"),
                "isAutoAddMargin": False,
                "leverage": self._state.leverage.get(listing.market.symbol, 1),
                "maxNotionalValue": plain(HUGE),
            }
            for listing in listings
        ]

    def leverage_brackets(self, parameters: Parameters) -> list[dict[str, Any]]:
        """Maintenance tiers."""
        wanted = parameters.optional("symbol")
        listings = [self._engine.listings[wanted]] if wanted else list(self._engine.listings)
        return [
            {"symbol": one.id, "brackets": brackets_of(one.market, tiers_of(one.market.symbol))} for one in listings
        ]

    def commission_rate(self, parameters: Parameters) -> dict[str, Any]:
        """Fees."""
        listing = self._engine.listings[parameters.text("symbol")]
        return {
            "symbol": listing.id,
            "makerCommissionRate": plain(listing.market.maker_fee),
            "takerCommissionRate": plain(listing.market.taker_fee),
            "rpiCommissionRate": "0",
        }

    def restrictions(self, _: Parameters) -> dict[str, Any]:
        """What the key may do (sapi)."""
        return {
            "ipRestrict": True,
            "createTime": 1_698_645_219_000,
            "enableReading": True,
            "enableWithdrawals": self.may_withdraw,
            "enableInternalTransfer": False,
            "enableMargin": False,
            "enableFutures": True,
            "permitsUniversalTransfer": False,
            "enableVanillaOptions": False,
            "enableFixApiTrade": False,
            "enableFixReadOnly": False,
            "enableSpotAndMarginTrading": True,
            "enablePortfolioMarginTrading": False,
        }

    def margin_pairs(self, _: Parameters) -> list[dict[str, Any]]:
        """Pairs of margin trading (sapi): none."""
        return []

    def coins(self, _: Parameters) -> list[dict[str, Any]]:
        """The coins of the wallet (sapi); nothing can be sent anywhere."""
        names = sorted({"USDT", *(listing.base for listing in self._engine.listings)})
        return [
            {
                "coin": name,
                "depositAllEnable": False,
                "withdrawAllEnable": False,
                "name": name,
                "free": "0",
                "locked": "0",
                "freeze": "0",
                "withdrawing": "0",
                "ipoing": "0",
                "ipoable": "0",
                "storage": "0",
                "isLegalMoney": False,
                "trading": True,
                "networkList": [],
            }
            for name in names
        ]
