"""The daemon as a process, steered through a Bot API server: it alerts, answers, stops, and keeps its token."""

from __future__ import annotations

import asyncio
import os
import sys
import time

CHAT, STRANGER, TOKEN = 5005, 666, "123456:AAF-very_secret-part"


async def test_start_alert_status_stranger_and_stop(api, tmp_path) -> None:
    api.now_s = int(time.time())
    command = [
        sys.executable, "-m", "gobot", "--home", str(tmp_path), "run", "--plain", "--cycles", "0", "--speed", "900",
        "--set", "sim.symbols=3", "--set", "telegram.enabled=on", "--set", f"telegram.base_url={api.url}",
        "--set", f"telegram.chat_ids={CHAT}", "--set", "log.level=DEBUG",
    ]  # fmt: skip
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GOBOT_")}
    child = await asyncio.create_subprocess_exec(
        *command, stderr=asyncio.subprocess.PIPE, env={**environment, "GOBOT_TELEGRAM__TOKEN": TOKEN}
    )
    try:
        async with asyncio.timeout(60):
            while not api.of("sendMessage"):
                await api.arrival()
            told = len(api.texts())
            api.say("/status", chat=STRANGER, user=STRANGER)
            api.say("/status", chat=CHAT)
            while len(api.texts()) == told:
                await api.arrival()
        assert all(call.params["chat_id"] == str(CHAT) for call in api.of("sendMessage"))
        child.terminate()
        _, errors = await asyncio.wait_for(child.communicate(), 15)
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    assert child.returncode == 0
    written = errors + (tmp_path / "state" / "logs" / "gobot.log").read_bytes()
    assert b"very_secret" not in written
    assert any("signal" in text for text in api.texts()), "the end was told as well"
