// The stretch of time that all panes show together, and the geometry of one pane.

class View {
  constructor(start, end, least) {
    Object.assign(this, { first: start, last: end, least, start, end, watchers: [] });
  }

  /** Show start to end, within what there is and not closer than makes sense. */
  show(start, end) {
    const length = Math.min(Math.max(end - start, this.least), this.last - this.first);
    const middle = (start + end) / 2;
    this.start = Math.min(Math.max(middle - length / 2, this.first), this.last - length);
    this.end = this.start + length;
    for (const watcher of this.watchers) watcher();
  }

  /** Make the stretch longer or shorter by a factor around a moment that stays where it is. */
  zoom(factor, around) {
    const length = (this.end - this.start) * factor;
    const share = (around - this.start) / (this.end - this.start);
    this.show(around - share * length, around + (1 - share) * length);
  }

  /** Move by a share of the stretch that is shown. */
  move(share) {
    const shift = share * (this.end - this.start);
    this.show(this.start + shift, this.end + shift);
  }

  get whole() {
    return this.end - this.start >= this.last - this.first;
  }
}

/** A rectangle on the canvas with a value axis; log is for equities and prices that grow. */
class Box {
  constructor(left, top, width, height) {
    Object.assign(this, { left, top, width, height, low: 0, high: 1, log: false });
  }

  get right() {
    return this.left + this.width;
  }

  get bottom() {
    return this.top + this.height;
  }

  /** Let the axis run from low to high with a little air. */
  range(low, high, log = false, air = 0.06) {
    this.log = log && low > 0;
    if (!(high > low)) [low, high] = [low - Math.abs(low || 1) * 0.01, high + Math.abs(high || 1) * 0.01];
    const [from, to] = this.log ? [Math.log(low), Math.log(high)] : [low, high];
    this.floor = -Infinity;
    this.low = from - air * (to - from);
    this.high = to + air * (to - from);
  }

  /** Leave so many pixels below the axis to something else. */
  makeRoom(pixels) {
    this.floor = this.low;
    this.low -= (pixels / (this.height - pixels)) * (this.high - this.low);
  }

  y(value) {
    const at = this.log ? Math.log(Math.max(value, 1e-300)) : value;
    return this.bottom - ((at - this.low) / (this.high - this.low)) * this.height;
  }

  x(moment, view) {
    return this.left + ((moment - view.start) / (view.end - view.start)) * this.width;
  }

  moment(x, view) {
    return view.start + ((x - this.left) / this.width) * (view.end - view.start);
  }

  ticks() {
    const wanted = Math.max(2, Math.round(this.height / 56));
    const low = Math.max(this.low, this.floor);
    return this.log ? logTicks(Math.exp(low), Math.exp(this.high), wanted) : valueTicks(low, this.high, wanted);
  }
}

/** Paper is light, whatever the screen is. */
function isPrinting() {
  return document.documentElement.hasAttribute("data-printing");
}

/** The page's own colours, asked again when the scheme changes. */
const palette = {
  read() {
    const style = getComputedStyle(document.documentElement);
    for (const name of ["ink", "muted", "faint", "line", "card", "accent", "gain", "loss", "market", "band"]) {
      this[name] = style.getPropertyValue(`--${name}`).trim();
    }
    this.font = `11px ${style.getPropertyValue("--font").trim()}`;
  },
};
