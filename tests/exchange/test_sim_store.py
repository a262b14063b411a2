"""The memory of the simulated venue on disk: it survives a kill, stays small, and says what is wrong with it."""

import shutil
import sqlite3
from decimal import Decimal

import pytest
from sim_scenarios import CALM, enter, limit, stop
from sim_world import SYMBOL, World

from gobot.core import OrderReport, StateError
from gobot.exchange import venue_state
from gobot.exchange.sim_store import SimStore
from gobot.exchange.venue_state import VenueState


def fresh() -> VenueState:
    return VenueState(time_ms=0, wallet=Decimal(1000))


def everything(world: World):
    venue = world.venue
    resting: list[OrderReport] = world.run(venue.open_orders())
    return resting, world.run(venue.positions()), world.fills(), world.balance(), venue.venue_time


def test_a_killed_venue_knows_everything(tmp_path):
    """A copy of the files at any moment is what a killed process leaves behind."""
    world = World([CALM, CALM, (100, 101, 94, 95)], tmp_path / "live" / "sim.db", leverage=3)
    steps = [
        lambda: world.at(0),
        lambda: world.send(stop(95)),
        lambda: world.send(enter()),
        lambda: world.send(limit(90)),
        lambda: world.run(world.venue.cancel(SYMBOL, "limit")),
        lambda: world.close_of(2),
    ]
    for number, step in enumerate(steps):
        step()
        before = everything(world)
        corpse = shutil.copytree(tmp_path / "live", tmp_path / f"corpse{number}")
        survivor = World(world.bars, corpse / "sim.db")
        survivor.clock.move_to(survivor.venue.venue_time)
        assert everything(survivor) == before


def test_start_equity_counts_once(tmp_path):
    path = tmp_path / "sim.db"
    first = World([CALM], path, equity="500")
    first.run(first.venue.close())
    assert World([CALM], path, equity="900").balance().wallet == 500


def test_another_market_is_told_apart(tmp_path):
    path = tmp_path / "sim.db"
    first = World([CALM], path)
    first.run(first.venue.close())
    with pytest.raises(StateError, match=r"belongs to another market .* use another state directory") as caught:
        World([CALM, CALM], path)
    assert "\n" not in str(caught.value)


def spoil(text: str):
    def spoiler(path):
        with sqlite3.connect(path) as db:
            db.execute(text)
        db.close()

    return spoiler


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(b"not a database at all, but long enough to look at" * 100),
        lambda path: path.write_bytes(path.read_bytes()[:5000]),
        spoil("DELETE FROM records WHERE kind = 'fact' AND key = 'wallet'"),
        spoil("UPDATE records SET document = '{' WHERE kind = 'order'"),
        spoil("UPDATE records SET document = '{\"id\": 1}' WHERE kind = 'order'"),
        spoil("UPDATE records SET document = 'much' WHERE key = 'wallet'"),
        spoil("ALTER TABLE records RENAME TO elsewhere"),
    ],
)
def test_damage_is_one_sentence(tmp_path, damage):
    path = tmp_path / "sim.db"
    world = World([CALM], path)
    world.at(0)
    world.send(stop(95))
    world.run(world.venue.close())
    damage(path)
    with pytest.raises(StateError, match="is damaged") as caught:
        World([CALM], path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_newer_schema_is_refused(tmp_path):
    path = tmp_path / "sim.db"
    store = SimStore(path, "here")
    store.load(fresh())
    store.close()
    spoil("UPDATE records SET document = '99' WHERE key = 'schema'")(path)
    with pytest.raises(StateError, match="written by another version of gobot"):
        SimStore(path, "here").load(fresh())


def test_a_place_that_cannot_be_used(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StateError, match="cannot be used"):
        SimStore(tmp_path / "file" / "sim.db", "here")
    (tmp_path / "folder.db").mkdir()
    with pytest.raises(StateError, match="cannot be used"):
        SimStore(tmp_path / "folder.db", "here")


def test_a_full_disk_leaves_the_last_step_whole(tmp_path):
    path = tmp_path / "sim.db"
    store, state = SimStore(path, "here"), fresh()
    store.load(state)
    store._db.execute("PRAGMA max_page_count = 3")
    state.time_ms, state.wallet = 1, Decimal(2)
    for number in range(1000):
        state.put_leverage(f"COIN{number}/USDT:USDT", 3)
    with pytest.raises(StateError, match=r"cannot be used .database or disk is full"):
        store.save(state)
    store.close()
    found = SimStore(path, "here").load(fresh())
    assert (found.time_ms, found.wallet, found.leverage) == (0, 1000, {})


def test_memory_and_file_are_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(venue_state, "KEPT", 20)
    monkeypatch.setattr(venue_state, "_BATCH", 5)
    monkeypatch.setattr("gobot.exchange.sim_store.KEPT", 20)
    world = World([CALM], tmp_path / "sim.db")
    world.at(0)
    kept = world.send(limit(50, name="kept"))
    for number in range(100):
        world.send(limit(51, name=f"gone{number}"))
        world.run(world.venue.cancel(SYMBOL, f"gone{number}"))
        world.send(enter(side="buy" if number % 2 else "sell"))
    assert world.order("gone0") is None
    assert world.order("gone99") is not None
    assert world.order("kept") == kept
    assert [fill.fill_id for fill in world.fills()] == [str(n) for n in range(81, 101)]
    with sqlite3.connect(tmp_path / "sim.db") as db:
        counts = dict(db.execute("SELECT kind, count(*) FROM records GROUP BY kind"))
    db.close()
    assert counts["fill"] == 20
    assert counts["order"] <= 25
    before = everything(world)
    world.restart()
    assert everything(world) == before
    assert world.send(limit(51, name="next")).venue_id == "202"
