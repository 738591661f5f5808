// A network that learns to tell points of the plane apart, trained here: the server sends settings, and has nothing else to do.
// A changed rate, batch or penalty acts on what trains; another network or other points begin anew.

const TRAIN_MS = 8; // of a picture's time, for training at most
const LONGEST_MS = 100; // between two pictures, that count for training
const [SIDE, COARSE, MANY] = [60, 44, 14]; // places of the grid; of that for so many units or more
// What stands around the plane is drawn in turn: the layers of the network, then the curves and the words. With each picture one of these
// where the last took longer than so many milliseconds, one more after each so many that did not.
const [SLOW_MS, CALM] = [25, 60];
const MOST_POINTS = 200; // painted by hand
const APART = 0.25; // between two painted points of one stroke

const views = new WeakMap();

const STYLE = `
  .mnist-lab-plane { width: 100%; font: inherit; color: inherit; }
  .mnist-lab-plane .row { display: flex; gap: 0.5rem; align-items: center; flex-wrap: wrap; }
  .mnist-lab-plane .views { display: flex; flex-wrap: wrap; gap: 1rem 1.4rem; align-items: flex-start; }
  .mnist-lab-plane button { font: inherit; color: inherit; background: transparent; border: 1px solid #888; border-radius: 0.4rem;
    padding: 0.2rem 0.9rem; min-height: 2.5rem; cursor: pointer; }
  .mnist-lab-plane button:disabled { opacity: 0.45; cursor: default; }
  .mnist-lab-plane .play { min-width: 6.2rem; font-weight: 600; color: var(--st-background-color, #fff);
    background: var(--st-primary-color, #0072b2); border-color: transparent; }
  .mnist-lab-plane .brush[aria-checked="true"] { outline: 3px solid currentColor; outline-offset: 1px; }
  .mnist-lab-plane .brushes { margin-bottom: 0.7rem; }
  .mnist-lab-plane .brush { display: inline-flex; gap: 0.45rem; align-items: center; }
  .mnist-lab-plane .brush i { width: 0.8rem; height: 0.8rem; display: inline-block; }
  .mnist-lab-plane .counts { font-variant-numeric: tabular-nums; margin-left: 0.4rem; }
  .mnist-lab-plane .sentence { margin: 0.6rem 0 0.7rem; min-height: 3.2em; }
  .mnist-lab-plane canvas { display: block; border-radius: 2px; }
  .mnist-lab-plane canvas:focus-visible { outline: 3px solid var(--st-primary-color, #0072b2); outline-offset: 2px; }
  .mnist-lab-plane .small-planes .small { opacity: 1; line-height: 1.35; font-variant-numeric: tabular-nums; }
  .mnist-lab-plane .small { font-size: 0.85rem; opacity: 0.8; margin: 0.35rem 0 0; }
  .mnist-lab-plane .charts { display: flex; flex-wrap: wrap; gap: 0.8rem 1.4rem; }
  .mnist-lab-plane .said { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
  .mnist-lab-plane .eight { display: flex; flex-wrap: wrap; gap: 1rem 1.4rem; align-items: flex-start; }
  .mnist-lab-plane .small-planes { display: grid; }
  .mnist-lab-plane .small-planes button { display: flex; align-items: center; gap: 0.4rem; padding: 0.1rem 0.5rem; min-height: 2.2rem;
    width: 100%; margin-top: 0.35rem; font-weight: 600; }
  .mnist-lab-plane .small-planes button i { width: 1.5rem; border-top: 3px solid; }
  .mnist-lab-plane [hidden] { display: none; }`;

const HTML = `<style>${STYLE}</style>
  <div class="row"><button type="button" class="play"></button><button type="button" class="one"></button>
    <button type="button" class="reset"></button><span class="counts"></span></div>
  <p class="sentence"></p><div class="said" aria-live="polite"></div>
  <div class="row brushes" role="radiogroup"><button type="button" class="brush" role="radio"><i></i><span></span></button>
    <button type="button" class="brush" role="radio"><i></i><span></span></button><button type="button" class="clear"></button></div>
  <div class="views"><div class="network"><canvas tabindex="0" role="application"></canvas><p class="small"></p></div>
    <div class="ground"><div><canvas tabindex="0"></canvas></div><p class="small"></p></div>
    <div class="charts"><canvas role="img"></canvas><canvas role="img"></canvas></div></div>
  <div class="eight"><div class="small-planes"></div><div><canvas class="losses" role="img"></canvas><p class="small"></p></div></div>`;

function create({ parentElement, data }, kit) {
  const root = document.createElement("div");
  root.className = "mnist-lab-plane";
  root.dataset.key = data.key;
  root.innerHTML = HTML;
  parentElement.appendChild(root);
  const part = (selector) => root.querySelector(selector);
  const view = { kit, root, data, painted: data.painted, brush: 1, cursor: [0, 0], chosen: null, playing: false, frame: 0, pictures: 0, turn: 0, parts: 1, calm: 0 };
  Object.assign(view, { play: part(".play"), one: part(".one"), reset: part(".reset"), counts: part(".counts"), sentence: part(".sentence") });
  Object.assign(view, { said: part(".said"), brushes: part(".brushes"), clear: part(".clear"), legend: part(".network p"), caption: part(".ground p") });
  Object.assign(view, { brushButtons: [...root.querySelectorAll(".brush")], charts: [...root.querySelectorAll(".charts canvas")] });
  Object.assign(view, { views: part(".views"), eight: part(".eight"), smallPlanes: part(".small-planes"), losses: part(".losses"), hint: part(".losses + p") });
  view.plane = new kit.Plane(part(".ground canvas"), kit.REACH);
  view.graph = new kit.Graph(part(".network canvas"));
  view.play.addEventListener("click", () => (view.playing ? pause(view) : play(view)));
  view.one.addEventListener("click", () => oneStep(view));
  view.reset.addEventListener("click", () => {
    pause(view);
    begin(view);
  });
  listenToPainting(view);
  listenToUnits(view);
  view.sizes = new ResizeObserver(() => {
    if (root.clientWidth && root.clientWidth !== view.width) layOut(view);
  });
  view.sizes.observe(root);
  views.set(parentElement, view);
  root.view = view; // for those who test
  return view;
}

// ---- training ----------------------------------------------------------------------------------------------------------

function begin(view) {
  const { kit, data } = view;
  view.points = kit.pointsOf(kit, data.settings, view.painted);
  view.isEight = data.settings.shown === "eight";
  const rates = view.isEight ? data.rates : [data.settings.rate];
  view.trainings = taken(view) ?? rates.map((rate) => new kit.Training(kit, { ...data.settings, rate }, view.points));
  view.training = view.trainings[0];
  view.grid = new kit.Grid(view.training.network.units < MANY ? SIDE : COARSE, kit.REACH, data.settings.features, view.training.network.units);
  Object.assign(view, { due: 0, chosen: null, verdict: "", turn: 0, parts: 1, calm: 0 });
  layOut(view);
}

// Of eight networks the one that the student went on with, as it is, where nothing else was changed.
function taken(view) {
  const { data, take } = view;
  view.take = null;
  if (!take || take.training.rate !== data.settings.rate || take.about !== data.about) return null;
  take.training.use(data.settings);
  take.training.evaluate();
  return [take.training];
}

const canTrain = (view) => view.trainings.some((training) => training.canTrain);

function play(view) {
  if (!canTrain(view)) begin(view);
  if (!canTrain(view)) return;
  Object.assign(view, { playing: true, last: performance.now(), due: 1 });
  view.frame = requestAnimationFrame((now) => tick(view, now));
  show(view);
}

function pause(view) {
  view.playing = false;
  cancelAnimationFrame(view.frame);
  measureAll(view);
  show(view);
}

function measureAll(view) {
  for (const training of view.trainings) training.evaluate();
}

function oneStep(view) {
  if (view.playing) return pause(view);
  for (const training of view.trainings) training.advance();
  measureAll(view);
  show(view);
}

function tick(view, now) {
  const { trainings } = view;
  keepPace(view, now - view.last);
  view.due += (view.data.speed * Math.min(LONGEST_MS, now - view.last)) / 1000;
  view.last = now;
  const end = performance.now() + TRAIN_MS;
  let steps = 0;
  while (view.due >= 1 && canTrain(view)) {
    for (let n = 0; n < trainings.length; n += 1) trainings[n].advance(view.isEight ? null : now);
    steps += 1;
    view.due -= 1;
    if (performance.now() > end) view.due = 0;
  }
  if (!canTrain(view)) return pause(view);
  if (steps) {
    view.pictures += 1;
    if (!view.isEight && (view.parts > 1 || view.pictures % 2)) view.training.evaluate(now);
    draw(view, now);
  }
  view.frame = requestAnimationFrame((next) => tick(view, next));
}

function keepPace(view, passed) {
  view.calm = passed > SLOW_MS ? 0 : view.calm + 1;
  if (passed > SLOW_MS) view.parts = 1;
  else if (view.calm % CALM === 0) view.parts = Math.min(view.parts + 1, view.training.network.sizes.length + 1);
}

// ---- what is seen --------------------------------------------------------------------------------------------------------

function layOut(view) {
  const { root, data, training, graph, plane } = view;
  const width = root.clientWidth;
  if (!width || !training) return;
  view.width = width;
  const letters = (width < 640 ? 14 : 15) * data.growth;
  const [wide, middle] = [width >= 1000, width >= 640];
  const gap = 1.4 * parseFloat(getComputedStyle(document.documentElement).fontSize);
  const side = Math.floor(wide ? Math.min(460, 0.33 * width) : middle ? Math.min(460, 0.48 * width) : Math.min(460, width));
  const chart = Math.floor(wide ? Math.min(460, 0.29 * width) : middle ? (width - gap - 2) / 2 : width);
  const rows = Math.max(...training.network.sizes);
  const across = Math.floor(wide ? width - side - chart - 2 * gap - 2 : middle ? width - side - gap - 2 : width);
  plane.resize(side);
  graph.resize(across, middle ? side : Math.max(150, 46 * rows), training.network.sizes, letters);
  root.querySelector(".ground").style.order = middle ? "" : "-1";
  for (const part of view.views.querySelectorAll(".small")) part.style.maxWidth = `${part.parentElement.firstElementChild.style.width}`;
  root.querySelector(".charts").style.width = `${wide ? chart : width}px`;
  Object.assign(view, { letters, chartSize: [chart, Math.floor(wide ? side / 2 - 0.4 * gap : 200)] });
  plane.setPoints(view.points.train, data.settings.shows_test ? view.points.test : null, data.colors);
  if (view.isEight) view.kit.layOutEight(view);
  show(view);
}

// All of it, at rest or where something else than the network changed.
function show(view) {
  const { data, training, root } = view;
  const { texts } = data;
  root.dataset.playing = String(view.playing);
  view.play.textContent = view.playing ? texts.pause : texts.play;
  view.one.textContent = texts.one;
  view.reset.textContent = texts.reset;
  view.one.disabled = !canTrain(view);
  view.views.hidden = view.isEight;
  view.eight.hidden = !view.isEight;
  view.play.disabled = !training.train.count;
  view.legend.textContent = texts.legend;
  view.brushes.hidden = data.settings.data !== "painted" || view.isEight;
  view.clear.textContent = texts.clear;
  view.clear.disabled = !view.painted;
  view.brushes.setAttribute("aria-label", texts.brush);
  view.brushButtons.forEach((button, target) => {
    button.querySelector("span").textContent = texts.classes[target];
    Object.assign(button.querySelector("i").style, { background: target ? data.colors.high : data.colors.low, borderRadius: target ? "0" : "50%" });
    button.setAttribute("aria-checked", String(view.brush === target));
    button.tabIndex = view.brush === target ? 0 : -1;
  });
  view.plane.canvas.setAttribute("role", view.brushes.hidden ? "img" : "application"); // keys are the program's own there
  view.plane.canvas.style.cursor = view.brushes.hidden ? "" : "crosshair";
  view.plane.canvas.style.touchAction = view.brushes.hidden ? "" : "none";
  draw(view);
}

// All of it where `now` is none.
function draw(view, now = null) {
  if (view.isEight) {
    if (view.kit.drawEight(view, now)) say(view);
    return;
  }
  drawPlane(view);
  const layers = view.training.network.sizes.length;
  const parts = now === null ? layers + 1 : view.parts;
  const due = Array.from({ length: parts }, (_none, n) => (view.turn + n) % (layers + 1));
  view.turn = (view.turn + parts) % (layers + 1);
  drawGraph(view, due.filter((part) => part < layers));
  if (!due.includes(layers)) return;
  drawCurves(view);
  say(view);
}

function drawPlane(view) {
  const { training, grid, plane, data, lut, chosen } = view;
  const { network } = training;
  grid.fill(network);
  const unit = chosen ?? network.units - 1;
  const isOutput = unit === network.units - 1;
  plane.draw(grid, unit, isOutput && !network.squared, isOutput ? 1 : view.kit.scaleOf(network, grid, unit), data.colors, lut);
  if (!view.brushes.hidden && document.activeElement === plane.canvas) plane.drawCursor(view.cursor, data.colors);
}

function drawGraph(view, layers) {
  const { training, grid, data, lut, chosen } = view;
  view.graph.draw(training.network, grid, data.names, data.colors, lut, chosen, training.brokenAt !== null, layers);
}

function drawCurves(view) {
  const { data, training, letters, charts, chartSize, kit } = view;
  const { texts, colors } = data;
  const { records } = training;
  const common = { colors, letters };
  const lines = [{ records, values: records.train, color: colors.train, dash: "solid", name: texts.train }];
  if (training.test) lines.push({ records, values: records.test, color: colors.test, dash: "dash", name: texts.test });
  const y = { low: 0, high: training.top || 1, log: false };
  kit.drawChart(kit.fit, charts[0], ...chartSize, { ...common, title: texts.loss, lines, y, notes: departure(view) });
  const curvature = [
    { records, values: records.sharpness, color: colors.ink, dash: "solid", name: texts.sharpness },
    { records, values: records.edge, color: colors.broken, dash: "dash", name: texts.edge },
  ];
  kit.drawChart(kit.fit, charts[1], ...chartSize, { ...common, title: texts.curvature, lines: curvature, y: reach(training), notes: [] });
}

// What the chart of the sharpness shows: powers of ten around both lines.
function reach({ records: { count, sharpness, edge } }) {
  let [low, high] = [Infinity, 0];
  for (let n = 0; n < count; n += 1) {
    for (const value of [sharpness[n], edge[n]]) {
      if (value > 0 && Number.isFinite(value)) [low, high] = [Math.min(low, value), Math.max(high, value)];
    }
  }
  if (!high) [low, high] = [0.1, 10];
  const whole = (value, round) => 10 ** round(Math.log10(value));
  return { low: Math.max(1e-3, whole(low, Math.floor)), high: Math.min(1e6, Math.max(whole(high, Math.ceil), 1)), log: true };
}

function departure({ training, data, kit: { filled, number } }) {
  const { leftAt, brokenAt, peak } = training;
  const notes = [];
  if (leftAt !== null && peak) notes.push({ step: leftAt, text: filled(data.texts.left, { step: leftAt, loss: number(peak) }) });
  if (brokenAt !== null) notes.push({ step: leftAt ?? brokenAt, text: filled(data.texts.nan, { step: brokenAt }) });
  return notes;
}

// ---- what is said ----------------------------------------------------------------------------------------------------------

function sentenceOf({ training, data, kit }) {
  const { filled, number } = kit;
  const { texts } = data;
  const { network } = training;
  const values = {
    step: (training.brokenAt ?? training.step).toLocaleString("en"),
    train: number(training.trainLoss),
    test: number(training.testLoss),
    lowest: number(training.lowest),
    lowest_test: number(training.lowestTest),
    guess: number(training.guess),
    percent: Math.floor(100 * training.accuracy),
    weight: number(training.largest),
    sharpness: number(training.sharpness),
    edge: number(2 / training.rate),
    rate: number(training.rate),
    layer: training.deadLayer,
    dead: training.dead,
    units: network.sizes.slice(1, -1).reduce((sum, units) => sum + units, 0),
  };
  const kind = training.verdict();
  const name = kind === "learning" && !training.test ? "learning_painted" : kind;
  const parts = [filled(texts.verdicts[name], values)];
  if (training.dead && kind !== "collapsed" && kind !== "diverged") parts.push(filled(texts.dead, values));
  return [kind, parts.join(" ")];
}

function say(view) {
  const { filled, number } = view.kit;
  const { training, data } = view;
  const [kind, text] = view.isEight ? view.kit.sentenceOfEight(view) : sentenceOf(view);
  view.root.dataset.verdict = kind;
  const step = Math.max(...view.trainings.map((one) => one.step));
  view.root.dataset.step = String(step);
  const values = { step: step.toLocaleString("en"), train: number(training.trainLoss), test: number(training.testLoss) };
  const alone = view.isEight || !training.train.count;
  const counts = filled(alone ? data.texts.counts_eight : training.test ? data.texts.counts : data.texts.counts_painted, values);
  if (view.counts.textContent !== counts) view.counts.textContent = counts;
  const [, bold, rest] = text.match(/^\*\*(.+?)\*\*(.*)$/);
  if (view.text !== text) view.sentence.replaceChildren(Object.assign(document.createElement("strong"), { textContent: bold }), rest);
  view.text = text;
  // Read out where it rests, or where something else is true than before.
  const plain = bold + rest;
  if ((!view.playing || kind !== view.verdict) && view.said.textContent !== plain) view.said.textContent = plain;
  view.verdict = kind;
  if (!view.playing) describe(view, plain);
}

function describe(view, plain) {
  const { filled, number } = view.kit;
  const { data, training } = view;
  const { texts } = data;
  const layers = training.network.sizes.slice(1, -1).join(", ") || "0";
  view.plane.canvas.setAttribute("aria-label", `${view.brushes.hidden ? texts.plane : texts.paint} ${plain}`);
  view.graph.canvas.setAttribute("aria-label", filled(texts.network, { inputs: data.names.join(", "), layers }));
  view.charts[0].setAttribute("aria-label", `${texts.loss}. ${view.counts.textContent}`);
  const values = { sharpness: number(training.sharpness), edge: number(2 / training.rate) };
  view.charts[1].setAttribute("aria-label", `${texts.curvature}. ${texts.sharpness}: ${values.sharpness}. ${texts.edge}: ${values.edge}.`);
  view.caption.textContent = captionText(view);
}

function captionText(view) {
  if (view.chosen !== null) return unitText(view);
  return view.brushes.hidden ? view.data.texts.points : view.data.texts.paint;
}

// ---- one unit's picture, large -----------------------------------------------------------------------------------------------

function unitText({ training, chosen, data, kit: { filled } }) {
  const { sizes, starts, alive } = training.network;
  const layer = sizes.findLastIndex((_units, n) => starts[n] <= chosen);
  if (layer === 0) return filled(data.texts.input, { name: data.names[chosen] });
  if (layer === sizes.length - 1) return data.texts.output;
  return filled(alive[chosen] ? data.texts.unit : data.texts.dead_unit, { layer, unit: chosen - starts[layer] + 1 });
}

function choose(view, unit) {
  if (unit === view.chosen) return;
  view.chosen = unit;
  draw(view);
  view.caption.textContent = captionText(view);
}

function listenToUnits(view) {
  const { canvas } = view.graph;
  const under = (event) => {
    const unit = view.graph.unitAt(event.offsetX, event.offsetY);
    return unit < 0 ? null : unit;
  };
  canvas.addEventListener("pointermove", (event) => choose(view, under(event)));
  canvas.addEventListener("pointerdown", (event) => choose(view, under(event)));
  canvas.addEventListener("pointerleave", (event) => {
    if (event.pointerType === "mouse") choose(view, null);
  });
  canvas.addEventListener("blur", () => choose(view, null));
  canvas.addEventListener("keydown", (event) => {
    const { sizes, starts, units } = view.training.network;
    const now = view.chosen ?? units - 1;
    const layer = sizes.findLastIndex((_units, n) => starts[n] <= now);
    const aside = (other) => starts[other] + Math.min(sizes[other] - 1, now - starts[layer]);
    const next = { ArrowUp: Math.max(starts[layer], now - 1), ArrowDown: Math.min(starts[layer] + sizes[layer] - 1, now + 1) };
    next.ArrowLeft = aside(Math.max(0, layer - 1));
    next.ArrowRight = aside(Math.min(sizes.length - 1, layer + 1));
    next.Escape = null;
    if (!(event.key in next)) return;
    event.preventDefault();
    choose(view, next[event.key]);
    view.said.textContent = view.caption.textContent;
  });
}

// ---- points by hand ------------------------------------------------------------------------------------------------------------

function setPainted(view, text) {
  view.painted = text;
  view.points = view.kit.pointsOf(view.kit, view.data.settings, text);
  const { training } = view;
  training.setPoints(view.points);
  if (training.step === 0) {
    const { playing } = view;
    begin(view);
    if (playing) play(view);
    return;
  }
  view.plane.setPoints(view.points.train, null, view.data.colors);
  if (!training.train.count) pause(view);
  else training.evaluate();
  show(view);
}

function addPoint(view, x, y) {
  const written = view.kit.written(x, y, view.brush);
  if (view.painted.length < 3 * MOST_POINTS && !view.painted.endsWith(written)) setPainted(view, view.painted + written);
}

function listenToPainting(view) {
  const { canvas } = view.plane;
  const placeOf = ({ offsetX, offsetY }) => [(offsetX / view.plane.side - 0.5) * 2 * view.kit.REACH, (0.5 - offsetY / view.plane.side) * 2 * view.kit.REACH];
  let stroke = null;
  const paint = (event) => {
    const [x, y] = placeOf(event);
    if (stroke.last && Math.hypot(x - stroke.last[0], y - stroke.last[1]) < APART) return;
    stroke.last = [x, y];
    addPoint(view, x, y);
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (view.brushes.hidden || stroke || event.button > 0) return;
    canvas.setPointerCapture(event.pointerId);
    stroke = { id: event.pointerId, last: null };
    paint(event);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (stroke?.id === event.pointerId) paint(event);
  });
  for (const name of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(name, (event) => {
      if (stroke?.id !== event.pointerId) return;
      stroke = null;
      view.tell(view.painted);
    });
  }
  for (const name of ["focus", "blur"]) canvas.addEventListener(name, () => view.training && draw(view));
  canvas.addEventListener("keydown", (event) => paintByKey(view, event));
  view.brushButtons.forEach((button, target) => {
    button.addEventListener("click", () => {
      view.brush = target;
      show(view);
    });
    button.addEventListener("keydown", (event) => {
      if (!event.key.startsWith("Arrow")) return;
      event.preventDefault();
      view.brushButtons[1 - target].focus();
      view.brushButtons[1 - target].click();
    });
  });
  view.clear.addEventListener("click", () => {
    setPainted(view, "");
    view.tell("");
  });
}

function paintByKey(view, event) {
  if (view.brushes.hidden) return;
  const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
  const { REACH } = view.kit;
  if (by) view.cursor = view.cursor.map((value, n) => Math.min(REACH, Math.max(-REACH, value + 0.2 * by[n])));
  else if (event.key === "0" || event.key === "1") view.brush = Number(event.key);
  else if (event.key === " " || event.key === "Enter") {
    addPoint(view, ...view.cursor);
    view.tell(view.painted);
  } else if (event.key === "Backspace" || event.key === "Delete") {
    setPainted(view, view.painted.slice(0, -3));
    view.tell(view.painted);
  } else return;
  event.preventDefault();
  show(view);
  if (by) view.said.textContent = view.kit.filled(view.data.texts.cursor, { x: view.cursor[0].toFixed(1), y: view.cursor[1].toFixed(1) });
}

// ---- the component ---------------------------------------------------------------------------------------------------------------

function update(component, kit) {
  const { parentElement, data } = component;
  const view = views.get(parentElement) || create(component, kit);
  const before = view.about;
  view.tell = (text) => component.setStateValue("painted", text);
  view.goOn = (training) => {
    view.take = { training, about: data.about.replace('"shown": "eight"', '"shown": "one"') };
    component.setTriggerValue("taken", training.rate);
  };
  view.data = data;
  view.lut = kit.palette(data.colors);
  view.about = data.about;
  if (before !== view.about) {
    const { playing } = view;
    if (playing) pause(view);
    begin(view);
    if (playing) play(view);
  } else {
    for (const training of view.trainings) training.use({ ...data.settings, rate: view.isEight ? training.rate : data.settings.rate });
    layOut(view);
  }
}

export default function (component) {
  const { parentElement, data } = component;
  let gone = false;
  Promise.all(data.modules.map((address) => import(new URL(address, document.baseURI).href))).then((modules) => {
    if (!gone) update(component, Object.assign({}, ...modules));
  });
  return () => {
    gone = true;
    const view = views.get(parentElement);
    if (!view) return;
    cancelAnimationFrame(view.frame);
    view.sizes.disconnect();
    views.delete(parentElement);
    view.root.remove();
  };
}
