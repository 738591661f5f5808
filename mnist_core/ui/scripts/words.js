// Words that change while a run trains: a line of progress with its bar, or a sentence. What the server tells is text.

const parts = new WeakMap();

const TONES = { error: "red", warning: "yellow", success: "green", info: "blue" };

function bar(parent) {
  const words = document.createElement("div");
  const track = document.createElement("div");
  const done = document.createElement("div");
  Object.assign(track.style, { height: "0.5rem", borderRadius: "0.25rem", marginTop: "0.3rem", overflow: "hidden" });
  track.style.background = "color-mix(in srgb, currentColor 12%, transparent)";
  Object.assign(done.style, { height: "100%", background: "var(--st-primary-color)", transition: "width 0.15s linear" });
  track.setAttribute("role", "progressbar");
  words.dataset.testid = "live-progress";
  track.append(done);
  parent.append(words, track);
  return ({ fraction, text }) => {
    words.textContent = text;
    done.style.width = `${100 * fraction}%`;
    track.setAttribute("aria-valuenow", String(Math.round(100 * fraction)));
    track.setAttribute("aria-valuetext", text);
  };
}

function symbol(name) {
  const icon = document.createElement("span");
  icon.textContent = name;
  icon.setAttribute("aria-hidden", "true");
  Object.assign(icon.style, { fontFamily: '"Material Symbols Rounded"', verticalAlign: "bottom", userSelect: "none" });
  icon.style.fontFeatureSettings = '"liga"';
  return icon;
}

function sentence(parent) {
  const box = document.createElement("div");
  box.setAttribute("role", "status");
  box.dataset.testid = "live-sentence";
  Object.assign(box.style, { padding: "1rem", borderRadius: "0.4rem" });
  parent.append(box);
  return (value) => {
    box.style.display = value ? "" : "none";
    if (!value) return;
    const color = TONES[value.tone];
    box.style.background = `var(--st-${color}-background-color)`;
    box.style.color = `var(--st-${color}-text-color)`;
    const lines = [document.createElement("div")];
    if (value.icon) lines[0].append(symbol(value.icon), " ");
    if (value.title) {
      const title = document.createElement("strong");
      title.textContent = value.title;
      lines[0].append(title, " ");
    }
    lines[0].append(value.text);
    if (value.advice) {
      lines.push(document.createElement("div"));
      lines[1].style.marginTop = "0.8rem";
      lines[1].append(symbol("lightbulb"), ` ${value.advice}`);
    }
    box.replaceChildren(...lines);
  };
}

export default function (component) {
  const { parentElement, data } = component;
  let part = parts.get(parentElement);
  if (!part) {
    const root = document.createElement("div");
    parentElement.append(root);
    part = { root, show: data.kind === "bar" ? bar(root) : sentence(root), gone: false, stop: null, drawing: 0 };
    parts.set(parentElement, part);
  }
  part.show(data.value);
  const drawing = (part.drawing += 1);
  const stop = part.stop;
  part.stop = null;
  if (!data.live) stop?.();
  else {
    import(new URL(data.link, document.baseURI).href).then(({ follow }) => {
      if (part.gone || part.drawing !== drawing) return;
      part.stop = follow(data.live, data.value, (value) => value !== undefined && part.show(value));
      stop?.();
    });
  }
  return () => {
    part.gone = true;
    part.stop?.();
    part.root.remove();
    parts.delete(parentElement);
  };
}
