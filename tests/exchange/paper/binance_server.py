"""A server on loopback that speaks what USDT-M futures of Binance tell everybody, and fails on demand.

Prices are steps: each symbol has a list of (ms, price), and a price holds until the next one.

>>> with BinanceServer() as server:
...     server.trade("BTC", server.now_ms + 5_000, 101.0)
...     server.now_ms += 60_000
"""

from __future__ import annotations

import json
import random
import socket
import struct
import threading
from bisect import bisect_right, insort
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from gobot.core import Timeframe

START = 1_767_225_600_000
"""2026-01-01 00:00 UTC."""
HOUR = 3_600_000
HALF_SPREAD = 0.05


def symbol_of(coin: str) -> str:
    return f"{coin}/USDT:USDT"


class BinanceServer:
    """Markets of ``coins`` against USDT.

    ``clock`` gives the venue's time; without one it is `now_ms`, which the test moves.  `requests` are the paths and
    parameters asked for so far, `rates` the funding rate of each coin.
    """

    def __init__(self, coins: tuple[str, ...] = ("BTC", "ETH"), clock: Callable[[], int] | None = None) -> None:
        self.coins = coins
        self.now_ms = START + 60_000
        self.clock = clock or (lambda: self.now_ms)
        self.prices: dict[str, list[tuple[int, float]]] = {coin: [(0, 100.0)] for coin in coins}
        self.rates = dict.fromkeys(coins, 0.0001)
        self.status = dict.fromkeys(coins, "TRADING")
        self.limits: list[dict[str, Any]] = []
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.faults: dict[str, list[tuple[str, dict[str, str]]]] = defaultdict(list)
        self.weight = 0
        self.released = threading.Event()
        self._lock = threading.Lock()
        self._http = _Http(("127.0.0.1", 0), type("Handler", (_Handler,), {"venue": self}))
        self._http.daemon_threads = True

    def __enter__(self) -> Self:
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.released.set()
        self._http.shutdown()
        self._http.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}"

    @property
    def counts(self) -> Counter[str]:
        return Counter(what for what, _ in self.requests)

    def fail(self, what: str, *faults: str, **headers: str) -> None:
        """Let the next requests for ``what`` fail.

        A fault is a status, perhaps with one of Binance's codes ("400:-2021"), or "html", "cut", "short" (cut off
        while it is sent), "empty", "odd" (JSON that means nothing), "reset" or "slow".
        """
        self.faults[what] += [(fault, headers) for fault in faults]

    # Prices

    def trade(self, coin: str, at_ms: int, *prices: float) -> None:
        """The price from ``at_ms`` on; of several each holds for a second."""
        with self._lock:
            for place, price in enumerate(prices):
                insort(self.prices[coin], (at_ms + 1000 * place, price))

    def wander(self, seed: int, start_ms: int, end_ms: int, step_ms: int = 10_000) -> None:
        """Let every price walk at random."""
        chance = random.Random(seed)
        with self._lock:
            for coin in self.coins:
                price, steps = 100.0, []
                for at_ms in range(start_ms, end_ms, step_ms):
                    price *= 1 + chance.gauss(0, 0.0002)
                    steps.append((at_ms, round(price, 2)))
                self.prices[coin] = steps

    def jump(self, coin: str, factor: float) -> None:
        """From now on everything costs ``factor`` times as much."""
        with self._lock:
            now = self.clock()
            steps = self.prices[coin]
            after = bisect_right(steps, (now, float("inf")))
            jumped = [(now, round(self.price(coin, now) * factor, 2))]
            jumped += [(at_ms, round(price * factor, 2)) for at_ms, price in steps[after:]]
            self.prices[coin] = steps[:after] + jumped

    def price(self, coin: str, at_ms: int) -> float:
        steps = self.prices[coin]
        return steps[max(0, bisect_right(steps, (at_ms, float("inf"))) - 1)][1]

    def candle(self, coin: str, open_ms: int, length_ms: int, now: int) -> list[Any]:
        """What has been traded of a candle by ``now``."""
        steps, end_ms = self.prices[coin], min(open_ms + length_ms - 1, now)
        first, last = (bisect_right(steps, (at_ms, float("inf"))) for at_ms in (open_ms, end_ms))
        traded = [self.price(coin, open_ms), *(price for _, price in steps[first:last])]
        values = (traded[0], max(traded), min(traded), traded[-1], 10.0)
        return [open_ms, *map(str, values), open_ms + length_ms - 1, "1000", 9, "5", "500", "0"]

    # Answers

    def answer(self, what: str, query: dict[str, str]) -> Any:
        makers = {
            "time": lambda: {"serverTime": self.clock()},
            "exchangeInfo": self._exchange_info,
            "klines": lambda: self._klines(query),
            "ticker/bookTicker": lambda: self._of_one_or_all(query, self._book),
            "depth": lambda: self._depth(query["symbol"].removesuffix("USDT")),
            "premiumIndex": lambda: self._of_one_or_all(query, self._premium),
            "fundingRate": lambda: self._funding(query),
        }
        return makers[what]() if what in makers else None

    def _of_one_or_all(self, query: dict[str, str], make: Callable[[str], Any]) -> Any:
        return make(query["symbol"].removesuffix("USDT")) if "symbol" in query else [make(coin) for coin in self.coins]

    def _book(self, coin: str) -> dict[str, Any]:
        price, now = self.price(coin, self.clock()), self.clock()
        bid, ask = f"{price - HALF_SPREAD:.2f}", f"{price + HALF_SPREAD:.2f}"
        return {"symbol": f"{coin}USDT", "bidPrice": bid, "bidQty": "5", "askPrice": ask, "askQty": "5", "time": now}

    def _depth(self, coin: str) -> dict[str, Any]:
        price, now = self.price(coin, self.clock()), self.clock()
        far = [HALF_SPREAD + 0.01 * level for level in range(5)]
        bids, asks = ([[f"{price + sign * one:.2f}", "5"] for one in far] for sign in (-1, 1))
        return {"lastUpdateId": 1, "E": now, "T": now, "bids": bids, "asks": asks}

    def _premium(self, coin: str) -> dict[str, Any]:
        now = self.clock()
        return {
            "symbol": f"{coin}USDT",
            "markPrice": str(self.price(coin, now)),
            "indexPrice": str(self.price(coin, now)),
            "lastFundingRate": f"{self.rates[coin]:.8f}",
            "interestRate": "0.00010000",
            "nextFundingTime": now - now % (8 * HOUR) + 8 * HOUR,
            "time": now,
        }

    def _funding(self, query: dict[str, str]) -> list[dict[str, Any]]:
        since, step = int(query["startTime"]), 8 * HOUR
        coin = query["symbol"].removesuffix("USDT")
        return [
            {"symbol": query["symbol"], "fundingTime": at_ms, "fundingRate": f"{self.rates[coin]:.8f}"}
            for at_ms in range(-(-since // step) * step, self.clock() + 1, step)
        ]

    def _klines(self, query: dict[str, str]) -> list[list[Any]]:
        coin, length = query["symbol"].removesuffix("USDT"), Timeframe.parse(query["interval"]).ms
        now, limit = self.clock(), int(query.get("limit", 500))
        newest = now - now % length
        first = -(-int(query.get("startTime", newest - (limit - 1) * length)) // length) * length
        with self._lock:
            opens = range(first, newest + 1, length)[:limit]
            return [self.candle(coin, open_ms, length, now) for open_ms in opens]

    def _exchange_info(self) -> dict[str, Any]:
        symbols = [
            {
                "symbol": f"{coin}USDT",
                "pair": f"{coin}USDT",
                "contractType": "PERPETUAL",
                "deliveryDate": 4133404800000,
                "onboardDate": 0,
                "status": self.status[coin],
                "baseAsset": coin,
                "quoteAsset": "USDT",
                "marginAsset": "USDT",
                "pricePrecision": 2,
                "quantityPrecision": 3,
                "filters": [
                    {"filterType": "PRICE_FILTER", "minPrice": "0.01", "maxPrice": "1000000", "tickSize": "0.01"},
                    {"filterType": "LOT_SIZE", "minQty": "0.001", "maxQty": "1000", "stepSize": "0.001"},
                    {"filterType": "MIN_NOTIONAL", "notional": "5"},
                ],
            }
            for coin in self.coins
        ]
        return {"timezone": "UTC", "serverTime": self.clock(), "rateLimits": self.limits, "symbols": symbols}


class _Http(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Clients that are killed hang up without a word."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body in one packet, or the second one waits for the other side to confirm the first.
    wbufsize = -1
    venue: BinanceServer

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        what, query = parts.path.removeprefix("/fapi/v1/"), dict(parse_qsl(parts.query))
        self.venue.requests.append((what, query))
        fault, headers = self.venue.faults[what].pop(0) if self.venue.faults[what] else ("", {})
        self.venue.weight += 1
        headers = {
            "X-MBX-USED-WEIGHT-1M": str(self.venue.weight),
            **{k.replace("_", "-"): v for k, v in headers.items()},
        }
        # Whoever has hung up meanwhile needs no answer.
        with suppress(ConnectionError):
            self._answer(fault, headers, self.venue.answer(what, query))

    def _answer(self, fault: str, headers: dict[str, str], document: Any) -> None:
        body = json.dumps(document).encode()
        if fault == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()
        elif fault == "slow":
            self.venue.released.wait(60)
            self.close_connection = True
        elif fault[:1].isdigit():
            status, _, code = fault.partition(":")
            self._send(int(status), f'{{"code": {code or -1003}, "msg": "No."}}'.encode(), headers)
        elif fault == "html":
            self._send(200, b"<html>Are you a robot?</html>", headers, kind="text/html")
        elif fault == "short":
            self._send(200, body[: len(body) // 2], headers, length=len(body))
            self.close_connection = True
        elif document is None:
            self._send(404, b"", headers)
        else:
            odd = b'[{"symbol": 7}, null]'
            self._send(200, {"": body, "cut": body[: len(body) // 2], "empty": b"", "odd": odd}[fault], headers)

    def _send(
        self, status: int, body: bytes, headers: dict[str, str], *, kind: str = "application/json", length: int = -1
    ) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body) if length < 0 else length))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass
