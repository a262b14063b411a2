"""What the synthetic market lists: names, starting prices, temperaments and trading rules."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from hashlib import blake2b

from gobot.core import Market

# Starting prices in USDT, about right for early 2025; what is traded most comes first.
_PRICES = {
    "BTC": 94_500.0, "ETH": 3_350.0, "SOL": 192.0, "XRP": 2.1, "BNB": 702.0, "DOGE": 0.32, "ADA": 0.86, "AVAX": 36.5,
    "LINK": 20.4, "DOT": 6.7, "LTC": 104.0, "TRX": 0.255, "BCH": 438.0, "NEAR": 5.1, "UNI": 13.4, "APT": 8.8,
    "ICP": 10.1, "ETC": 25.3, "FIL": 5.0, "ATOM": 6.3, "ARB": 0.73, "OP": 1.78, "INJ": 20.1, "SUI": 4.2, "AAVE": 310.0,
    "XLM": 0.34, "HBAR": 0.27, "VET": 0.044, "ALGO": 0.34, "GRT": 0.2, "SAND": 0.56, "MANA": 0.47, "RUNE": 4.6,
    "EGLD": 33.0, "FTM": 0.7, "THETA": 2.2, "AXS": 6.1, "XTZ": 1.28, "SEI": 0.4, "TIA": 4.7,
}  # fmt: skip
_QUOTE = "USDT"
_MIN_NOTIONAL = Decimal(5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One synthetic symbol: its own volatility (fraction per day), its share in the market's moves and its turnover."""

    symbol: str
    number: int
    price: float
    volatility: float
    beta: float
    turnover: float

    @property
    def decimals(self) -> int:
        """Decimal places of the price step: six significant digits at the starting price."""
        return 5 - math.floor(math.log10(self.price))

    @property
    def market(self) -> Market:
        """Trading rules; the quantity step is worth 10 to 100 cents at the starting price."""
        quantity_step = Decimal(1).scaleb(-math.floor(math.log10(self.price)) - 1)
        return Market(
            symbol=self.symbol,
            price_step=Decimal(1).scaleb(-self.decimals),
            quantity_step=quantity_step,
            min_quantity=quantity_step,
            min_notional=_MIN_NOTIONAL,
        )


def symbol_names(count: int) -> tuple[str, ...]:
    """The first ``count`` names: real coins, then COIN0041/USDT:USDT and so on."""
    coins = [*_PRICES, *(f"COIN{n:04d}" for n in range(len(_PRICES) + 1, count + 1))]
    return tuple(f"{coin}/{_QUOTE}:{_QUOTE}" for coin in coins[:count])


def list_symbols(symbols: Sequence[str]) -> tuple[Listing, ...]:
    """A listing for every name; the same name always gets the same one, whatever it is listed with."""
    return tuple(_list(symbol) for symbol in symbols)


def _list(symbol: str) -> Listing:
    coin = symbol.split("/", maxsplit=1)[0]
    digest = blake2b(symbol.encode(), digest_size=16).digest()
    # Three numbers in [0, 1) that belong to the name.
    mood, kinship, size = (int.from_bytes(digest[i : i + 2], "big") / 65536 for i in (8, 10, 12))
    return Listing(
        symbol=symbol,
        number=int.from_bytes(digest[:8], "big"),
        price=_PRICES.get(coin, round(10 ** (4 * size - 2), 4)),
        volatility=0.012 if coin == "BTC" else 0.02 + 0.02 * mood,
        beta=1.0 if coin == "BTC" else 0.8 + 0.6 * kinship,
        turnover=2e9 if coin == "BTC" else 10 ** (7 + 2 * size),
    )
