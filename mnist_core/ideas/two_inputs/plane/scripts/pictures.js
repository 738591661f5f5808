// What is seen of a network: the plane with its points, and every unit's own picture with the weights between as lines.
// Lines are what costs most, on the thread that also trains: so what changes with each picture is little, and lies in canvases of its own.

const COLORS = 256;
const LEFT_WEIGHT = 100; // a weight beyond it has left
const SMALL = 2; // of the grid's places, one in so many for a unit's own picture
const MOST_DENSITY = 1.5; // pixels of a canvas to one of the page: more cost a telephone its pictures a second
const GAP = 8; // pixels between two pictures, at least

// Colors from −1 to 1 as canvases have them, and one more for what is no number.
export function palette({ low, middle, high, broken }) {
  const parts = (color) => [1, 3, 5].map((start) => parseInt(color.slice(start, start + 2), 16));
  const [first, center, last, wrong] = [low, middle, high, broken].map(parts);
  const packed = ([red, green, blue]) => (255 << 24) | (blue << 16) | (green << 8) | red;
  const mixed = (one, other, share) => one.map((value, n) => Math.round(value + (other[n] - value) * share));
  const colors = new Uint32Array(COLORS + 1);
  for (let n = 0; n < COLORS; n += 1) {
    const value = (2 * n) / (COLORS - 1) - 1;
    colors[n] = packed(mixed(center, value < 0 ? first : last, 0.85 * Math.abs(value)));
  }
  colors[COLORS] = packed(mixed(center, wrong, 0.35));
  return colors;
}

const place = (value) => (value === value ? Math.min(COLORS - 1, Math.max(0, (value * 0.5 + 0.5) * COLORS)) : COLORS);

// The pen of a canvas, and its pixels to write to.
function painter(canvas) {
  const pen = canvas.getContext("2d");
  const image = pen.createImageData(canvas.width, canvas.height);
  return { canvas, pen, image, pixels: new Uint32Array(image.data.buffer) };
}

// A canvas of so many pixels of the page, sharp on every screen.
export function fit(canvas, width, height) {
  const density = Math.min(MOST_DENSITY, window.devicePixelRatio || 1);
  const [wide, high] = [Math.round(width * density), Math.round(height * density)];
  if (canvas.width !== wide || canvas.height !== high) {
    Object.assign(canvas, { width: wide, height: high });
    Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
  }
  const pen = canvas.getContext("2d");
  pen.setTransform(density, 0, 0, density, 0, 0);
  return pen;
}

// A canvas over or under another one, for sight alone.
function layer(where, canvas) {
  const made = document.createElement("canvas");
  made.setAttribute("aria-hidden", "true");
  Object.assign(made.style, { position: "absolute", inset: "0", pointerEvents: "none" });
  canvas[where](made);
  return made;
}

export class Plane {
  // The ground has a pixel for each place of the grid, and the browser makes it as large as the plane; `canvas` has the boundary, and
  // the points, which seldom change, lie above.
  constructor(canvas, reach) {
    canvas.parentElement.style.position = "relative";
    const [ground, points] = [layer("before", canvas), layer("after", canvas)];
    canvas.style.position = "relative";
    Object.assign(this, { canvas, reach, side: 0, points, ground, paint: null });
  }

  resize(side) {
    this.side = side;
    this.pen = fit(this.canvas, side, side);
    for (const { style } of [this.canvas.parentElement, this.ground]) Object.assign(style, { width: `${side}px`, height: `${side}px` });
  }

  // Circles and squares, those of the test hollow.
  setPoints(train, test, colors) {
    const pen = fit(this.points, this.side, this.side);
    pen.clearRect(0, 0, this.side, this.side);
    const size = Math.max(2, this.side / 100);
    if (test) this.paintPoints(pen, test, size, colors, true);
    this.paintPoints(pen, train, size, colors, false);
  }

  paintPoints(pen, { places, targets }, size, colors, hollow) {
    for (let n = 0; n < targets.length; n += 1) {
      const [x, y] = this.at(places[2 * n], places[2 * n + 1]);
      pen.beginPath();
      if (targets[n]) pen.rect(x - 0.9 * size, y - 0.9 * size, 1.8 * size, 1.8 * size);
      else pen.arc(x, y, size, 0, 2 * Math.PI);
      pen.fillStyle = hollow ? colors.middle : targets[n] ? colors.high : colors.low;
      pen.strokeStyle = hollow ? (targets[n] ? colors.high : colors.low) : colors.middle;
      pen.lineWidth = (hollow ? 1.5 : 1) * Math.min(1, this.side / 350);
      pen.fill();
      pen.stroke();
    }
  }

  at(x, y) {
    return [((x / this.reach + 1) / 2) * this.side, ((1 - y / this.reach) / 2) * this.side];
  }

  // `squash`: whether an output is the logit of a probability.
  draw(grid, unit, squash, scale, colors, lut) {
    if (this.ground.width !== grid.side) {
      Object.assign(this.ground, { width: grid.side, height: grid.side });
      this.paint = null;
    }
    this.paint ??= painter(this.ground);
    const { pixels, image, pen } = this.paint;
    const from = grid.of(unit);
    for (let n = 0; n < grid.places; n += 1) {
      const value = grid.values[from + n];
      pixels[n] = lut[place(squash ? grid.squashed(value) : value * scale) | 0];
    }
    pen.putImageData(image, 0, 0);
    this.pen.clearRect(0, 0, this.side, this.side);
    this.drawBoundary(grid, from, colors);
  }

  // The line on which the value is 0, through the squares between four places.
  drawBoundary({ values, side: count }, from, colors) {
    const { pen, side } = this;
    const size = side / count;
    pen.beginPath();
    for (let row = 0; row + 1 < count; row += 1) {
      for (let column = 0; column + 1 < count; column += 1) {
        const corner = from + row * count + column;
        const a = values[corner];
        const b = values[corner + 1];
        const c = values[corner + count + 1];
        const d = values[corner + count];
        const above = (a > 0) + (b > 0) + (c > 0) + (d > 0);
        if (above === 0 || above === 4) continue;
        const [x, y] = [(column + 0.5) * size, (row + 0.5) * size];
        let open = false;
        const cross = (px, py) => {
          if (open) pen.lineTo(px, py);
          else pen.moveTo(px, py);
          open = !open;
        };
        if (a > 0 !== b > 0) cross(x + (size * a) / (a - b), y);
        if (b > 0 !== c > 0) cross(x + size, y + (size * b) / (b - c));
        if (d > 0 !== c > 0) cross(x + (size * d) / (d - c), y + size);
        if (a > 0 !== d > 0) cross(x, y + (size * a) / (a - d));
      }
    }
    pen.strokeStyle = colors.ink;
    pen.lineWidth = 1.6;
    pen.stroke();
  }

  // Where the next point would be painted by keyboard.
  drawCursor([x, y], colors) {
    const { pen } = this;
    const [left, top] = this.at(x, y);
    pen.strokeStyle = colors.ink;
    pen.lineWidth = 1.5;
    pen.strokeRect(left - 8, top - 8, 16, 16);
  }
}

// By how much a unit's values are multiplied to lie between −1 and 1: tanh and sigmoid do, of others the largest value decides.
export function scaleOf(network, grid, unit) {
  const bounded = network.kind < 2 && unit >= network.sizes[0] && unit < network.units - 1;
  if (bounded) return 1;
  let largest = 0;
  const from = grid.of(unit);
  for (let n = 0; n < grid.places; n += 1) largest = Math.max(largest, Math.abs(grid.values[from + n]));
  return largest > 0 ? 1 / largest : largest === 0 ? 0 : NaN;
}

export class Graph {
  constructor(canvas) {
    Object.assign(this, { canvas, width: 0, height: 0, atlas: null, boxes: [] });
  }

  // Where each unit's picture stands: [left, top, size] for all units in their order.
  resize(width, height, sizes, letters) {
    this.pen = fit(this.canvas, width, height);
    Object.assign(this, { width, height, boxes: [], letters });
    const label = 3.2 * letters;
    const rows = Math.max(...sizes);
    const size = Math.min(4 * letters, height / rows - GAP, (width - label) / sizes.length / 1.5);
    const across = sizes.length > 1 ? (width - label - size - 2) / (sizes.length - 1) : 0;
    sizes.forEach((units, layer) => {
      const down = Math.min(height / units, 1.6 * size + GAP, Math.max(size + GAP, height / rows));
      for (let unit = 0; unit < units; unit += 1) {
        this.boxes.push([label + 1 + layer * across, height / 2 + (unit - (units - 1) / 2) * down - size / 2, size]);
      }
    });
  }

  unitAt(x, y) {
    return this.boxes.findIndex(([left, top, size]) => x >= left && x <= left + size && y >= top && y <= top + size);
  }

  // `layers`: numbers of those that are drawn, each with the weights that lead into it; the rest stays as it is.
  draw(network, grid, names, colors, lut, chosen, broken, layers) {
    const { pen, boxes } = this;
    pen.imageSmoothingEnabled = true;
    pen.textBaseline = "middle";
    for (const layer of layers) {
      const first = network.starts[layer];
      const [left, , size] = boxes[first];
      const from = layer ? boxes[first - 1][0] + size : 0;
      pen.clearRect(from + 2, 0, left + size - from, this.height);
      if (layer) this.drawWeights(network, layer, colors);
      this.fillAtlas(network, grid, lut, layer);
      for (let unit = first; unit < first + network.sizes[layer]; unit += 1) {
        this.drawUnit(network, grid, unit, colors, unit === chosen, broken && layer > 0);
        if (layer === 0) this.name(names[unit], boxes[unit], colors);
      }
    }
    pen.setLineDash([]);
  }

  drawUnit(network, grid, unit, colors, chosen, broken) {
    const { pen, letters, boxes } = this;
    const [left, top, size] = boxes[unit];
    const small = Math.ceil(grid.side / SMALL);
    const dead = !network.alive[unit];
    if (dead) {
      pen.fillStyle = colors.dead;
      pen.fillRect(left, top, size, size);
    } else pen.drawImage(this.atlas.canvas, 0.5, unit * small + 0.5, small - 1, small - 1, left, top, size, size);
    pen.setLineDash(dead ? [3, 3] : []);
    pen.strokeStyle = chosen ? colors.ink : broken ? colors.broken : colors.quiet;
    pen.lineWidth = chosen ? 3 : 1;
    pen.strokeRect(left, top, size, size);
    if (!broken) return;
    pen.font = `${letters}px ${colors.font}`;
    pen.fillStyle = colors.broken;
    pen.textAlign = "center";
    pen.fillText("NaN", left + size / 2, top + size / 2, size);
  }

  name(name, [left, top, size], colors) {
    const { pen, letters } = this;
    pen.font = `${letters}px ${colors.font}`;
    pen.fillStyle = colors.ink;
    pen.textAlign = "right";
    pen.fillText(name, left - 0.4 * letters, top + size / 2);
  }

  // The small pictures of a layer's units; those of all units lie below one another.
  fillAtlas(network, grid, lut, layer) {
    const small = Math.ceil(grid.side / SMALL);
    if (this.atlas?.canvas.height !== small * network.units) {
      this.atlas = painter(Object.assign(document.createElement("canvas"), { width: small, height: small * network.units }));
    }
    const { pixels, image, pen } = this.atlas;
    const first = network.starts[layer];
    let n = first * small * small;
    for (let unit = first; unit < first + network.sizes[layer]; unit += 1) {
      const squash = unit === network.units - 1 && !network.squared;
      const scale = scaleOf(network, grid, unit);
      for (let row = 0; row < grid.side; row += SMALL) {
        for (let column = 0; column < grid.side; column += SMALL) {
          const value = grid.values[grid.of(unit) + row * grid.side + column];
          pixels[n] = lut[place(squash ? grid.squashed(value) : value * scale) | 0];
          n += 1;
        }
      }
    }
    pen.putImageData(image, 0, 0, 0, first * small, small, network.sizes[layer] * small);
  }

  // Orange and solid what raises, blue and dashed what lowers, the wider the larger; gray from a dead unit; red what has left.
  drawWeights({ sizes, starts, offsets, parameters, alive }, layer, colors) {
    const { pen, boxes } = this;
    for (let j = 0; j < sizes[layer]; j += 1) {
      for (let i = 0; i < sizes[layer - 1]; i += 1) {
        const weight = parameters[offsets[layer] + j * sizes[layer - 1] + i];
        const [from, to] = [boxes[starts[layer - 1] + i], boxes[starts[layer] + j]];
        const left = !(Math.abs(weight) <= LEFT_WEIGHT);
        const dead = !alive[starts[layer - 1] + i] || !alive[starts[layer] + j];
        pen.strokeStyle = left ? colors.broken : dead ? colors.dead : weight > 0 ? colors.high : colors.low;
        pen.lineWidth = left ? 5 : Math.min(5, 0.4 + 1.8 * Math.sqrt(Math.abs(weight)));
        pen.globalAlpha = left ? 1 : Math.min(0.9, 0.25 + 0.4 * Math.abs(weight));
        pen.setLineDash(weight < 0 && !left ? [5, 3] : []);
        const [x0, y0, x1, y1] = [from[0] + from[2] + 2, from[1] + from[2] / 2, to[0], to[1] + to[2] / 2];
        pen.beginPath();
        pen.moveTo(x0, y0);
        pen.bezierCurveTo((x0 + x1) / 2, y0, (x0 + x1) / 2, y1, x1, y1);
        pen.stroke();
      }
    }
    pen.globalAlpha = 1;
  }
}
