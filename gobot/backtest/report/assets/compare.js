// Several runs over the same time, as growth of the same money; the pointer reads them all.

const GUTTER = 62, AXIS = 22, HEAD = 28;

function openComparison() {
  palette.read();
  const root = document.querySelector(".figure");
  const [base, cover] = root.querySelectorAll("canvas");
  const head = root.querySelector(".head");
  const runs = report.runs.map(({ name, time, value }, place) => {
    const growth = unpack(value);
    return { name, place: place % 8, time: unpack(time), growth, percent: growth.map((one) => 100 * (one - 1)) };
  });
  const start = Math.min(...runs.map((run) => run.time[0])), end = Math.max(...runs.map((run) => run.time.at(-1)));
  const view = new View(start, end, DAY);
  const logarithmic = document.querySelector("input[data-toggle=log]");
  let box, width, height;

  const colour = (run) => getComputedStyle(document.documentElement).getPropertyValue(`--run-${run.place}`).trim();
  const columnOf = (run) => (logarithmic.checked ? run.growth : run.percent);

  function draw() {
    ({ clientWidth: width, clientHeight: height } = root);
    const ratio = devicePixelRatio || 1;
    for (const canvas of [base, cover]) {
      Object.assign(canvas, { width: Math.round(width * ratio), height: Math.round(height * ratio) });
      canvas.getContext("2d").setTransform(ratio, 0, 0, ratio, 0, 0);
    }
    const pen = base.getContext("2d");
    pen.font = palette.font;
    pen.textBaseline = "middle";
    box = new Box(0, HEAD, width - GUTTER, height - HEAD - AXIS);
    const ranges = runs.map((run) => extremes(view, run.time, columnOf(run)));
    box.range(Math.min(...ranges.map(([low]) => low)), Math.max(...ranges.map(([, high]) => high)), logarithmic.checked);
    for (const value of box.ticks()) {
      level(pen, box, value, palette.line, []);
      pen.fillStyle = palette.muted;
      pen.fillText(`${brief(logarithmic.checked ? 100 * (value - 1) : value)} %`, box.right + 8, box.y(value));
    }
    level(pen, box, logarithmic.checked ? 1 : 0, palette.faint, [2, 4]);
    pen.textAlign = "center";
    for (const { moment, label } of timeTicks(start, end, box.width / 75)) {
      const x = box.x(moment, view);
      if (x > 16 && x < width - 16) pen.fillText(label, x, box.bottom + AXIS / 2 + 2);
    }
    for (const run of runs) {
      trace(pen, box, view, run.time, columnOf(run));
      stroke(pen, colour(run), 1.75, run.place % 2 ? [6, 3] : []);
    }
    read(null);
  }

  function read(x) {
    const pen = cover.getContext("2d");
    pen.clearRect(0, 0, width, height);
    const moment = x === null ? end : box.moment(x, view);
    if (x !== null) {
      pen.beginPath();
      pen.moveTo(Math.round(x) + 0.5, box.top);
      pen.lineTo(Math.round(x) + 0.5, box.bottom);
      stroke(pen, palette.faint, 1, [3, 3]);
    }
    head.firstElementChild.textContent = x === null ? "" : day(moment);
    head.lastElementChild.innerHTML = runs.map((run) => {
      const value = run.percent[newestAt(run.time, moment)];
      return `<span class="swatch run-${run.place}"></span>${escaped(run.name)} <b>${signed(value)} %</b>`;
    }).join(" ");
  }

  root.addEventListener("pointermove", (event) => {
    const x = event.clientX - root.getBoundingClientRect().left;
    read(x <= box.right ? x : null);
  });
  root.addEventListener("pointerleave", () => read(null));
  logarithmic.addEventListener("change", draw);
  const repaint = (printing) => {
    document.documentElement.toggleAttribute("data-printing", printing);
    palette.read();
    draw();
  };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => repaint(isPrinting()));
  addEventListener("beforeprint", () => repaint(true));
  addEventListener("afterprint", () => repaint(false));
  new ResizeObserver(draw).observe(root);
  draw();
  root.dataset.ready = "true";
}

openComparison();
