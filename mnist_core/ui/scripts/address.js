// The browser's history: one entry for each page, run, sweep and view, not one for each move of a slider.
//
// Streamlit tells every change of the address by history.pushState. Here a change of settings takes the place of the entry
// that stands there, once it has settled; only another value of one of `entries` makes a new one.

const SETTLED = 200; // ms without another change; browsers refuse to write hundreds of addresses in half a minute

export default function ({ data }) {
  const history = window.history;
  if (!history.mnistLab) watch(history, data.entries);
  if (data.first !== null) history.pushState(history.state, "", window.location.pathname + (data.first && `?${data.first}`));
}

function watch(history, entries) {
  history.mnistLab = true;
  const push = history.pushState.bind(history);
  let waiting = null; // a change that has not settled yet
  let writtenPath = null; // path of the page whose address was written here before

  const settle = () => {
    const change = waiting;
    forget();
    if (change) history.replaceState(change.state, "", change.url);
  };
  // A panel that stands on another page than its own has its instance before the name (ui/panel.py): `b1-run`.
  const hasEntry = (from, to) => [...new Set([...from.keys(), ...to.keys()])]
    .some((name) => entries.includes(name.split("-").at(-1)) && from.get(name) !== to.get(name));
  const forget = () => {
    clearTimeout(waiting?.timer);
    waiting = null;
  };

  history.pushState = (state, title, url) => {
    const from = new URL(waiting?.url ?? window.location.href, window.location.href);
    const to = new URL(url ?? "", window.location.href);
    const samePage = to.pathname === from.pathname;
    // What a page says first of itself belongs to the entry that it came with.
    const first = writtenPath !== to.pathname;
    writtenPath = samePage ? to.pathname : null;
    if (!samePage || (!first && hasEntry(from.searchParams, to.searchParams))) {
      settle();
      push(state, title, url);
      return;
    }
    forget();
    waiting = { state, url, timer: setTimeout(settle, SETTLED) };
  };
  // The entry that the change was of is no longer the one that is shown.
  window.addEventListener("popstate", () => { forget(); writtenPath = null; }, true);
  window.addEventListener("pagehide", settle);
}
