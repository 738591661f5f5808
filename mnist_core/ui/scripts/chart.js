// A Plotly chart that is updated in place: zoom, hidden curves and hover survive, nothing flickers.
// Streamlit calls the default export at every change of data; the chart lives on the parent element between calls.

const charts = new WeakMap();

const CONFIG = {
  displaylogo: false,
  responsive: false,
  scrollZoom: false,
  // What a student draws stays here: no button sends a chart to Plotly's servers.
  plotlyServerURL: "",
  modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d", "sendChartToCloud"],
};

const NARROW = 520; // px: where a chart is narrower, its title needs the room of Plotly's buttons
const BUTTONS = { wide: 206, narrow: 62 }; // px that they take, and a gap
const AXIS = 60; // px beside the plot, for the numbers of the vertical axis
const SMALLEST_TITLE = 0.65; // of its size
const SIGN = 60; // px that the line and the margins of an entry of the legend take
const LONGEST = 4; // of the letters' size, of a number on a log axis with the gap beside it
const LINE = 1.3; // of the letters' size, from one line of an entry to the next
const ruler = document.createElement("canvas").getContext("2d");

function loadPlotly(url) {
  if (window.Plotly) return Promise.resolve(window.Plotly);
  if (!window.mnistLabPlotly) {
    window.mnistLabPlotly = new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = url;
      script.onload = () => resolve(window.Plotly);
      script.onerror = () => {
        // The next update tries again.
        window.mnistLabPlotly = null;
        script.remove();
        reject(new Error(`Plotly could not be loaded from ${url}`));
      };
      document.head.appendChild(script);
    });
  }
  return window.mnistLabPlotly;
}

function countPoints(figure) {
  return figure.data.reduce((sum, trace) => {
    const numbers = (trace.y && trace.y.bdata) || (trace.z && trace.z.bdata); // a heat map's y names its rows
    return sum + (numbers ? Math.floor((numbers.length * 3) / 4 / 4) : 0);
  }, 0);
}

// A chart that is part of a frame player (frame_player.js) shows one of its frames, else its figure.
function frameOf({ player, frames }) {
  return Math.min(window.mnistLabFrames?.get(player) ?? frames.length - 1, frames.length - 1);
}

// Where there is little room another figure of the same may be drawn, in another height.
function forRoom(chart, data) {
  const width = chart.div.clientWidth;
  return data.narrow && width > 0 && width < data.narrow.below ? data.narrow : data;
}

function shownFigure(chart, data) {
  if (!data.frames.length) return forRoom(chart, data).figure;
  const frame = frameOf(data);
  const [traces, description] = data.frames[frame];
  chart.frame = frame;
  chart.div.dataset.frame = String(frame);
  chart.div.setAttribute("aria-label", description);
  return { data: traces, layout: data.figure.layout };
}

// What was clicked, as Python hears of it: which trace, which of its points, and what the trace says of itself.
function reportClicks(chart) {
  chart.div.on("plotly_click", (event) => {
    const point = event.points && event.points[0];
    if (!point || !chart.click) return;
    const at = point.pointNumber; // of a heat map: row and column
    const number = Array.isArray(at) ? at[0] * point.data.x.length + at[1] : at;
    chart.click({ trace: chart.uids[point.curveNumber], point: number, meta: point.data.meta ?? null, frame: chart.frame });
  });
}

// ---- By keyboard: left and right from point to point, up and down from curve to curve (of a map: from row to row, and at its
// ---- edge to what is drawn next), Enter is a click, Escape leaves. What the pointer would show is shown, and told to who does
// ---- not see it.

const NAVIGABLE = new Set(["scatter", "bar", "heatmap", "contour"]);
const isMap = (trace) => Boolean(trace.z);
const columnsOf = (trace) => trace.z[0].length;
const cellOf = (trace, point) => [Math.floor(point / columnsOf(trace)), point % columnsOf(trace)];
const lengthOf = (trace) => (isMap(trace) ? trace.z.length * columnsOf(trace) : (trace.y || trace.x || []).length);

function hasValue(trace, point) {
  if (isMap(trace)) {
    const [row, column] = cellOf(trace, point);
    return Number.isFinite(trace.z[row][column]);
  }
  return [trace.x, trace.y].every((axis) => !axis || (axis[point] !== null && !Number.isNaN(axis[point])));
}

// The nearest point from `from` on, in steps of `way`, at which one of these traces has a value; null where there is none.
function nextPoint(traces, plot, from, way) {
  for (let point = from; point >= 0 && point < lengthOf(traces[plot[0]]); point += way) {
    const curve = plot.find((index) => hasValue(traces[index], point));
    if (curve !== undefined) return { curve, point };
  }
  return null;
}

// What the keys go through: a curve is the number of its trace, a map those of the layers that it is drawn in.
function plotsOf(traces) {
  const plots = new Map();
  traces.forEach((trace, index) => {
    if (trace.visible !== true || trace.hoverinfo === "skip" || !NAVIGABLE.has(trace.type) || lengthOf(trace) === 0) return;
    const place = isMap(trace) ? [trace.xaxis, trace.yaxis, trace.z.length, columnsOf(trace)].join(" ") : index;
    plots.set(place, [...(plots.get(place) ?? []), index]);
  });
  return [...plots.values()].filter((plot) => nextPoint(traces, plot, 0, 1));
}

function nextCursor(chart, key, far) {
  const traces = chart.div._fullData;
  const plots = plotsOf(traces);
  if (!plots.length) return null;
  const { curve, point } = chart.cursor || {};
  const number = plots.findIndex((plot) => plot.includes(curve));
  if (number < 0) return nextPoint(traces, plots[0], 0, 1);
  const [plot, trace] = [plots[number], traces[curve]];
  const last = lengthOf(trace) - 1;
  const sideways = { ArrowLeft: -1, ArrowRight: 1 }[key];
  if (sideways) {
    const steps = sideways * (far ? 10 : 1);
    return nextPoint(traces, plot, Math.min(last, Math.max(0, point + steps)), sideways) ?? chart.cursor;
  }
  if (key === "Home") return nextPoint(traces, plot, 0, 1);
  if (key === "End") return nextPoint(traces, plot, last, -1);
  const downwards = key === "ArrowUp" ? -1 : 1;
  if (isMap(trace)) {
    const [bottom, top] = chart.div._fullLayout[trace.yaxis.replace("y", "yaxis")].range;
    const row = downwards * (bottom > top ? 1 : -1) * columnsOf(trace);
    const next = nextPoint(traces, plot, point + row, row);
    if (next || plots.length === 1) return next ?? chart.cursor;
  }
  const other = plots[(number + downwards + plots.length) % plots.length];
  const from = isMap(trace) || isMap(traces[other[0]]) ? 0 : Math.min(point, lengthOf(traces[other[0]]) - 1);
  return nextPoint(traces, other, from, 1) ?? nextPoint(traces, other, from, -1);
}

// Where in a map of so many rows or columns Plotly finds this one: `places` are the edges of a heat map's cells, the points of a contour.
function withinCell(places, count, number) {
  if (places.length > count) return (places[number] + places[number + 1]) / 2;
  return places[number] + ((places[number + 1] ?? places[number - 1]) - places[number]) / 4; // the last point is none of its own
}

function showCursor(chart) {
  const { curve, point } = chart.cursor;
  const trace = chart.div._fullData[curve];
  let place = { pointNumber: point };
  if (isMap(trace)) { // Plotly finds a point of a map by its place alone
    const [row, column] = cellOf(trace, point);
    const { x, y } = chart.div.calcdata[curve][0];
    place = { xval: withinCell(x, columnsOf(trace), column), yval: withinCell(y, trace.z.length, row) };
  }
  announceCursor(chart);
  window.Plotly.Fx.hover(chart.div, [{ curveNumber: curve, ...place }], trace.xaxis + trace.yaxis);
}

// Plotly draws what it was asked to show a moment later, and does not say when.
function announceCursor(chart) {
  const layer = chart.div.querySelector(".hoverlayer");
  if (!layer || layer === chart.observedLayer) return;
  chart.observedLayer = layer;
  new MutationObserver(() => {
    if (!chart.cursor) return;
    const texts = [...layer.querySelectorAll("text")].map((text) => text.textContent).filter(Boolean);
    if (texts.length) chart.announcement.textContent = texts.join(", ");
  }).observe(layer, { childList: true, subtree: true });
}

function listenToKeys(chart) {
  chart.div.tabIndex = 0;
  chart.announcement = document.createElement("div");
  chart.announcement.setAttribute("aria-live", "polite");
  chart.announcement.dataset.testid = "live-chart-announcement";
  Object.assign(chart.announcement.style, { position: "absolute", width: "1px", height: "1px", marginTop: "-1px", overflow: "hidden", clipPath: "inset(50%)" });
  chart.div.after(chart.announcement);
  chart.div.addEventListener("keydown", (event) => {
    if (event.target !== chart.div || !chart.div._fullData) return;
    if (["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"].includes(event.key)) {
      const cursor = nextCursor(chart, event.key, event.shiftKey);
      if (!cursor) return;
      chart.cursor = cursor;
      showCursor(chart);
    } else if (event.key === "Enter" && chart.cursor && chart.click) {
      const trace = chart.div._fullData[chart.cursor.curve];
      if (!trace) return;
      chart.click({ trace: chart.uids[chart.cursor.curve], point: chart.cursor.point, meta: trace.meta ?? null, frame: chart.frame });
    } else if (event.key === "Escape" && chart.cursor) {
      chart.cursor = null;
      chart.announcement.textContent = "";
      window.Plotly.Fx.unhover(chart.div);
    } else return;
    event.preventDefault();
  });
}

// Curves hidden by their legend entry in one of the linked charts are hidden in all of them, and stay so.
const hiddenCurves = new Map();
const linkedCharts = new Map();
// Plotly looks for what belongs to a trace by a selector of CSS, which a name with a dot or a blank is not.
const withSafeUid = (trace) => ({ ...trace, uid: String(trace.uid).replace(/[^\w-]/g, (sign) => `_${sign.codePointAt(0)}_`) });

const curveName = (trace) => trace.legendgroup || trace.uid;

function hiddenOf(link) {
  if (!hiddenCurves.has(link)) hiddenCurves.set(link, new Set());
  return hiddenCurves.get(link);
}

function withHidden(traces, link) {
  if (!link) return traces;
  const hidden = hiddenOf(link);
  return traces.map((trace) => (hidden.has(curveName(trace)) ? { ...trace, visible: "legendonly" } : trace));
}

function followLegend(chart) {
  chart.div.on("plotly_restyle", ([update]) => {
    if (!chart.link || !("visible" in update) || chart.following) return;
    const hidden = hiddenOf(chart.link);
    for (const trace of chart.div._fullData) {
      if (trace.visible === "legendonly") hidden.add(curveName(trace));
      else hidden.delete(curveName(trace));
    }
    for (const other of linkedCharts.get(chart.link) || []) if (other !== chart) showAsHidden(other, hidden);
    reportHidden(chart);
  });
}

// Python hears which curves are hidden wherever it does not know: after a click, and in a new session of the same tab.
function reportHidden(chart) {
  if (!chart.hide || !chart.link) return;
  const hidden = [...hiddenOf(chart.link)].sort();
  if (hidden.join("\n") !== chart.data.hidden.join("\n")) chart.hide(hidden);
}

async function showAsHidden(chart, hidden) {
  if (!chart.div.data) return;
  const visible = chart.div.data.map((trace) => (hidden.has(curveName(trace)) ? "legendonly" : true));
  chart.following = true;
  try {
    await window.Plotly.restyle(chart.div, { visible }, visible.map((_, index) => index));
  } finally {
    chart.following = false;
  }
}

function linkTo(chart, link) {
  if (chart.link === link) return;
  linkedCharts.get(chart.link)?.delete(chart);
  chart.link = link;
  if (!link) return;
  if (!linkedCharts.has(link)) linkedCharts.set(link, new Set());
  linkedCharts.get(link).add(chart);
}

function create(parent) {
  const div = document.createElement("div");
  div.setAttribute("role", "img");
  div.dataset.testid = "live-chart";
  div.dataset.updates = "0";
  div.dataset.points = "0";
  div.style.width = "100%";
  parent.appendChild(div);
  const chart = { div, version: null, pending: null, drawing: false, turn: null, gone: false, data: null, frame: 0 };
  chart.follow = (event) => {
    if (!chart.data.frames.length || chart.data.player !== event.detail) return;
    chart.pending = chart.data;
    draw(chart, chart.data.plotly, chart.data.failure);
  };
  document.addEventListener("mnist-lab-frame", chart.follow);
  // The chart follows the width that the page gives it; none while it is hidden.
  chart.observer = new ResizeObserver(() => {
    if (!window.Plotly || !div.data || div.clientWidth === 0) return;
    const { height } = forRoom(chart, chart.data);
    if (fitOf(fittedFigure(chart.unfitted, height, div.clientWidth)) !== chart.fit) {
      chart.pending = chart.data;
      draw(chart, chart.data.plotly, chart.data.failure);
    } else window.Plotly.Plots.resize(div)?.catch(() => {});
  });
  chart.observer.observe(div);
  listenToKeys(chart);
  charts.set(parent, chart);
  return chart;
}

// Beside Plotly's own button, which saves a PNG.
function svgButton(Plotly, data) {
  return {
    name: "svg",
    title: data.svg,
    icon: Plotly.Icons.disk,
    click: (div) => Plotly.downloadImage(div, { format: "svg", filename: data.key }),
  };
}

// The same figure with letters `growth` times as large: every font of every title, axis, note and trace.
function enlarged(node, growth, isFont = false) {
  if (growth === 1 || typeof node !== "object" || node === null || ArrayBuffer.isView(node)) return node;
  if (Array.isArray(node)) return typeof node[0] === "object" ? node.map((child) => enlarged(child, growth)) : node;
  const grown = {};
  for (const [name, value] of Object.entries(node)) {
    if (isFont && name === "size") grown[name] = value * growth;
    else if (name === "bdata" || name === "dtype") grown[name] = value;
    else grown[name] = enlarged(value, growth, /font$/i.test(name));
  }
  return grown;
}

// A title in letters that fit into so many px; the same where they do.
function fittedTitle(title, font, room) {
  if (!title?.text) return title;
  const { size, family } = { ...font, size: 1.2 * font.size, ...title.font }; // Plotly's own size of titles
  ruler.font = `${size}px ${family}`;
  const needed = ruler.measureText(title.text.replace(/<[^>]*>/g, "")).width;
  if (needed <= room) return title;
  return { ...title, font: { ...title.font, size: size * Math.max(SMALLEST_TITLE, room / needed) } };
}

// The layout with titles that fit, the chart's beside the buttons; where the chart is narrow, only the button that saves is left.
function fitted(layout, width) {
  if (width === 0) return layout;
  const narrow = width < NARROW;
  const title = fittedTitle(layout.title, layout.font, width - (narrow ? BUTTONS.narrow : BUTTONS.wide));
  const xaxis = { ...layout.xaxis, title: fittedTitle(layout.xaxis?.title, layout.font, width - AXIS) };
  if (narrow) thinLogTicks(xaxis, layout.font.size, width - AXIS);
  const remove = narrow ? ["zoom", "pan", "zoomin", "zoomout", "resetscale", "toimage"] : [];
  return { ...layout, title, xaxis, modebar: { ...layout.modebar, remove } };
}

// Numbers at fewer powers of ten, where those at every one (figures/axes.py) would be turned to fit.
function thinLogTicks(axis, size, room) {
  if (axis.type !== "log" || !Number.isInteger(axis.dtick)) return;
  const [low, high] = axis.autorangeoptions?.include ?? [1, 1];
  const numbers = 1 + Math.log10(high / low) / axis.dtick;
  if (numbers * LONGEST * size > room) axis.dtick *= 2;
}

// A curve's name in lines that fit into so many px, broken between words.
function linesOf(name, room) {
  const lines = [""];
  for (const word of name.split(" ")) {
    const longer = lines.at(-1) ? `${lines.at(-1)} ${word}` : word;
    if (!lines.at(-1) || ruler.measureText(longer).width <= room) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

// The traces with names that are not cut in the legend, and how many px that makes the chart higher.
function withWholeNames(traces, layout, width) {
  const size = layout.legend?.font?.size ?? layout.font?.size ?? 12;
  ruler.font = `${size}px ${layout.font?.family}`;
  let more = 0;
  const named = traces.map((trace) => {
    if (width === 0 || !trace.name || trace.showlegend === false || trace.legend) return trace;
    const lines = linesOf(trace.name, width - SIGN);
    more += Math.round((lines.length - 1) * LINE * size);
    return lines.length > 1 ? { ...trace, name: lines.join("<br>") } : trace;
  });
  return [named, more];
}

// What of a layout depends on the chart's width.
function fitOf({ layout, traces }) {
  const sizes = [layout.title, layout.xaxis?.title].map((title) => title?.font?.size);
  return [...sizes, layout.modebar?.remove?.length, layout.height, ...traces.map((trace) => trace.name)].join(" ");
}

// The figure as it is drawn in a chart of this width.
function fittedFigure(figure, height, width) {
  const [traces, more] = withWholeNames(figure.data, figure.layout, width);
  // One picture with square cells: where the chart is narrow, all height beyond that would be empty.
  const isSquare = figure.layout.yaxis?.scaleanchor && !figure.layout.yaxis2;
  const most = isSquare && width > 0 ? Math.min(height, width + AXIS) : height;
  return { traces, layout: fitted({ ...figure.layout, height: most + more, autosize: true }, width) };
}

const NEEDS_WEBGL = new Set(["surface", "scatter3d"]);
let webGL = null; // whether this browser has it: asked once

function hasWebGL() {
  webGL ??= document.createElement("canvas").getContext("webgl") !== null;
  return webGL;
}

async function draw(chart, url, failure) {
  if (chart.drawing) return; // the running call draws what is pending
  chart.drawing = true;
  try {
    const Plotly = await loadPlotly(url);
    while (chart.pending && !chart.gone) {
      const data = chart.pending;
      chart.pending = null;
      if (chart.div.dataset.error) {
        delete chart.div.dataset.error;
        chart.div.textContent = "";
      }
      const { height } = forRoom(chart, data);
      // The same object every time: where Plotly finds another configuration (a button's function is never equal to another),
      // it builds the chart anew, and zoom and hidden curves are lost.
      if (chart.svg !== data.svg) {
        chart.svg = data.svg;
        chart.config = {
          ...CONFIG,
          toImageButtonOptions: { format: "png", scale: 2, filename: data.key },
          modeBarButtonsToAdd: [svgButton(Plotly, data)],
        };
      }
      const shown = shownFigure(chart, data);
      if (shown.data.some((trace) => NEEDS_WEBGL.has(trace.type)) && !hasWebGL()) {
        // Plotly's own words for it are English, whatever the page speaks.
        chart.div.textContent = data.graphics;
        continue;
      }
      const figure = enlarged(shown, data.growth);
      const { layout, traces } = fittedFigure(figure, height, chart.div.clientWidth);
      chart.div.style.height = `${layout.height}px`;
      chart.fit = fitOf({ layout, traces });
      chart.unfitted = figure;
      chart.uids = traces.map((trace) => String(trace.uid));
      await Plotly.react(chart.div, withHidden(traces.map(withSafeUid), data.linked), layout, chart.config);
      if (!chart.listening) {
        reportClicks(chart);
        followLegend(chart);
      }
      chart.listening = true;
      const points = countPoints(shown);
      if (points > 0 && !chart.div.dataset.drawnAt) chart.div.dataset.drawnAt = String(Date.now());
      chart.div.dataset.points = String(points);
      chart.div.dataset.updates = String(Number(chart.div.dataset.updates) + 1);
    }
  } catch (error) {
    chart.version = null; // so that the same figure, when it comes again, is drawn
    chart.div.dataset.error = error.message;
    console.error(error);
    if (!chart.div.data) chart.div.textContent = failure;
  } finally {
    chart.drawing = false;
  }
}

function take(chart, data) {
  chart.data = data;
  chart.pending = data;
  if (!data.frames.length) chart.div.setAttribute("aria-label", data.description);
}

function show(chart, data) {
  take(chart, data);
  draw(chart, data.plotly, data.failure);
}

// What is pushed comes as fast as runs train, however long a drawing takes here: between two drawings of whatever chart the page
// is left as much time as the last took. What comes meanwhile is drawn as one; else a slow machine would draw old news for ever.
let restUntil = 0;

function showInTurn(chart, data) {
  take(chart, data);
  if (!chart.turn) waitForTurn(chart);
}

function waitForTurn(chart) {
  chart.turn = setTimeout(async () => {
    chart.turn = null;
    if (chart.gone || !chart.pending) return;
    if (performance.now() < restUntil) return waitForTurn(chart);
    const begun = performance.now();
    await draw(chart, chart.data.plotly, chart.data.failure);
    restUntil = 2 * performance.now() - begun;
  }, Math.max(0, restUntil - performance.now()));
}

let live = null; // live.js, once it is here

// The server tells the browser what is new of runs that train: [figure, description, narrow figure].
function followPicture(chart, data) {
  const stop = chart.stop;
  chart.stop = null;
  chart.plan = data.live;
  if (!data.live) stop?.();
  else if (live) startFollowing(chart, data, stop);
  else {
    import(new URL(data.link, document.baseURI).href).then((script) => {
      live = script;
      if (!chart.gone && chart.plan === data.live) startFollowing(chart, data, stop);
    });
  }
}

function startFollowing(chart, data, stop) {
  const picture = [data.figure, data.description, data.narrow?.figure ?? null];
  chart.stop = live.follow(data.live, picture, (told) => {
    if (!told) return;
    const [figure, description, narrow] = told;
    chart.version = null; // what is drawn is none of the page's
    showInTurn(chart, { ...chart.data, figure, description, narrow: narrow && { ...chart.data.narrow, figure: narrow } });
  });
  stop?.(); // only now, so that what is known is not forgotten in between
}

export default function (component) {
  const { parentElement, data } = component;
  if (!data.figure) {
    loadPlotly(data.plotly).catch(() => {}); // only to have it; the first chart tries again and says so
    return;
  }
  const chart = charts.get(parentElement) || create(parentElement);
  chart.click = data.clickable ? (value) => component.setTriggerValue("clicked", value) : null;
  chart.hide = data.hidden ? (names) => component.setTriggerValue("hidden", names) : null;
  linkTo(chart, data.linked);
  chart.div.dataset.key = data.key;
  chart.div.dataset.subject = data.subject;
  chart.data = data;
  if (!chart.div.style.height) chart.div.style.height = `${forRoom(chart, data).height}px`; // so that nothing below it moves
  if (chart.subject !== data.subject) {
    // Another run: what was drawn says nothing about it.
    chart.subject = data.subject;
    delete chart.div.dataset.drawnAt;
  }
  const isDrawn = chart.version === data.version;
  chart.version = data.version;
  followPicture(chart, data); // where something newer is known already, that is drawn at once
  if (!isDrawn && chart.version === data.version) show(chart, data);
  reportHidden(chart);
  return () => {
    chart.gone = true;
    chart.stop?.();
    linkTo(chart, "");
    document.removeEventListener("mnist-lab-frame", chart.follow);
    chart.observer.disconnect();
    if (window.Plotly) window.Plotly.purge(chart.div);
    charts.delete(parentElement);
    chart.div.remove();
    chart.announcement.remove();
  };
}
