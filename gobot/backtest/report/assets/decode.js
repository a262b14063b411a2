// What the page was given: columns of whole numbers, packed as differences of variable length.

const report = JSON.parse(document.getElementById("data").textContent);

/** The numbers of a packed column: zigzag varints in base64, each the difference to the one before, times a unit. */
function unpack({ count, unit, data }) {
  const bytes = atob(data);
  const values = new Float64Array(count);
  for (let row = 0, at = 0, total = 0; row < count; row++) {
    let zigzag = 0;
    for (let scale = 1, byte = 128; byte > 127; scale *= 128) {
      byte = bytes.charCodeAt(at++);
      zigzag += (byte & 127) * scale;
    }
    total += zigzag % 2 ? -(zigzag + 1) / 2 : zigzag / 2;
    values[row] = unit < 1 ? total / Math.round(1 / unit) : total * unit;
  }
  return values;
}

/** A market: its columns, and what one bar stands for. */
function unpackMarket(market) {
  const columns = Object.fromEntries(
    ["time", "open", "high", "low", "close"].map((name) => [name, unpack(market[name])]));
  const { open, high, low } = columns;
  // Highs and lows travel as distances from the open: those are small numbers.
  for (let row = 0; row < open.length; row++) {
    high[row] += open[row];
    low[row] += open[row];
  }
  return { ...market, ...columns };
}

/** Trades as objects in order of entry; times are ms, money is USDT, returns are percent. */
function unpackTrades({ columns, reasons }) {
  const table = Object.fromEntries(Object.entries(columns).map(([name, packed]) => [name, unpack(packed)]));
  return Array.from(table.entry, (entry, row) => ({
    number: row + 1,
    market: table.market[row],
    side: table.side[row],
    entry,
    exit: entry + table.held[row],
    entryPrice: table.entry_price[row],
    exitPrice: table.exit_price[row],
    stop: table.stop[row] || null,
    target: table.target[row] || null,
    value: table.value[row],
    fees: table.fees[row],
    pnl: table.pnl[row],
    gain: table.gain[row],
    reason: reasons[table.reason[row]],
  }));
}

/** The first row whose time is not before the moment. */
function rowAt(times, moment) {
  let low = 0, high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] < moment) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The newest row at a moment, the first before all. */
function newestAt(times, moment) {
  return Math.max(0, rowAt(times, moment + 1) - 1);
}
