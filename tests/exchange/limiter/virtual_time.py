"""An event loop whose time passes only when nothing else is left to do: hours in a moment, exactly repeatable."""

import asyncio
import selectors


class _Impatient(selectors.DefaultSelector):
    """Waits for nothing; instead the loop's clock jumps to the next timer."""

    loop = None

    def select(self, timeout=None):
        ready = super().select(0)
        if not ready and timeout is None:
            raise AssertionError("everybody waits and nothing will ever happen")
        if not ready and timeout > 0:
            self.loop.now += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """`time` starts at 0."""

    def __init__(self):
        selector = _Impatient()
        super().__init__(selector)
        selector.loop = self
        self.now = 0.0

    def time(self):
        return self.now


class VirtualClock:
    """A `gobot.core.Clock` on a `VirtualLoop`; the wall clock is ``wall_ms`` ahead of the loop's time."""

    def __init__(self, loop, wall_ms=1_732_974_300_000):
        self.loop = loop
        self.wall_ms = wall_ms

    def now_ms(self):
        return self.wall_ms + round(self.loop.time() * 1000)

    def monotonic(self):
        return self.loop.time()

    async def sleep(self, seconds):
        await asyncio.sleep(seconds)


def run(story, *, wall_ms=1_732_974_300_000):
    """Run ``story(clock)`` to its end in virtual time and return what it returns."""
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(story(VirtualClock(loop, wall_ms)))
    finally:
        leftover = asyncio.all_tasks(loop)
        loop.close()
        assert not leftover, f"tasks were left behind: {leftover}"
