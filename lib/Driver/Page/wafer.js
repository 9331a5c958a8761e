// The wafer: regions as rectangles from afar; nearer, PEs, their memory and routers. What is outside of the view is never
// looked at PE by PE, so a frame costs what can be seen, not what the wafer has.

const kLanesFrom = 4, kGridFrom = 7, kHeadsFrom = 14, kMemoryFrom = 26, kRoutersFrom = 30; // pixels a PE

function makeWafer(report, state) {
  const canvas = byId("wafer-canvas");
  const modes = heatModes(report);
  const loads = linkLoads(report);
  const { mesh } = report;
  const mode = () => modes.find(({ id }) => id === state.heat);
  const deadPes = new Set((report.target.dead_pes ?? []).map(([x, y]) => `${x},${y}`));
  let untouched = true; // nobody has moved the view: it follows the canvas' size

  const goHome = () => {
    const { x, y, right, bottom } = report.program;
    camera.fit(x, y, right - x, bottom - y);
    untouched = true;
  };
  const camera = makeCamera(canvas, {
    axes: "xy",
    limits: () => ({ least: 0.7 * Math.min(camera.width / mesh.width, camera.height / mesh.height, 64), most: 160 }),
    home: goHome,
    changed() {
      untouched = false;
      canvas.dataset.view = [camera.scale, camera.x, camera.y].map((v) => v.toFixed(3)).join(" ");
      surface.redraw();
    },
    pointed(px, py, event) {
      if (px === undefined) {
        state.set({ hover: {} });
        return hideTip();
      }
      const [x, y] = camera.toWorld(px, py).map(Math.floor);
      const inside = x >= 0 && y >= 0 && x < mesh.width && y < mesh.height;
      const region = inside ? report.regionAt(x, y) : undefined;
      const stream = !region && inside ? streamAt(x, y) : undefined;
      const before = state.hover;
      if (before.region !== region || before.stream !== stream || before.pe?.[0] !== x || before.pe?.[1] !== y)
        state.set({ hover: inside ? { region, stream, pe: [x, y] } : {} });
      if (inside) showTip(event, tipOf(x, y, region, stream));
      else hideTip();
    },
    clicked(px, py) {
      const [x, y] = camera.toWorld(px, py).map(Math.floor);
      const region = report.regionAt(x, y);
      state.set({ chosen: region ? { region } : streamAt(x, y) ? { stream: streamAt(x, y) } : {} });
    },
  });
  const surface = makeSurface(canvas, draw, (width, height) => {
    const first = untouched;
    Object.assign(camera, { width, height });
    if (first) goHome();
  });
  canvas.addEventListener("dblclick", () => {
    const region = state.hover.region;
    if (region) camera.fit(region.rect.x, region.rect.y, region.rect.width, region.rect.height);
  });

  function streamAt(x, y) {
    return report.streams.find(({ bands }) => bands.some((band) => {
      const [left, top, right, bottom] = bandBox(band);
      return x >= left && y >= top && x < right && y < bottom;
    }));
  }

  function tipOf(x, y, region, stream) {
    const rows = [];
    if (deadPes.has(`${x},${y}`)) rows.push(["dead", "nothing runs here"]);
    if (region) {
      const { value, text, label } = mode();
      rows.push(["region", `${region.name}, ${region.rect.width} × ${region.rect.height} PEs`]);
      if (value && value(region) !== undefined) rows.push([label, text(value(region))]);
      if (region.sram && mode().id !== "total") rows.push(["SRAM", `${bytes(region.sram.total)} of ${bytes(region.sram.limit)}`]);
      rows.push(["kernels", count(region.kernels.length)], ["estimate", `${count(region.estimated_cycles)} cycles`]);
    }
    if (stream) rows.push(["stream", stream.name], ["way", `${stream.from} → ${stream.to.join(", ")}`], ["words", count(stream.words)]);
    for (const run of loads.at(x, y)) rows.push([`link ${run.side}`, `${count(run.words)} words`]);
    return [`PE (${x}, ${y})`, rows];
  }

  //===- Drawing -----------------------------------------------------------===//

  /** The PEs that can be seen: [x0, y0, x1, y1), inside a box. */
  function visible(x, y, width, height) {
    const [left, top] = camera.toWorld(0, 0);
    const [right, bottom] = camera.toWorld(camera.width, camera.height);
    return [
      Math.max(x, Math.floor(left)), Math.max(y, Math.floor(top)),
      Math.min(x + width, Math.ceil(right)), Math.min(y + height, Math.ceil(bottom)),
    ];
  }
  const isVisible = ([x0, y0, x1, y1]) => x0 < x1 && y0 < y1;
  const boxOf = (x, y, width, height) => [...camera.toScreen(x, y), width * camera.scale, height * camera.scale];

  function drawRegion(context, region) {
    const { rect } = region;
    const seen = visible(rect.x, rect.y, rect.width, rect.height);
    if (!isVisible(seen)) return;
    const { value, most } = mode();
    const share = value ? (value(region) ?? 0) / most() : undefined;
    context.globalAlpha = state.showsRegion(region) ? 1 : 0.25;
    context.fillStyle = share !== undefined ? theme.heat(share)
      : mode().links ? theme.color("region", 0.35) : theme.color(`region-${region.number % 6}`);
    context.fillRect(...boxOf(rect.x, rect.y, rect.width, rect.height));
    if (state.heat === "total" && region.sram && camera.scale >= kMemoryFrom) drawMemory(context, region, seen);
    if (camera.scale >= kGridFrom) drawGrid(context, seen);
    context.globalAlpha = state.showsRegion(region) ? 1 : 0.45;
    context.strokeStyle = theme.color("ink", 0.6);
    context.lineWidth = camera.scale >= kGridFrom ? 2 : 1;
    context.strokeRect(...boxOf(rect.x, rect.y, rect.width, rect.height));
    context.globalAlpha = 1;
  }

  /** What fills a PE of the region (its fullest one), as bars of every PE in view. */
  function drawMemory(context, region, [x0, y0, x1, y1]) {
    const { scale } = camera;
    context.fillStyle = theme.color("mesh");
    context.fillRect(...boxOf(x0, y0, x1 - x0, y1 - y0));
    let filled = 0;
    for (const kind of kKinds) {
      const from = filled / region.sram.limit;
      filled += region.sram[kind];
      const high = ((filled / region.sram.limit) - from) * (scale - 6);
      context.fillStyle = theme.color(kind);
      for (let y = y0; y < y1; ++y)
        for (let x = x0; x < x1; ++x) {
          const [px, py] = camera.toScreen(x, y + 1);
          context.fillRect(px + 4, py - 3 - from * (scale - 6) - high, scale - 8, high);
        }
    }
  }

  function drawGrid(context, [x0, y0, x1, y1]) {
    context.strokeStyle = theme.color("panel", Math.min(1, (camera.scale - kGridFrom + 2) / 12));
    context.lineWidth = 1;
    context.beginPath();
    for (let x = x0; x <= x1; ++x) {
      context.moveTo(...camera.toScreen(x, y0));
      context.lineTo(...camera.toScreen(x, y1));
    }
    for (let y = y0; y <= y1; ++y) {
      context.moveTo(...camera.toScreen(x0, y));
      context.lineTo(...camera.toScreen(x1, y));
    }
    context.stroke();
  }

  /** Names, where they fit; the value below, where that fits too. Over a grid, and over links, they stand on a plate. */
  function drawLabel(context, region) {
    const [px, py, width, height] = boxOf(region.rect.x, region.rect.y, region.rect.width, region.rect.height);
    const { value, most, text } = mode();
    const left = Math.max(px, 0), right = Math.min(px + width, camera.width);
    const top = Math.max(py, 0), bottom = Math.min(py + height, camera.height);
    const amount = value && value(region) !== undefined ? text(value(region)) : "";
    const wide = Math.max(context.measureText(region.name).width, context.measureText(amount).width);
    const both = amount && bottom - top > 38 && right - left > wide + 8;
    if (right - left < context.measureText(region.name).width + 8 || bottom - top < 18) return;
    const [x, y] = [(left + right) / 2, (top + bottom) / 2];
    const plated = camera.scale >= kGridFrom || mode().links;
    context.globalAlpha = state.showsRegion(region) ? 1 : 0.5;
    if (plated) {
      const [plateWide, plateHigh] = [(both ? wide : context.measureText(region.name).width) + 14, both ? 38 : 22];
      context.fillStyle = theme.color("panel", 0.9);
      context.beginPath();
      context.roundRect(x - plateWide / 2, y - plateHigh / 2, plateWide, plateHigh, 5);
      context.fill();
    }
    context.fillStyle = value && !plated ? theme.textOn((value(region) ?? 0) / most()) : theme.color("ink");
    context.textAlign = "center";
    context.fillText(region.name, x, y - (both ? 8 : 0));
    if (both) context.fillText(amount, x, y + 8);
    context.textAlign = "left";
    context.globalAlpha = 1;
  }

  function drawDead(context) {
    context.fillStyle = context.strokeStyle = theme.color("dead");
    for (const [x, y] of report.target.dead_pes ?? [])
      if (x < mesh.width && y < mesh.height && isVisible(visible(x, y, 1, 1))) {
        const [px, py, width, height] = boxOf(x, y, 1, 1);
        context.fillRect(px, py, Math.max(width, 1.5), Math.max(height, 1.5));
      }
    context.lineWidth = 3;
    for (const [x, y, side] of report.target.dead_links ?? []) {
      if (x >= mesh.width || y >= mesh.height || !isVisible(visible(x, y, 1, 1))) continue;
      const { dx, dy } = kSides[side];
      const [px, py] = camera.toScreen(x + 0.5 + dx / 2, y + 0.5 + dy / 2);
      const half = Math.max(camera.scale / 2, 2);
      context.beginPath();
      context.moveTo(px - half * Math.abs(dy), py - half * Math.abs(dx));
      context.lineTo(px + half * Math.abs(dy), py + half * Math.abs(dx));
      context.stroke();
    }
  }

  /** A band's lanes with the context's colors: a surface (with an edge) from afar, nearer a line each (with a halo). */
  function drawBand(context, band, edge = false, halo = false) {
    const [left, top, right, bottom] = bandBox(band);
    const [x0, y0, x1, y1] = visible(left, top, right - left, bottom - top);
    if (x0 >= x1 || y0 >= y1) return;
    const { side, low, high } = band;
    if (camera.scale < kLanesFrom) {
      const [px, py, width, height] = boxOf(x0, y0, x1 - x0, y1 - y0);
      context.fillRect(px, py, Math.max(width, 1), Math.max(height, 1));
      if (edge) context.strokeRect(Math.round(px) + 0.5, Math.round(py) + 0.5, Math.round(width), Math.round(height));
      return;
    }
    const { dx, dy } = kSides[side];
    const [first, last] = dx ? [y0, y1 - 1] : [x0, x1 - 1];
    // Not far beyond the view, but with the ends that are in it.
    const [from, to] = dx ? [Math.max(low, x0 - 1), Math.min(high, x1)] : [Math.max(low, y0 - 1), Math.min(high, y1)];
    const head = camera.scale < kHeadsFrom ? 0 : Math.min(camera.scale / 6, 7);
    const lines = new Path2D();
    const heads = new Path2D();
    for (let lane = first; lane <= last; ++lane) {
      const [ax, ay, bx, by] = lineEnds(side, lane, from, to);
      const [px, py] = camera.toScreen(bx, by);
      lines.moveTo(...camera.toScreen(ax, ay));
      lines.lineTo(px, py);
      if (!head) continue;
      heads.moveTo(px, py);
      heads.lineTo(px - head * (dx + dy * 0.7), py - head * (dy + dx * 0.7));
      heads.lineTo(px - head * (dx - dy * 0.7), py - head * (dy - dx * 0.7));
    }
    if (halo) {
      const { strokeStyle, lineWidth } = context;
      context.strokeStyle = theme.color("panel");
      context.lineWidth = lineWidth + 2.5;
      context.stroke(lines);
      Object.assign(context, { strokeStyle, lineWidth });
    }
    context.stroke(lines);
    if (head) context.fill(heads);
  }

  function drawLoads(context) {
    context.lineWidth = Math.min(Math.max(camera.scale * 0.18, 1), 6);
    for (const band of loads.bands) {
      // By orders of magnitude: one busy stream does not make all others look idle. None fades into the ground.
      context.strokeStyle = context.fillStyle = theme.heat(0.25 + (0.75 * Math.log(band.words)) / Math.log(Math.max(loads.most, 2)));
      drawBand(context, band);
    }
  }

  /** What each router does with its colors, inside of regions too, as thin lines. */
  function drawChannels(context) {
    context.lineWidth = 1;
    context.strokeStyle = context.fillStyle = theme.color("ink", 0.35);
    for (const route of report.routes) for (const band of route.bands) drawBand(context, band);
  }

  function drawStreams(context) {
    const region = state.region();
    const far = camera.scale < kLanesFrom;
    context.lineWidth = far ? 1 : Math.min(camera.scale * 0.2, 5);
    for (const stream of state.streams()) {
      const leaves = region ? stream.from === region.name : stream.from !== "host";
      context.strokeStyle = theme.color(leaves ? "out" : "in");
      context.fillStyle = theme.color(leaves ? "out" : "in", far ? 0.8 : 1);
      for (const band of stream.bands) drawBand(context, band, true, !far);
    }
  }

  function outline(context, { x, y, width, height }, color, thickness) {
    context.strokeStyle = theme.color(color);
    context.lineWidth = thickness;
    context.strokeRect(...boxOf(x, y, width, height));
  }

  /** Where on the whole mesh this is, in a corner. */
  function drawMap(context, width, height) {
    const size = 88 / Math.max(mesh.width, mesh.height);
    const [wide, high] = [mesh.width * size, mesh.height * size];
    const [left, top] = [width - wide - 10, height - high - 10];
    const [x0, y0, x1, y1] = visible(0, 0, mesh.width, mesh.height);
    if (x1 - x0 >= mesh.width && y1 - y0 >= mesh.height) return;
    context.fillStyle = theme.color("panel", 0.92);
    context.fillRect(left - 3, top - 3, wide + 6, high + 6);
    context.strokeStyle = theme.color("line");
    context.lineWidth = 1;
    context.strokeRect(left - 3, top - 3, wide + 6, high + 6);
    context.fillStyle = theme.color("mesh");
    context.fillRect(left, top, wide, high);
    context.fillStyle = theme.color("heat-2");
    for (const { rect } of report.regions)
      if (rect) context.fillRect(left + rect.x * size, top + rect.y * size, Math.max(rect.width * size, 1), Math.max(rect.height * size, 1));
    if (!isVisible([x0, y0, x1, y1])) return;
    context.strokeStyle = theme.color("mark");
    context.strokeRect(left + x0 * size, top + y0 * size, Math.max((x1 - x0) * size, 3), Math.max((y1 - y0) * size, 3));
  }

  function draw(context, width, height) {
    context.fillStyle = theme.color("ground");
    context.fillRect(0, 0, width, height);
    context.fillStyle = theme.color("mesh");
    context.fillRect(...boxOf(0, 0, mesh.width, mesh.height));
    context.strokeStyle = theme.color("muted");
    context.lineWidth = 1;
    context.strokeRect(...boxOf(0, 0, mesh.width, mesh.height));
    for (const region of report.regions) if (region.rect) drawRegion(context, region);
    drawDead(context);
    if (mode().links) {
      if (camera.scale >= kRoutersFrom) drawChannels(context);
      drawLoads(context);
    }
    drawStreams(context);
    for (const region of report.regions) if (region.rect) drawLabel(context, region);
    const region = state.region();
    if (region?.rect) outline(context, region.rect, "accent", 2);
    if (state.hover.pe && camera.scale >= kGridFrom) {
      const [x, y] = state.hover.pe;
      outline(context, { x, y, width: 1, height: 1 }, "mark", 2);
    }
    drawMap(context, width, height);
  }

  //===- Controls ----------------------------------------------------------===//

  const select = byId("heat");
  function showModes() {
    select.replaceChildren(...modes.filter(({ needs }) => !needs || needs())
      .map(({ id, label }) => make("option", { value: id, text: label })));
    select.value = state.heat;
  }
  select.addEventListener("change", () => state.set({ heat: select.value }));
  byId("fit-program").addEventListener("click", goHome);
  byId("fit-mesh").addEventListener("click", () => camera.fit(0, 0, mesh.width, mesh.height, 10));
  byId("zoom-in").addEventListener("click", () => camera.zoom(1.6));
  byId("zoom-out").addEventListener("click", () => camera.zoom(1 / 1.6));

  state.onChange((changes) => {
    if (changes.heat || changes.emulated) {
      showModes();
      showLegend(mode(), loads);
    }
    surface.redraw();
  });
  showModes();
  showLegend(mode(), loads);
  return {
    show({ x, y, width, height }) {
      const margin = Math.max(4, width / 2);
      camera.fit(x - margin, y - margin, width + 2 * margin, height + 2 * margin, 8);
    },
  };
}
