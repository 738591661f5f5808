// Random numbers that a seed decides, and points of two classes in the plane from −3 to 3.

export const REACH = 3;
const SPREAD = 0.6; // standard deviation by which points are moved at noise 1

// Numbers from 0 to 1: mulberry32, which is the same on every machine.
export function generator(seed) {
  let state = Math.imul(seed + 1, 0x9e3779b1) >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  return { uniform, normal };
}

// Where point `n` of `count` lies: [x, y, class], before noise.
const SHAPES = {
  clusters(n, _count, { normal }) {
    const side = n % 2 ? 1 : -1;
    return [1.2 * side + 0.45 * normal(), 1.2 * side + 0.45 * normal(), n % 2];
  },
  circles(n, _count, { uniform }) {
    const angle = 2 * Math.PI * uniform();
    const radius = n % 2 ? 1.1 * Math.sqrt(uniform()) : 1.75 + 0.8 * uniform();
    return [radius * Math.cos(angle), radius * Math.sin(angle), n % 2];
  },
  xor(_n, _count, { uniform }) {
    const [x, y] = [5 * uniform() - 2.5, 5 * uniform() - 2.5];
    const apart = (value) => value + (value > 0 ? 0.15 : -0.15);
    return [apart(x), apart(y), x * y > 0 ? 1 : 0];
  },
  spiral(n, count, { uniform }) {
    const far = (n - (n % 2) + 2 * uniform()) / count;
    const angle = 1.75 * far * 2 * Math.PI + (n % 2) * Math.PI;
    return [(0.15 + 2.5 * far) * Math.sin(angle), (0.15 + 2.5 * far) * Math.cos(angle), n % 2];
  },
};

export function made(shape, count, noise, random) {
  const places = new Float64Array(2 * count);
  const targets = new Uint8Array(count);
  for (let n = 0; n < count; n += 1) {
    const [x, y, target] = SHAPES[shape](n, count, random);
    places[2 * n] = inside(x + SPREAD * noise * random.normal());
    places[2 * n + 1] = inside(y + SPREAD * noise * random.normal());
    targets[n] = target;
  }
  return { places, targets };
}

// Points painted by hand are a text, as it stands in the address: of each a sign for x, one for y, and its class, 0 or 1.
const SIGNS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";
const sign = (value) => SIGNS[Math.min(63, Math.max(0, Math.floor(((value / REACH + 1) / 2) * 64)))];
const place = (letter) => (((SIGNS.indexOf(letter) + 0.5) / 64) * 2 - 1) * REACH;

export const written = (x, y, target) => sign(x) + sign(y) + target;

export function painted(text) {
  const count = Math.floor(text.length / 3);
  const places = new Float64Array(2 * count);
  const targets = new Uint8Array(count);
  for (let n = 0; n < count; n += 1) {
    places[2 * n] = place(text[3 * n]);
    places[2 * n + 1] = place(text[3 * n + 1]);
    targets[n] = Number(text[3 * n + 2]);
  }
  return { places, targets };
}

const inside = (value) => Math.min(REACH, Math.max(-REACH, value));

// Batches of an epoch after another, each epoch in an order of its own; the last of an epoch may be smaller.
export class Batches {
  constructor(count, uniform) {
    this.order = new Int32Array(count);
    for (let n = 0; n < count; n += 1) this.order[n] = n;
    this.uniform = uniform;
    this.at = count;
    this.rows = new Int32Array(count);
  }

  // Puts the next batch into `rows`; returns how many it has.
  next(size) {
    const { order, rows } = this;
    if (this.at >= order.length) {
      for (let n = order.length - 1; n > 0; n -= 1) {
        const other = Math.floor(this.uniform() * (n + 1));
        const row = order[n];
        order[n] = order[other];
        order[other] = row;
      }
      this.at = 0;
    }
    const count = Math.min(size, order.length - this.at);
    for (let n = 0; n < count; n += 1) rows[n] = order[this.at + n];
    this.at += count;
    return count;
  }
}
