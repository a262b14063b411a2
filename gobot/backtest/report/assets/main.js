// Put the page together: what was given, the figure, its buttons, the list of trades.

const figureRoot = document.querySelector(".figure");

function openPage() {
  palette.read();
  const markets = report.markets.map((market, number) => ({ ...unpackMarket(market), number }));
  const trades = unpackTrades(report.trades);
  const curve = { time: unpack(report.equity.time), value: unpack(report.equity.value) };
  const lines = report.lines.map(({ name, time, value }) => ({ name, time: unpack(time), value: unpack(value), shown: true }));
  const band = report.band && {
    ...report.band, time: unpack(report.band.time), low: unpack(report.band.low), high: unpack(report.band.high), shown: true,
  };
  const equity = new EquityPane(curve, lines, band, report.start_equity);
  const drawdown = new DrawdownPane(curve, report.start_equity);
  const prices = markets.map((market) => new PricePane(market, trades.filter((trade) => trade.market === market.number)));
  const least = 24 * Math.max(...prices.map((pane) => pane.bar));
  const view = new View(curve.time[0], curve.time.at(-1), least);
  const figure = new Figure(figureRoot, [equity, drawdown, prices[0]], view, prices[0]);

  const list = document.querySelector(".trades") &&
    new TradeList(document.querySelector(".trades"), trades, markets, (trade) => figure.select(trade, true));
  figure.describe = (trade) => describe(trade, markets[trade.market]);
  figure.select = (trade, scroll = false) => {
    showMarket(trade.market);
    figure.choose(trade);
    list.mark(trade);
    if (scroll) figureRoot.scrollIntoView({ block: "nearest" });
  };
  const showMarket = (number) => {
    figure.panes[2] = figure.price = prices[number];
    document.querySelector(".symbol").textContent = markets[number].symbol;
    const choice = document.querySelector("select[name=market]");
    if (choice) choice.value = number;
    figure.request();
  };
  listen(figure, tooltip);
  wireButtons(figure, { equity, prices, lines, band, trades, showMarket });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => repaint(figure, isPrinting()));
  addEventListener("beforeprint", () => repaint(figure, true));
  addEventListener("afterprint", () => repaint(figure, false));
  figureRoot.dataset.ready = "true";
}

/** Whether a linear axis would flatten what is low. */
function widelySpread({ value, lines }) {
  const all = [value, ...lines.map((line) => line.value)];
  const low = Math.min(...all.map((one) => Math.min(...one))), high = Math.max(...all.map((one) => Math.max(...one)));
  return low > 0 && high > 5 * low;
}

function repaint(figure, printing = false) {
  document.documentElement.toggleAttribute("data-printing", printing);
  palette.read();
  figure.resize();
}

function describe(trade, market) {
  const tone = trade.pnl >= 0 ? "gain" : "loss";
  const rows = [
    ["entry", `${stamp(trade.entry)} at ${amount(trade.entryPrice, market.digits)}`],
    ["exit", `${stamp(trade.exit)} at ${amount(trade.exitPrice, market.digits)}`],
    ["held", span(trade.exit - trade.entry)],
    ["value", `${amount(trade.value)} USDT`],
    ["ended by", escaped(trade.reason)],
  ];
  return `<strong>${trade.side > 0 ? "Long" : "Short"} ${escaped(market.symbol)}, trade ${trade.number}</strong>
    <em class="${tone}">${signed(trade.pnl)} USDT (${signed(trade.gain)} %)</em>
    <dl>${rows.map(([name, value]) => `<dt>${name}</dt><dd>${value}</dd>`).join("")}</dl>`;
}

function wireButtons(figure, { equity, prices, lines, band, trades, showMarket }) {
  const { view } = figure;
  const actions = {
    all: () => view.show(view.first, view.last),
    in: () => view.zoom(0.5, (view.start + view.end) / 2),
    out: () => view.zoom(2, (view.start + view.end) / 2),
    before: () => step(-1),
    after: () => step(1),
  };
  const step = (way) => {
    const at = figure.chosen ? figure.chosen.number - 1 + way : rowAt(trades.map((trade) => trade.entry), view.start);
    figure.select(trades[Math.min(Math.max(at, 0), trades.length - 1)]);
  };
  for (const button of document.querySelectorAll("[data-do]")) button.addEventListener("click", () => actions[button.dataset.do]());
  for (const button of document.querySelectorAll("[data-days]")) {
    button.addEventListener("click", () => view.show(view.end - button.dataset.days * DAY, view.end));
  }
  const toggles = {
    log: (on) => [equity, ...prices].forEach((pane) => { pane.log = on; }),
    lines: (on) => { lines.forEach((line) => { line.shown = on; }); },
    band: (on) => { if (band) band.shown = on; },
  };
  document.querySelector("input[data-toggle=log]").checked = widelySpread(equity);
  for (const box of document.querySelectorAll("input[data-toggle]")) {
    const apply = () => { toggles[box.dataset.toggle](box.checked); figure.request(); };
    box.addEventListener("change", apply);
    apply();
  }
  document.querySelector("select[name=market]")?.addEventListener("change", (event) => showMarket(Number(event.target.value)));
}

openPage();
