// What a report does once it is open: unpacks Plotly, draws its charts on light or dark ground, prints them on white, sorts tables.

const content = JSON.parse(document.getElementById("charts").textContent);
const places = [...document.querySelectorAll("figure[data-chart]")];
const prefersDark = matchMedia("(prefers-color-scheme: dark)");

const ON_PAPER = 0.7; // of a chart's height

async function unpackPlotly() {
  const packed = Uint8Array.from(atob(document.getElementById("plotly").textContent), (sign) => sign.charCodeAt(0));
  const plain = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const script = document.createElement("script");
  script.textContent = await new Response(plain).text();
  document.head.append(script);
  if (!window.Plotly) throw new Error("Plotly's script did not run");
}

function onDark(chart) {
  const figure = structuredClone(chart.figure);
  for (const [path, value] of chart.dark) {
    let inner = figure;
    for (const name of path.slice(0, -1)) inner = inner[name];
    inner[path[path.length - 1]] = value;
  }
  return figure;
}

const isPrinted = () => document.documentElement.classList.contains("printing");

function drawAll(dark) {
  places.forEach((place, number) => {
    const chart = content.charts[number];
    const figure = dark ? onDark(chart) : chart.figure;
    const { description } = chart;
    const height = Math.round(chart.height * (isPrinted() ? ON_PAPER : 1));
    drawChart({
      parentElement: place,
      setTriggerValue() {},
      data: {
        figure, height, description, narrow: null, player: "", frames: [], key: `chart-${number + 1}`, growth: 1, subject: "",
        version: `${dark} ${isPrinted()}`, failure: content.failure, clickable: false, linked: "",
        svg: content.svg, live: null, link: "", plotly: "",
      },
    });
  });
}

// Paper is white and has a width of its own.
function printing(on) {
  document.documentElement.classList.toggle("printing", on);
  drawAll(!on && prefersDark.matches);
}

async function begin() {
  try {
    await unpackPlotly();
  } catch (error) {
    console.error(error);
    for (const place of places) {
      const sentence = document.createElement("p");
      sentence.textContent = content.failure;
      place.prepend(sentence);
    }
    return;
  }
  for (const place of places) place.replaceChildren();
  drawAll(prefersDark.matches);
  prefersDark.addEventListener("change", () => drawAll(prefersDark.matches));
  addEventListener("beforeprint", () => printing(true));
  addEventListener("afterprint", () => printing(false));
}

// ---- Tables: a column's header is a button that sorts by it, and back.

const compare = (one, other) => {
  const numbers = [one, other].map((cell) => (cell.dataset.value === undefined ? NaN : Number(cell.dataset.value)));
  const missing = numbers.map(Number.isNaN);
  if (missing[0] || missing[1]) {
    const texts = [one, other].map((cell) => cell.textContent);
    return missing[0] - missing[1] || (texts[0] === "–") - (texts[1] === "–") || texts[0].localeCompare(texts[1]);
  }
  return numbers[0] - numbers[1];
};

function sort(table, place, down) {
  const body = table.tBodies[0];
  const rows = [...body.rows].sort((one, other) => compare(one.cells[place], other.cells[place]) * (down ? -1 : 1));
  body.append(...rows);
  [...table.tHead.rows[0].cells].forEach((head, number) => {
    if (number === place) head.setAttribute("aria-sort", down ? "descending" : "ascending");
    else head.removeAttribute("aria-sort");
  });
}

for (const table of document.querySelectorAll("table")) {
  [...table.tHead.rows[0].cells].forEach((head, place) => {
    // No <button>: Chromium does not print a header with one on each page.
    const button = document.createElement("span");
    button.setAttribute("role", "button");
    button.tabIndex = 0;
    button.append(...head.childNodes);
    head.append(button);
    const press = () => sort(table, place, head.getAttribute("aria-sort") === "ascending");
    button.addEventListener("click", press);
    button.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      press();
    });
  });
}

if (places.length) begin();
