// The list of trades: sorted by any column, a page at a time; a row shows its trade in the figure.

const PAGE = 15;

class TradeList {
  constructor(root, trades, markets, onChoose) {
    Object.assign(this, { root, trades, markets, onChoose, sorted: trades, key: "number", down: false, page: 0 });
    root.querySelectorAll("thead button").forEach((button) =>
      button.addEventListener("click", () => this.sort(button.dataset.key)));
    const [back, on] = root.querySelectorAll(".pager button");
    back.addEventListener("click", () => this.turn(-1));
    on.addEventListener("click", () => this.turn(1));
    this.body = root.querySelector("tbody");
    this.body.addEventListener("click", (event) => this.pick(event));
    this.body.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") this.pick(event);
    });
    this.draw();
  }

  pick(event) {
    const row = event.target.closest("tr");
    if (!row) return;
    event.preventDefault();
    this.onChoose(this.trades[row.dataset.number - 1]);
  }

  sort(key) {
    this.down = key === this.key ? !this.down : key !== "number";
    this.key = key;
    const value = key === "held" ? (trade) => trade.exit - trade.entry : (trade) => trade[key];
    const order = this.down ? -1 : 1;
    this.sorted = [...this.trades].sort((a, b) => order * (value(a) > value(b) ? 1 : value(a) < value(b) ? -1 : 0));
    this.page = 0;
    this.draw();
  }

  turn(pages) {
    const last = Math.ceil(this.sorted.length / PAGE) - 1;
    this.page = Math.min(Math.max(this.page + pages, 0), last);
    this.draw();
  }

  /** Turn to the page of a trade and mark its row. */
  mark(trade) {
    this.marked = trade;
    this.page = Math.floor(this.sorted.indexOf(trade) / PAGE);
    this.draw();
  }

  draw() {
    const from = this.page * PAGE, shown = this.sorted.slice(from, from + PAGE);
    this.body.innerHTML = shown.map((trade) => this.row(trade)).join("");
    for (const heading of this.root.querySelectorAll("th")) {
      const own = heading.querySelector("button")?.dataset.key === this.key;
      heading.ariaSort = own ? (this.down ? "descending" : "ascending") : "none";
    }
    const [back, on] = this.root.querySelectorAll(".pager button");
    back.disabled = from === 0;
    on.disabled = from + PAGE >= this.sorted.length;
    this.root.querySelector(".pager span").textContent =
      `${from + 1}–${from + shown.length} of ${this.sorted.length.toLocaleString("en")}`;
  }

  row(trade) {
    const market = this.markets[trade.market];
    const cells = [
      trade.number,
      escaped(market.symbol),
      trade.side > 0 ? "long" : "short",
      stamp(trade.entry),
      span(trade.exit - trade.entry),
      amount(trade.entryPrice, market.digits),
      amount(trade.exitPrice, market.digits),
      amount(trade.value),
      amount(trade.fees),
      signed(trade.pnl),
      `${signed(trade.gain)} %`,
      escaped(trade.reason),
    ];
    const tone = (column) => (column === 9 || column === 10 ? ` class="${trade.pnl >= 0 ? "gain" : "loss"}"` : "");
    const marked = trade === this.marked ? ' aria-current="true"' : "";
    return `<tr data-number="${trade.number}" tabindex="0"${marked}>${cells
      .map((cell, column) => `<td${tone(column)}>${cell}</td>`).join("")}</tr>`;
  }
}
