// The figure: panes one above the other over the same time, a strip with the whole run below, a cross that reads all.

const GUTTER = 62, AXIS = 22, STRIP = 34, GAP = 26;

class Figure {
  constructor(root, panes, view, price) {
    Object.assign(this, { root, panes, view, price, pointer: null, chosen: null, boxes: [] });
    [this.base, this.cover] = root.querySelectorAll("canvas");
    this.heads = root.querySelectorAll(".head");
    this.strip = new Box(0, 0, 0, STRIP);
    view.watchers.push(() => this.request());
    new ResizeObserver(() => this.resize()).observe(root);
    this.resize();
  }

  resize() {
    const { clientWidth: width, clientHeight: height } = this.root;
    const ratio = window.devicePixelRatio || 1;
    for (const canvas of [this.base, this.cover]) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
      canvas.getContext("2d").setTransform(ratio, 0, 0, ratio, 0, 0);
    }
    Object.assign(this, { width, height });
    const inner = width - GUTTER;
    const room = height - AXIS - STRIP - GAP * this.panes.length;
    let top = 0;
    this.boxes = this.panes.map((pane, row) => {
      const box = new Box(0, top + GAP, inner, room * pane.share);
      this.heads[row].style.top = `${top}px`;
      top = box.bottom;
      return box;
    });
    this.strip = new Box(0, height - STRIP, inner, STRIP);
    this.draw();
  }

  /** Draw before the next frame, once, however often it was asked for. */
  request() {
    this.frame ??= requestAnimationFrame(() => this.draw());
  }

  draw() {
    this.frame = undefined;
    const pen = this.base.getContext("2d");
    pen.clearRect(0, 0, this.width, this.height);
    pen.font = palette.font;
    pen.textBaseline = "middle";
    this.panes.forEach((pane, row) => {
      const box = this.boxes[row];
      pane.fit(box, this.view);
      this.drawGrid(pen, box);
      pen.save();
      pen.beginPath();
      pen.rect(box.left, box.top - 1, box.width, box.height + 2);
      pen.clip();
      pane.draw(pen, box, this.view);
      pen.restore();
    });
    this.drawTimes(pen);
    this.drawStrip(pen);
    this.drawCover();
  }

  drawGrid(pen, box) {
    pen.textAlign = "left";
    for (const value of box.ticks()) {
      const y = Math.round(box.y(value)) + 0.5;
      pen.beginPath();
      pen.moveTo(box.left, y);
      pen.lineTo(box.right, y);
      stroke(pen, palette.line, 1);
      pen.fillStyle = palette.muted;
      if (y > box.top - 4) pen.fillText(brief(value), box.right + 8, y);
    }
  }

  drawTimes(pen) {
    const last = this.boxes.at(-1);
    pen.textAlign = "center";
    for (const { moment, label } of timeTicks(this.view.start, this.view.end, last.width / 62)) {
      const x = last.x(moment, this.view);
      const half = pen.measureText(label).width / 2;
      if (x - half < 0 || x + half > this.width) continue;
      pen.fillStyle = palette.muted;
      pen.fillText(label, x, last.bottom + AXIS / 2 + 2);
      for (const box of this.boxes) {
        pen.beginPath();
        pen.moveTo(Math.round(x) + 0.5, box.top);
        pen.lineTo(Math.round(x) + 0.5, box.bottom);
        stroke(pen, palette.line, 1);
      }
    }
  }

  /** The whole run in small; what the panes show of it stands out. */
  drawStrip(pen) {
    const { strip, view } = this;
    const whole = { start: view.first, end: view.last };
    const [equity] = this.panes;
    strip.range(...extremes(whole, equity.time, equity.value), equity.log, 0.1);
    area(pen, strip, whole, equity.time, equity.value, strip.bottom, palette.accent + "18");
    trace(pen, strip, whole, equity.time, equity.value);
    stroke(pen, palette.accent + "90", 1);
    const [from, to] = [strip.x(view.start, whole), strip.x(view.end, whole)];
    pen.fillStyle = palette.card + "c8";
    pen.fillRect(0, strip.top, from, STRIP);
    pen.fillRect(to, strip.top, strip.right - to, STRIP);
    pen.strokeStyle = palette.faint;
    pen.lineWidth = 1;
    pen.strokeRect(from + 0.5, strip.top + 0.5, Math.max(2, to - from - 1), STRIP - 1);
  }

  drawCover() {
    const pen = this.cover.getContext("2d");
    pen.clearRect(0, 0, this.width, this.height);
    const prices = this.boxes.at(-1);
    const pointed = this.pointer && this.price.near(prices, this.view, this.pointer.x, this.pointer.y);
    const marked = pointed ?? this.chosen;
    if (marked && marked.market === this.price.market.number) this.mark(pen, prices, marked);
    this.pointed = pointed;
    if (this.pointer) this.drawCross(pen);
    for (const [row, pane] of this.panes.entries()) this.heads[row].lastElementChild.innerHTML = pane.reading(this.moment, this.view);
  }

  mark(pen, box, trade) {
    pen.save();
    pen.beginPath();
    pen.rect(box.left, box.top, box.width, box.height);
    pen.clip();
    this.price.drawLevels(pen, box, this.view, trade);
    this.price.drawTrade(pen, box, this.view, trade, true);
    pen.restore();
  }

  drawCross(pen) {
    const { x, y } = this.pointer;
    pen.font = palette.font;
    pen.textBaseline = "middle";
    for (const box of this.boxes) {
      pen.beginPath();
      pen.moveTo(Math.round(x) + 0.5, box.top);
      pen.lineTo(Math.round(x) + 0.5, box.bottom);
      stroke(pen, palette.faint, 1, [3, 3]);
      if (y < box.top || y > box.bottom) continue;
      pen.beginPath();
      pen.moveTo(box.left, Math.round(y) + 0.5);
      pen.lineTo(box.right, Math.round(y) + 0.5);
      stroke(pen, palette.faint, 1, [3, 3]);
    }
    const last = this.boxes.at(-1);
    const label = stamp(this.moment);
    const half = pen.measureText(label).width / 2 + 8;
    const middle = Math.min(Math.max(x, half), this.width - half);
    pen.fillStyle = palette.ink;
    pen.fillRect(middle - half, last.bottom + 4, 2 * half, AXIS - 4);
    pen.fillStyle = palette.card;
    pen.textAlign = "center";
    pen.fillText(label, middle, last.bottom + 4 + (AXIS - 4) / 2);
  }

  /** The moment under the pointer, or the last one. */
  get moment() {
    return this.pointer ? this.boxes[0].moment(this.pointer.x, this.view) : this.view.end;
  }

  point(pointer) {
    this.pointer = pointer && pointer.x <= this.boxes[0].right ? pointer : null;
    this.drawCover();
  }

  /** Bring one trade into view and mark it. */
  choose(trade) {
    this.chosen = trade;
    const around = Math.max(trade.exit - trade.entry, 30 * this.price.bar);
    this.view.show(trade.entry - around, trade.exit + around);
  }
}
