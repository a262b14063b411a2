"""``/sandbox/…``: inspection, faults, the human, and the clock, for tests and people on the same machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson
import yaml

from gobot.core import ConfigError
from gobot.sandbox.errors import ApiError
from gobot.sandbox.faults import FaultPlan, parse_faults
from gobot.sandbox.human import Human


class Admin:
    """Pages that Binance does not have; no key is asked for, for only this machine can reach them."""

    def __init__(
        self,
        human: Human,
        faults: FaultPlan,
        state: Callable[[], dict[str, Any]],
        clock: Callable[[], dict[str, Any]],
        lift: Callable[[], dict[str, Any]],
    ) -> None:
        self._human = human
        self._faults = faults
        self._state = state
        self._pages: dict[str, Callable[[Mapping[str, str], str], Any]] = {
            "GET state": lambda query, _: self._chosen(query),
            "GET clock": lambda *_: clock(),
            "GET faults": lambda *_: faults.document(),
            "POST faults": lambda _, body: self._add_faults(body),
            "DELETE faults": lambda *_: self._clear_faults(),
            "POST human": lambda _, body: self._act(body),
            "POST lift": lambda *_: lift(),
        }

    def answer(self, method: str, path: str, query: Mapping[str, str], body: str) -> tuple[int, Any]:
        """Status and document."""
        try:
            return 200, self._page(method, path, query, body)
        except ApiError as error:
            return error.status, error.document
        except (ConfigError, orjson.JSONDecodeError, yaml.YAMLError) as error:
            return 400, {"msg": str(error)}

    def _page(self, method: str, path: str, query: Mapping[str, str], body: str) -> Any:
        page = self._pages.get(f"{method} {path.removeprefix('/sandbox/')}")
        if page is None:
            raise ApiError(-5000, text=f"known are {', '.join(self._pages)}", status=404)
        return page(query, body)

    def _add_faults(self, body: str) -> dict[str, Any]:
        added = parse_faults(yaml.safe_load(body), "faults")
        self._faults.add(added)
        return {"added": len(added)}

    def _clear_faults(self) -> dict[str, Any]:
        self._faults.clear()
        return {}

    def _act(self, body: str) -> dict[str, Any]:
        what = orjson.loads(body)
        return self._human.act(str(what.get("action", "")), what)

    def _chosen(self, query: Mapping[str, str]) -> Any:
        """The whole state, or the parts that ``?only=orders,naked`` names."""
        state = self._state()
        wanted = [name for name in query.get("only", "").split(",") if name]
        return {name: state[name] for name in wanted if name in state} if wanted else state
