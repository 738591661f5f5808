// The tab's one connection over which the server tells what is new of what the page shows (ui/push.py), and the part of a page
// that asks for a redrawing: when the server says so, or, where there is no connection, now and then.

const items = new Map(); // id → { position, at, value, hearers }
const SILENCE = 40000; // ms without a word, after which a connection counts as lost: the server gives a sign each 15 s
const RETRIES = [150, 300, 1000, 3000, 10000, 30000]; // ms until the next try to connect
const AGAIN = 4000; // ms after which a redrawing that has not come is asked for once more

let socket = null;
let tries = 0;
let retry = null;
let heardAt = 0;
let telling = null;

const isOpen = () => socket?.readyState === WebSocket.OPEN;

// Follow an item ({ id, position, at }, as the page was given it, with the `value` that was drawn). `hear` is called with each
// other value, at once where a newer one is known. Returns how to stop.
export function follow(live, value, hear) {
  let item = items.get(live.id);
  if (!item) items.set(live.id, (item = { position: live.position, at: live.at, value, hearers: new Set() }));
  else if (live.at > item.at) Object.assign(item, { position: live.position, at: live.at, value });
  const hearer = (...told) => hear(...told); // one for each call: who follows anew with the same function stops the earlier call alone
  item.hearers.add(hearer);
  if (item.position !== live.position) hear(item.value, item.position);
  tellSoon();
  return () => {
    item.hearers.delete(hearer);
    if (item.hearers.size || items.get(live.id) !== item) return;
    items.delete(live.id);
    tellSoon();
  };
}

function tellSoon() {
  clearTimeout(telling);
  telling = setTimeout(() => {
    if (isOpen()) tell();
    else if (items.size) connect();
  }, 20);
}

function tell() {
  const positions = Object.fromEntries([...items].map(([id, item]) => [id, item.position]));
  socket.send(JSON.stringify({ follow: positions }));
}

function connect() {
  if (socket || retry) return;
  const address = new URL("live", document.baseURI);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  const opening = new WebSocket(address);
  socket = opening;
  opening.onopen = () => {
    tries = 0;
    heardAt = Date.now();
    tell();
  };
  opening.onmessage = (event) => {
    heardAt = Date.now();
    let behind = false;
    for (const message of JSON.parse(event.data)) behind = !take(message) || behind;
    if (behind) tell();
  };
  opening.onclose = () => lose(opening);
}

function lose(lost) {
  if (socket !== lost) return;
  socket = null;
  retry = setTimeout(() => {
    retry = null;
    if (items.size) connect();
  }, RETRIES[Math.min(tries, RETRIES.length - 1)] * (0.7 + 0.6 * Math.random()));
  tries += 1;
}

// Whether what the server said goes with what is known here; else it must be told again what that is.
function take(message) {
  const item = items.get(message.id);
  if (!item || message.to === item.position) return true;
  if (message.gone) {
    for (const hear of item.hearers) hear(undefined, "gone");
    return true;
  }
  if ("from" in message && message.from !== item.position) return message.at < item.at;
  item.value = "from" in message ? patched(item.value, message.patch) : message.value;
  item.position = message.to;
  item.at = message.at;
  for (const hear of item.hearers) hear(item.value, item.position);
  return true;
}

// The value that ui/live.py's `patch` tells of. What does not change stays the same object.
export function patched(old, patch) {
  if (patch === null) return old;
  const [kind, what, more] = patch;
  if (kind === "+") return old.slice(0, what) + more;
  if (kind === "{") {
    const changed = { ...old };
    for (const key of more) delete changed[key];
    for (const [key, change] of Object.entries(what)) changed[key] = patched(old[key], change);
    return changed;
  }
  if (kind === "[") {
    const changed = [...old, ...more];
    for (const [place, change] of Object.entries(what)) changed[place] = patched(old[place], change);
    return changed;
  }
  return what;
}

// A connection may be dead without having been closed: a phone that slept, a proxy that lost it.
function look() {
  if (socket && Date.now() - heardAt > SILENCE && socket.readyState !== WebSocket.CONNECTING) {
    const lost = socket;
    lost.close();
    lose(lost);
  }
}

function comeBack() {
  if (document.visibilityState === "hidden") return;
  look();
  if (!socket && items.size) {
    clearTimeout(retry);
    retry = null;
    tries = 0;
    connect();
  }
}

setInterval(look, 5000);
document.addEventListener("visibilitychange", comeBack);
window.addEventListener("online", comeBack);
window.addEventListener("pageshow", comeBack);

// ---- what asks for a redrawing: of the fragment that this part of the page stands in ------------------------------------------

const links = new WeakMap();

function create(component) {
  const link = { component, stop: null, askedAt: 0, drawnAt: 0, drawn: undefined, timer: null, polling: null };
  link.ask = (why) => {
    link.askedAt = Date.now();
    link.component.setTriggerValue("asked", `${why} ${link.askedAt}`);
  };
  link.hear = (_value, position) => {
    clearTimeout(link.timer);
    link.wanted = position;
    if (position === link.drawn) return;
    const due = Math.max(link.askedAt, link.drawnAt) + link.component.data.pause;
    link.timer = setTimeout(() => {
      link.ask("changed");
      link.timer = setTimeout(() => link.hear(_value, link.wanted), AGAIN); // until it is drawn
    }, Math.max(0, due - Date.now()));
  };
  const poll = () => {
    const { seconds } = link.component.data;
    if (!isOpen() && Date.now() - Math.max(link.drawnAt, link.askedAt) > 500 * seconds) link.ask("poll");
    link.polling = setTimeout(poll, 1000 * seconds * (0.9 + 0.3 * Math.random()));
  };
  link.polling = setTimeout(poll, 1000 * component.data.seconds + 500);
  links.set(component.parentElement, link);
  return link;
}

export default function (component) {
  const { parentElement, data } = component;
  const link = links.get(parentElement) || create(component);
  link.component = component;
  link.drawn = data.live.position;
  link.drawnAt = Date.now();
  clearTimeout(link.timer);
  const stop = link.stop;
  link.stop = follow(data.live, data.value, link.hear);
  stop?.();
  return () => {
    link.stop();
    clearTimeout(link.timer);
    clearTimeout(link.polling);
    links.delete(parentElement);
  };
}
