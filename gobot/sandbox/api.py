"""One request from arrival to answer: bans, faults, weight, keys, the page itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import orjson

from gobot.sandbox.endpoints import Access, Endpoint
from gobot.sandbox.engine import Engine
from gobot.sandbox.errors import ApiError
from gobot.sandbox.faults import Fault, FaultPlan
from gobot.sandbox.limits import LimitKeeper, Refused
from gobot.sandbox.parameters import Parameters
from gobot.sandbox.security import read_parameters, require_key, require_signed

_PAGE = b"<!DOCTYPE html><html><head><title>Attention required</title></head><body>Are you a robot?</body></html>"
_CUT_WITHOUT_ORDER = b'{"orderId":2259'


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request as it arrived; ``query`` is raw, for it was signed so."""

    method: str
    path: str
    query: str
    body: str
    headers: Mapping[str, str]

    @property
    def name(self) -> str:
        """``POST /fapi/v1/order``."""
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer; ``delay`` in real seconds, ``broken``: the connection is reset instead."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    kind: str = "application/json"
    delay: float = 0.0
    broken: bool = False


class Api:
    """Answers requests to one venue.

    ``effect`` is told the faults that change something else than the answer, with the parameters of the call.
    """

    def __init__(
        self,
        engine: Engine,
        endpoints: Mapping[str, Endpoint],
        limits: LimitKeeper,
        faults: FaultPlan,
        effect: Callable[[Fault, Parameters], None],
        *,
        key: str,
        secret: str,
        speed: float,
    ) -> None:
        self.requests: Counter[str] = Counter()
        self._engine = engine
        self.endpoints = endpoints
        self._limits = limits
        self._faults = faults
        self._effect = effect
        self._key, self._secret, self._speed = key, secret, speed

    def answer(self, call: Call) -> Reply:
        """Answer a request at the engine's time."""
        self.requests[call.name if call.name in self.endpoints else "unknown"] += 1
        try:
            self._limits.require_not_banned()
            parameters = read_parameters(call.query, call.body)
            fault = self._strike(call, parameters)
            if fault is not None and fault.kind in ("limit", "ban"):
                length = int(fault.seconds * 1000)
                raise self._limits.demand_silence(length) if fault.kind == "limit" else self._limits.ban(length)
            page = self._admitted(call, parameters)
            return self._reply(call, page()) if fault is None else self._struck(call, fault, page)
        except ApiError as error:
            return self._refusal(call, error)

    def _strike(self, call: Call, parameters: Parameters) -> Fault | None:
        """Let faults take effect; the one that changes the answer is returned."""
        struck = self._faults.pick(call.name, self._engine.now_ms)
        for fault in struck:
            if not fault.answers:
                self._effect(fault, parameters)
        return next((fault for fault in struck if fault.answers), None)

    def _admitted(self, call: Call, parameters: Parameters) -> Callable[[], Any]:
        """What makes the answer, once everything is in order that has nothing to do with the page itself."""
        endpoint = self.endpoints.get(call.name)
        if endpoint is None:
            self._limits.charge(1)
            raise ApiError(-5000, text=f"Path {call.path}, Method {call.method} is invalid", status=404)
        self._limits.charge(endpoint.weight(parameters))
        if endpoint.access is not Access.PUBLIC:
            require_key(call.headers, self._key)
        if endpoint.access is Access.SIGNED:
            now = self._engine.shown_ms
            require_signed(call.query, call.body, parameters, secret=self._secret, now_ms=now, speed=self._speed)
        if endpoint.orders:
            self._limits.charge_orders(endpoint.orders)

        def page() -> Any:
            document = endpoint.page(parameters)
            if endpoint.strict:
                parameters.require_all_read()
            return document

        return page

    def _struck(self, call: Call, fault: Fault, page: Callable[[], Any]) -> Reply:
        """The answer under a fault, the request executed or not."""
        if fault.kind == "slow":
            return self._reply(call, page(), delay=fault.seconds)
        body = _CUT_WITHOUT_ORDER
        if fault.executed == "yes":
            document = self._done(page)
            body = orjson.dumps(document)[: max(1, len(orjson.dumps(document)) // 2)]
        elif fault.executed == "late":
            self._engine.later(int(fault.seconds * 1000), lambda: self._done(page))
        match fault.kind:
            case "error":
                raise ApiError(fault.code, status=fault.status)
            case "unknown":
                raise ApiError(-1007)
            case "reset":
                return Reply(body=b"", broken=True)
            case "truncated":
                return Reply(body=body, headers=self._headers(call))
            case "html":
                return Reply(body=_PAGE, headers=self._headers(call), kind="text/html")
        return Reply(body=b"", headers=self._headers(call))

    def _done(self, page: Callable[[], Any]) -> Any:
        """Execute a request whose answer nobody sees whole."""
        document: Any = {}
        with suppress(ApiError):
            document = page()
        return document

    def _reply(self, call: Call, document: Any, *, delay: float = 0.0) -> Reply:
        return Reply(body=orjson.dumps(document), headers=self._headers(call), delay=delay)

    def _refusal(self, call: Call, error: ApiError) -> Reply:
        headers = self._headers(call)
        if isinstance(error, Refused):
            headers["Retry-After"] = str(error.retry_after)
        return Reply(body=orjson.dumps(error.document), status=error.status, headers=headers)

    def _headers(self, call: Call) -> dict[str, str]:
        endpoint = self.endpoints.get(call.name)
        counts = self._limits.order_headers if endpoint is not None and endpoint.orders else {}
        return {**self._limits.headers, **counts}
