"""Fetching files of the public archive: with patience for bad days of the network, and none for wrong bytes.

aiohttp comes with ccxt and is what ccxt talks through, so one HTTP stack serves both.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from gobot.core import VenueRefused
from gobot.market.archive_layout import ArchiveFile
from gobot.market.archive_zip import checksum_in, verified
from gobot.market.retry import Retries, TryLater, retry_after

PUBLIC_ARCHIVE = "https://data.binance.vision"
# Every so many bytes have to arrive within the patience: less is a connection that will never end.
_PROGRESS = 64 * 1024
_LARGEST = 1 << 29
_MISSING = 404
_NO_TOTAL = aiohttp.ClientTimeout(total=None)


class ArchiveClient:
    """Fetches files from ``base_url``.

    >>> async with ArchiveClient.open("https://data.binance.vision", retries) as client:
    ...     packed = await client.fetch(file)

    ``patience`` is how many seconds a connection may be without progress.
    """

    def __init__(
        self, session: aiohttp.ClientSession, base_url: str, retries: Retries, *, patience: float = 30.0
    ) -> None:
        self._session = session
        self._base_url = base_url.rstrip("/")
        self._retries = retries
        self._patience = patience

    @classmethod
    @asynccontextmanager
    async def open(cls, base_url: str, retries: Retries, *, patience: float = 30.0) -> AsyncIterator[ArchiveClient]:
        """A client with connections of its own, which close with the context."""
        async with aiohttp.ClientSession(timeout=_NO_TOTAL, trust_env=True) as session:
            yield cls(session, base_url, retries, patience=patience)

    async def fetch(self, file: ArchiveFile) -> bytes | None:
        """The zip, equal to its published SHA-256, or None where the archive does not have it.

        Raises `WrongChecksum` or `TryLater` naming the file when every attempt failed, `VenueRefused` when the archive
        will not give it.
        """
        return await self._retries.until_answered(lambda: self._attempt(file))

    async def _attempt(self, file: ArchiveFile) -> bytes | None:
        promise = await self._get(f"{file.path}.CHECKSUM")
        if promise is None:
            return None
        packed = await self._get(file.path)
        if packed is None:
            return None
        checksum = checksum_in(promise.decode(errors="replace"), file.name)
        return await asyncio.to_thread(verified, packed, checksum, file.name)

    async def _get(self, path: str) -> bytes | None:
        url = f"{self._base_url}/{path}"
        try:
            async with asyncio.timeout(self._patience) as limit, self._session.get(url) as answer:
                if answer.status == _MISSING:
                    return None
                if answer.status != 200:
                    raise self._unwelcome(url, answer)
                return await self._read(url, answer, limit)
        except TimeoutError:
            raise TryLater(f"{url}: nothing came for {self._patience:g} s; check the network and try again") from None
        except aiohttp.ClientError as error:
            raise TryLater(f"{url}: {error or type(error).__name__}; check the network and try again") from error

    async def _read(self, url: str, answer: aiohttp.ClientResponse, limit: asyncio.Timeout) -> bytes:
        body, seen = bytearray(), 0
        async for part in answer.content.iter_any():
            body += part
            if len(body) > _LARGEST:
                raise VenueRefused(f"{url} is larger than any file of the archive: check candles.archive_url")
            if len(body) - seen >= _PROGRESS:
                seen = len(body)
                limit.reschedule(asyncio.get_running_loop().time() + self._patience)
        return bytes(body)

    def _unwelcome(self, url: str, answer: aiohttp.ClientResponse) -> Exception:
        sentence = f"{url} answers {answer.status} {answer.reason}"
        if answer.status == 429 or answer.status >= 500:
            pause = retry_after(answer.headers, self._retries.clock.now_ms())
            return TryLater(f"{sentence}; try again later", status=answer.status, retry_after=pause)
        return VenueRefused(f"{sentence}; check candles.archive_url and the symbol", code=str(answer.status))
