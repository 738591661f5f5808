// A Plotly chart that is updated in place: zoom, hidden curves and hover survive, nothing flickers.
// Streamlit calls the default export at every change of data; the chart lives on the parent element between calls.

const charts = new WeakMap();

function loadPlotly(url) {
  if (window.Plotly) return Promise.resolve(window.Plotly);
  if (!window.mnistLabPlotly) {
    window.mnistLabPlotly = new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = url;
      script.onload = () => resolve(window.Plotly);
      script.onerror = () => reject(new Error(`Plotly could not be loaded from ${url}`));
      document.head.appendChild(script);
    });
  }
  return window.mnistLabPlotly;
}

function countPoints(figure) {
  return figure.data.reduce((sum, trace) => {
    const y = trace.y && trace.y.bdata;
    return sum + (y ? Math.floor((y.length * 3) / 4 / 4) : 0);
  }, 0);
}

function create(parent) {
  const div = document.createElement("div");
  div.setAttribute("role", "img");
  div.dataset.testid = "live-chart";
  div.dataset.updates = "0";
  div.dataset.points = "0";
  div.style.width = "100%";
  parent.appendChild(div);
  const chart = { div, version: null, wanted: null, drawing: false };
  // The chart follows the width that the page gives it.
  chart.observer = new ResizeObserver(() => {
    if (window.Plotly && div.data) window.Plotly.Plots.resize(div);
  });
  chart.observer.observe(div);
  charts.set(parent, chart);
  return chart;
}

async function draw(chart, url) {
  if (chart.drawing) return; // the running call draws what is wanted last
  chart.drawing = true;
  try {
    const Plotly = await loadPlotly(url);
    while (chart.wanted) {
      const data = chart.wanted;
      chart.wanted = null;
      chart.div.style.height = `${data.height}px`;
      const config = {
        displaylogo: false,
        responsive: false,
        modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"],
        toImageButtonOptions: { format: "png", scale: 2, filename: data.key },
      };
      const layout = { ...data.figure.layout, height: data.height, autosize: true };
      await Plotly.react(chart.div, data.figure.data, layout, config);
      const points = countPoints(data.figure);
      if (points > 0 && !chart.div.dataset.drawnAt) chart.div.dataset.drawnAt = String(Date.now());
      chart.div.dataset.points = String(points);
      chart.div.dataset.updates = String(Number(chart.div.dataset.updates) + 1);
    }
  } catch (error) {
    chart.div.textContent = error.message;
  } finally {
    chart.drawing = false;
  }
}

export default function (component) {
  const { parentElement, data } = component;
  if (!data.figure) {
    loadPlotly(data.plotly); // only to have it
    return;
  }
  const chart = charts.get(parentElement) || create(parentElement);
  chart.div.dataset.key = data.key;
  chart.div.setAttribute("aria-label", data.description);
  if (chart.subject !== data.subject) {
    // Another run: what was drawn says nothing about it.
    chart.subject = data.subject;
    delete chart.div.dataset.drawnAt;
  }
  if (chart.version !== data.version) {
    chart.version = data.version;
    chart.wanted = data;
    draw(chart, data.plotly);
  }
  return () => {
    chart.observer.disconnect();
    if (window.Plotly) window.Plotly.purge(chart.div);
    charts.delete(parentElement);
    chart.div.remove();
  };
}
