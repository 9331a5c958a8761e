// Routes as bands. A route says what routers of an area do with a color; what leaves them by one side is a straight line
// in each row (or column) of the area, and lanes beside one another are one band. So lanes of hundreds of PEs are a few
// bands, however far they run, and loads are summed line by line with their ends, never link by link.
//
// A band: links that leave PEs low..high of each of the rows (N, S: columns) first..last by a side.

const kSides = { N: { dx: 0, dy: -1 }, E: { dx: 1, dy: 0 }, S: { dx: 0, dy: 1 }, W: { dx: -1, dy: 0 } };

/** The bands of a route. Where an area has steps, lines or lanes are not beside one another. */
function bandsOf({ area: [x, y, width, height, stepX, stepY], positions }) {
  const bands = [];
  for (const side of new Set(positions.flatMap(({ to }) => [...to]))) {
    if (!kSides[side]) continue;
    const across = kSides[side].dx !== 0;
    const along = across ? [x, width, stepX] : [y, height, stepY];
    const lanes = across ? [y, height, stepY] : [x, width, stepX];
    for (const [first, last] of parts(lanes))
      for (const [low, high] of parts(along)) bands.push({ side, first, last, low, high });
  }
  return bands;
}

/** How lanes come in from the host: over links that no router of the mesh sends on. */
function entryBands(source) {
  if (!source || source.port === "R") return [];
  const [x, y, stepX, stepY, lanes] = source.run;
  const side = { N: "S", E: "W", S: "N", W: "E" }[source.port];
  const { dx, dy } = kSides[side];
  const [first, step, at] = dx ? [y, stepY, x - dx] : [x, stepX, y - dy];
  return parts([first, (lanes - 1) * step + 1, step || 1]).map(([from, to]) => ({ side, first: from, last: to, low: at, high: at }));
}

function parts([first, extent, step]) {
  if (step === 1) return [[first, first + extent - 1]];
  const list = [];
  for (let at = first; at < first + extent; at += step) list.push([at, at]);
  return list;
}

/**
 * How many words of one run pass each link on the way of streams, spread evenly over a stream's lanes. Traffic inside
 * regions is not in it: the report has its cycles only. Gives {bands, most, at(x, y)}; bands have `words`, those with
 * most come last.
 */
function linkLoads(report) {
  const changes = new Map(); // by side and lane: [[position, words more], ...]
  for (const stream of report.streams) {
    const words = Math.ceil(stream.words / Math.max(stream.lanes, 1));
    for (const { side, first, last, low, high } of stream.bands)
      for (let lane = first; lane <= last; ++lane) {
        const name = `${side}${lane}`;
        if (!changes.has(name)) changes.set(name, []);
        changes.get(name).push([low, words], [high + 1, -words]);
      }
  }
  const byLine = new Map();
  const byShape = new Map(); // lanes that are alike
  let most = 0;
  for (const [name, events] of changes) {
    const [side, lane] = [name[0], Number(name.slice(1))];
    events.sort((a, b) => a[0] - b[0]);
    const line = [];
    let words = 0;
    events.forEach(([at, more], i) => {
      words += more;
      const next = events[i + 1]?.[0];
      if (words <= 0 || !(next > at)) return;
      most = Math.max(most, words);
      line.push({ side, first: lane, last: lane, low: at, high: next - 1, words });
    });
    byLine.set(name, line);
    for (const run of line) {
      const shape = `${side} ${run.low} ${run.high} ${run.words}`;
      if (!byShape.has(shape)) byShape.set(shape, []);
      byShape.get(shape).push(run);
    }
  }
  const bands = [];
  for (const runs of byShape.values()) {
    runs.sort((a, b) => a.first - b.first);
    let band;
    for (const run of runs)
      if (band && run.first === band.last + 1) band.last = run.last;
      else bands.push((band = { ...run }));
  }
  bands.sort((a, b) => a.words - b.words);
  const at = (x, y) =>
    Object.keys(kSides).flatMap((side) => {
      const [lane, position] = kSides[side].dx ? [y, x] : [x, y];
      return (byLine.get(`${side}${lane}`) ?? []).filter((run) => run.low <= position && position <= run.high);
    });
  return { bands, most, at };
}

/** The PEs that a band's links leave or reach, as [x0, y0, x1, y1). */
function bandBox({ side, first, last, low, high }) {
  const { dx, dy } = kSides[side];
  return dx
    ? [low + Math.min(dx, 0), first, high + 1 + Math.max(dx, 0), last + 1]
    : [first, low + Math.min(dy, 0), last + 1, high + 1 + Math.max(dy, 0)];
}

/** The two ends of a lane's line, in PEs: traffic of opposite directions keeps to its right. */
function lineEnds(side, lane, low, high) {
  const { dx, dy } = kSides[side];
  const off = 0.5 + 0.14 * (dx - dy);
  return dx
    ? [dx > 0 ? low + 0.5 : high + 0.5, lane + off, dx > 0 ? high + 1.5 : low - 0.5, lane + off]
    : [lane + off, dy > 0 ? low + 0.5 : high + 0.5, lane + off, dy > 0 ? high + 1.5 : low - 0.5];
}
