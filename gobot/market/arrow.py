"""Arrow's columns as numpy arrays in numpy's own memory.

`ChunkedArray.to_numpy` would import pandas, 45 MB, and Arrow's pool keeps the pages of what it has handed out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gobot.market.candles import Candles, Floats

if TYPE_CHECKING:
    import pyarrow as pa

NAMES = ("time", "open", "high", "low", "close", "volume")
"""The columns of a table of candles."""

_NUMBER = r"^\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*$"


def schema() -> pa.Schema:
    """The columns and their types: the time as int64 in ms UTC, all others as float64."""
    import pyarrow as pa

    return pa.schema([("time", pa.int64()), *((name, pa.float64()) for name in NAMES[1:])])


def table_of(candles: Candles) -> pa.Table:
    """``candles`` as a table of that `schema`; nothing is copied."""
    import pyarrow as pa

    return pa.table({name: getattr(candles, name) for name in NAMES}, schema())


def unpack(column: pa.ChunkedArray, out: npt.NDArray[Any] | None = None) -> npt.NDArray[Any]:
    """The numbers of ``column``, which has no nulls, copied into ``out`` or a new array."""
    chunks = [np.from_dlpack(chunk) for chunk in column.chunks]
    if out is None:
        out = np.empty(len(column), chunks[0].dtype if chunks else np.float64)
    start = 0
    for chunk in chunks:
        out[start : start + len(chunk)] = chunk
        start += len(chunk)
    return out


def floats(column: pa.ChunkedArray) -> Floats:
    """``column`` as floats, NaN for null.  Raises `pyarrow.ArrowInvalid` for text that is no number."""
    import pyarrow as pa

    if column.type != pa.float64():
        column = column.cast(pa.float64())
    return unpack(column.fill_null(np.nan) if column.null_count else column)


def numbers(column: pa.ChunkedArray) -> Floats:
    """``column`` as floats, NaN for null and for text that is no number."""
    import pyarrow as pa
    from pyarrow import compute

    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        is_number = compute.match_substring_regex(column, _NUMBER)
        column = compute.utf8_trim_whitespace(compute.if_else(is_number, column, None))
    return floats(column)
