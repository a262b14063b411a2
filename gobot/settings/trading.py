"""The ``trading`` section: what gobot trades, how large, and when it stops."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, ConfigDict, Field, field_validator, model_validator

from gobot.core import GobotError, Timeframe
from gobot.settings.base import Section

Mode = Literal["sim", "paper", "testnet", "live"]
Money = Annotated[Decimal, Field(gt=0, le=Decimal("1e12"))]
Percent = Annotated[float, Field(gt=0, le=100)]
Hours = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$")]
Symbol = Annotated[str, Field(pattern=r"^[^\s\x00-\x1f]{1,64}$")]


class CompletionTargets(Section):
    """When a UTC day is won or lost."""

    daily_profit_target: float = Field(50, gt=0, description="Profit of one UTC day, USDT, that counts as reached.")
    max_daily_loss: float = Field(-100, lt=0, description="Loss of one UTC day, USDT (negative), that stops trading.")


class OrchestratorSettings(Section):
    """The loop."""

    max_iterations: int = Field(50, ge=0, description="Cycles before the run ends; 0 means no limit.")
    loop_interval: int = Field(900, ge=1, le=86_400, description="Seconds between cycles, aligned to the candle close.")
    close_delay: float = Field(5.0, ge=0, le=600, description="Seconds after the candle close before a cycle starts.")
    guard_interval: float = Field(5.0, ge=1, le=300, description="Seconds between looks at what is open.")
    relaxed_guard_interval: float = Field(
        30.0, ge=1, le=300, description="The same while the venue's user stream is alive, which tells when to look."
    )
    on_target: Literal["pause_until_next_day", "exit"] = Field(
        "pause_until_next_day", description="What a reached daily target or loss does."
    )
    daily_summary: str = Field("00:05", pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description="UTC time of the summary.")
    hindsight: bool = Field(
        True, description="Whether each UTC day is re-simulated after its summary and compared with what was done."
    )
    stagnation_cycles: int = Field(3, ge=1, le=1000, description="Failed cycles in a row before the loop slows down.")
    completion_targets: CompletionTargets = Field(default_factory=CompletionTargets)


class AdaptSettings(Section):
    """Larger positions after wins, smaller ones after losses."""

    enabled: bool = Field(False, description="Whether sizes follow the last results.")
    lookback: int = Field(10, ge=1, le=200, description="Closed trades that count.")
    step: float = Field(0.1, gt=0, le=1, description="Change per trade won more than lost, fraction of the size.")
    smallest: float = Field(0.5, gt=0, le=1, description="Least multiple of the size.")
    largest: float = Field(1.5, ge=1, le=10, description="Greatest multiple of the size.")


class SizingSettings(Section):
    """How large a position is, before caps and venue minimums."""

    model: Literal["fixed", "fraction", "risk", "volatility", "kelly"] = Field(
        "fixed",
        description="fixed: a quote amount; fraction: of equity; risk: what a stop-out may cost; "
        "volatility: what the position may swing; kelly: by the results so far.",
    )
    amount_usd: Money | None = Field(None, description="fixed: USDT per position; unset means max_position_usd.")
    fraction: float = Field(0.1, gt=0, le=1, description="fraction: share of equity per position.")
    risk_pct: Annotated[float, Field(gt=0, le=100)] = Field(
        1.0, description="risk: percent of equity that is lost at the stop, fees of entry and exit included."
    )
    target_volatility_pct: Annotated[float, Field(gt=0, le=1000)] = Field(
        10.0, description="volatility: yearly volatility that one position brings the equity, percent."
    )
    kelly_fraction: float = Field(0.5, gt=0, le=1, description="kelly: share of the full Kelly size.")
    kelly_cap: float = Field(0.2, gt=0, le=1, description="kelly: largest share of equity per position.")
    kelly_min_trades: int = Field(
        30, ge=2, le=200, description="kelly: closed trades it needs; with fewer, fraction decides."
    )
    adapt: AdaptSettings = Field(default_factory=AdaptSettings)


class ValidationSettings(Section):
    """The recent-window backtest that every idea must pass."""

    enabled: bool = Field(True, description="Whether ideas are tried on the recent past first.")
    window: int = Field(480, ge=50, le=20_000, description="Candles that are tried.")
    min_trades: int = Field(4, ge=1, le=1000, description="With fewer trades in the window there is no verdict.")
    min_profit_factor: float = Field(0.8, ge=0, le=100, description="Gross profit / gross loss below this refuses.")


class EventWindow(Section):
    """A time without entries: an announcement, an upgrade, a delisting."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    begin: AwareDatetime = Field(alias="from", description="First moment, ISO with its zone: 2026-12-10T18:30:00Z.")
    until: AwareDatetime = Field(description="The moment from which entries are allowed again.")
    symbols: list[Symbol] = Field(default_factory=list, description="Whom it concerns; empty means all.")
    why: str = Field(min_length=1, description="What happens, for the refusal.")

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.until <= self.begin:
            raise ValueError(f"the event {self.why!r} must end after it begins")
        return self


class RiskManagerSettings(Section):
    """The circuit breaker and the checks."""

    max_consecutive_losses: int = Field(5, ge=1, le=1000, description="Losing trades in a row that stop entries.")
    max_drawdown_pct: Percent = Field(20, description="Fall from the peak of equity, percent, that latches a stop.")
    circuit_breaker_threshold: int = Field(3, ge=1, le=1000, description="Violations or failed orders in a row.")
    recovery_timeout_minutes: float = Field(30, gt=0, le=10_080, description="Minutes until an open breaker probes.")
    max_recovery_timeout_minutes: float = Field(
        1440, gt=0, le=43_200, description="Longest that pause grows to: each lost probe doubles it."
    )
    probe_fraction: float = Field(0.5, gt=0, le=1, description="Size of the probe trade, share of the normal one.")
    loss_cooldown_minutes: float = Field(
        240, gt=0, le=10_080, description="Minutes without entries after max_consecutive_losses."
    )
    max_open_positions: int = Field(10, ge=1, le=1000, description="Positions at a time.")
    max_total_exposure_pct: float = Field(
        100, gt=0, le=12_500, description="Sum of position values, percent of equity times leverage."
    )
    max_symbol_exposure_pct: float = Field(
        100, gt=0, le=12_500, description="Value of one symbol's position, percent of equity times leverage."
    )
    max_direction_exposure_pct: float = Field(
        100, gt=0, le=12_500, description="Sum of all longs, or of all shorts, percent of equity times leverage."
    )
    max_cluster_exposure_pct: float = Field(
        30, gt=0, le=12_500, description="Sum of positions that move together, percent of equity times leverage."
    )
    max_correlation: float = Field(
        0.8, ge=-1, le=1, description="Correlation of returns above which positions move together; 1 means never."
    )
    correlation_window: int = Field(96, ge=30, le=5000, description="Candles that correlations are computed over.")
    portfolio_stop_pct: Percent = Field(
        5, description="Loss since the start or the last reset, percent of the equity then, that latches a stop."
    )
    max_atr_percentile: float = Field(
        99,
        ge=0,
        le=100,
        description="Average true range above that of so many percent of the window's candles refuses; 100 means off.",
    )
    max_volatility_pct: Annotated[float, Field(gt=0, le=100_000)] | None = Field(
        1000, description="Realised volatility of a year, percent, above which nothing is opened; null means off."
    )
    volatility_candles: int = Field(96, ge=30, le=5000, description="Candles that volatility is computed over.")
    low_liquidity_hours: Hours | None = Field(
        "02:00-04:00", description="UTC hours without entries, may go past midnight; null means none."
    )
    max_volume_share_pct: Annotated[float, Field(gt=0, le=100_000)] | None = Field(
        None, description="Largest position, percent of the median value traded per candle; null means no limit."
    )
    min_depth_ratio: float = Field(
        2.0, ge=0, le=1000, description="What the order book holds within max_spread_pct, times the position; 0: off."
    )
    stop_out_cooldown_minutes: float = Field(
        60, ge=0, le=10_080, description="Minutes without entries in a symbol whose position was stopped out; 0: off."
    )
    max_clock_skew_ms: int = Field(
        1000, ge=1, le=60_000, description="Largest difference between the venue's clock and this host's, ms."
    )
    max_funding_pct: float = Field(
        0.2, ge=0, le=100, description="Most that the next funding may cost a position, percent of its value."
    )
    events: list[EventWindow] = Field(
        default_factory=list,
        max_length=1000,
        description="Times without entries: a list of {from, until, symbols, why}, ISO times.",
    )
    max_candle_age: float = Field(
        2.0, ge=1, le=100, description="Age of the newest closed candle, in candles, above which data is stale."
    )
    max_missing_candles: int = Field(
        0, ge=0, le=100_000, description="Candles that may be missing or wrong among those an idea is formed on."
    )
    max_spread_pct: Percent = Field(0.5, description="Widest (ask - bid) / mid, percent.")
    emergency: Literal["close", "keep_protected"] = Field(
        "close", description="What an emergency stop does with open positions."
    )


class RateLimiterSettings(Section):
    """The venue's allowance."""

    requests_per_minute: int = Field(1200, ge=1, le=1_000_000, description="Request weight per minute.")
    requests_per_hour: int = Field(100_000, ge=1, le=100_000_000, description="Requests per hour.")
    orders_per_10_seconds: int = Field(300, ge=1, le=100_000, description="Orders per 10 seconds.")
    orders_per_minute: int = Field(1200, ge=1, le=100_000, description="Orders per minute.")
    backoff_multiplier: float = Field(2.0, ge=1, le=10, description="Growth of the pause after each refusal.")
    critical_reserve: float = Field(0.1, ge=0, le=0.9, description="Share that only protecting and closing may use.")
    share: float = Field(1.0, gt=0, le=1, description="Share of the limits that belongs to this host.")
    patience: float = Field(
        60.0, gt=0, le=3600, description="Seconds a priority is passed over before one of its requests gets a turn."
    )
    endpoint_failures: int = Field(
        5, ge=1, le=1000, description="Failures in a row after which an endpoint is left alone."
    )
    endpoint_recovery_seconds: float = Field(
        30.0, gt=0, le=3600, description="Seconds until a failing endpoint is tried again."
    )


class EntrySettings(Section):
    """How positions are entered.  Backtests and kernels enter at the market."""

    type: Literal["market", "limit", "post_only"] = Field(
        "market", description="At the market; at a limit; at a limit that never pays the taker fee."
    )
    offset_percent: float = Field(
        0.0, ge=0, le=10, description="How much better than the present price the limit is, percent."
    )
    timeout: float = Field(60.0, ge=1, le=86_400, description="Seconds that an entry waits at its limit.")
    reprice: int = Field(
        3, ge=0, le=100, description="How often it is then moved to the present price before it is given up."
    )


class ProtectionSettings(Section):
    """What moves the stop of an open position, and how long it may last."""

    trailing_percent: Percent | None = Field(
        None, description="The stop follows every close at this distance, percent; null: it does not."
    )
    break_even_percent: Percent | None = Field(
        None, description="After a close this far in profit, percent, the stop moves to the entry; null: never."
    )
    max_candles: int | None = Field(
        None, ge=1, le=100_000, description="A position is closed after so many candles; null: never for that reason."
    )


class ExternalSettings(Section):
    """What is done about what others do on the account: a human, another program, the venue."""

    positions: Literal["adopt", "alert", "ignore"] = Field(
        "alert",
        description="A position somebody else opened: taken over under a stop; told and left alone; left alone.",
    )
    changes: Literal["alert", "ignore"] = Field(
        "alert", description="Somebody trades on gobot's position: told or not; its stop covers it either way."
    )
    stops: Literal["close", "alert"] = Field(
        "close",
        description="A stop that somebody cancels again after it was restored: the position is closed, or only told.",
    )
    funds: Literal["adopt", "alert", "ignore"] = Field(
        "adopt",
        description="Money paid in or out: told, and limits move with it; told, and counted as profit or loss; untold.",
    )


class PerformanceMonitorSettings(Section):
    """What is remembered."""

    archive_on_strategy_change: bool = Field(True, description="Archive the old branch when strategy or params change.")
    pattern_discovery: bool = Field(True, description="Look for hours and symbols that differ from the rest.")
    track_learnings: bool = Field(True, description="Carry what was learned over to the next branch.")
    min_pattern_sample: int = Field(20, ge=5, le=100_000, description="Trades a pattern needs.")
    pattern_significance: float = Field(0.05, gt=0, lt=1, description="Largest p-value of a pattern.")


class TradingSettings(Section):
    """What gobot trades and how."""

    mode: Mode = Field("sim", description="A simulated market; live prices without orders; test money; real money.")
    symbols: list[Symbol] = Field(
        default_factory=lambda: ["BTC/USDT:USDT"], min_length=1, max_length=2000, description="Unified symbols."
    )
    timeframe: str = Field("15m", description="Candle length that decisions are made on, such as 5m, 1h, 1d.")
    strategy: str = Field("sma_cross", min_length=1, description="A shipped strategy or a class under strategies/.")
    params: dict[str, Any] = Field(default_factory=dict, description="Parameters of the strategy.")
    direction: Literal["long", "short", "both"] = Field("both", description="Which positions may be opened.")
    leverage: int = Field(1, ge=1, le=125, description="Leverage, isolated margin.")
    initial_capital_usd: Money = Field(Decimal(100), description="Capital given to gobot, USDT.")
    max_position_usd: Money = Field(Decimal(10), description="Largest value of one position, USDT.")
    stop_loss_percent: Percent = Field(2.0, description="Stop distance from the entry where the strategy sets none.")
    take_profit_percent: Annotated[float, Field(gt=0, le=1000)] | None = Field(
        4.0, description="Target distance, likewise; null means no target where the strategy sets none."
    )
    bot: str = Field("main", pattern=r"^[a-z0-9_-]{1,24}$", description="Name in client order ids and the ledger.")
    sizing: SizingSettings = Field(default_factory=SizingSettings)
    validation: ValidationSettings = Field(default_factory=ValidationSettings)
    orchestrator: OrchestratorSettings = Field(default_factory=OrchestratorSettings)
    risk_manager: RiskManagerSettings = Field(default_factory=RiskManagerSettings)
    rate_limiter: RateLimiterSettings = Field(default_factory=RateLimiterSettings)
    entry: EntrySettings = Field(default_factory=EntrySettings)
    protection: ProtectionSettings = Field(default_factory=ProtectionSettings)
    external: ExternalSettings = Field(default_factory=ExternalSettings)
    performance_monitor: PerformanceMonitorSettings = Field(default_factory=PerformanceMonitorSettings)

    @field_validator("timeframe")
    @classmethod
    def _known_timeframe(cls, value: str) -> str:
        try:
            return str(Timeframe.parse(value))
        except GobotError as error:
            raise ValueError(str(error)) from error

    @field_validator("symbols")
    @classmethod
    def _each_symbol_once(cls, value: list[str]) -> list[str]:
        twice = sorted({symbol for symbol in value if value.count(symbol) > 1})
        if twice:
            raise ValueError(f"{twice[0]!r} stands there more than once; name each symbol once")
        return value
