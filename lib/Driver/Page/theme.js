// Light and dark, and the style sheet's colors for canvases.

const theme = (() => {
  const root = document.documentElement;
  const button = byId("theme");
  const probe = document.body.appendChild(make("span", { hidden: true }));
  const listeners = [];
  let cache = new Map();

  const choices = [["", "System"], ["light", "Light"], ["dark", "Dark"]];
  let choice = 0;

  function changed() {
    cache = new Map();
    button.textContent = `Theme: ${choices[choice][1]}`;
    for (const listener of listeners) listener();
  }
  button.addEventListener("click", () => {
    choice = (choice + 1) % choices.length;
    if (choices[choice][0]) root.dataset.theme = choices[choice][0];
    else delete root.dataset.theme;
    changed();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
  button.textContent = `Theme: ${choices[choice][1]}`;

  /** A color of the style sheet as [r, g, b]. */
  function rgb(name) {
    if (!cache.has(name)) {
      probe.style.color = `var(--${name})`;
      cache.set(name, getComputedStyle(probe).color.match(/[\d.]+/g).slice(0, 3).map(Number));
    }
    return cache.get(name);
  }
  const color = (name, alpha = 1) => `rgb(${rgb(name).join(" ")} / ${alpha})`;

  /** The heat of a share from 0 to 1. */
  function heat(share, alpha = 1) {
    const at = Math.min(Math.max(share, 0), 1) * 3;
    const low = Math.min(Math.floor(at), 2);
    const a = rgb(`heat-${low}`);
    const b = rgb(`heat-${low + 1}`);
    return `rgb(${a.map((v, i) => Math.round(v + (b[i] - v) * (at - low))).join(" ")} / ${alpha})`;
  }

  /** Text on a heat: ink or ground, whichever can be read. */
  function textOn(share) {
    const [r, g, b] = heat(share).match(/[\d.]+/g).map(Number);
    const light = (0.3 * r + 0.6 * g + 0.1 * b) / 255;
    return light > 0.55 ? "rgb(16 22 32)" : "rgb(245 248 252)";
  }

  return { color, heat, textOn, onChange: (listener) => listeners.push(listener) };
})();
