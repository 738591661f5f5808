// An image becomes a vector: its rows are taken off one after another and laid end to end. All in the browser, so that it
// answers at once; the slider is the browser's own and can be moved by keyboard. Where motion is not wanted, Play leaps from row to row.

const players = new WeakMap();
const ROW_MS = 420; // for one row of a small image; a large one takes four seconds in all
const calm = () => window.matchMedia("(prefers-reduced-motion: reduce)").matches;

function create(parentElement) {
  const root = document.createElement("div");
  root.className = "mnist-lab-flatten";
  root.innerHTML = `<style>
    .mnist-lab-flatten { width: 100%; font: inherit; color: inherit; }
    .mnist-lab-flatten canvas { display: block; width: 100%; }
    .mnist-lab-flatten .row { display: flex; gap: 12px; align-items: center; margin-top: 8px; flex-wrap: wrap; }
    .mnist-lab-flatten button { font: inherit; color: inherit; background: transparent; border: 1px solid #888;
      border-radius: 6px; padding: 4px 14px; min-height: 40px; min-width: 96px; cursor: pointer; }
    .mnist-lab-flatten label { display: flex; gap: 10px; align-items: center; flex: 1; min-width: 220px; }
    .mnist-lab-flatten input { flex: 1; min-width: 120px; accent-color: currentColor; }
    .mnist-lab-flatten .status { min-height: 1.5em; margin: 6px 0 0; }
  </style>
  <canvas role="img" data-testid="flatten"></canvas>
  <div class="row"><button type="button"></button><label><span></span><input type="range" min="0" step="0.05"></label></div>
  <p class="status" aria-live="polite"></p>`;
  parentElement.appendChild(root);
  const player = {
    root,
    canvas: root.querySelector("canvas"),
    button: root.querySelector("button"),
    slider: root.querySelector("input"),
    at: 0, // rows that lie in the vector; between whole numbers one is on its way
    playing: false,
    data: null,
  };
  player.button.addEventListener("click", () => (player.playing ? stop(player) : play(player)));
  player.slider.addEventListener("input", () => {
    player.at = Number(player.slider.value);
    stop(player);
  });
  player.observer = new ResizeObserver(() => draw(player));
  player.observer.observe(root);
  players.set(parentElement, player);
  return player;
}

function play(player) {
  if (player.at >= player.data.side) player.at = 0;
  player.playing = true;
  let last = performance.now();
  let waited = 0;
  const perRow = Math.max(140, ROW_MS / Math.max(1, player.data.side / 4));
  const tick = (now) => {
    if (!player.playing) return;
    const passed = (now - last) / perRow;
    last = now;
    if (calm()) {
      // A row at a time, at a pace that can be followed.
      waited += passed;
      if (waited >= 2) {
        waited = 0;
        player.at = Math.floor(player.at) + 1;
      }
    } else player.at += player.data.side === 2 ? passed / 3 : passed;
    if (player.at >= player.data.side) {
      player.at = player.data.side;
      stop(player);
    }
    draw(player);
    if (player.playing) requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
  draw(player);
}

function stop(player) {
  player.playing = false;
  draw(player);
}

const ease = (t) => (t < 0.5 ? 2 * t * t : 1 - 2 * (1 - t) * (1 - t));

function draw(player) {
  const { data, canvas, root } = player;
  const width = root.clientWidth;
  if (!data || !width) return;
  const { side, values, texts } = data;
  const count = side * side;
  const cell = side === 2 ? 64 : Math.max(6, Math.min(12, Math.floor((width - 20) / 30)));
  const strip = Math.min(side === 2 ? 64 : 12, (width - 2) / count); // width of a number in the vector
  const tall = side === 2 ? Math.min(64, strip) : 44; // its height
  const top = side * cell + 26;
  const height = top + tall + 24;
  const scale = window.devicePixelRatio || 1;
  if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    canvas.style.height = `${height}px`;
  }
  const pen = canvas.getContext("2d");
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  pen.clearRect(0, 0, width, height);
  const color = getComputedStyle(root).color;
  pen.strokeStyle = color;
  pen.globalAlpha = 0.35;
  pen.strokeRect(0.5, 0.5, side * cell + 1, side * cell + 1); // where the image was
  pen.strokeRect(0.5, top - 0.5, strip * count + 1, tall + 1); // where the vector will be
  pen.globalAlpha = 1;
  const whole = Math.floor(player.at);
  for (let row = 0; row < side; row++) {
    const t = ease(Math.min(1, Math.max(0, player.at - row)));
    for (let column = 0; column < side; column++) {
      const number = row * side + column;
      const x = 1 + (1 - t) * column * cell + t * number * strip;
      const y = (1 - t) * (1 + row * cell) + t * top;
      const w = (1 - t) * cell + t * strip;
      const h = (1 - t) * cell + t * tall;
      const ink = values[number];
      pen.fillStyle = `rgb(${255 - ink},${255 - ink},${255 - ink})`;
      pen.fillRect(x, y, w + 0.4, h + 0.4);
      if (texts) {
        pen.strokeStyle = "#888";
        pen.strokeRect(x, y, w, h);
        pen.fillStyle = ink > 128 ? "#fff" : "#111";
        pen.font = `${Math.round(Math.min(22, w / 2.6))}px sans-serif`;
        pen.textAlign = "center";
        pen.textBaseline = "middle";
        pen.fillText(texts[number], x + w / 2, y + h / 2);
      }
    }
  }
  pen.fillStyle = color;
  pen.font = "13px sans-serif";
  pen.textBaseline = "top";
  pen.textAlign = "left";
  pen.fillText("1", 1, top + tall + 5);
  pen.textAlign = "right";
  pen.fillText(String(count), strip * count, top + tall + 5);
  player.slider.value = String(player.at);
  player.button.textContent = player.playing ? data.pause : data.play;
  const status = data.statuses[whole];
  const line = root.querySelector(".status");
  if (line.textContent !== status && !(player.playing && whole < side)) line.textContent = status;
  canvas.setAttribute("aria-label", status);
  canvas.dataset.rows = String(whole);
}

export default function ({ parentElement, data }) {
  const player = players.get(parentElement) || create(parentElement);
  const other = !player.data || player.data.side !== data.side;
  player.data = data;
  player.slider.max = String(data.side);
  player.root.querySelector("label span").textContent = data.rows;
  if (other) {
    player.playing = false;
    player.at = 0;
  }
  draw(player);
  return () => {
    player.playing = false;
    player.observer.disconnect();
    players.delete(parentElement);
    player.root.remove();
  };
}
