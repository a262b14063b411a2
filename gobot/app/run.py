"""Running the daemon from start to end, whatever happens in between."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable

from loguru import logger
from pydantic import SecretStr

from gobot.app.footprint import load_kernels, release_code
from gobot.app.logs import set_up_logging
from gobot.app.wiring import Daemon, build_daemon
from gobot.app.worlds import RunOptions
from gobot.core import GobotError, ManualClock
from gobot.daemon.exits import ExitReason
from gobot.daemon.lock import InstanceLock
from gobot.daemon.runtime import Door, live
from gobot.settings import Loaded, flat, require_credentials

# Seconds after which start-up is over, whatever it had to do.
_SETTLED = 5.0

PanelMaker = Callable[[Daemon], Door]


def run(loaded: Loaded, options: RunOptions, *, panel: PanelMaker | None = None) -> ExitReason:
    """Run the daemon of ``loaded`` until it ends, and return why.

    With a ``panel`` the terminal belongs to it and log lines go to the file only.  Raises `GobotError`.
    """
    require_credentials(loaded)
    lock = InstanceLock(loaded.paths.state)
    try:
        _log(loaded, stderr=panel is None)
        daemon = build_daemon(loaded, options)
        if isinstance(daemon.clock, ManualClock):
            _log(loaded, stderr=panel is None, now_ms=daemon.clock.now_ms)
        load_kernels()
        return asyncio.run(_live(daemon, panel))
    except GobotError as error:
        logger.critical("gobot cannot go on", error=str(error))
        raise
    except Exception as error:
        logger.opt(exception=error).critical("gobot ends with an error that nobody expected")
        raise
    finally:
        lock.release()


async def _live(daemon: Daemon, panel: PanelMaker | None) -> ExitReason:
    doors = (*daemon.doors, *([panel(daemon)] if panel else []))
    asyncio.get_running_loop().call_later(_SETTLED, release_code)
    try:
        return await live(daemon.orchestrator, daemon.operator, daemon.driver, daemon.jobs, doors, daemon.service)
    finally:
        await daemon.exchange.close()
        daemon.ledger.close()


def _log(loaded: Loaded, *, stderr: bool, now_ms: Callable[[], int] | None = None) -> None:
    settings = loaded.settings.log
    secrets = [value.get_secret_value() for value in flat(loaded.settings).values() if isinstance(value, SecretStr)]
    set_up_logging(
        level=settings.level,
        file=loaded.paths.logs / "gobot.log" if settings.file else None,
        stderr=stderr or not sys.stderr.isatty(),
        secrets=secrets,
        now_ms=now_ms,
    )
