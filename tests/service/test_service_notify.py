"""The notification protocol against a real datagram socket."""

import secrets
import socket
import time

import pytest
from loguru import logger

from gobot.daemon.service import ServiceNotifier


@pytest.fixture(params=["path", "abstract"])
def manager(request, tmp_path):
    """A listening socket as systemd opens it, and the address that NOTIFY_SOCKET would carry."""
    name = f"gobot-{secrets.token_hex(6)}"
    address = f"@{name}" if request.param == "abstract" else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(f"\0{name}" if request.param == "abstract" else address)
        listener.settimeout(5)
        yield listener, address


def test_every_message_arrives_as_one_datagram(manager):
    listener, address = manager
    notifier = ServiceNotifier(address)
    notifier.ready()
    notifier.status("cycle 7\nequity 101.50 USDT")
    notifier.watchdog()
    notifier.stopping()
    assert [listener.recv(1024) for _ in range(4)] == [
        b"READY=1", b"STATUS=cycle 7 equity 101.50 USDT", b"WATCHDOG=1", b"STOPPING=1",
    ]  # fmt: skip


def test_a_reload_is_stamped_with_the_monotonic_clock(manager):
    listener, address = manager
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    ServiceNotifier(address).reloading()
    reloading, stamp = listener.recv(1024).decode().split("\n")
    assert reloading == "RELOADING=1"
    assert before <= int(stamp.removeprefix("MONOTONIC_USEC=")) <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000


@pytest.mark.parametrize(
    ("environ", "interval"),
    [
        ({"WATCHDOG_USEC": "120000000", "WATCHDOG_PID": "42"}, 60.0),
        ({"WATCHDOG_USEC": "3000000"}, 1.5),
        ({"WATCHDOG_USEC": "120000000", "WATCHDOG_PID": "41"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_the_watchdog_is_fed_twice_per_period_if_it_waits_for_us(environ, interval):
    assert ServiceNotifier.from_environment(environ, pid=42).watchdog_interval == interval


def test_without_a_manager_nothing_happens():
    ServiceNotifier.from_environment({}, pid=42).ready()


def test_a_dead_manager_is_reported_once_and_stops_nothing(tmp_path):
    lines = []
    sink = logger.add(lines.append, format="{message}")
    try:
        notifier = ServiceNotifier(str(tmp_path / "gone"))
        notifier.watchdog()
        notifier.watchdog()
    finally:
        logger.remove(sink)
    assert len(lines) == 1
    assert "does not hear" in lines[0]


def test_a_full_queue_does_not_block(manager):
    _, address = manager
    notifier = ServiceNotifier(address)
    for _ in range(2000):
        notifier.watchdog()
