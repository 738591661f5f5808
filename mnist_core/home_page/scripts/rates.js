// The moving picture of the Home page: one network at several learning rates, recorded and drawn here, so that the server has
// nothing to do. It grows, rests at its end, and begins anew; where motion is not wanted it shows its end and waits for Play.

const GROW_MS = 9000; // from the first step to the last
const REST_MS = 7000; // at the end, before it begins anew
const FRAME_MS = 33; // between two drawings, at least
const FOLLOW_MS = 90; // in which a label comes most of the way to its place
const NARROW = 560; // pixels, for letters of the usual size
const SVG = "http://www.w3.org/2000/svg";

const pictures = new WeakMap();
const calm = () => window.matchMedia("(prefers-reduced-motion: reduce)").matches;

const STYLE = `
  .mnist-lab-rates { width: 100%; font: inherit; color: inherit; }
  .mnist-lab-rates svg { display: block; width: 100%; overflow: visible; }
  .mnist-lab-rates text { fill: currentColor; font-family: inherit; }
  .mnist-lab-rates .quiet { opacity: 0.7; }
  .mnist-lab-rates .clear { paint-order: stroke; stroke: var(--st-background-color, Canvas); stroke-width: 0.35em; stroke-linejoin: round; }
  .mnist-lab-rates .bold { font-weight: 600; }
  .mnist-lab-rates .row { display: flex; gap: 0.3rem 0.9rem; align-items: center; flex-wrap: wrap; margin-top: 0.3rem; }
  .mnist-lab-rates .row span { flex: 1; min-width: 12rem; font-size: 0.85rem; opacity: 0.75; }
  .mnist-lab-rates button { font: inherit; font-size: 0.85rem; color: inherit; background: transparent; border: 1px solid #888;
    border-radius: 0.4rem; padding: 0.15rem 0.8rem; min-height: 2rem; min-width: 5.5rem; cursor: pointer; }`;

function element(name, attributes, parent) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  parent.appendChild(node);
  return node;
}

function create(parentElement) {
  const root = document.createElement("div");
  root.className = "mnist-lab-rates";
  root.innerHTML = `<style>${STYLE}</style><svg role="img"></svg><div class="row"><button type="button"></button><span></span></div>`;
  parentElement.appendChild(root);
  const picture = { root, svg: root.querySelector("svg"), button: root.querySelector("button"), data: null, layout: null };
  Object.assign(picture, { at: 0, rested: 0, playing: false, visible: true, last: 0, frame: 0, labels: null });
  picture.button.addEventListener("click", () => (picture.playing ? stop(picture) : play(picture)));
  picture.sizes = new ResizeObserver(() => build(picture));
  picture.sizes.observe(root);
  // Nobody looks: nothing is drawn.
  picture.sight = new IntersectionObserver(([entry]) => {
    picture.visible = entry.isIntersecting;
    if (picture.visible) wake(picture);
  });
  picture.sight.observe(root);
  pictures.set(parentElement, picture);
  return picture;
}

function play(picture) {
  if (picture.at >= 1) Object.assign(picture, { at: 0, rested: 0, labels: null });
  picture.playing = true;
  wake(picture);
  showState(picture);
}

function stop(picture) {
  picture.playing = false;
  draw(picture, Infinity); // labels on their way come to their places
  showState(picture);
}

function showState({ button, root, data, playing }) {
  button.textContent = playing ? data.pause : data.play;
  root.dataset.playing = String(playing);
}

function wake(picture) {
  if (picture.frame || !picture.playing || !picture.visible) return;
  picture.last = performance.now();
  picture.frame = requestAnimationFrame((now) => tick(picture, now));
}

function tick(picture, now) {
  picture.frame = 0;
  if (!picture.playing || !picture.visible) return;
  const passed = Math.min(100, now - picture.last);
  if (passed >= FRAME_MS) {
    picture.last = now;
    if (picture.at < 1) {
      picture.at = Math.min(1, picture.at + passed / GROW_MS);
      draw(picture, passed);
    } else if ((picture.rested += passed) > REST_MS) Object.assign(picture, { at: 0, rested: 0, labels: null });
    else if (picture.rested < 1500) draw(picture, passed); // labels come to their places
  }
  picture.frame = requestAnimationFrame((next) => tick(picture, next));
}

// Everything that stays while the curves grow: axes, their names, and an empty path, dot and label for each curve.
function build(picture) {
  const { root, svg, data } = picture;
  const width = root.clientWidth;
  if (!data || !width) return;
  const letter = parseFloat(getComputedStyle(root).fontSize) / 17; // 1 in type of the usual size
  const narrow = width < NARROW * letter;
  const size = (narrow ? 13 : 16) * letter;
  const height = Math.round((narrow ? 340 : 440) * letter);
  const box = { left: 3.2 * size, top: 2.1 * size, bottom: height - 2.9 * size };
  box.right = width - (narrow ? 7.2 : 6.2 + 0.62 * data.longest) * size;
  const x = (share) => box.left + share * (box.right - box.left);
  const y = (value) => box.bottom - value * (box.bottom - box.top);
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.style.height = `${height}px`;
  svg.setAttribute("aria-label", data.description);
  svg.replaceChildren();
  const text = (words, attributes) => (element("text", { "font-size": size, ...attributes }, svg).textContent = words);
  for (const value of [0, 0.25, 0.5, 0.75, 1]) {
    element("line", { x1: box.left, x2: box.right, y1: y(value), y2: y(value), stroke: "currentColor", "stroke-opacity": 0.13 }, svg);
    text(`${100 * value}%`, { x: box.left - 0.5 * size, y: y(value) + 0.35 * size, "text-anchor": "end", class: "quiet" });
  }
  for (const share of [0, 0.5, 1]) {
    const words = (share * data.last).toLocaleString(data.language);
    text(words, { x: x(share), y: box.bottom + 1.35 * size, "text-anchor": "middle", class: "quiet" });
  }
  text(data.up, { x: 0, y: 0.95 * size, class: "bold" });
  text(data.across, { x: (box.left + box.right) / 2, y: box.bottom + 2.6 * size, "text-anchor": "middle", class: "quiet" });
  element("line", { x1: box.left, x2: box.right, y1: y(0.1), y2: y(0.1), stroke: "currentColor", "stroke-opacity": 0.6, "stroke-dasharray": "7 5" }, svg);
  const curves = data.curves.map((curve) => {
    const path = element("path", { fill: "none", stroke: curve.color, "stroke-width": narrow ? 2.2 : 3, "stroke-linejoin": "round" }, svg);
    const lead = element("path", { fill: "none", stroke: curve.color, "stroke-opacity": 0.55, "stroke-width": 1.2 }, svg);
    const dot = element("circle", { r: 0.3 * size, fill: curve.color }, svg);
    const label = element("text", { "font-size": size, "dominant-baseline": "central", class: "clear" }, svg);
    const [rate, percent, zone] = ["tspan", "tspan", "tspan"].map((name) => element(name, {}, label));
    rate.textContent = curve.name;
    rate.setAttribute("class", "bold");
    zone.textContent = narrow ? "" : curve.zone;
    zone.setAttribute("class", "quiet");
    return { path, lead, dot, label, rate, percent, zone };
  });
  // Above the curves, which run along the line where nothing was learned.
  text(data.guess, { x: box.left + 0.4 * size, y: y(0.1) + 1.3 * size, class: "clear" });
  picture.layout = { width, height, size, box, x, y, curves, narrow };
  picture.labels = null;
  draw(picture, Infinity);
}

// Heights for labels that would be at `heights`, in the same order, none nearer to the next than `gap`.
export function apart(heights, gap, top, bottom) {
  const order = heights.map((_, index) => index).sort((a, b) => heights[a] - heights[b] || a - b);
  const places = [...heights];
  let least = top;
  for (const index of order) least = (places[index] = Math.max(places[index], least)) + gap;
  let most = bottom;
  for (const index of order.reverse()) most = (places[index] = Math.min(places[index], most)) - gap;
  return places;
}

// What is drawn at `picture.at`, 0 to 1; `passed` milliseconds after the drawing before.
function draw(picture, passed) {
  const { data, layout, at, root } = picture;
  if (!layout) return;
  const { size, box, x, y, curves } = layout;
  const place = at * (data.steps.length - 1);
  const whole = Math.floor(place);
  const values = data.curves.map(({ accuracy }) => accuracy[whole] + (place - whole) * ((accuracy[whole + 1] ?? 0) - accuracy[whole] || 0));
  const heights = apart(values.map(y), 1.28 * size, box.top, box.bottom + 0.2 * size);
  const share = passed === Infinity || !picture.labels ? 1 : 1 - Math.exp(-passed / FOLLOW_MS);
  picture.labels = heights.map((height, index) => (picture.labels ? picture.labels[index] + share * (height - picture.labels[index]) : height));
  // Labels that change places on their way do so at once, not through each other.
  const shown = apart(picture.labels, 1.28 * size, box.top, box.bottom + 0.2 * size);
  data.curves.forEach(({ accuracy }, index) => {
    const { path, lead, dot, label, rate, percent, zone } = curves[index];
    const points = accuracy.slice(0, whole + 1).map((value, step) => `${x(step / (data.steps.length - 1)).toFixed(1)} ${y(value).toFixed(1)}`);
    const head = { x: x(at), y: y(values[index]) };
    path.setAttribute("d", `M${[...points, `${head.x.toFixed(1)} ${head.y.toFixed(1)}`].join("L")}`);
    dot.setAttribute("cx", head.x);
    dot.setAttribute("cy", head.y);
    const height = shown[index];
    const left = head.x + 1.5 * size;
    lead.setAttribute("d", `M${head.x} ${head.y}L${left - 0.35 * size} ${height}`);
    label.setAttribute("y", height);
    [rate, percent, zone].forEach((part, column) => part.setAttribute("x", left + [0, 2.9, 5.4][column] * size));
    percent.textContent = `${Math.round(100 * values[index])}%`;
    zone.style.opacity = at < 1 ? 0 : 0.8;
  });
  root.dataset.step = String(Math.round(at * data.last));
}

export default function ({ parentElement, data }) {
  const existing = pictures.get(parentElement);
  const picture = existing || create(parentElement);
  picture.data = data;
  picture.root.querySelector(".row span").textContent = data.about;
  if (!existing) {
    picture.at = calm() ? 1 : 0;
    picture.playing = !calm();
  }
  build(picture);
  showState(picture);
  wake(picture);
  return () => {
    picture.playing = false;
    cancelAnimationFrame(picture.frame);
    picture.sizes.disconnect();
    picture.sight.disconnect();
    pictures.delete(parentElement);
    picture.root.remove();
  };
}
