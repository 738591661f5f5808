// The browser's history: one entry for each page, run, sweep and view, not one for each move of a slider.
//
// Streamlit tells every change of the address by history.pushState. Here a change of settings takes the place of the entry
// that stands there, once it has settled; only another value of one of `entries` makes a new one.

const SETTLED = 200; // ms without another change
const BETWEEN = 500; // ms between two changes of one entry: browsers refuse to write a hundred addresses in half a minute

export default function ({ data, setTriggerValue }) {
  const history = window.history;
  if (!history.mnistLab) {
    history.mnistLab = {};
    watch(history, data.entries);
    watchConnection(history.mnistLab);
    watchTheme(history.mnistLab);
    watchDownloads();
  }
  history.mnistLab.ask = () => setTriggerValue("back", Date.now());
  share(history.mnistLab, JSON.stringify(data.shared));
  if (data.first !== null) history.pushState(history.state, "", window.location.pathname + (data.first && `?${data.first}`));
}

// A page in a frame of another page stays one: whoever finds another session there is told by the address.
function withEmbed(url) {
  const to = new URL(url, window.location.href);
  const embed = new URLSearchParams(window.location.search).get("embed");
  if (embed === null || to.searchParams.has("embed")) return url;
  to.searchParams.set("embed", embed);
  return to.pathname + to.search + to.hash;
}

// Who was away for long finds another session: the page is drawn anew with what the browser has, before anybody presses a button
// that this session does not know. Streamlit does so only where a part of the page was drawn last.
function watchConnection(page) {
  const app = document.querySelector("[data-testid=stApp]");
  const isConnected = () => app.dataset.testConnectionState === "CONNECTED";
  let was = isConnected();
  new MutationObserver(() => {
    if (isConnected() && !was) page.ask();
    was = isConnected();
  }).observe(app, { attributeFilter: ["data-test-connection-state"] });
}

// What holds for all tabs of this browser, such as a sealed test set: another one goes on showing what was hidden here, and its button
// says what is no longer so.
function share(page, shared) {
  if (!page.tabs) {
    page.tabs = new BroadcastChannel("mnist-lab");
    page.tabs.onmessage = ({ data }) => { if (data !== page.shared) page.ask(); };
  } else if (page.shared !== shared) page.tabs.postMessage(shared);
  page.shared = shared;
}

// Charts are drawn by the server in the colors of the theme. When it changes (the evening comes, another is chosen in the menu),
// Streamlit colors its own parts alone: dark letters would stay on a page that is dark now.
function watchTheme(page) {
  const app = document.querySelector("[data-testid=stApp]");
  const scheme = () => getComputedStyle(app).colorScheme;
  let was = scheme();
  new MutationObserver(() => {
    if (scheme() === was) return;
    was = scheme();
    page.ask();
  }).observe(app, { attributeFilter: ["class"] });
}

// A file is made when its button is pressed (ui/download.py). When the page is drawn anew, Streamlit forgets how, a moment before the
// browser has the new button: a press in between is answered by an error. It is made once more, when the page is drawn.
const DOWNLOAD = 60_000; // ms that a file may take

function watchDownloads() {
  document.addEventListener("click", ({ target, isTrusted }) => {
    const place = isTrusted && target.closest("[data-testid=stDownloadButton]");
    if (!place) return;
    const observer = new MutationObserver(() => {
      if (!place.querySelector("[data-testid=stDownloadButtonError]")) return;
      observer.disconnect();
      atRest(() => place.querySelector("button")?.click());
    });
    observer.observe(place, { childList: true });
    setTimeout(() => observer.disconnect(), DOWNLOAD);
  }, true);
}

function atRest(act) {
  const app = document.querySelector("[data-testid=stApp]");
  if (app.dataset.testScriptState === "notRunning") act();
  else setTimeout(atRest, 50, act);
}

function watch(history, entries) {
  const push = history.pushState.bind(history);
  let waiting = null; // a change that has not settled yet
  let writtenAt = 0; // when an entry was last changed
  let writtenPath = null; // path of the page whose address was written here before

  const settle = () => {
    const change = waiting;
    forget();
    if (!change) return;
    writtenAt = Date.now();
    history.replaceState(change.state, "", change.url);
  };
  // A panel that stands on another page than its own has its instance before the name (ui/panel.py): `b1-run`.
  const hasEntry = (from, to) => [...new Set([...from.keys(), ...to.keys()])]
    .some((name) => entries.includes(name.split("-").at(-1)) && from.get(name) !== to.get(name));
  const forget = () => {
    clearTimeout(waiting?.timer);
    waiting = null;
  };

  history.pushState = (state, title, asked) => {
    const url = withEmbed(asked ?? "");
    const from = new URL(waiting?.url ?? window.location.href, window.location.href);
    const to = new URL(url, window.location.href);
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
    waiting = { state, url, timer: setTimeout(settle, Math.max(SETTLED, writtenAt + BETWEEN - Date.now())) };
  };
  // The entry that the change was of is no longer the one that is shown.
  window.addEventListener("popstate", () => { forget(); writtenPath = null; }, true);
  window.addEventListener("pagehide", settle);
}
