// The panes of the figure: equity, drawdown, price with trades.  Each sets its axis and draws what the view shows.

/** A polyline through the visible points, with one neighbour on each side so that it leaves the pane at its edge. */
function trace(pen, box, view, times, values, factor = 1) {
  const from = Math.max(0, rowAt(times, view.start) - 1);
  const to = Math.min(times.length, rowAt(times, view.end) + 2);
  pen.beginPath();
  for (let row = from; row < to; row++) pen.lineTo(box.x(times[row], view), box.y(factor * values[row]));
  return [from, to];
}

function extremes(view, times, ...columns) {
  const from = Math.max(0, rowAt(times, view.start) - 1), to = Math.min(times.length, rowAt(times, view.end) + 1);
  let low = Infinity, high = -Infinity;
  for (const values of columns) {
    for (let row = from; row < to; row++) {
      if (values[row] < low) low = values[row];
      if (values[row] > high) high = values[row];
    }
  }
  return [low, high];
}

function area(pen, box, view, times, values, base, colour) {
  const [from, to] = trace(pen, box, view, times, values);
  if (to - from < 2) return;
  pen.lineTo(box.x(times[to - 1], view), base);
  pen.lineTo(box.x(times[from], view), base);
  pen.fillStyle = colour;
  pen.fill();
}

/** Line style of a series; dashes tell them apart without colour. */
function stroke(pen, colour, width = 1.5, dash = []) {
  pen.setLineDash(dash);
  pen.strokeStyle = colour;
  pen.lineWidth = width;
  pen.lineJoin = "round";
  pen.stroke();
  pen.setLineDash([]);
}

function level(pen, box, value, colour, dash) {
  pen.beginPath();
  pen.moveTo(box.left, box.y(value));
  pen.lineTo(box.right, box.y(value));
  stroke(pen, colour, 1, dash);
}

class EquityPane {
  constructor(equity, lines, band, start) {
    Object.assign(this, { ...equity, lines, band, startEquity: start, log: false, share: 0.37 });
  }

  /** What the heading of the pane says about a moment, as HTML; the other panes have the same. */
  reading(moment, view) {
    const parts = [`<b>${amount(this.value[newestAt(this.time, moment)])}</b>`];
    for (const line of this.lines.filter((one) => one.shown)) {
      const value = amount(this.factor(line, view) * line.value[newestAt(line.time, moment)]);
      const since = view.whole ? "" : " from here";
      parts.push(`<span class="key market"></span><span class="name">${escaped(line.name)}${since} </span>${value}`);
    }
    if (this.band?.shown && view.whole) parts.push(`<span class="name"><span class="key band"></span>${escaped(this.band.name)}</span>`);
    return parts.join(" ");
  }

  /** Whoever compares starts with the same money: at the left edge of what is shown. */
  factor(line, view) {
    return this.value[newestAt(this.time, view.start)] / line.value[newestAt(line.time, view.start)];
  }

  fit(box, view) {
    const ranges = [extremes(view, this.time, this.value)];
    for (const line of this.lines) {
      const factor = this.factor(line, view);
      if (line.shown) ranges.push(extremes(view, line.time, line.value).map((value) => factor * value));
    }
    if (this.band?.shown && view.whole) ranges.push(extremes(view, this.band.time, this.band.low, this.band.high));
    box.range(Math.min(...ranges.map(([low]) => low)), Math.max(...ranges.map(([, high]) => high)), this.log);
  }

  draw(pen, box, view) {
    if (this.band?.shown && view.whole) this.drawBand(pen, box, view);
    level(pen, box, this.startEquity, palette.faint, [2, 4]);
    area(pen, box, view, this.time, this.value, box.bottom, palette.accent + "1c");
    for (const line of this.lines.filter((one) => one.shown)) {
      trace(pen, box, view, line.time, line.value, this.factor(line, view));
      stroke(pen, palette.market, 1.25, [5, 3]);
    }
    trace(pen, box, view, this.time, this.value);
    stroke(pen, palette.accent, 1.75);
  }

  drawBand(pen, box, view) {
    const { time, low, high } = this.band;
    const [from, to] = trace(pen, box, view, time, high);
    for (let row = to - 1; row >= from; row--) pen.lineTo(box.x(time[row], view), box.y(low[row]));
    pen.fillStyle = palette.band;
    pen.fill();
  }
}

class DrawdownPane {
  constructor(equity, start) {
    this.time = equity.time;
    this.value = new Float64Array(equity.value.length);
    this.share = 0.14;
    let peak = start;
    equity.value.forEach((value, row) => {
      peak = Math.max(peak, value);
      this.value[row] = 100 * (value / peak - 1);
    });
  }

  reading(moment) {
    return `<b>${amount(this.value[newestAt(this.time, moment)])} %</b>`;
  }

  fit(box, view) {
    const [low, high] = extremes(view, this.time, this.value);
    box.range(Math.min(low, -0.5), view.whole ? 0 : Math.min(0, high + 0.3 * (high - low)), false, 0);
  }

  draw(pen, box, view) {
    area(pen, box, view, this.time, this.value, box.top, palette.loss + "30");
    trace(pen, box, view, this.time, this.value);
    stroke(pen, palette.loss, 1.25);
  }
}

/** Pixels per trade below which they are no longer drawn one by one, and the height of the lane that shows them then. */
const ELBOW_ROOM = 5, LANE = 44;

class PricePane {
  constructor(market, trades) {
    Object.assign(this, { market, trades, log: false, share: 0.49 });
    this.bar = market.step * market.group;
    this.entries = Float64Array.from(trades, (trade) => trade.entry);
    this.longest = trades.reduce((longest, trade) => Math.max(longest, trade.exit - trade.entry), 0);
  }

  reading(moment) {
    const { market } = this;
    const row = newestAt(market.time, moment);
    const prices = ["open", "high", "low", "close"].map((name) =>
      `<span class="${name}">${name} <b>${amount(market[name][row], market.digits)}</b></span>`);
    const bars = market.group > 1 ? ` <i>${market.group} candles a bar</i>` : "";
    return prices.join(" ") + bars;
  }

  fit(box, view) {
    box.range(...extremes(view, this.market.time, this.market.low, this.market.high), this.log);
    if (this.crowded(box, view)) box.makeRoom(LANE);
  }

  draw(pen, box, view) {
    const width = (this.bar / (view.end - view.start)) * box.width;
    if (width < 2.2) this.drawRanges(pen, box, view);
    else this.drawCandles(pen, box, view, width);
    const visible = this.visible(view);
    if (this.crowded(box, view)) this.drawLane(pen, box, view, visible);
    else for (const trade of visible) this.drawTrade(pen, box, view, trade, visible.length < 80);
  }

  crowded(box, view) {
    return this.visible(view).length * ELBOW_ROOM > box.width;
  }

  /** Many candles per pixel: the highest and lowest price of each pixel. */
  drawRanges(pen, box, view) {
    const { time, high, low, close } = this.market;
    let row = rowAt(time, view.start - this.bar), previous = close[Math.max(0, row - 1)];
    pen.beginPath();
    for (let x = box.left; x < box.right && row < time.length; x++) {
      const until = box.moment(x + 1, view);
      if (time[row] >= until) continue;
      let top = previous, bottom = previous;
      for (; row < time.length && time[row] < until; row++) {
        top = Math.max(top, high[row]);
        bottom = Math.min(bottom, low[row]);
        previous = close[row];
      }
      pen.moveTo(x + 0.5, box.y(top));
      pen.lineTo(x + 0.5, Math.max(box.y(bottom), box.y(top) + 1));
    }
    stroke(pen, palette.muted, 1);
  }

  drawCandles(pen, box, view, width) {
    const { time, open, high, low, close } = this.market;
    const body = Math.max(1, Math.min(width * 0.7, 14));
    const to = Math.min(time.length, rowAt(time, view.end) + 1);
    for (let row = Math.max(0, rowAt(time, view.start) - 1); row < to; row++) {
      const middle = box.x(time[row] + this.bar / 2, view);
      const rising = close[row] >= open[row];
      const [top, bottom] = [box.y(Math.max(open[row], close[row])), box.y(Math.min(open[row], close[row]))];
      pen.strokeStyle = pen.fillStyle = rising ? palette.gain : palette.loss;
      pen.lineWidth = 1;
      pen.beginPath();
      pen.moveTo(middle, box.y(high[row]));
      pen.lineTo(middle, box.y(low[row]));
      pen.stroke();
      pen.fillRect(middle - body / 2, top, body, Math.max(1, bottom - top));
    }
  }

  visible(view) {
    const from = rowAt(this.entries, view.start - this.longest), to = rowAt(this.entries, view.end);
    return this.trades.slice(from, to).filter((trade) => trade.exit >= view.start);
  }

  colour(trade) {
    return trade.pnl >= 0 ? palette.gain : palette.loss;
  }

  /** Too many trades to tell apart: what those of every few pixels made together, upwards or downwards from a line. */
  drawLane(pen, box, view, trades) {
    const made = new Map();
    for (const trade of trades) {
      const x = 3 * Math.round(box.x(trade.exit, view) / 3);
      made.set(x, (made.get(x) ?? 0) + trade.pnl);
    }
    const most = Math.max(...[...made.values()].map(Math.abs));
    const middle = box.bottom - LANE / 2;
    for (const [x, pnl] of made) {
      const height = Math.max(1, (Math.abs(pnl) / most) * (LANE / 2));
      pen.fillStyle = pnl >= 0 ? palette.gain : palette.loss;
      pen.fillRect(x, pnl >= 0 ? middle - height : middle, 2, height);
    }
  }

  /** A line from entry to exit, a triangle that points the way of the trade, a dot where it ended. */
  drawTrade(pen, box, view, trade, roomy) {
    const [x0, y0] = [box.x(trade.entry, view), box.y(trade.entryPrice)];
    const [x1, y1] = [box.x(trade.exit, view), box.y(trade.exitPrice)];
    const size = roomy ? 5.5 : 3.5;
    pen.beginPath();
    pen.moveTo(x0, y0);
    pen.lineTo(x1, y1);
    stroke(pen, this.colour(trade), roomy ? 1.5 : 1, roomy ? [3, 2] : []);
    pen.beginPath();
    pen.moveTo(x0, y0 - trade.side * size);
    pen.lineTo(x0 - size, y0 + trade.side * size);
    pen.lineTo(x0 + size, y0 + trade.side * size);
    pen.closePath();
    pen.fillStyle = trade.side > 0 ? palette.accent : palette.market;
    pen.fill();
    pen.strokeStyle = palette.card;
    pen.lineWidth = 1;
    pen.stroke();
    pen.beginPath();
    pen.arc(x1, y1, size * 0.65, 0, 7);
    pen.fillStyle = this.colour(trade);
    pen.fill();
    pen.stroke();
  }

  /** Stop and target of the trade that is pointed at or chosen. */
  drawLevels(pen, box, view, trade) {
    const [x0, x1] = [box.x(trade.entry, view), Math.max(box.x(trade.exit, view), box.x(trade.entry, view) + 8)];
    for (const [price, colour] of [[trade.stop, palette.loss], [trade.target, palette.gain]]) {
      if (price === null) continue;
      pen.beginPath();
      pen.moveTo(x0, box.y(price));
      pen.lineTo(x1, box.y(price));
      stroke(pen, colour, 1.25, [4, 3]);
    }
    pen.fillStyle = this.colour(trade) + "22";
    pen.fillRect(x0, box.top, Math.max(1, x1 - x0), box.height);
  }

  /** The trade whose entry or exit lies nearest to a point, within a finger's reach. */
  near(box, view, x, y) {
    if (this.crowded(box, view)) return null;
    let best = null, distance = 14 ** 2;
    for (const trade of this.visible(view)) {
      for (const [moment, price] of [[trade.entry, trade.entryPrice], [trade.exit, trade.exitPrice]]) {
        const away = (box.x(moment, view) - x) ** 2 + (box.y(price) - y) ** 2;
        if (away < distance) [best, distance] = [trade, away];
      }
    }
    return best;
  }
}
