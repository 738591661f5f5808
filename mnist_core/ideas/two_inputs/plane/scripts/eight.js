// Eight networks that begin with the same weights and see the same batches, each at a learning rate of its own, side by side.

const DRAW_MS = 9; // of a picture's time; whose turn does not come is drawn with the next
const SIDE = 40; // places of the grid
const WIDEST = 240; // both rows are seen at once

export function layOutEight(view) {
  const { kit, root, data, trainings, letters } = view;
  const columns = root.clientWidth < 640 ? 2 : 4;
  const gap = letters;
  const side = Math.floor(Math.min(WIDEST, (root.clientWidth - (columns - 1) * gap - 1) / columns));
  if (view.small?.length !== trainings.length) {
    view.eight.replaceChildren();
    view.small = trainings.map(() => {
      const place = document.createElement("div");
      place.innerHTML = `<canvas role="img"></canvas><p class="small"><strong></strong><br><span></span></p>`;
      view.eight.append(place);
      return { place, plane: new kit.Plane(place.querySelector("canvas"), kit.REACH), heading: place.querySelector("strong"), words: place.querySelector("span") };
    });
  }
  Object.assign(view.eight.style, { gap: `${gap}px`, gridTemplateColumns: `repeat(${columns}, ${side}px)` });
  view.smallGrid = new kit.Grid(SIDE, kit.REACH, data.settings.features, view.training.network.units);
  for (const { plane } of view.small) {
    plane.resize(side);
    plane.setPoints(view.points.train, data.settings.shows_test ? view.points.test : null, data.colors);
  }
}

// Draw those whose turn it is: all of them where `now` is none.
export function drawEight(view, now = null) {
  const end = performance.now() + DRAW_MS;
  for (let drawn = 0; drawn < view.trainings.length; drawn += 1) {
    drawOne(view, view.turn, now);
    view.turn = (view.turn + 1) % view.trainings.length;
    if (now !== null && performance.now() > end) return;
  }
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
  words.style.color = ["diverging", "diverged", "collapsed", "unstable"].includes(kind) ? data.colors.broken : "";
  if (now === null) plane.canvas.setAttribute("aria-label", `${title}. ${text}`);
}

// Which rate has the lowest loss, and which broke.
export function sentenceOfEight({ trainings, data, kit }) {
  const { texts } = data;
  if (!trainings[0].train.count) return ["empty", texts.verdicts.empty];
  const finite = trainings.filter((training) => Number.isFinite(training.trainLoss));
  const best = finite.reduce((one, other) => (other.trainLoss < one.trainLoss ? other : one), finite[0] ?? trainings[0]);
  const broken = trainings.filter((training) => ["diverging", "diverged", "collapsed"].includes(training.verdict()));
  const parts = [kit.filled(texts.eight, { rate: best.rate, train: kit.number(best.trainLoss) })];
  if (broken.length) parts.push(kit.filled(texts.eight_broken, { rates: broken.map((training) => training.rate).join(", ") }));
  return ["eight", parts.join(" ")];
}
