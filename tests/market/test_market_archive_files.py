"""Where the archive keeps its files, what is in them, and how often it is asked."""

from __future__ import annotations

import hashlib
import io
import zipfile
from random import Random

import pytest

from gobot.core import DataError, ManualClock, Timeframe, UsageError
from gobot.market.archive_layout import ArchiveShelf, pair_of
from gobot.market.archive_zip import WrongChecksum, checksum_in, read_funding_rates, read_klines, verified
from gobot.market.retry import Backoff, Retries, TryLater, retry_after

JANUARY = 1_735_689_600_000
DAY = 86_400_000
HOUR = Timeframe(3_600_000)
ROW = "1735689600000,93576.1,94509.42,93489.03,94401.14,755.9901,1735693199999,71068810.5,93525,421.0,39596777.7,0\n"


def zipped(*texts: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, text in enumerate(texts):
            archive.writestr(f"{number}.csv", text)
    return packed.getvalue()


class TestLayout:
    def test_months_and_days_of_klines(self):
        shelf = ArchiveShelf("spot", "BTC/USDT", HOUR)
        months = shelf.months(JANUARY - 1, JANUARY + 31 * DAY)
        assert [month.path for month in months] == [
            "data/spot/monthly/klines/BTCUSDT/1h/BTCUSDT-1h-2024-12.zip",
            "data/spot/monthly/klines/BTCUSDT/1h/BTCUSDT-1h-2025-01.zip",
        ]
        assert (months[1].start_ms, months[1].end_ms) == (JANUARY, JANUARY + 31 * DAY)
        days = shelf.days(JANUARY + 1, JANUARY + DAY + 1)
        assert [day.path for day in days] == [
            "data/spot/daily/klines/BTCUSDT/1h/BTCUSDT-1h-2025-01-01.zip",
            "data/spot/daily/klines/BTCUSDT/1h/BTCUSDT-1h-2025-01-02.zip",
        ]
        assert (days[0].start_ms, days[0].end_ms) == (JANUARY, JANUARY + DAY)
        assert days[0].name == "BTCUSDT-1h-2025-01-01.zip"

    def test_funding_rates_come_by_month_only(self):
        shelf = ArchiveShelf("um", "BTC/USDT:USDT", None)
        (month,) = shelf.months(JANUARY, JANUARY + 1)
        assert month.path == "data/futures/um/monthly/fundingRate/BTCUSDT/BTCUSDT-fundingRate-2025-01.zip"
        assert shelf.days(JANUARY, JANUARY + DAY) == []

    def test_weeks_come_by_month_only(self):
        shelf = ArchiveShelf("um", "BTC/USDT:USDT", Timeframe.parse("1w"))
        assert not shelf.by_day
        assert shelf.months(JANUARY, JANUARY + 1)[0].path.endswith("/1w/BTCUSDT-1w-2025-01.zip")

    def test_nothing_lies_in_an_empty_span(self):
        shelf = ArchiveShelf("spot", "BTC/USDT", HOUR)
        assert shelf.months(JANUARY, JANUARY) == shelf.days(JANUARY, JANUARY) == []

    @pytest.mark.parametrize(
        ("market", "symbol", "timeframe"),
        [("spot", "BTC/USDT", "7m"), ("um", "BTC/USDT:USDT", "1s"), ("spot", "BTC/USDT", None)],
    )
    def test_what_the_archive_does_not_have_is_refused(self, market, symbol, timeframe):
        with pytest.raises(UsageError):
            ArchiveShelf(market, symbol, None if timeframe is None else Timeframe.parse(timeframe))

    def test_pairs(self):
        assert pair_of("BTC/USDT") == pair_of("BTC/USDT:USDT") == "BTCUSDT"
        assert pair_of("BTC/USDT:USDT-250627") == "BTCUSDT_250627"


class TestContent:
    def test_header_or_none_and_both_units(self):
        header = "open_time,open,high,low,close,volume,close_time,quote_volume,count,a,b,ignore\n"
        micro = ROW.replace("1735689600000", "1735689600000000")
        plain, headed, fine = (read_klines(zipped(text), "x.zip") for text in (ROW, header + ROW, header + micro))
        assert plain.time.tolist() == headed.time.tolist() == fine.time.tolist() == [JANUARY]
        assert fine.close.tolist() == [94401.14]

    def test_rows_come_in_order_and_once(self):
        earlier = ROW.replace("1735689600000", "1735686000000")
        assert read_klines(zipped(ROW + earlier + ROW), "x.zip").time.tolist() == [JANUARY - HOUR.ms, JANUARY]

    def test_funding_rates(self):
        rates = read_funding_rates(
            zipped("calc_time,funding_interval_hours,last_funding_rate\n1735689600001,8,-0.00012\n"), "x.zip"
        )
        assert (rates.time.tolist(), rates.rate.tolist()) == ([JANUARY + 1], [-0.00012])

    @pytest.mark.parametrize(
        "packed",
        [
            b"",
            b"<html>",
            zipped(ROW)[:-30],
            zipped(""),
            zipped(ROW, ROW),
            zipped("1,2,3\n"),
            zipped(ROW.replace("94509.42", "n/a")),
            zipped(ROW.replace("94509.42", "")),
            zipped(ROW + ROW[:40]),
        ],
        ids=["empty", "html", "cut", "no rows", "two files", "few columns", "text", "hole", "cut row"],
    )
    def test_anything_else_is_an_error_that_names_the_file(self, packed):
        with pytest.raises(DataError, match=r"x\.zip"):
            read_klines(packed, "x.zip")


class TestChecksum:
    def test_as_the_archive_and_as_sha256sum_write_it(self):
        digest = hashlib.sha256(b"content").hexdigest()
        for text in (f"{digest}  x.zip\n", f"{digest.upper()} *x.zip"):
            assert verified(b"content", checksum_in(text, "x.zip"), "x.zip") == b"content"

    @pytest.mark.parametrize(
        "text", ["", "<html>", "0" * 63 + "  x.zip", "0" * 64, "0" * 64 + "  y.zip", "g" * 64 + "  x.zip"]
    )
    def test_anything_else_is_no_checksum(self, text):
        with pytest.raises(WrongChecksum, match=r"x\.zip"):
            checksum_in(text, "x.zip")

    def test_other_bytes_do_not_pass(self):
        with pytest.raises(WrongChecksum, match=r"x\.zip does not match"):
            verified(b"other", hashlib.sha256(b"content").hexdigest(), "x.zip")


class TestRetries:
    def test_pauses_double_up_to_the_longest_and_vary(self):
        backoff, random = Backoff(first=1.0, most=10.0), Random(3)
        pauses = [backoff.pause(failures, random) for failures in range(1, 8)]
        for pause, longest in zip(pauses, (1, 2, 4, 8, 10, 10, 10), strict=True):
            assert longest / 2 <= pause <= longest
        assert backoff.pause(10_000, random) <= 10

    async def test_the_last_error_is_raised(self):
        clock, asked = ManualClock(), []

        async def ask() -> None:
            asked.append(clock.monotonic())
            raise TryLater(f"attempt {len(asked)}", retry_after=5.0)

        with pytest.raises(TryLater, match="attempt 3"):
            await Retries(clock, Random(1), attempts=3).until_answered(ask)
        assert asked == [0, 5, 10]

    @pytest.mark.parametrize(
        ("said", "seconds"),
        [
            ("7", 7.0),
            ("Wed, 01 Jan 2025 00:01:30 GMT", 90.0),
            ("Tue, 31 Dec 2024 00:00:00 GMT", 0.0),
            ("soon", 0.0),
            ("", 0.0),
        ],
    )
    def test_retry_after_is_seconds_or_a_date(self, said, seconds):
        assert retry_after({"Retry-After": said}, JANUARY) == seconds
