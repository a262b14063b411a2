"""A server on loopback that plays the public archive, with faults to order.

>>> async with ArchiveServer() as server:
...     server.fault("BTCUSDT-1h-2024-02.zip", "500", "cut")   # on the next two requests for that file
...     server.url, server.requests
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import re
import zipfile
from collections import Counter, defaultdict
from datetime import UTC, datetime
from typing import Self

from aiohttp import web
from made_up import made_up

from gobot.core import DAY_MS, Timeframe

_KLINES = re.compile(
    r"data/(spot|futures/um)/(monthly|daily)/klines/([A-Z0-9]+)/(\w+)/\3-\4-(\d{4}-\d\d(?:-\d\d)?)\.zip(\.CHECKSUM)?"
)
_FUNDING = re.compile(r"data/futures/um/monthly/fundingRate/([A-Z0-9]+)/\1-fundingRate-(\d{4}-\d\d)\.zip(\.CHECKSUM)?")
_COLUMNS = ("time", "open", "high", "low", "close", "volume")
_HEADER = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,"
    "taker_buy_volume,taker_buy_quote_volume,ignore\n"
)
_MICROSECONDS_FROM = "2025"


class ArchiveServer:
    """Serves every file between ``listed_ms`` and ``now_ms``, but for those in ``absent`` (file names).

    ``requests`` counts the answered paths by file name.
    """

    def __init__(self, listed_ms: int, now_ms: int) -> None:
        self.listed_ms, self.now_ms = listed_ms, now_ms
        self.absent: set[str] = set()
        self.requests: Counter[str] = Counter()
        self.largest_at_once = 0
        self._at_once = 0
        self._faults: dict[str, list[str]] = defaultdict(list)
        self._always: dict[str, str] = {}
        self._runner: web.AppRunner | None = None
        self.url = ""

    def fault(self, name: str, *kinds: str) -> None:
        """Let the next requests for file ``name`` fail in these ways, one after the other."""
        self._faults[name] += kinds

    def always(self, name: str, kind: str) -> None:
        """Let every request for file ``name`` fail in this way."""
        self._always[name] = kind

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        port = self._runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        path = request.match_info["path"]
        name = path.rpartition("/")[2]
        self.requests[name] += 1
        self._at_once += 1
        self.largest_at_once = max(self.largest_at_once, self._at_once)
        try:
            await asyncio.sleep(0.001)
            fault = self._always.get(name) or (self._faults[name].pop(0) if self._faults[name] else "")
            body = self.content(path)
            if body is None:
                return web.Response(status=404, text="<Error><Code>NoSuchKey</Code></Error>")
            return await self._faulty(fault, body, request) if fault else web.Response(body=body)
        finally:
            self._at_once -= 1

    async def _faulty(self, fault: str, body: bytes, request: web.Request) -> web.StreamResponse:
        if fault.isdigit():
            return web.Response(status=int(fault), headers={"Retry-After": "7"} if fault == "429" else {})
        if fault == "html":
            return web.Response(text="<html>Are you a robot?</html>", content_type="text/html")
        if fault == "wrong":
            return web.Response(body=bytes([body[0] ^ 1]) + body[1:])
        if fault == "short":
            return web.Response(body=body[: len(body) // 2])
        answer = web.StreamResponse(headers={"Content-Length": str(len(body))})
        if fault == "reset":
            assert request.transport is not None
            request.transport.abort()
            return answer
        await answer.prepare(request)
        await answer.write(body[: len(body) // 2])
        if fault == "cut":
            assert request.transport is not None
            request.transport.abort()
            return answer
        assert fault == "drip"
        for place in range(len(body) // 2, len(body)):
            await asyncio.sleep(0.02)
            await answer.write(body[place : place + 1])
        return answer

    def content(self, path: str) -> bytes | None:
        """The file at ``path``, None where the archive does not have it."""
        if match := _KLINES.fullmatch(path):
            market, period, pair, interval, stamp, checksum = match.groups()
            zipped = self._klines(market, period, pair, interval, stamp)
            name = f"{pair}-{interval}-{stamp}.zip"
        elif match := _FUNDING.fullmatch(path):
            pair, stamp, checksum = match.groups()
            zipped, name = self._funding(pair, stamp), f"{pair}-fundingRate-{stamp}.zip"
        else:
            return None
        if zipped is None or name in self.absent:
            return None
        return f"{hashlib.sha256(zipped).hexdigest()}  {name}\n".encode() if checksum else zipped

    def _klines(self, market: str, period: str, pair: str, interval: str, stamp: str) -> bytes | None:
        span = self._period(stamp)
        if span is None:
            return None
        base = pair.removesuffix("USDT")
        symbol = f"{base}/USDT" if market == "spot" else f"{base}/USDT:USDT"
        timeframe = Timeframe.parse(interval)
        candles = made_up(symbol, timeframe, max(span[0], self.listed_ms), span[1])
        unit = 1000 if market == "spot" and stamp >= _MICROSECONDS_FROM else 1
        rows = zip(*(getattr(candles, name).tolist() for name in _COLUMNS), strict=True)
        text = "".join(
            f"{time * unit},{','.join(map(str, values))},{(time + timeframe.ms) * unit - 1},0,0,0,0,0\n"
            for time, *values in rows
        )
        # As in reality: newer futures files have a header.
        header = _HEADER if market != "spot" and stamp >= "2022" else ""
        return _zip(f"{pair}-{interval}-{stamp}.csv", header + text)

    def _funding(self, pair: str, stamp: str) -> bytes | None:
        span = self._period(stamp)
        if span is None:
            return None
        times = range(max(span[0], self.listed_ms), span[1], DAY_MS // 3)
        rows = "".join(f"{t + t // DAY_MS % 3},8,{round((t // 1000) % 97 / 1e6, 8):.8f}\n" for t in times)
        return _zip(f"{pair}-fundingRate-{stamp}.csv", "calc_time,funding_interval_hours,last_funding_rate\n" + rows)

    def _period(self, stamp: str) -> tuple[int, int] | None:
        """The days or months that are over, from the one in which the market was listed."""
        year, month, *day = (int(part) for part in stamp.split("-"))
        try:
            start = datetime(year, month, *(day or [1]), tzinfo=UTC)
        except ValueError:
            return None
        end_ms = start.timestamp() * 1000 + DAY_MS
        if not day:
            end_ms = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC).timestamp() * 1000
        if end_ms > self.now_ms or end_ms <= self.listed_ms:
            return None
        return int(start.timestamp() * 1000), int(end_ms)


def _zip(name: str, text: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0)), text)
    return packed.getvalue()
