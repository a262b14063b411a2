"""Talking to the service manager: readiness, watchdog and status in systemd's notification protocol.

One datagram per message to the socket named by ``NOTIFY_SOCKET``; without it (a terminal, another system)
every call does nothing.  A message that cannot be delivered is logged once and never stops the daemon.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping

from loguru import logger


class ServiceNotifier:
    """The daemon's line to systemd.

    ``address`` is a socket path or, with a leading ``@``, an abstract one; empty means nobody listens.
    ``watchdog_interval`` is how often `watchdog` wants to be called, in seconds (half of what systemd allows),
    or None when no watchdog waits for this process.  Call it from the loop that must stay alive, nowhere else.
    """

    def __init__(self, address: str = "", *, watchdog_interval: float | None = None) -> None:
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self.watchdog_interval = watchdog_interval
        self._deaf = False

    @classmethod
    def from_environment(cls, environ: Mapping[str, str], pid: int) -> ServiceNotifier:
        """The line that ``environ`` describes for the process ``pid``."""
        usec = environ.get("WATCHDOG_USEC", "")
        mine = environ.get("WATCHDOG_PID", str(pid)) == str(pid)
        interval = int(usec) / 2_000_000 if mine and usec.isdecimal() and int(usec) > 0 else None
        return cls(environ.get("NOTIFY_SOCKET", ""), watchdog_interval=interval)

    def ready(self) -> None:
        """Start-up, or a reload, is finished."""
        self._send("READY=1")

    def status(self, text: str) -> None:
        """One line for ``systemctl status``."""
        self._send("STATUS=" + " ".join(text.split()))

    def watchdog(self) -> None:
        """The loop is alive."""
        self._send("WATCHDOG=1")

    def reloading(self) -> None:
        """The settings are being read again; `ready` ends it."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    def stopping(self) -> None:
        """Shutdown has begun."""
        self._send("STOPPING=1")

    def _send(self, message: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK) as line:
                line.sendto(message.encode(), self._address)
            self._deaf = False
        except OSError as error:
            if not self._deaf:
                logger.warning("systemd does not hear us ({}): it may restart a healthy daemon", error)
            self._deaf = True
