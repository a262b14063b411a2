"""Who is answered, what asks back, when it is quiet."""

from datetime import UTC, datetime

import pytest
from loguru import logger
from telegram import Chat, Message, Update, User

from gobot.core import ManualClock
from gobot.telegram.access import Access
from gobot.telegram.confirmations import Confirmations
from gobot.telegram.quiet import is_quiet


def update(chat: int, user: int | None) -> Update:
    person = User(user, "P", is_bot=False) if user else None
    message = Message(1, datetime(2025, 1, 1, tzinfo=UTC), Chat(chat, "group"), from_user=person, text="/status")
    return Update(1, message=message)


@pytest.fixture
def lines():
    found = []
    sink = logger.add(found.append, format="{message}")
    yield found
    logger.remove(sink)


@pytest.mark.parametrize(
    ("chats", "users", "chat", "user", "admitted"),
    [
        ([5], [], 5, 1, True),
        ([5], [], 5, None, True),
        ([5], [], 6, 1, False),
        ([5], [1], 5, 1, True),
        ([5], [1], 5, 2, False),
        ([5], [1], 5, None, False),
        ([], [1], 1, 1, False),
        ([], [], 0, None, False),
    ],
)
def test_the_allow_list(chats, users, chat, user, admitted):
    assert Access(chats, users, ManualClock()).admits(update(chat, user)) is admitted


def test_a_stranger_is_logged_once(lines):
    access = Access([5], [], ManualClock())
    for _ in range(50):
        access.admits(update(6, 66))
    assert lines == [
        "Telegram: ignored a stranger, chat 6 user 66; telegram.chat_ids lists who is answered\n",
    ]


def test_a_crowd_of_strangers_fills_neither_log_nor_memory(lines):
    clock = ManualClock()
    access = Access([5], [], clock)
    for stranger in range(1, 3000):
        access.admits(update(6, stranger))
    assert len(lines) == 20
    for hour in range(1, 40):
        clock.move_to(hour * 3_600_000)
        for stranger in range(30):
            access.admits(update(6, hour * 100_000 + stranger))
    assert len(lines) == 40 * 20
    assert len(access._strangers) == 256


async def test_a_confirmation_counts_once_from_the_one_who_asked_within_a_minute():
    clock = ManualClock()
    confirmations = Confirmations(clock)

    async def deed() -> str:
        return "done"

    key = confirmations.ask("telegram:1", deed)
    assert confirmations.redeem("telegram:2", key) is None
    assert await confirmations.redeem("telegram:1", key)() == "done"
    assert confirmations.redeem("telegram:1", key) is None
    late = confirmations.ask("telegram:1", deed)
    clock.move_to(61_000)
    assert confirmations.redeem("telegram:1", late) is None


async def test_questions_that_nobody_answers_are_bounded():
    async def deed() -> str:
        return "done"

    confirmations = Confirmations(ManualClock())
    keys = [confirmations.ask("a", deed) for _ in range(100)]
    assert len(set(keys)) == 100
    assert confirmations.redeem("a", keys[0]) is None
    assert confirmations.redeem("a", keys[-1]) is deed


@pytest.mark.parametrize(
    ("hours", "time", "quiet"),
    [
        (None, "03:00", False),
        ("22:00-07:00", "21:59", False),
        ("22:00-07:00", "22:00", True),
        ("22:00-07:00", "00:00", True),
        ("22:00-07:00", "06:59", True),
        ("22:00-07:00", "07:00", False),
        ("12:30-14:00", "13:00", True),
        ("12:30-14:00", "14:00", False),
        ("12:00-12:00", "12:00", False),
    ],
)
def test_quiet_hours(hours, time, quiet):
    now = datetime.fromisoformat(f"2025-06-01T{time}+00:00")
    assert is_quiet(hours, int(now.timestamp() * 1000)) is quiet
