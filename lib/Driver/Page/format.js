// Numbers for people.

const count = (n) => Math.round(n).toLocaleString("en-US");
const percent = (part, whole) => (whole > 0 ? `${Math.round((100 * part) / whole)}%` : "–");
const plural = (n, what) => `${count(n)} ${what}${n === 1 ? "" : "s"}`;

function bytes(n) {
  for (const [unit, size] of [["GiB", 2 ** 30], ["MiB", 2 ** 20], ["KiB", 2 ** 10]])
    if (n >= size) return `${(n / size).toFixed(n >= 100 * size ? 0 : 1)} ${unit}`;
  return `${n} B`;
}

/** Cycles as time, by the profile's clock. */
function duration(cycles, gigahertz) {
  if (!gigahertz) return "";
  const seconds = cycles / (gigahertz * 1e9);
  for (const [unit, size] of [["s", 1], ["ms", 1e-3], ["µs", 1e-6]])
    if (seconds >= size) return `${(seconds / size).toPrecision(3)} ${unit}`;
  return `${(seconds * 1e9).toPrecision(3)} ns`;
}

/** 1, 2 or 5 times a power of ten, at least `least`: the distance of an axis' marks. */
function roundStep(least) {
  const power = 10 ** Math.floor(Math.log10(Math.max(least, 1)));
  return [1, 2, 5, 10].map((f) => f * power).find((step) => step >= least);
}
