// One network that trains: its points, batches, records, and what is to be said of it. `kit`: what points.js and network.js export.

const POINTS = 200; // for training, and as many for the test
const ROOM = 600; // records; when they are full, every other one goes
const LEFT_WEIGHT = 100; // a weight beyond it has left
const LEFT_LOSS = 3; // times the loss of guessing
const EARLY = 30; // steps of which each is measured: what diverges at once is seen to leave
const CALM_STEPS = 300; // before a plateau is one
const FIRST_TURNS = 30; // of the power iteration, before the first step
const [TURNS, REST_TURNS, TURN_MS] = [2, 12, 120]; // with a record, with one at rest, and how often at most while it plays

export function pointsOf(kit, { data, noise, seed }, text) {
  const random = kit.generator(3 * seed);
  if (data === "painted") return { train: kit.painted(text), test: null };
  return { train: kit.made(data, POINTS, noise, random), test: kit.made(data, POINTS, noise, random) };
}

export class Training {
  constructor(kit, settings, points) {
    const { features, units, activation, loss, seed } = settings;
    this.network = new kit.Network({ sizes: [features.length, ...units, 1], activation, loss }, kit.generator(3 * seed + 1).normal);
    this.kit = kit;
    this.features = features;
    this.uniform = kit.generator(3 * seed + 2).uniform;
    this.setPoints(points);
    this.guess = loss === "squared-error" ? 0.5 : Math.LN2; // the loss where the output says nothing
    this.step = 0;
    this.brokenAt = null;
    this.rise = { since: null, peak: 0 };
    this.leftAt = null; // step since which the loss is above the chart
    Object.assign(this, { peak: 0, lowest: Infinity, lowestTest: Infinity, trainLoss: NaN, testLoss: NaN, accuracy: NaN });
    Object.assign(this, { sharpness: NaN, largest: NaN, dead: 0, deadLayer: 0, measured: 0 });
    this.records = { count: 0, steps: new Float64Array(ROOM), train: new Float64Array(ROOM), test: new Float64Array(ROOM), sharpness: new Float64Array(ROOM), edge: new Float64Array(ROOM) };
    this.use(settings);
    if (this.train.count) this.sharpness = this.network.sharpness(this.train, FIRST_TURNS);
    this.evaluate();
    this.first = this.trainLoss;
    this.top = 1.25 * Math.max(this.first || 0, 1.6 * this.guess);
  }

  // What may change while it trains: the points, where they are painted by hand, and how it trains.
  setPoints(points) {
    this.train = this.kit.seen(points.train, this.features);
    this.test = points.test && this.kit.seen(points.test, this.features);
    this.batches = new this.kit.Batches(this.train.count, this.uniform);
  }

  use({ rate, batch, regularization, strength }) {
    Object.assign(this, { rate, batch });
    this.network.l1 = regularization === "l1" ? strength : 0;
    this.network.l2 = regularization === "l2" ? strength : 0;
  }

  get canTrain() {
    return this.brokenAt === null && this.train.count > 0;
  }

  // One update. `now`: as `evaluate` takes it.
  advance(now = null) {
    if (!this.canTrain) return;
    const count = this.batches.next(this.batch);
    this.step += 1;
    const isFinite = this.network.step(this.train, this.batches.rows, count, this.rate);
    this.noteRise(this.network.batchLoss);
    if (!isFinite) {
      this.brokenAt = this.step;
      this.leftAt ??= this.rise.since ?? this.step;
      this.peak = Math.max(this.peak, this.rise.peak);
    } else if (now !== null && this.step <= EARLY) this.evaluate(now);
  }

  // Between two measurements the losses of batches tell how a divergence went.
  noteRise(loss) {
    if (loss <= this.top) Object.assign(this.rise, { since: null, peak: 0 });
    else {
      this.rise.since ??= this.step;
      if (Number.isFinite(loss)) this.rise.peak = Math.max(this.rise.peak, loss);
    }
  }

  // Measure the network as it is now, and note it. `now`: the page's time while it plays, none at rest. `sharp`: its sharpness, too.
  evaluate(now = null, sharp = true) {
    const { network } = this;
    if (!this.train.count) network.alive.fill(1);
    if (!this.train.count) return;
    this.trainLoss = network.measure(this.train, true);
    this.accuracy = network.right;
    if (this.test) {
      this.testLoss = network.measure(this.test);
      this.accuracy = network.right;
      this.lowestTest = Math.min(this.lowestTest, this.testLoss);
    }
    this.lowest = Math.min(this.lowest, this.trainLoss);
    this.largest = network.largestWeight();
    this.countDead();
    if (this.brokenAt !== null || !sharp) this.sharpness = NaN;
    else if (now === null || now - this.measured > TURN_MS) {
      this.sharpness = network.sharpness(this.train, now === null ? REST_TURNS : TURNS);
      this.measured = now ?? 0;
    }
    this.noteDeparture();
    this.record();
  }

  noteDeparture() {
    if (this.trainLoss <= this.top || this.top === undefined) Object.assign(this, { leftAt: null, peak: 0 });
    else {
      this.leftAt ??= this.step;
      if (Number.isFinite(this.trainLoss)) this.peak = Math.max(this.peak, this.trainLoss);
    }
  }

  // `dead`: hidden units that are; `deadLayer`: the first hidden layer in which all are, 0 where there is none.
  countDead() {
    const { sizes, starts, alive } = this.network;
    this.dead = this.deadLayer = 0;
    if (this.brokenAt !== null) alive.fill(1); // what is none of a number is not dead
    for (let layer = 1; layer < sizes.length - 1; layer += 1) {
      let dead = 0;
      for (let j = 0; j < sizes[layer]; j += 1) dead += 1 - alive[starts[layer] + j];
      this.dead += dead;
      if (dead === sizes[layer] && !this.deadLayer) this.deadLayer = layer;
    }
  }

  record() {
    const { records } = this;
    if (records.count === ROOM) {
      for (let n = 0; 2 * n < ROOM; n += 1) for (const kind of ["steps", "train", "test", "sharpness", "edge"]) records[kind][n] = records[kind][2 * n];
      records.count = ROOM / 2;
    }
    if (records.count && records.steps[records.count - 1] === this.step) records.count -= 1;
    records.steps[records.count] = this.step;
    records.train[records.count] = this.trainLoss;
    records.test[records.count] = this.testLoss;
    records.sharpness[records.count] = this.sharpness;
    records.edge[records.count] = 2 / this.rate;
    records.count += 1;
  }

  // Which sentence is true: a name in the texts.
  verdict() {
    const { trainLoss, guess, step } = this;
    if (!this.train.count) return "empty";
    if (this.brokenAt !== null) return "diverged";
    if (step === 0) return "ready";
    if (this.deadLayer && this.accuracy < 0.8) return "collapsed";
    if (trainLoss > LEFT_LOSS * guess || this.largest > LEFT_WEIGHT) return "diverging";
    if (trainLoss > 1.5 * this.lowest + 0.05) return "unstable";
    if (this.test && this.testLoss > 1.2 * this.lowestTest + 0.02 && trainLoss < 0.8 * this.testLoss) return "overfitting";
    if (step > CALM_STEPS && trainLoss > 0.9 * guess) return "plateau";
    return "learning";
  }
}
