// A pad to draw one digit on, with mouse, pen or finger. What travels to Python are the strokes, never pixels: Python
// paints them itself, so that every browser's drawing becomes the same image.

const pads = new WeakMap();
const TELL_EVERY = 70; // ms between reports while the pen is down
const MOST_POINTS = 4000;

function create(parentElement) {
  const root = document.createElement("div");
  root.className = "mnist-lab-pad";
  root.innerHTML = `<style>
    .mnist-lab-pad { width: 280px; max-width: 100%; font: inherit; color: inherit; }
    .mnist-lab-pad canvas { display: block; width: 280px; height: 280px; border-radius: 6px; border: 1px solid #888;
      background: #fff; touch-action: none; cursor: crosshair; user-select: none; -webkit-user-select: none; }
    .mnist-lab-pad .row { display: flex; gap: 8px; align-items: center; margin-top: 8px; width: 280px; }
    .mnist-lab-pad button { font: inherit; color: inherit; background: transparent; border: 1px solid #888;
      border-radius: 6px; padding: 4px 12px; min-height: 40px; cursor: pointer; }
    .mnist-lab-pad button:disabled { opacity: 0.45; cursor: default; }
    .mnist-lab-pad label { display: flex; gap: 6px; align-items: center; flex: 1; min-width: 0; font-size: 0.85em; }
    .mnist-lab-pad input { flex: 1; min-width: 0; accent-color: currentColor; }
  </style>
  <canvas data-testid="pad"></canvas>
  <div class="row"><button type="button" class="undo"></button><button type="button" class="clear"></button>
  <label><span></span><input type="range" min="10" max="40" step="2" value="24"></label></div>`;
  parentElement.appendChild(root);
  const canvas = root.querySelector("canvas");
  const scale = window.devicePixelRatio || 1;
  canvas.width = canvas.height = Math.round(280 * scale);
  const pen = canvas.getContext("2d");
  pen.scale(scale, scale);
  pen.lineCap = pen.lineJoin = "round";
  const pad = { root, canvas, pen, strokes: [], open: null, timer: null, send: () => {} };
  root.strokes = () => pad.strokes; // for those who test
  listen(pad);
  pads.set(parentElement, pad);
  return pad;
}

function paint(pad) {
  pad.pen.fillStyle = "#fff";
  pad.pen.fillRect(0, 0, 280, 280);
  pad.pen.strokeStyle = "#111";
  for (const { w, p } of pad.strokes) {
    pad.pen.lineWidth = w;
    pad.pen.beginPath();
    pad.pen.moveTo(p[0], p[1]);
    for (let i = 2; i < p.length; i += 2) pad.pen.lineTo(p[i], p[i + 1]);
    if (p.length === 2) pad.pen.lineTo(p[0], p[1]);
    pad.pen.stroke();
  }
  pad.root.querySelector(".undo").disabled = pad.root.querySelector(".clear").disabled = !pad.strokes.length;
}

function tell(pad) {
  clearTimeout(pad.timer);
  pad.timer = null;
  pad.send(pad.strokes.map(({ w, p }) => ({ w, p: [...p] })));
}

function place(pad, event) {
  const box = pad.canvas.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top].map((v) => Math.round(v * 2) / 2);
}

function listen(pad) {
  const { canvas, root } = pad;
  canvas.addEventListener("pointerdown", (event) => {
    if (pad.open !== null || event.button > 0) return; // a second finger does not draw
    event.preventDefault();
    canvas.setPointerCapture(event.pointerId);
    pad.open = event.pointerId;
    pad.strokes.push({ w: Number(root.querySelector("input").value), p: place(pad, event) });
    paint(pad);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (pad.open !== event.pointerId) return;
    const points = pad.strokes[pad.strokes.length - 1].p;
    const coalesced = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
    for (const move of coalesced.length ? coalesced : [event]) {
      const [x, y] = place(pad, move);
      const far = Math.hypot(x - points[points.length - 2], y - points[points.length - 1]) >= 2;
      if (far && points.length < 2 * MOST_POINTS) points.push(x, y);
    }
    paint(pad);
    if (pad.timer === null) pad.timer = setTimeout(() => tell(pad), TELL_EVERY);
  });
  for (const name of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(name, (event) => {
      if (pad.open !== event.pointerId) return;
      pad.open = null;
      tell(pad);
    });
  }
  // Old phones scroll in spite of touch-action.
  canvas.addEventListener("touchmove", (event) => event.preventDefault(), { passive: false });
  root.querySelector(".undo").addEventListener("click", () => {
    pad.strokes.pop();
    paint(pad);
    tell(pad);
  });
  root.querySelector(".clear").addEventListener("click", () => {
    pad.strokes = [];
    paint(pad);
    tell(pad);
  });
}

export default function ({ parentElement, data, setStateValue }) {
  const fresh = !pads.has(parentElement);
  const pad = pads.get(parentElement) || create(parentElement);
  pad.send = (strokes) => setStateValue("strokes", strokes);
  pad.canvas.setAttribute("aria-label", data.description);
  pad.canvas.setAttribute("role", "img");
  pad.root.querySelector(".undo").textContent = data.undo;
  pad.root.querySelector(".clear").textContent = data.clear;
  pad.root.querySelector("label span").textContent = data.width;
  if (fresh) {
    pad.strokes = (data.strokes || []).map(({ w, p }) => ({ w, p: [...p] })); // what was drawn before the page was left
    paint(pad);
  }
  return () => {
    clearTimeout(pad.timer);
    pads.delete(parentElement);
    pad.root.remove();
  };
}
