// Two charts over the steps: the loss, with a sign where it left the chart, and the sharpness beside 2 / rate.

const DASHES = { solid: [], dash: [7, 4], dot: [2, 3] };

// `lines`: [{ records, values, color, dash, name, left }], of which those that have `left` the chart get a sign; `y`: { low, high, log }.
// `fit`: as pictures.js has it.
export function drawChart(fit, canvas, width, height, { title, lines, y, notes, colors, letters }) {
  const pen = fit(canvas, width, height);
  pen.clearRect(0, 0, width, height);
  pen.font = `600 ${letters}px ${colors.font}`;
  pen.fillStyle = colors.ink;
  pen.textAlign = "left";
  pen.textBaseline = "middle";
  pen.fillText(title, 0, 0.7 * letters);
  pen.font = `${0.85 * letters}px ${colors.font}`;
  const rows = legend(pen, lines, 1.9 * letters, width, letters, colors);
  const [left, right, top, bottom] = [3.1 * letters, width - 6, (1.4 + 1.3 * rows) * letters, height - 1.5 * letters];
  const last = Math.max(10, ...lines.map(({ records: { steps, count } }) => (count ? steps[count - 1] : 0)));
  const across = (step) => left + (step / last) * (right - left);
  const share = (value) => (y.log ? Math.log(value / y.low) / Math.log(y.high / y.low) : (value - y.low) / (y.high - y.low));
  const up = (value) => bottom - Math.min(2, Math.max(-1, share(value))) * (bottom - top); // beyond the chart it is cut off
  axes(pen, { left, right, top, bottom, across, up, last, y, letters, colors });
  pen.save();
  pen.beginPath();
  pen.rect(left, top - 1, right - left, bottom - top + 2);
  pen.clip();
  for (const { records: { steps, count }, values, color, dash } of lines) {
    pen.strokeStyle = color;
    pen.lineWidth = 2;
    pen.setLineDash(DASHES[dash]);
    pen.beginPath();
    let open = false;
    for (let n = 0; n < count; n += 1) {
      if (!(Number.isFinite(values[n]) && (!y.log || values[n] > 0))) open = false;
      else if (open) pen.lineTo(across(steps[n]), up(values[n]));
      else {
        pen.moveTo(across(steps[n]), up(values[n]));
        open = true;
      }
    }
    pen.stroke();
  }
  pen.restore();
  pen.setLineDash([]);
  for (const { left: step, color } of lines) if (step !== undefined && step !== null) sign(pen, across(step), top, letters, color);
  notes.forEach(({ step, text }, row) => note(pen, across(step), top, row, text, { right, left, letters, colors }));
}

// In as many rows as it needs; returns how many.
function legend(pen, lines, top, width, letters, colors) {
  let [x, row] = [0, 0];
  for (const { name, color, dash } of lines) {
    const wide = 2.1 * letters + pen.measureText(name).width;
    if (x && x + wide > width) [x, row] = [0, row + 1];
    const y = top + 1.3 * row * letters;
    pen.strokeStyle = color;
    pen.lineWidth = 2.5;
    pen.setLineDash(DASHES[dash]);
    pen.beginPath();
    pen.moveTo(x, y);
    pen.lineTo(x + 1.8 * letters, y);
    pen.stroke();
    pen.fillStyle = colors.ink;
    pen.fillText(name, x + 2.1 * letters, y);
    x += wide + letters;
  }
  pen.setLineDash([]);
  return row + 1;
}

function axes(pen, { left, right, top, bottom, across, up, last, y, letters, colors }) {
  pen.lineWidth = 1;
  pen.fillStyle = colors.ink;
  pen.textAlign = "right";
  for (const value of y.log ? powers(y) : evenly(y.high, 4)) {
    pen.strokeStyle = colors.faint;
    pen.beginPath();
    pen.moveTo(left, up(value));
    pen.lineTo(right, up(value));
    pen.stroke();
    pen.fillText(short(value), left - 5, up(value));
  }
  pen.textAlign = "center";
  for (const step of evenly(last, 4)) {
    if (step) pen.fillText(step.toLocaleString("en"), Math.min(across(step), right - 1.2 * letters), bottom + 0.8 * letters);
  }
  pen.strokeStyle = colors.quiet;
  pen.strokeRect(left, top, 0, bottom - top);
  pen.strokeRect(left, bottom, right - left, 0);
}

// Round numbers from 0 to `end`, about `count` of them.
function evenly(end, count) {
  const power = 10 ** Math.floor(Math.log10(end / count));
  const by = [1, 2, 5, 10].map((factor) => factor * power).find((size) => end / size <= count);
  return Array.from({ length: Math.floor(end / by + 1e-9) + 1 }, (_none, n) => n * by);
}

function powers({ low, high }) {
  const [first, last] = [Math.ceil(Math.log10(low) - 1e-9), Math.floor(Math.log10(high) + 1e-9)];
  const by = Math.max(1, Math.ceil((last - first) / 4));
  return Array.from({ length: Math.floor((last - first) / by) + 1 }, (_none, n) => 10 ** (first + n * by));
}

// A template with its fields in braces filled in; a number in three digits.
export const filled = (template, values) => template.replace(/\{(\w+)\}/g, (_whole, name) => values[name]);

export function number(value) {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : "∞";
  return Math.abs(value) >= 1e4 ? value.toExponential(1).replace("+", "") : String(Number(value.toPrecision(3)));
}

export const short = (value) => (value >= 1e4 || (value && value < 1e-3) ? value.toExponential(0).replace("+", "") : String(Number(value.toPrecision(3))));

// Points out of the chart.
function sign(pen, x, top, letters, color) {
  pen.fillStyle = color;
  pen.beginPath();
  pen.moveTo(x, top);
  pen.lineTo(x - 0.5 * letters, top + 0.9 * letters);
  pen.lineTo(x + 0.5 * letters, top + 0.9 * letters);
  pen.fill();
}

// A sign that points out of the chart, and the text on the side where there is room.
function note(pen, x, top, row, text, { left, right, letters, colors }) {
  const y = top + (0.6 + 1.25 * row) * letters;
  if (row === 0) sign(pen, x, top, letters, colors.broken);
  const toRight = x < (left + right) / 2;
  const room = (toRight ? right - x : x - left) - letters;
  pen.textAlign = toRight ? "left" : "right";
  const width = Math.min(room, pen.measureText(text).width);
  pen.fillStyle = colors.veil;
  pen.fillRect(toRight ? x + 0.7 * letters : x - 0.7 * letters - width, y - 0.6 * letters, width, 1.2 * letters);
  pen.fillStyle = colors.broken;
  pen.fillText(text, x + (toRight ? 0.7 : -0.7) * letters, y, room);
}
