// Mouse, touch and keys on the figure: drag to move, pinch or Ctrl + wheel to zoom, the strip to go anywhere.

function listen(figure, tooltip) {
  const { root, view } = figure;
  const touches = new Map();
  let dragging = null, pinch = null;

  const place = (event) => {
    const { left, top } = root.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  };
  const inStrip = ({ y }) => y >= figure.strip.top;
  const jump = ({ x }) => {
    const length = view.end - view.start;
    const middle = figure.strip.moment(x, { start: view.first, end: view.last });
    view.show(middle - length / 2, middle + length / 2);
  };

  root.addEventListener("wheel", (event) => {
    const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY);
    if (!event.ctrlKey && !event.metaKey && !sideways && document.activeElement !== root) return;
    event.preventDefault();
    if (sideways) view.move(event.deltaX / figure.width);
    else view.zoom(Math.exp(Math.max(-60, Math.min(60, event.deltaY)) / 200), figure.boxes[0].moment(place(event).x, view));
  }, { passive: false });

  root.addEventListener("pointerdown", (event) => {
    root.setPointerCapture(event.pointerId);
    touches.set(event.pointerId, place(event));
    dragging = { ...place(event), strip: inStrip(place(event)), start: view.start, end: view.end, moved: false };
    if (dragging.strip) jump(place(event));
    if (touches.size === 2) pinch = spread(touches);
  });

  root.addEventListener("pointermove", (event) => {
    const at = place(event);
    if (touches.has(event.pointerId)) touches.set(event.pointerId, at);
    if (touches.size === 2) {
      const now = spread(touches);
      view.zoom(pinch.width / Math.max(1, now.width), figure.boxes[0].moment(now.middle, view));
      pinch = now;
    } else if (dragging?.strip) {
      jump(at);
    } else if (dragging) {
      const shift = ((dragging.x - at.x) / figure.boxes[0].width) * (dragging.end - dragging.start);
      dragging.moved ||= Math.abs(dragging.x - at.x) > 3;
      if (dragging.moved) view.show(dragging.start + shift, dragging.end + shift);
    }
    figure.point(inStrip(at) ? null : at);
    tooltip.show(figure.pointed && figure.describe(figure.pointed), event);
  });

  const release = (event) => {
    touches.delete(event.pointerId);
    if (dragging && !dragging.moved && !dragging.strip && figure.pointed) figure.select(figure.pointed);
    dragging = null;
  };
  root.addEventListener("pointerup", release);
  root.addEventListener("pointercancel", release);
  root.addEventListener("pointerleave", () => {
    figure.point(null);
    tooltip.show(null);
  });
  root.addEventListener("dblclick", (event) => view.zoom(0.4, figure.boxes[0].moment(place(event).x, view)));

  root.addEventListener("keydown", (event) => {
    const middle = (view.start + view.end) / 2;
    const act = {
      ArrowLeft: () => view.move(-0.15),
      ArrowRight: () => view.move(0.15),
      ArrowUp: () => view.zoom(0.7, middle),
      ArrowDown: () => view.zoom(1 / 0.7, middle),
      "+": () => view.zoom(0.7, middle),
      "-": () => view.zoom(1 / 0.7, middle),
      Home: () => view.show(view.first, view.last),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
}

function spread(touches) {
  const [one, other] = [...touches.values()];
  return { width: Math.abs(one.x - other.x), middle: (one.x + other.x) / 2 };
}

/** One small box that follows the pointer: for trades on the figure and for whatever has a data-tip. */
const tooltip = {
  box: document.getElementById("tip"),

  show(html, event) {
    this.box.hidden = !html;
    if (!html) return;
    this.box.innerHTML = html;
    const { width, height } = this.box.getBoundingClientRect();
    const left = event.clientX + 16 + width > innerWidth ? event.clientX - 16 - width : event.clientX + 16;
    const top = event.clientY + 16 + height > innerHeight ? event.clientY - 12 - height : event.clientY + 16;
    this.box.style.transform = `translate(${Math.max(4, left)}px, ${Math.max(4, top)}px)`;
  },
};

document.addEventListener("pointerover", (event) => {
  const marked = event.target.closest?.("[data-tip]");
  if (marked) {
    const text = document.createElement("span");
    text.textContent = marked.dataset.tip;
    tooltip.show(text.innerHTML, event);
  } else if (!event.target.closest?.(".figure")) {
    tooltip.show(null);
  }
});
