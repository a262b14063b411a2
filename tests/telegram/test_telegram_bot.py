"""The real library against a Bot API server on loopback."""

import asyncio
import logging
import sys
from collections.abc import Callable
from decimal import Decimal

import pytest
from loguru import logger

from gobot.core import ManualClock
from gobot.daemon.events import BreakerChanged, DaemonStopped, ErrorHappened, IdeaRefused, TradeOpened, TradingResumed
from gobot.settings.model import TelegramSettings
from gobot.telegram import Pace, TelegramBot

AT = 1_735_689_600_000  # what the fixtures of conftest.py use, too
TOKEN = "123456:AAF-very_secret-part"
OPERATOR = 1001
CHAT = 5005
FAST = Pace(request=0.3, poll=1, farewell=2.0)
SECRET = TOKEN.partition(":")[2]


class Pauses(ManualClock):
    """Keeps what was waited for, and waits for none of it."""

    def __init__(self) -> None:
        super().__init__(AT)
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await super().sleep(seconds)


@pytest.fixture
def lines():
    found = []
    sink = logger.add(lambda message: found.append(message.record["message"]), level="TRACE")
    yield found
    logger.remove(sink)


@pytest.fixture
def clock():
    return Pauses()


@pytest.fixture
async def chat(api, control, clock):
    """A function that starts a bot against the server; it is stopped in the end."""
    started = []

    async def start(token: str = TOKEN, **settings) -> TelegramBot:
        document = {"enabled": True, "base_url": api.url, "chat_ids": [CHAT], "token": token} | settings
        bot = TelegramBot(TelegramSettings.model_validate(document), control, clock, pace=FAST)
        started.append(bot)
        await bot.open()
        return bot

    yield start
    for bot in started:
        await bot.close()


async def until(true: Callable[[], bool]) -> None:
    """Let the loop turn until something holds."""
    async with asyncio.timeout(5):
        while not true():  # noqa: ASYNC110  what is waited for belongs to the code under test, which has no event for it
            await asyncio.sleep(0)


def error(message: str = "no answer") -> ErrorHappened:
    return ErrorHappened(at_ms=AT, where="scan", message=message)


async def test_a_command_is_answered(api, chat):
    await chat()
    api.say("/status")
    (call,) = await api.seen("sendMessage")
    assert call.params["chat_id"] == str(CHAT)
    assert call.params["parse_mode"] == "HTML"
    assert call.params["text"].startswith("<b>gobot, sim mode</b>: idle")


@pytest.mark.parametrize(
    ("command", "start"),
    [
        ("/positions", "<b>1 open position"),
        ("/balance", "Equity 101.50 USDT"),
        ("/profit", "Today +1.50 USDT"),
        ("/trades 1", "<b>Last 1 closed trade:"),
        ("/risk@my_gobot", "<b>Breaker closed"),
        ("/help", "/status: the daemon at a glance"),
        ("/start", "/status: the daemon at a glance"),
        ("/dance", "Unknown command"),
        ("/pause lunch", "Paused"),
        ("/resume", "Resumed"),
        ("/reset", "Say why"),
        ("/close", "Which one? Open: BTC/USDT:USDT."),
    ],
)
async def test_every_command_answers(api, chat, command, start):
    await chat()
    api.say(command)
    (call,) = await api.seen("sendMessage")
    assert call.params["text"].startswith(start)


async def test_the_menu_of_the_chat_lists_the_commands(api, chat):
    await chat()
    (call,) = await api.seen("setMyCommands")
    for name in ("status", "positions", "balance", "profit", "trades", "risk", "pause", "resume", "stop", "help"):
        assert f'"command": "{name}"' in call.params["commands"]


async def test_pause_and_resume_reach_the_daemon(api, chat, daemon):
    await chat()
    api.say("/pause lunch")
    api.say("/pause")
    api.say("/resume")
    await api.seen("sendMessage", 3)
    by = f"telegram:{OPERATOR}"
    assert daemon.asked == [("pause", "lunch"), ("pause", f"paused by {by}"), ("resume", f"resumed by {by}")]


def key_of(call) -> str:
    return call.params["reply_markup"].split('"callback_data": "')[1].split('"')[0]


@pytest.mark.parametrize(
    ("command", "asked", "answer"),
    [
        ("/stop", ("stop", f"operator_stop: asked by telegram:{OPERATOR}"), "Stopping"),
        ("/close btc", ("close", "BTC/USDT:USDT"), "Closed BTC/USDT:USDT."),
        ("/close all", ("close_all", f"closed by telegram:{OPERATOR}"), "Closed 1 position."),
        ("/reset feed fixed", ("reset", f"feed fixed (by telegram:{OPERATOR})"), "Breaker reset"),
    ],
)
async def test_what_cannot_be_undone_asks_back(api, chat, daemon, command, asked, answer):
    await chat()
    api.say(command)
    (question,) = await api.seen("sendMessage")
    assert daemon.asked == []
    api.press(key_of(question))
    await api.seen("editMessageText")
    api.press(key_of(question))
    await api.seen("editMessageText", 2)
    assert daemon.asked == [asked]
    done, again = api.texts("editMessageText")
    assert done.startswith(answer)
    assert "no longer open" in again


async def test_no_means_no(api, chat, daemon):
    await chat()
    api.say("/stop")
    await api.seen("sendMessage")
    api.press("no")
    await api.seen("editMessageText")
    assert (daemon.asked, api.texts("editMessageText")) == ([], ["Nothing was done."])


async def test_an_old_order_is_not_obeyed_but_an_old_question_is_answered(api, chat, daemon):
    api.say("/resume", age_s=900)
    api.say("/balance", age_s=900)
    await chat()
    await api.seen("sendMessage", 2)
    assert daemon.asked == []
    assert api.texts()[0].startswith("Not done: this was sent 15 minutes ago.")
    assert api.texts()[1].startswith("Equity")


async def test_a_stranger_gets_no_answer_at_all(api, chat, daemon, lines):
    await chat(user_ids=[OPERATOR])
    api.say("/pause", chat=CHAT + 1)
    api.say("/pause", user=OPERATOR + 1)
    api.press("anything", user=OPERATOR + 1)
    api.say("/balance")
    await api.seen("sendMessage")
    assert daemon.asked == []
    assert len(api.texts()) == 1
    assert not api.of("answerCallbackQuery")
    assert sum("stranger" in line for line in lines) == 2


async def test_without_listed_chats_the_log_tells_the_chat_id(api, chat, lines):
    await chat(chat_ids=[])
    api.say("hello", chat=4711)
    await until(lambda: any("chat 4711" in line for line in lines))
    assert any("chat_ids is empty" in line for line in lines)
    assert not api.texts()


async def test_a_command_that_fails_says_so(api, chat, daemon, lines, monkeypatch):
    await chat()
    monkeypatch.setattr(daemon, "risk_document", lambda: 1 / 0)
    api.say("/risk")
    api.say("/balance")
    await api.seen("sendMessage", 2)
    assert api.texts()[0] == "This failed; the log says why."
    assert any(line.startswith("Telegram: a command failed") and "ZeroDivisionError" in line for line in lines)


async def test_alerts_reach_every_chat_with_and_without_a_sound(api, chat, clock):
    bot = await chat(chat_ids=[CHAT, CHAT + 1], quiet_hours="23:00-01:00", levels={"refusal": "never"})
    bot.publish(TradingResumed(at_ms=AT, reason="new <day>"))
    bot.publish(IdeaRefused(at_ms=AT, symbol="BTC", action="long", confidence=0.5, reasons=("r",)))
    quiet = await api.seen("sendMessage", 2)
    bot.publish(BreakerChanged(at_ms=AT, old="closed", new="open", reason="losses"))
    both = await api.seen("sendMessage", 4)
    assert {call.params["chat_id"] for call in quiet} == {str(CHAT), str(CHAT + 1)}
    assert [call.params["text"] for call in quiet] == ["<b>Trading resumed</b>\nnew &lt;day&gt;"] * 2
    assert [call.params["disable_notification"] for call in both] == ["true", "true", "false", "false"]


async def test_a_flood_is_one_message_and_a_count(api, chat):
    bot = await chat()
    for attempt in range(500):
        bot.publish(error(f"no answer after {attempt} s"))
    await api.seen("sendMessage", 2)
    assert api.texts() == [
        "<b>Error in scan</b>\nno answer after 0 s",
        "<b>Error in scan</b>\nno answer after 499 s\n(499 times more in 60 min)",
    ]


async def test_what_happened_before_telegram_was_reached_is_told(api, chat, clock):
    api.script["getMe"].extend(["cut", (502, "Bad Gateway"), "<html>proxy</html>", "cut"])
    bot = await chat()
    bot.publish(error())
    await api.seen("sendMessage")
    assert clock.slept[:4] == [1.0, 2.0, 4.0, 8.0]


async def test_a_dead_network_is_waited_out_and_reported_once(api, chat, lines, clock):
    bot = await chat()
    await api.seen("getUpdates")
    api.script["sendMessage"].extend(["cut"] * 5)
    bot.publish(error())
    await api.seen("sendMessage", 6)
    bot.publish(TradingResumed(at_ms=AT, reason="r"))
    await api.seen("sendMessage", 7)
    assert api.texts()[-2:] == ["<b>Error in scan</b>\nno answer", "<b>Trading resumed</b>\nr"]
    assert clock.slept[:5] == [1.0, 2.0, 4.0, 8.0, 16.0]
    assert sum(f"alerts to chat {CHAT}" in line for line in lines) == 2


async def test_flood_control_of_the_server_is_obeyed(api, chat, clock):
    bot = await chat()
    api.script["sendMessage"].append((429, "Too Many Requests: retry after 37", {"retry_after": 37}))
    bot.publish(error())
    await api.seen("sendMessage", 2)
    assert clock.slept[0] == 37.5


async def test_a_message_that_is_refused_does_not_hold_up_the_next(api, chat, lines):
    bot = await chat()
    api.script["sendMessage"].extend([(400, "Bad Request: chat not found"), (403, "Forbidden: bot was blocked")])
    for reason in ("first", "second", "third"):
        bot.publish(TradingResumed(at_ms=AT, reason=reason))
        await api.seen("sendMessage", {"first": 1, "second": 2, "third": 3}[reason])
    await until(lambda: any("works again" in line for line in lines))
    assert len(api.texts()) == 3
    assert any("Chat not found" in line for line in lines)


async def test_a_group_that_moved_is_followed(api, chat, lines):
    bot = await chat()
    api.script["sendMessage"].append((400, "group upgraded", {"migrate_to_chat_id": -100777}))
    bot.publish(error())
    calls = await api.seen("sendMessage", 2)
    assert [call.params["chat_id"] for call in calls] == [str(CHAT), "-100777"]
    assert any("telegram.chat_ids" in line for line in lines)


async def test_two_daemons_with_one_token_are_told_apart_once(api, chat, lines, clock):
    conflict = (
        409,
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
    )
    api.script["getUpdates"].extend([conflict] * 4)
    bot = await chat()
    await api.seen("getUpdates", 5)
    bot.publish(error())
    api.say("/balance")
    await api.seen("sendMessage", 2)
    assert clock.slept[:4] == [30.0] * 4
    assert sum("another process reads the commands" in line for line in lines) == 1


async def test_a_rejected_token_leaves_telegram_off(api, chat, lines):
    api.always["getMe"] = (401, "Unauthorized")
    bot = await chat()
    await until(lambda: bool(bot.off))
    bot.publish(error())
    await bot.close()
    assert not api.texts()
    assert sum("stays off" in line for line in lines) == 1


@pytest.mark.parametrize(("token", "said"), [("", "is not set"), ("secret words\n", "has not the form")])
async def test_a_token_that_is_none_is_reported_without_being_shown(api, chat, lines, token, said):
    bot = await chat(token=token)
    assert said in bot.off
    assert not api.calls
    assert not any("secret words" in line for line in lines)


async def test_a_token_that_is_revoked_later_is_asked_for_again(api, chat, clock):
    api.script["getUpdates"].extend([(401, "Unauthorized"), (404, "Not Found")])
    await chat()
    await api.seen("getUpdates", 3)
    assert clock.slept[:2] == [300.0, 300.0]
    api.say("/balance")
    await api.seen("sendMessage")


@pytest.mark.parametrize(
    "fault", ["hang", "cut", "not json", '{"ok": true, "result": 5}', (500, "Internal"), (418, "?")]
)
async def test_whatever_the_server_does_the_loop_goes_on(api, chat, fault):
    """The loop's own beat is counted while every call of the library fails."""
    api.script["sendMessage"].extend([fault] * 2)
    api.script["getUpdates"].append(fault)
    bot = await chat()
    bot.publish(TradingResumed(at_ms=AT, reason="still here"))
    loop = asyncio.get_running_loop()
    longest, beat = 0.0, loop.time()
    async with asyncio.timeout(10):
        while len(api.of("sendMessage")) < 3 or len(api.of("getUpdates")) < 2:
            await asyncio.sleep(0.01)
            longest, beat = max(longest, loop.time() - beat), loop.time()
            if fault == '{"ok": true, "result": 5}':
                bot.publish(TradingResumed(at_ms=AT, reason="again"))
    assert longest < 1.0
    assert not bot.off


async def test_publishing_never_raises_never_waits_and_never_grows(api, chat, control, clock, lines):
    unreachable = TelegramSettings.model_validate(
        {"enabled": True, "base_url": "http://127.0.0.1:9", "chat_ids": [CHAT], "token": TOKEN}
    )
    bot = TelegramBot(unreachable, control, clock, pace=FAST)
    bot.publish(error())
    for number in range(5000):
        bot.publish(TradingResumed(at_ms=AT, reason=str(number)))
    bot.publish(
        TradeOpened(
            at_ms=AT,
            symbol="BTC",
            direction="long",
            quantity=Decimal(1),
            price=Decimal(0),
            stop=Decimal(1),
            target=None,
            reason="a price of zero breaks the sentence",
        )
    )
    assert len(bot._outboxes[CHAT]) == 200
    assert any("no words" in line for line in lines)
    await bot.open()
    await bot.close()


async def test_last_words_are_delivered_and_commands_confirmed(api, chat):
    bot = await chat()
    api.say("/balance")
    await api.seen("sendMessage")
    bot.publish(DaemonStopped(at_ms=AT, reason="operator_stop", cycle=9, equity=Decimal(100), open_positions=0))
    await bot.close()
    assert api.texts()[-1].startswith("<b>gobot ended</b>: operator_stop")
    assert api.of("getUpdates")[-1].params["offset"] == "901"
    assert api.of("getUpdates")[-1].params["timeout"] == "0"


async def test_stopping_does_not_wait_for_a_server_that_hangs(api, chat):
    api.always["sendMessage"] = api.always["getUpdates"] = "hang"
    bot = await chat()
    await api.seen("getUpdates")
    bot.publish(error())
    await asyncio.wait_for(bot.close(), FAST.farewell + 3)


async def test_nothing_that_is_logged_contains_the_token(api, chat, daemon, lines, caplog, capfd, monkeypatch):
    caplog.set_level(logging.DEBUG)
    stderr = logger.add(sys.stderr, level="TRACE", diagnose=True, backtrace=True)
    echo = f"<html>/bot{TOKEN}/ was not found</html>"
    api.script["getMe"].extend([(500, f"no such path /bot{TOKEN}/getMe"), echo])
    api.script["getUpdates"].extend([echo, (409, f"Conflict {TOKEN}"), (401, TOKEN), "cut", (400, TOKEN)])
    api.script["sendMessage"].extend([(403, f"Forbidden {TOKEN}"), (500, TOKEN), (400, TOKEN), (404, TOKEN)])
    try:
        bot = await chat()
        for number in range(3):
            bot.publish(TradingResumed(at_ms=AT, reason=str(number)))
            await api.seen("sendMessage", number + 1)
        await api.seen("getUpdates", 6)
        api.script["sendMessage"].append((500, f"again {TOKEN}"))
        api.say("/balance")
        await api.seen("sendMessage", 6)
        monkeypatch.setattr(daemon, "risk_document", lambda: 1 / 0)
        api.say("/risk")
        await api.seen("sendMessage", 7)
        api.script["getUpdates"].append((500, f"late {TOKEN}"))
        await bot.close()
        api.always["getMe"] = (401, TOKEN)
        off = await chat()
        await until(lambda: bool(off.off))
    finally:
        logger.remove(stderr)
    captured = capfd.readouterr()
    everything = "\n".join([*lines, caplog.text, captured.out, captured.err, off.off])
    assert "***" in everything
    assert SECRET not in everything
