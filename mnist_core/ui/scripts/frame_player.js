// A frame player: charts (chart.js), a picture and words that move together through the same frames, all of which the browser has.
// One control moves them: Play, and a slider of the browser's own, for mouse, finger and keyboard. The page's window keeps
// which frame each player shows, and the document tells its parts when that changes.

const FRAME_MS = 250; // a frame, while it plays
const CALM_MS = 1000; // a frame, where motion is not wanted
const REST_MS = 300; // without a movement: Python is told

const shownFrames = (window.mnistLabFrames ??= new Map()); // player → frame
const parts = new WeakMap();
const calm = () => window.matchMedia("(prefers-reduced-motion: reduce)").matches;

function frameOf({ player, count }) {
  return Math.min(shownFrames.get(player) ?? count - 1, count - 1);
}

function moveTo(part, frame) {
  shownFrames.set(part.data.player, frame);
  document.dispatchEvent(new CustomEvent("mnist-lab-frame", { detail: part.data.player }));
}

const STYLE = `
  .mnist-lab-frame-player { width: 100%; font: inherit; color: inherit; }
  .mnist-lab-frame-player .row { display: flex; gap: 0.8rem; align-items: center; flex-wrap: wrap; }
  .mnist-lab-frame-player button { font: inherit; color: inherit; background: transparent; border: 1px solid #888;
    border-radius: 0.5rem; padding: 0.25rem 0.9rem; min-height: 2.4rem; min-width: 6rem; cursor: pointer; }
  .mnist-lab-frame-player input { flex: 1; min-width: 10rem; height: 2.5rem; accent-color: var(--st-primary-color, #0072b2); cursor: pointer; }
  .mnist-lab-frame-player .label { font-weight: 600; min-width: 9rem; font-variant-numeric: tabular-nums; }
  .mnist-lab-frame-player p { margin: 0.3rem 0 0; }
  @media (max-width: 640px) { .mnist-lab-frame-player .row + img + p { min-height: 3.2rem; } }
  .mnist-lab-frame-player img:not([hidden]) { display: block; width: 100%; image-rendering: pixelated; }`;

function create(parentElement, data) {
  const root = document.createElement("div");
  root.className = "mnist-lab-frame-player";
  root.innerHTML = `<style>${STYLE}</style>
    <div class="row"><button type="button"></button><input type="range" min="0" step="1"><span class="label"></span></div>
    <img alt=""><p></p>`;
  parentElement.appendChild(root);
  const [row, button, slider, label, image, text] = [".row", "button", "input", ".label", "img", "p"].map((name) => root.querySelector(name));
  const part = { root, row, button, slider, label, image, text, data, playing: false, timer: 0, rest: 0, tell: null };
  button.addEventListener("click", () => (part.playing ? stop(part) : play(part)));
  slider.addEventListener("input", () => {
    const frame = Number(slider.value);
    stop(part);
    moveTo(part, frame);
  });
  part.follow = (event) => {
    if (event.detail === part.data.player) show(part);
  };
  document.addEventListener("mnist-lab-frame", part.follow);
  parts.set(parentElement, part);
  return part;
}

function play(part) {
  part.playing = true;
  if (frameOf(part.data) === part.data.count - 1) moveTo(part, 0);
  else show(part);
  const next = () => {
    const frame = frameOf(part.data) + 1;
    if (frame >= part.data.count - 1) part.playing = false;
    else part.timer = setTimeout(next, calm() ? CALM_MS : FRAME_MS);
    moveTo(part, Math.min(frame, part.data.count - 1));
  };
  part.timer = setTimeout(next, calm() ? CALM_MS : FRAME_MS);
}

function stop(part) {
  part.playing = false;
  clearTimeout(part.timer);
  show(part);
}

function show(part) {
  const { data } = part;
  const frame = frameOf(data);
  part.row.style.display = data.labels ? "" : "none";
  if (data.labels) showControl(part, frame);
  const picture = data.pictures?.[frame];
  part.image.hidden = !picture;
  if (picture) {
    part.image.src = picture;
    part.image.alt = data.description;
  }
  const text = data.texts?.[frame] ?? "";
  part.text.hidden = !text;
  // What plays is not read out frame by frame, only where it rests.
  part.text.setAttribute("aria-live", part.playing ? "off" : "polite");
  if (part.text.textContent !== text) part.text.textContent = text;
  part.root.dataset.frame = String(frame);
}

function showControl(part, frame) {
  const { data } = part;
  part.slider.max = String(data.count - 1);
  part.slider.value = String(frame);
  part.slider.setAttribute("aria-label", data.name);
  part.slider.setAttribute("aria-valuetext", data.labels[frame]);
  part.label.textContent = data.labels[frame];
  part.button.textContent = part.playing ? data.pause : data.play;
  clearTimeout(part.rest);
  if (part.playing || !data.tell || frame === data.frame) return;
  part.rest = setTimeout(() => part.tell(frame), REST_MS);
}

export default function (component) {
  const { parentElement, data } = component;
  const part = parts.get(parentElement) || create(parentElement, data);
  part.tell = (frame) => component.setTriggerValue("frame", frame);
  if (part.data.player !== data.player) {
    part.playing = false;
    clearTimeout(part.timer);
  }
  part.data = data;
  show(part);
  return () => {
    clearTimeout(part.timer);
    clearTimeout(part.rest);
    document.removeEventListener("mnist-lab-frame", part.follow);
    parts.delete(parentElement);
    part.root.remove();
  };
}
