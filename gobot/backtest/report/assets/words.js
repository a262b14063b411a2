// Numbers and moments as people read them.  All times are UTC.

const MINUTE = 60_000, HOUR = 60 * MINUTE, DAY = 24 * HOUR;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

function amount(value, digits = 2) {
  const text = Math.abs(value).toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return (value < 0 ? "−" : "") + text;
}

function signed(value, digits = 2) {
  return (value > 0 ? "+" : "") + amount(value, digits);
}

/** Without zeros that say nothing. */
function plain(value, digits) {
  return (value < 0 ? "−" : "") + Math.abs(value).toLocaleString("en", { maximumFractionDigits: digits });
}

/** 12.4k instead of 12,400 where there is little room. */
function brief(value) {
  const size = Math.abs(value);
  for (const [unit, letter] of [[1e9, "B"], [1e6, "M"], [1e4, "k"]]) {
    if (size >= unit) return `${plain(value / (letter === "k" ? 1e3 : unit), 1)}${letter}`;
  }
  return plain(value, size >= 1000 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 5);
}

function escaped(text) {
  const span = document.createElement("span");
  span.textContent = text;
  return span.innerHTML;
}

const two = (number) => String(number).padStart(2, "0");

function day(moment) {
  const date = new Date(moment);
  return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}`;
}

function stamp(moment) {
  const date = new Date(moment);
  const month = `${date.getUTCFullYear()}-${two(date.getUTCMonth() + 1)}-${two(date.getUTCDate())}`;
  return `${month} ${two(date.getUTCHours())}:${two(date.getUTCMinutes())}`;
}

function span(length) {
  if (length >= 2 * DAY) return `${amount(length / DAY, 1)} d`;
  if (length >= 2 * HOUR) return `${amount(length / HOUR, 1)} h`;
  return `${Math.round(length / MINUTE)} min`;
}

/** Round values from low to high, about as many as wanted. */
function valueTicks(low, high, wanted) {
  const rough = (high - low) / Math.max(1, wanted);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((size) => size >= rough);
  const ticks = [];
  for (let n = Math.ceil(low / step); n * step <= high; n++) ticks.push(n * step);
  return ticks;
}

/** The same for a logarithmic axis. */
function logTicks(low, high, wanted) {
  if (high / low < 4) return valueTicks(low, high, wanted).filter((value) => value > 0);
  const ticks = [];
  for (let power = 10 ** Math.floor(Math.log10(low)); power <= high; power *= 10) {
    for (const factor of [1, 2, 5]) if (factor * power >= low && factor * power <= high) ticks.push(factor * power);
  }
  return ticks;
}

/** Moments between start and end for a time axis, each with its label. */
function timeTicks(start, end, wanted) {
  const rough = (end - start) / Math.max(1, wanted);
  const step = [5, 15, 30, 60, 180, 360, 720, 1440, 2880, 10080].find((size) => size * MINUTE >= rough);
  if (step !== undefined) return clockTicks(start, end, step * MINUTE);
  const months = [1, 2, 3, 6, 12, 24, 60].find((count) => count * 30 * DAY >= rough) ?? 120;
  const first = new Date(start);
  const ticks = [];
  for (let month = Math.ceil(first.getUTCMonth() / months) * months; ; month += months) {
    const moment = Date.UTC(first.getUTCFullYear(), month, 1);
    if (moment > end) return ticks;
    const date = new Date(moment);
    const label = date.getUTCMonth() ? MONTHS[date.getUTCMonth()] : String(date.getUTCFullYear());
    if (moment >= start) ticks.push({ moment, label });
  }
}

function clockTicks(start, end, step) {
  const ticks = [];
  for (let moment = Math.ceil(start / step) * step; moment <= end; moment += step) {
    const date = new Date(moment);
    const midnight = moment % DAY === 0;
    const label = midnight
      ? `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]}`
      : `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}`;
    ticks.push({ moment, label });
  }
  return ticks;
}
