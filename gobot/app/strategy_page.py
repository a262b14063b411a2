"""A strategy's page in the documents: what it is, and what it did on real candles, made by running it."""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from gobot.app.strategy_chart import Line, chart
from gobot.backtest import Result, Rules, backtest
from gobot.core import UsageError
from gobot.market import Candles
from gobot.strategy import Strategy
from gobot.strategy.describe import describe

_BEGIN, _END = "<!-- made: begin -->", "<!-- made: end -->"
_COSTS = Rules(fee=0.0005, slippage=0.0001)
_FREE = Rules(fee=0.0, slippage=0.0)


@dataclass(frozen=True, slots=True)
class Trial:
    """The strategy on the candles of one file, with costs and without."""

    file: str
    candles: Candles
    paid: Result
    free: Result

    @classmethod
    def of(cls, strategy: Strategy, file: str, candles: Candles) -> Trial:
        """Run it twice."""
        return cls(file, candles, backtest(strategy, candles, _COSTS), backtest(strategy, candles, _FREE))

    @property
    def market(self) -> str:
        """The file without its ending."""
        return Path(self.file).stem

    @property
    def held(self) -> float:
        """What holding the market brought, percent."""
        return 100.0 * float(self.candles.close[-1] / self.candles.open[0] - 1.0)


def write_page(strategy: Strategy, markets: Sequence[tuple[str, Candles]], directory: Path) -> Path:
    """Run ``strategy`` on ``markets`` (file names and candles) and write its page and picture into ``directory``.

    On a page that is there only what stands between the ``made`` marks is replaced.  Raises `UsageError` when the page
    cannot be written or has lost its marks.
    """
    trials = [Trial.of(strategy, file, candles) for file, candles in markets]
    page = directory / f"{strategy.name}.md"
    made = "\n".join([_BEGIN, *_sections(strategy, trials), _END])
    try:
        directory.mkdir(parents=True, exist_ok=True)
        text = page.read_text(encoding="utf-8") if page.exists() else _new_page(strategy)
        before, begin, rest = text.partition(_BEGIN)
        _, end, after = rest.partition(_END)
        if not (begin and end):
            raise UsageError(f"{page} has no {_BEGIN} and {_END}: put them where the results should stand")
        (directory / f"{strategy.name}.svg").write_text(_picture(trials[0]), encoding="utf-8")
        page.write_text(before + made + after, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{page} cannot be written ({error.strerror}); check its path and permissions") from error
    return page


def _new_page(strategy: Strategy) -> str:
    return f"# {strategy.name}\n\n{_BEGIN}\n{_END}\n\n## When it fails\n\nWrite down what you have seen.\n"


def _sections(strategy: Strategy, trials: Sequence[Trial]) -> Iterator[str]:
    about = inspect.cleandoc(type(strategy).__doc__ or "").replace("``", "`")
    yield f"\n{about}\n"
    yield f"![Equity of {strategy.name} on {trials[0].market}]({strategy.name}.svg)\n"
    yield from _parameters(strategy)
    yield "\n## On real candles\n"
    yield (
        f"All-in on every signal, long and short, {100 * _COSTS.fee:g} % fee and {100 * _COSTS.slippage:g} % slippage "
        "on each side,\nits own stops and targets and no others, the parameters above and nothing tuned.\n"
    )
    yield from _results(trials)
    yield f"\nQuarter by quarter on {trials[0].market}, percent:\n"
    yield from _quarters(trials[0])
    files = " ".join(f"--data {trial.file}" for trial in trials)
    yield f"\nMade by `gobot strategy page {strategy.name} {files}`.\n"


def _parameters(strategy: Strategy) -> Iterator[str]:
    told = describe(type(strategy))
    yield "| parameter | value | range | what for |"
    yield "|---|---|---|---|"
    for param in told["params"]:
        yield f"| {param['name']} | {strategy.params[param['name']]} | {_range(param)} | {param['description']} |"
    rules = [f"`{text}`" for text in told["constraints"]]
    yield f"\n{'It must hold that ' + ' and '.join(rules) + '. ' if rules else ''}A row needs {_warmup(strategy)}."


def _warmup(strategy: Strategy) -> str:
    counts = [f"{strategy.warmup} candles"]
    counts += [f"{strategy.warmup_for(name)} of {name}" for name in strategy.timeframes]
    return " and ".join([", ".join(counts[:-1]), counts[-1]] if len(counts) > 1 else counts)


def _range(param: dict[str, Any]) -> str:
    if param["choices"]:
        return ", ".join(map(str, param["choices"]))
    return f"{param['low']} to {param['high']}" if param["low"] is not None else "any"


def _results(trials: Sequence[Trial]) -> Iterator[str]:
    columns = (
        "market", "from", "to", "hold", "return", "without costs", "trades", "win rate", "profit factor", "drawdown",
        "Sharpe", "in the market",
    )  # fmt: skip
    yield f"| {' | '.join(columns)} |"
    yield f"|---|---|---|{'---:|' * 9}"
    for trial in trials:
        paid = trial.paid.metrics
        cells = (
            trial.market,
            _day(trial.candles.time[0]),
            _day(trial.candles.time[-1]),
            f"{trial.held:+.0f} %",
            f"{paid.return_pct:+.1f} %",
            f"{trial.free.metrics.return_pct:+.1f} %",
            str(paid.trades),
            f"{paid.win_rate:.0f} %",
            _number(paid.profit_factor),
            f"{paid.max_drawdown_pct:.0f} %",
            _number(paid.sharpe),
            f"{paid.exposure_pct:.0f} %",
        )
        yield f"| {' | '.join(cells)} |"


def _quarters(trial: Trial) -> Iterator[str]:
    """The market's and the strategy's gain in each quarter of a year, and how many trades ended in it."""
    months = trial.candles.time.astype("datetime64[ms]").astype("datetime64[M]").astype(np.int64)
    quarter = months // 3
    exits = quarter[trial.paid.trades["exit_row"]]
    yield "| quarter | market | strategy | trades |"
    yield "|---|---:|---:|---:|"
    equity = np.concatenate([[_COSTS.start_equity], trial.paid.equity])
    for which in np.unique(quarter):
        rows = np.flatnonzero(quarter == which)
        first, last = int(rows[0]), int(rows[-1])
        market = 100.0 * (trial.candles.close[last] / trial.candles.open[first] - 1.0)
        gain = 100.0 * (equity[last + 1] / equity[first] - 1.0)
        name = f"{1970 + which // 4} Q{which % 4 + 1}"
        yield f"| {name} | {market:+.1f} | {gain:+.1f} | {int((exits == which).sum())} |"


def _picture(trial: Trial) -> str:
    close = trial.candles.close
    return chart(
        trial.candles.time,
        [
            Line("hold", 100.0 * close / trial.candles.open[0], "#8b949e", dashed=False),
            Line("without costs", trial.free.equity / _FREE.start_equity * 100.0, "#6ca4f8", dashed=True),
            Line(trial.paid.strategy.name, trial.paid.equity / _COSTS.start_equity * 100.0, "#1f6feb", dashed=False),
        ],
        title=f"{trial.paid.strategy.name} on {trial.market}: what became of 100",
    )


def _day(time_ms: int) -> str:
    return datetime.fromtimestamp(int(time_ms) / 1000, UTC).strftime("%Y-%m-%d")


def _number(value: float) -> str:
    return f"{value:.2f}" if math.isfinite(value) else "-"
