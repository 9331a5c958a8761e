// Elements. Names come from models and are data: text enters the page by textContent alone, never as markup.

const byId = (id) => document.getElementById(id);

/** An element; of `properties`, those with a dash are attributes, `text` is its text. */
function make(tag, properties = {}, children = []) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "text") element.textContent = value;
    else if (name.includes("-") || name === "role") element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children);
  return element;
}

/** A small square of a color of the style sheet. */
function swatch(color) {
  const square = make("i");
  square.style.background = `var(--${color})`;
  return square;
}

/** A legend's entry. */
const key = (color, text) => make("span", { className: "key" }, [swatch(color), text]);

/** Terms and values; rows without a value are left out. A row may begin with a swatch's color. */
function definitions(rows) {
  const list = make("dl");
  for (const [term, value, color] of rows) {
    if (value === undefined || value === null) continue;
    const title = make("dt", {}, color ? [swatch(color), term] : [term]);
    list.append(title, make("dd", { text: value }));
  }
  return list;
}
