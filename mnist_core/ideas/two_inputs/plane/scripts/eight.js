// Eight networks that begin with the same weights and see the same batches, each at a learning rate of its own, side by side.

const DRAW_MS = 9; // of a picture's time; whose turn does not come is drawn with the next
const SIDE = 40; // places of the grid
const WIDEST = 240; // both rows are seen at once
const DASHED = ["solid", "dashed", "dotted"];
const BROKEN = ["diverging", "diverged", "collapsed"];

export function layOutEight(view) {
  const { kit, root, data, trainings, letters } = view;
  const [wide, columns] = [root.clientWidth >= 1000, root.clientWidth < 640 ? 2 : 4];
  const gap = letters;
  const room = wide ? 0.68 * root.clientWidth : root.clientWidth;
  const side = Math.floor(Math.min(WIDEST, (room - (columns - 1) * gap - 1) / columns));
  if (view.small?.length !== trainings.length) {
    view.smallPlanes.replaceChildren();
    view.small = trainings.map((_training, number) => smallOne(view, number));
  }
  Object.assign(view.smallPlanes.style, { gap: `${gap}px`, gridTemplateColumns: `repeat(${columns}, ${side}px)` });
  view.smallGrid = new kit.Grid(SIDE, kit.REACH, data.settings.features, view.training.network.units);
  view.small.forEach(({ plane, button, line, words }, number) => {
    plane.resize(side);
    plane.setPoints(view.points.train, data.settings.shows_test ? view.points.test : null, data.colors);
    button.title = data.texts.take;
    words.style.minHeight = "2.8em"; // a longer word moves nothing
    Object.assign(line.style, { borderColor: data.rate_colors[number], borderTopStyle: DASHED[number % 3] });
  });
  const across = Math.floor(wide ? root.clientWidth - columns * (side + gap) - 1.5 * gap : Math.min(root.clientWidth, 900));
  view.hint.textContent = data.texts.take_hint;
  view.lossesSize = [across, wide ? Math.floor(2.2 * side) : 260];
}

function smallOne(view, number) {
  const place = document.createElement("div");
  place.innerHTML = `<div><canvas role="img"></canvas></div><button type="button"><i></i><span></span></button><p class="small"></p>`;
  view.smallPlanes.append(place);
  const [button, line] = [place.querySelector("button"), place.querySelector("i")];
  button.addEventListener("click", () => view.goOn(view.trainings[number]));
  const plane = new view.kit.Plane(place.querySelector("canvas"), view.kit.REACH);
  return { place, plane, button, line, heading: place.querySelector("span"), words: place.querySelector(".small") };
}

// Draw those whose turn it is: all of them where `now` is none. Whether the last of them was drawn, and their curves.
export function drawEight(view, now = null) {
  const end = performance.now() + DRAW_MS;
  for (let drawn = 0; drawn < view.trainings.length; drawn += 1) {
    const number = view.turn % view.trainings.length;
    drawOne(view, number, now);
    view.turn = (number + 1) % view.trainings.length;
    if (now !== null && (view.turn === 0 || performance.now() > end)) break;
  }
  if (now !== null && view.turn !== 0) return false;
  drawLosses(view);
  return true;
}

function drawOne(view, number, now) {
  const { data, lut, smallGrid: grid } = view;
  const training = view.trainings[number];
  const { plane, heading, words, place } = view.small[number];
  const { network } = training;
  if (now !== null) training.evaluate(now, false);
  grid.fill(network);
  plane.draw(grid, network.units - 1, !network.squared, 1, data.colors, lut);
  const kind = training.verdict();
  const title = view.kit.filled(data.texts.at_rate, { rate: training.rate });
  const text = `${data.texts.verdicts[kind].match(/\*\*(.+?)[.]?\*\*/)[1]} · ${view.kit.filled(data.texts.small, { train: view.kit.number(training.trainLoss) })}`;
  if (heading.textContent !== title) heading.textContent = title;
  if (words.textContent !== text) words.textContent = text;
  place.dataset.verdict = kind;
  words.style.color = BROKEN.includes(kind) || kind === "unstable" ? data.colors.broken : "";
  if (now === null) plane.canvas.setAttribute("aria-label", `${title}. ${text}`);
}

function drawLosses({ kit, data, trainings, losses, lossesSize, letters }) {
  const { texts, colors } = data;
  const lines = trainings.map((training, n) => ({
    records: training.records,
    values: training.records.train,
    color: data.rate_colors[n],
    dash: ["solid", "dash", "dot"][n % 3],
    name: String(training.rate),
    left: training.leftAt,
  }));
  const y = { low: 0, high: Math.max(...trainings.map((training) => training.top)) || 1, log: false };
  kit.drawChart(kit.fit, losses, ...lossesSize, { title: texts.losses, lines, y, notes: [], colors, letters });
  losses.setAttribute("aria-label", `${texts.losses}: ${trainings.map(({ rate, trainLoss }) => `${rate}: ${kit.number(trainLoss)}`).join("; ")}`);
}

// Which rate has the lowest loss, and which broke.
export function sentenceOfEight({ trainings, data, kit }) {
  const { texts } = data;
  if (!trainings[0].train.count) return ["empty", texts.verdicts.empty];
  const finite = trainings.filter((training) => Number.isFinite(training.trainLoss));
  const best = finite.reduce((one, other) => (other.trainLoss < one.trainLoss ? other : one), finite[0] ?? trainings[0]);
  const broken = trainings.filter((training) => BROKEN.includes(training.verdict()));
  const parts = [kit.filled(texts.eight, { rate: best.rate, train: kit.number(best.trainLoss) })];
  if (broken.length) parts.push(kit.filled(texts.eight_broken, { rates: broken.map((training) => training.rate).join(", ") }));
  return ["eight", parts.join(" ")];
}
