"""One run of the campaign: a hostile venue, a daemon that is killed, a human in between, and the verdict.

By hand: ``python tests/campaign/run_seed.py 17 18`` repeats the runs of these seeds and keeps what they leave behind.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import orjson
from daemon_home import DaemonHome
from scenario import Event, Scenario, scenario
from verdict import faults_found

from gobot.app.footprint import load_kernels
from gobot.sandbox import Sandbox
from gobot.sandbox.errors import ApiError

SPEED = 60.0
"""Seconds of the venue in a real one: a cycle on one-minute candles takes a second."""
_LAST_LOOKS = 3


async def run_seed(seed: int, path: Path) -> list[str]:
    """Go through the run of a seed in the directory ``path``; everything that is wrong at the end."""
    plan = scenario(seed)
    async with Sandbox(symbols=3, seed=seed, speed=SPEED) as sandbox:
        home = DaemonHome(path, sandbox, SPEED, dict(plan.settings))
        home.prepare()
        try:
            await _trouble(home, plan)
            return await _quiet(home)
        finally:
            await home.clean_up()
            (path / "venue.json").write_bytes(orjson.dumps(sandbox.state(), option=orjson.OPT_INDENT_2))


async def _trouble(home: DaemonHome, plan: Scenario) -> None:
    await home.start()
    home.sandbox.faults.add(plan.faults)
    for event in plan.events:
        await asyncio.sleep(event.after)
        await _happen(home, event)
    await asyncio.sleep(1.5)


async def _happen(home: DaemonHome, event: Event) -> None:
    if event.what == "kill":
        await home.kill()
        await home.start()
        return
    # What the venue refuses a human does not happen: there may be nothing to close.
    with suppress(ApiError):
        home.sandbox.human.act(event.what, event.how)


async def _quiet(home: DaemonHome) -> list[str]:
    """Let everything settle without new decisions, and compare; a fill in the last moment is seen by the next look."""
    home.sandbox.faults.clear()
    home.sandbox.human.act("list", {"symbol": "BTCUSDT"})
    await home.kill()
    found: list[str] = []
    for _ in range(_LAST_LOOKS):
        await home.start(**{"trading.params": "{awake: 0}"})
        await home.cycles(2)
        await home.stop()
        found = faults_found(home, home.sandbox.state())
        if not found:
            break
    return found


async def run_seeds(
    seeds: Iterable[int], path: Path, at_once: int = 4, told: Callable[[int, list[str]], object] = lambda *_: None
) -> dict[int, list[str]]:
    """What is wrong after each of the runs, several of which go on at the same time; the daemons mostly wait.

    ``told`` hears of each as soon as it is over.
    """
    # Compiled once, before several daemons want them at the same time.
    load_kernels()
    turn = asyncio.Semaphore(at_once)
    found: dict[int, list[str]] = {}

    async def one(seed: int) -> None:
        async with turn:
            try:
                found[seed] = await run_seed(seed, path / str(seed))
            except AssertionError as error:
                found[seed] = [str(error)]
            told(seed, found[seed])

    async with asyncio.TaskGroup() as group:
        for seed in seeds:
            group.create_task(one(seed))
    return {seed: found[seed] for seed in sorted(found)}


if __name__ == "__main__":
    directory = Path(tempfile.mkdtemp(prefix="gobot-campaign-"))

    def tell(seed: int, sentences: list[str]) -> None:
        sys.stdout.write(f"seed {seed} in {directory / str(seed)}: {'; '.join(sentences) or 'all is well'}\n")
        sys.stdout.flush()

    wrong = asyncio.run(run_seeds(map(int, sys.argv[1:]), directory, told=tell))
    sys.exit(any(wrong.values()))
