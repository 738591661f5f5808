// A small network with one output that tells points of the plane apart: the same arithmetic as concept.py, which tests hold to
// it. All buffers are made once; nothing is allocated while it trains.

export const FEATURES = {
  x: (x) => x,
  y: (_x, y) => y,
  x2: (x) => x * x,
  y2: (_x, y) => y * y,
  xy: (x, y) => x * y,
  "sin-x": (x) => Math.sin(x),
  "sin-y": (_x, y) => Math.sin(y),
};

const [TANH, SIGMOID, RELU, LINEAR] = [0, 1, 2, 3];
const KINDS = { tanh: TANH, sigmoid: SIGMOID, relu: RELU, linear: LINEAR };
const FLAT = 1e-3; // slope of the activation below which a unit passes next to no gradient
const BIAS = 0.1; // of hidden units, at first: a ReLU is not dead from the start
const REACH = 1e-4; // of a finite difference, along a direction of length 1

// Both by one exponential, which is three times as fast as Math.tanh.
const sigmoid = (z) => 1 / (1 + Math.exp(-z));

function activate(kind, z) {
  if (kind === TANH) return 1 - 2 / (Math.exp(2 * z) + 1);
  if (kind === RELU) return z > 0 ? z : z === z ? 0 : z;
  return kind === SIGMOID ? sigmoid(z) : z;
}

// The activation's slope where its value is `a`.
function slope(kind, a) {
  if (kind === TANH) return 1 - a * a;
  if (kind === RELU) return a > 0 ? 1 : 0;
  return kind === SIGMOID ? a * (1 - a) : 1;
}

// Points as the network sees them: `inputs` holds a row of features for each, `targets` 0 or 1.
export function seen(points, features) {
  const count = points.targets.length;
  const inputs = new Float64Array(count * features.length);
  const makers = features.map((name) => FEATURES[name]);
  for (let row = 0; row < count; row += 1) {
    for (let i = 0; i < makers.length; i += 1) inputs[row * makers.length + i] = makers[i](points.places[2 * row], points.places[2 * row + 1]);
  }
  const rows = new Int32Array(count);
  for (let row = 0; row < count; row += 1) rows[row] = row;
  return { inputs, targets: points.targets, rows, count };
}

export class Network {
  // `sizes`: inputs, units of each hidden layer, 1. `loss`: cross-entropy of a sigmoid, or squared-error. `normal`: random numbers.
  constructor({ sizes, activation, loss, l1 = 0, l2 = 0 }, normal) {
    Object.assign(this, { sizes, kind: KINDS[activation], squared: loss === "squared-error", l1, l2 });
    this.starts = [0]; // of each layer's units among all
    this.offsets = [0]; // of each layer's weights among all parameters: a row for each unit, then the biases
    let count = 0;
    for (let layer = 1; layer < sizes.length; layer += 1) {
      this.starts.push(this.starts[layer - 1] + sizes[layer - 1]);
      this.offsets.push(count);
      count += sizes[layer] * (sizes[layer - 1] + 1);
    }
    this.units = this.starts[sizes.length - 1] + 1;
    this.parameters = new Float64Array(count);
    this.gradient = new Float64Array(count);
    this.values = new Float64Array(this.units);
    this.deltas = new Float64Array(this.units);
    this.alive = new Uint8Array(this.units);
    this.batchLoss = NaN; // of the last batch, before its update
    this.right = 0; // fraction of the points of the last `measure` that are told apart
    this.direction = new Float64Array(count);
    this.ahead = new Float64Array(count);
    this.kept = new Float64Array(count);
    this.shift = 0;
    this.initialize(normal);
  }

  initialize(normal) {
    const { sizes, offsets, parameters } = this;
    for (let layer = 1; layer < sizes.length; layer += 1) {
      const deviation = Math.sqrt((this.kind === RELU ? 2 : 1) / Math.max(1, sizes[layer - 1]));
      const weights = sizes[layer] * sizes[layer - 1];
      for (let n = 0; n < weights; n += 1) parameters[offsets[layer] + n] = deviation * normal();
      if (layer < sizes.length - 1) parameters.fill(BIAS, offsets[layer] + weights, offsets[layer] + weights + sizes[layer]);
    }
    for (let n = 0; n < this.direction.length; n += 1) this.direction[n] = normal();
    scaleToOne(this.direction);
  }

  // The output for a row of inputs; leaves every unit's value in `values`.
  forward(inputs, row) {
    const { sizes, starts, offsets, parameters, values, kind } = this;
    const last = sizes.length - 1;
    for (let i = 0; i < sizes[0]; i += 1) values[i] = inputs[row * sizes[0] + i];
    for (let layer = 1; layer <= last; layer += 1) {
      const below = sizes[layer - 1];
      const here = sizes[layer];
      const from = starts[layer - 1];
      const to = starts[layer];
      const weights = offsets[layer];
      for (let j = 0; j < here; j += 1) {
        let z = parameters[weights + here * below + j];
        for (let i = 0; i < below; i += 1) z += parameters[weights + j * below + i] * values[from + i];
        values[to + j] = layer < last ? activate(kind, z) : z;
      }
    }
    return values[this.units - 1];
  }

  lossOf(z, target) {
    if (this.squared) return 0.5 * (z - (2 * target - 1)) ** 2;
    return Math.max(z, 0) - target * z + Math.log1p(Math.exp(-Math.abs(z))); // −ln of the probability, without overflow
  }

  // The mean loss over `count` rows (penalty left out); `gradient` is that of the loss with its penalty.
  findGradient({ inputs, targets }, rows, count, gradient = this.gradient) {
    const { sizes, starts, offsets, parameters, values, deltas, kind } = this;
    const last = sizes.length - 1;
    let loss = 0;
    gradient.fill(0);
    for (let n = 0; n < count; n += 1) {
      const target = targets[rows[n]];
      const z = this.forward(inputs, rows[n]);
      loss += this.lossOf(z, target);
      deltas[this.units - 1] = (this.squared ? z - (2 * target - 1) : sigmoid(z) - target) / count;
      for (let layer = last; layer >= 1; layer -= 1) {
        const below = sizes[layer - 1];
        const here = sizes[layer];
        const from = starts[layer - 1];
        const to = starts[layer];
        const weights = offsets[layer];
        for (let i = 0; i < below; i += 1) deltas[from + i] = 0;
        for (let j = 0; j < here; j += 1) {
          const delta = deltas[to + j];
          const row = weights + j * below;
          for (let i = 0; i < below; i += 1) {
            gradient[row + i] += delta * values[from + i];
            deltas[from + i] += delta * parameters[row + i];
          }
          gradient[weights + here * below + j] += delta;
        }
        if (layer > 1) for (let i = 0; i < below; i += 1) deltas[from + i] *= slope(kind, values[from + i]);
      }
    }
    if (this.l1 || this.l2) this.addPenalty(gradient);
    return loss / count;
  }

  // L1 and L2 act on weights, not on biases.
  addPenalty(gradient) {
    const { sizes, offsets, parameters, l1, l2 } = this;
    for (let layer = 1; layer < sizes.length; layer += 1) {
      const end = offsets[layer] + sizes[layer] * sizes[layer - 1];
      for (let n = offsets[layer]; n < end; n += 1) gradient[n] += l1 * Math.sign(parameters[n]) + l2 * parameters[n];
    }
  }

  // One update from a batch; whether all parameters are still numbers.
  step(points, batch, count, rate) {
    this.batchLoss = this.findGradient(points, batch, count);
    const { parameters, gradient } = this;
    let sum = 0;
    for (let n = 0; n < parameters.length; n += 1) {
      parameters[n] -= rate * gradient[n];
      sum += parameters[n] - parameters[n]; // NaN where one is infinite, or none
    }
    return sum === 0;
  }

  // The mean loss; leaves in `right` how many are right. `alive`: whether the units that pass a gradient for some point are noted.
  measure({ inputs, targets, count }, alive = false) {
    const first = this.sizes[0];
    if (alive) this.alive.fill(0, first).fill(1, 0, first).fill(1, this.units - 1);
    let loss = 0;
    let right = 0;
    for (let row = 0; row < count; row += 1) {
      const z = this.forward(inputs, row);
      loss += this.lossOf(z, targets[row]);
      if (z > 0 === targets[row] > 0 && z === z) right += 1;
      if (alive) for (let unit = first; unit < this.units - 1; unit += 1) if (slope(this.kind, this.values[unit]) > FLAT) this.alive[unit] = 1;
    }
    this.right = right / count;
    return loss / count;
  }

  // The largest eigenvalue of the Hessian of the loss on all points: power iteration that goes on where it last was. A product with
  // the Hessian is a difference of two gradients. Where the most negative eigenvalue is larger, what is iterated is shifted by it.
  sharpness(points, turns) {
    const { parameters, kept, direction, ahead, gradient } = this;
    let curvature = NaN;
    kept.set(parameters);
    for (let turn = 0; turn < turns; turn += 1) {
      for (let n = 0; n < kept.length; n += 1) parameters[n] = kept[n] + REACH * direction[n];
      this.findGradient(points, points.rows, points.count, ahead);
      for (let n = 0; n < kept.length; n += 1) parameters[n] = kept[n] - REACH * direction[n];
      this.findGradient(points, points.rows, points.count, gradient);
      curvature = 0;
      for (let n = 0; n < kept.length; n += 1) {
        ahead[n] = (ahead[n] - gradient[n]) / (2 * REACH);
        curvature += ahead[n] * direction[n];
      }
      if (!Number.isFinite(curvature)) break;
      this.shift = Math.max(0.9 * this.shift, -1.1 * curvature);
      for (let n = 0; n < kept.length; n += 1) ahead[n] += this.shift * direction[n];
      if (scaleToOne(ahead)) direction.set(ahead);
    }
    parameters.set(kept);
    return curvature;
  }

  largestWeight() {
    let largest = 0;
    for (let n = 0; n < this.parameters.length; n += 1) largest = Math.max(largest, Math.abs(this.parameters[n]));
    return largest; // NaN where one is none
  }
}

function scaleToOne(vector) {
  let squares = 0;
  for (let n = 0; n < vector.length; n += 1) squares += vector[n] * vector[n];
  if (!(squares > 0) || !Number.isFinite(squares)) return false;
  const factor = 1 / Math.sqrt(squares);
  for (let n = 0; n < vector.length; n += 1) vector[n] *= factor;
  return true;
}

// Every unit's value over the plane from −reach to reach, `side` × `side` places, from above: `of(unit)` is where its picture begins
// in `values`. A unit's whole picture is reckoned at once, which is several times as fast as place by place.
export class Grid {
  constructor(side, reach, features, units) {
    this.side = side;
    this.places = side * side;
    this.values = new Float64Array(units * this.places);
    const makers = features.map((name) => FEATURES[name]);
    for (let place = 0; place < this.places; place += 1) {
      const x = (((place % side) + 0.5) / side - 0.5) * 2 * reach;
      const y = (0.5 - (Math.floor(place / side) + 0.5) / side) * 2 * reach;
      for (let i = 0; i < makers.length; i += 1) this.values[i * this.places + place] = makers[i](x, y);
    }
  }

  of(unit) {
    return unit * this.places;
  }

  // The probability of a logit, as a number from −1 to 1.
  squashed(logit) {
    return nearTanh(0.5 * logit);
  }

  fill({ sizes, starts, offsets, parameters, kind }) {
    const { places } = this;
    const last = sizes.length - 1;
    for (let layer = 1; layer <= last; layer += 1) {
      const below = sizes[layer - 1];
      const here = sizes[layer];
      for (let j = 0; j < here; j += 1) {
        const to = (starts[layer] + j) * places;
        const weights = offsets[layer] + j * below;
        this.values.fill(parameters[offsets[layer] + here * below + j], to, to + places);
        let i = 0;
        for (; i + 4 <= below; i += 4) this.addFour(to, (starts[layer - 1] + i) * places, parameters, weights + i);
        for (; i < below; i += 1) this.add(to, (starts[layer - 1] + i) * places, parameters[weights + i]);
        if (layer < last) this.activate(kind, to);
      }
    }
  }

  add(to, from, weight) {
    const { values, places } = this;
    for (let place = 0; place < places; place += 1) values[to + place] += weight * values[from + place];
  }

  // Four inputs at once: a place is then read and written once, not four times.
  addFour(to, from, parameters, at) {
    const { values, places } = this;
    const [a, b, c, d] = [parameters[at], parameters[at + 1], parameters[at + 2], parameters[at + 3]];
    const [second, third, fourth] = [from + places, from + 2 * places, from + 3 * places];
    for (let place = 0; place < places; place += 1) {
      values[to + place] += a * values[from + place] + b * values[second + place] + c * values[third + place] + d * values[fourth + place];
    }
  }

  activate(kind, to) {
    const { values } = this;
    const end = to + this.places;
    if (kind === TANH) for (let place = to; place < end; place += 1) values[place] = nearTanh(values[place]);
    else if (kind === SIGMOID) for (let place = to; place < end; place += 1) values[place] = 0.5 + 0.5 * nearTanh(0.5 * values[place]);
    else if (kind === RELU) for (let place = to; place < end; place += 1) values[place] = activate(RELU, values[place]);
  }
}

// tanh to four digits, without an exponential: for pictures alone.
function nearTanh(z) {
  const x = z > 4.9 ? 4.9 : z < -4.9 ? -4.9 : z;
  const s = x * x;
  return (x * (135135 + s * (17325 + s * (378 + s)))) / (135135 + s * (62370 + s * (3150 + s * 28)));
}
