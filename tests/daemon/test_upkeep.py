"""What the close of a candle means for open positions, in a daemon on the simulated market."""

from __future__ import annotations


async def run(driven, cycles: int) -> list:
    await driven.loop.start()
    await driven.cycles(cycles)
    return driven.house.ledger.closed_trades()


async def test_a_position_lasts_as_many_candles_as_the_settings_allow(make_daemon) -> None:
    settings = {"trading__protection__max_candles": "3", "trading__stop_loss_percent": "20"}
    closed = await run(make_daemon(**settings, trading__take_profit_percent="40"), 60)

    timed = [trade for trade in closed if trade.exit_reason == "time"]
    assert timed
    assert {(trade.exit_ms - trade.entry_ms) // 900_000 for trade in timed} == {3}
    assert all((trade.exit_ms - trade.entry_ms) // 900_000 <= 3 for trade in closed)


async def test_stops_follow_the_price_and_never_turn_back(make_daemon) -> None:
    driven = make_daemon(trading__protection__trailing_percent="0.5", trading__protection__break_even_percent="0.3")
    await driven.loop.start()
    stops: dict[int, list] = {}
    for _ in range(60):
        await driven.cycles(1)
        for trade in driven.house.ledger.open_trades():
            stops.setdefault(trade.id, []).append(trade.direction.sign * trade.stop)
            resting = [o for o in await driven.house.exchange.open_orders() if o.symbol == trade.symbol]
            assert [o.trigger for o in resting if o.type == "stop"] == [trade.stop]
    assert all(levels == sorted(levels) for levels in stops.values())
    assert any(len(set(levels)) > 1 for levels in stops.values())


async def test_nothing_moves_where_nothing_is_set(make_daemon) -> None:
    driven = make_daemon()
    await run(driven, 40)

    rows = driven.house.ledger.orders(limit=10_000)
    assert {row.attempt for row in rows if row.leg == "stop"} == {1}
