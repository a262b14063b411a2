"""The whole of the settings, section by section, with their defaults and ranges."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator

from gobot.core import GobotError, Timeframe
from gobot.settings.base import Section
from gobot.settings.trading import Money, TradingSettings


class UrlOverride(Section):
    """Another scheme and host for every URL of the venue; the paths stay."""

    rest: str | None = Field(None, pattern=r"^https?://[^/\s]+$", description="REST, such as http://127.0.0.1:8080.")
    ws: str | None = Field(None, pattern=r"^wss?://[^/\s]+$", description="WebSocket, such as ws://127.0.0.1:8080.")


class ExchangeSettings(Section):
    """The venue.  Keys come from the environment only."""

    name: str = Field("binanceusdm", pattern=r"^[a-z0-9]+$", description="ccxt's id of the venue.")
    url_override: UrlOverride = Field(default_factory=UrlOverride)
    allow_withdrawal_key: bool = Field(False, description="Whether an API key that may withdraw money is accepted.")
    api_key: SecretStr | None = Field(None, description="API key; from the environment only.", exclude=True)
    secret: SecretStr | None = Field(None, description="API secret; from the environment only.", exclude=True)


Loudness = Literal["never", "silent", "loud"]


class AlertLevels(Section):
    """How each kind of alert arrives: ``loud``, ``silent`` (without a sound), or ``never``."""

    start: Loudness = Field("loud", description="The daemon started or ended.")
    trade: Loudness = Field("loud", description="A position was opened or closed.")
    refusal: Loudness = Field("silent", description="An idea was not traded, with the reasons.")
    order: Loudness = Field("loud", description="An order failed, or ledger and venue differed.")
    breaker: Loudness = Field("loud", description="The breaker moved, trading paused or resumed.")
    error: Loudness = Field("loud", description="A step failed, the loop slowed down, a file was damaged.")
    settings: Loudness = Field("silent", description="An edit of the settings was taken up or rejected.")
    cycle: Loudness = Field("never", description="Every finished cycle.")
    summary: Loudness = Field("loud", description="The summary of each UTC day.")


class TelegramSettings(Section):
    """The operator's chat.  Only listed chats and users are answered."""

    enabled: bool = Field(False, description="Whether gobot talks to Telegram at all.")
    base_url: str = Field("https://api.telegram.org", pattern=r"^https?://\S+$", description="Bot API server.")
    chat_ids: list[int] = Field(default_factory=list, description="Chats that are answered and alerted.")
    user_ids: list[int] = Field(default_factory=list, description="If set, only these users may give commands.")
    levels: AlertLevels = Field(default_factory=AlertLevels)
    quiet_hours: str | None = Field(
        None,
        pattern=r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$",
        description="UTC hours such as 22:00-07:00 in which only critical alerts make a sound.",
    )
    token: SecretStr | None = Field(None, description="Token of the bot; from the environment only.", exclude=True)


class BacktestSettings(Section):
    """The rules of a backtest."""

    fee: float = Field(0.0005, ge=0, lt=0.1, description="Taker fee, fraction of the value.")
    slippage: float = Field(0.0, ge=0, lt=0.1, description="Price given up by market fills, fraction.")
    sizing: Literal["settings", "all_in"] = Field("settings", description="all_in spends all cash on each entry.")
    risk: bool = Field(True, description="on: stops, targets and limits of the settings apply; off: signals alone.")
    direction: Literal["long", "short", "both"] = Field("both", description="Which positions may be opened.")
    start_equity: Money = Field(Decimal(10_000), description="USDT at the start.")
    funding: bool = Field(True, description="Whether funding rates that are stored or given are settled.")


class DatabaseSettings(Section):
    """Where the ledger lives."""

    url: str | None = Field(None, description="SQLAlchemy URL; unset means SQLite at <paths.state>/gobot.db.")


# A "~" would have to be somebody's home directory: a service has none.
Directory = Annotated[str, Field(pattern=r"^[^~]")]


class PathSettings(Section):
    """Directories, relative to the home directory unless absolute."""

    state: Directory = Field("state", description="Ledger, memory, socket, lock.")
    archive: Directory = Field("archive", description="Closed branches.")
    candles: Directory = Field("state/candles", description="Stored market data.")
    strategies: Directory = Field("strategies", description="Your own strategy files.")
    logs: Directory = Field("state/logs", description="Rotating log files.")


class CandleSettings(Section):
    """Stored market data."""

    format: Literal["parquet", "csv"] = Field(
        "parquet", description="Format of series that are new; others keep theirs."
    )
    keep: int | None = Field(None, ge=1, description="Newest candles kept of a series; null keeps all.")
    keep_by_timeframe: dict[str, Annotated[int, Field(ge=1)]] = Field(
        default_factory=dict, description="The same for single candle lengths, such as 1m: 100000."
    )
    archive_url: str = Field(
        "https://data.binance.vision", pattern=r"^https?://\S+$", description="Public archive of Binance, or a mirror."
    )

    @field_validator("keep_by_timeframe")
    @classmethod
    def _known_timeframes(cls, value: dict[str, int]) -> dict[str, int]:
        try:
            return {str(Timeframe.parse(name)): count for name, count in value.items()}
        except GobotError as error:
            raise ValueError(str(error)) from error


class SimSettings(Section):
    """The simulated market."""

    source: Literal["synthetic", "store"] = Field(
        "synthetic", description="A seeded market, or the stored candles of trading.symbols."
    )
    seed: int = Field(7, ge=0, le=2**63 - 1, description="Same seed, same market.")
    symbols: int = Field(12, ge=1, le=2000, description="Synthetic symbols, unless trading.symbols names them.")
    start_equity: Money | None = Field(None, description="USDT at the start; unset means trading.initial_capital_usd.")
    start: str = Field("2025-01-01", pattern=r"^\d{4}-\d{2}-\d{2}$", description="First day of the synthetic market.")
    fee: float = Field(0.0005, ge=0, lt=0.1, description="Taker fee, fraction.")
    maker_fee: float = Field(0.0002, ge=-0.01, lt=0.1, description="Maker fee, fraction; negative for a rebate.")
    slippage: float = Field(0.0, ge=0, lt=0.1, description="Price given up by market fills, fraction.")
    speed: float = Field(450.0, ge=0, le=1e9, description="Simulated seconds per real second; 0: no waiting.")

    @field_validator("start")
    @classmethod
    def _real_date(cls, value: str) -> str:
        try:
            date.fromisoformat(value)
        except ValueError:
            raise ValueError(f"{value!r} is no date; write one such as 2025-01-01") from None
        return value


class PaperSettings(Section):
    """Paper trading: live prices, no orders."""

    start_equity: Money | None = Field(None, description="USDT at the start; unset means trading.initial_capital_usd.")
    fee: float | None = Field(None, ge=0, lt=0.1, description="Taker fee, fraction; unset means the venue's.")
    maker_fee: float | None = Field(
        None, ge=-0.01, lt=0.1, description="Maker fee, fraction, negative for a rebate; unset means the venue's."
    )
    slippage: float = Field(
        0.0, ge=0, lt=0.1, description="Price given up by market fills beyond bid or ask, fraction."
    )
    latency: float = Field(
        0.0, ge=0, le=60, description="Seconds until an order reaches the venue; it fills at the price then."
    )


class LogSettings(Section):
    """What is written to stderr and to files."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Least important line written.")
    file: bool = Field(True, description="Whether logs/gobot.log is written, rotated at 10 MB, 10 kept.")


class Settings(Section):
    """Everything a user can set."""

    trading: TradingSettings = Field(default_factory=TradingSettings)
    exchange: ExchangeSettings = Field(default_factory=ExchangeSettings)
    telegram: TelegramSettings = Field(default_factory=TelegramSettings)
    backtest: BacktestSettings = Field(default_factory=BacktestSettings)
    database: DatabaseSettings = Field(default_factory=DatabaseSettings)
    paths: PathSettings = Field(default_factory=PathSettings)
    candles: CandleSettings = Field(default_factory=CandleSettings)
    sim: SimSettings = Field(default_factory=SimSettings)
    paper: PaperSettings = Field(default_factory=PaperSettings)
    log: LogSettings = Field(default_factory=LogSettings)
