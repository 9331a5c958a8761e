// Kernels over time, a row for each region. By the plan's estimates one kernel follows the other. As the emulator counts,
// nodes overlap, since PEs begin and end at different times: then a row has as many lanes as it takes to show each node.

const kLane = 18, kGap = 4, kAxis = 22, kMargin = 64; // pixels; the margin has the regions' names

function makeTimeline(report, state, showRegion) {
  const canvas = byId("time-canvas");
  const spanOf = (kernel) => (state.clock === "emulated" ? kernel.emulated : kernel);
  const end = () => (state.clock === "emulated" ? report.emulated.cycles : report.end);
  let untouched = true;
  let rows = []; // {region, top, height, bars: [{kernel, span, lane}]}
  let height = 0;

  function layOut() {
    height = kAxis;
    rows = report.regions.filter((region) => region.kernels.length).map((region) => {
      const seen = new Set();
      const bars = [];
      const free = []; // when each lane is
      for (const kernel of [...region.kernels].sort((a, b) => (spanOf(a)?.start ?? 0) - (spanOf(b)?.start ?? 0))) {
        const span = spanOf(kernel);
        if (!span) continue;
        const node = kernel.nodes.join("\n");
        if (state.clock === "emulated" && node && seen.has(node)) continue; // its time is there already
        seen.add(node);
        let lane = free.findIndex((end) => end <= span.start);
        if (lane < 0) lane = free.length;
        free[lane] = span.end;
        bars.push({ kernel, span, lane });
      }
      const row = { region, top: height, height: Math.max(free.length, 1) * kLane + kGap, bars };
      height += row.height;
      return row;
    });
    canvas.style.height = `${Math.min(height + 6, 420)}px`;
  }

  const goHome = () => {
    camera.y = 0;
    camera.fit(0, 0, end(), 1, 8);
    untouched = true;
  };
  const camera = makeCamera(canvas, {
    axes: "x",
    limits: () => ({ least: 0.5 * camera.width / end(), most: Math.max(8, 16 * camera.width / end()) }),
    home: goHome,
    changed() {
      untouched = false;
      camera.y = Math.min(Math.max(camera.y, 0), Math.max(0, height + 6 - canvas.clientHeight));
      canvas.dataset.view = [camera.scale, camera.x, camera.y].map((v) => v.toFixed(4)).join(" ");
      surface.redraw();
    },
    pointed(px, py, event) {
      const kernel = px === undefined ? undefined : kernelAt(px, py);
      if (kernel !== state.hover.kernel) state.set({ hover: kernel ? { kernel } : {} });
      if (!kernel) return hideTip();
      showTip(event, [kernel.name || kernel.op, kernelRows(kernel)]);
    },
    clicked(px, py) {
      const kernel = kernelAt(px, py);
      state.set({ chosen: kernel ? { kernel } : {} });
      if (kernel) showRegion(kernel.region);
    },
  });
  // The margin is not part of the camera's view: it looks at what is right of it.
  const surface = makeSurface(canvas, draw, (wide, high) => {
    Object.assign(camera, { width: wide - kMargin, height: high });
    if (untouched && camera.width > 0) goHome();
  });
  const toX = (cycle) => kMargin + camera.toScreen(cycle, 0)[0];

  function kernelAt(px, py) {
    if (py < kAxis || px < kMargin) return undefined;
    const y = py + camera.y;
    const row = rows.find(({ top, height: high }) => y >= top && y < top + high);
    const [cycle] = camera.toWorld(px - kMargin, 0);
    const slack = 1.5 / camera.scale; // what is thinner than a pixel can be pointed at too
    const met = (row?.bars ?? []).filter(({ span, lane }) =>
      lane === Math.floor((y - row.top) / kLane) && cycle >= span.start - slack && cycle <= span.end + slack);
    met.sort((a, b) => a.span.end - a.span.start - (b.span.end - b.span.start));
    return met[0]?.kernel;
  }

  function drawAxis(context, width) {
    context.fillStyle = theme.color("panel");
    context.fillRect(0, 0, width, kAxis);
    const step = roundStep(110 / camera.scale);
    const [first] = camera.toWorld(0, 0);
    context.strokeStyle = theme.color("line");
    context.lineWidth = 1;
    context.textAlign = "center";
    for (let cycle = Math.max(0, Math.ceil(first / step)) * step; toX(cycle) < width; cycle += step) {
      const x = Math.round(toX(cycle)) + 0.5;
      if (x < kMargin) continue;
      context.beginPath();
      context.moveTo(x, kAxis - 4);
      context.lineTo(x, canvas.clientHeight);
      context.stroke();
      const text = count(cycle);
      const half = context.measureText(text).width / 2;
      context.fillStyle = theme.color("muted");
      context.fillText(text, Math.min(Math.max(x, kMargin + half), width - half - 4), kAxis / 2);
    }
    context.textAlign = "left";
    context.fillStyle = theme.color("muted");
    context.fillText("cycle", 8, kAxis / 2);
  }

  function drawBar(context, { kernel, span }, top, width) {
    const left = Math.max(toX(span.start), kMargin);
    const right = Math.min(toX(span.end), width);
    if (right < kMargin || left > width) return;
    context.globalAlpha = state.shows(kernel) ? 1 : 0.15;
    context.fillStyle = theme.color(kernel.bound);
    context.fillRect(left, top + 2, Math.max(right - left - (right - left > 3 ? 1 : 0), 1), kLane - 2);
    if (kernel === state.hover.kernel || kernel === state.chosen.kernel) {
      context.strokeStyle = theme.color("ink");
      context.lineWidth = 2;
      context.strokeRect(left, top + 2, Math.max(right - left, 2), kLane - 2);
    }
    context.globalAlpha = 1;
    if (right - left < 40 || !state.shows(kernel)) return;
    context.save();
    context.beginPath();
    context.rect(left, top, right - left - 4, kLane);
    context.clip();
    context.fillStyle = theme.color("panel");
    context.fillText(kernel.name || kernel.op, left + 5, top + kLane / 2 + 1.5);
    context.restore();
  }

  function draw(context, width, high) {
    drawAxis(context, width);
    context.save();
    context.beginPath();
    context.rect(0, kAxis, width, high - kAxis);
    context.clip();
    for (const row of rows) {
      const top = row.top - camera.y;
      if (top + row.height < kAxis || top > high) continue;
      if (row.region === state.region()) {
        context.fillStyle = theme.color("accent", 0.12);
        context.fillRect(0, top, width, row.height);
      }
      context.fillStyle = theme.color(state.showsRegion(row.region) ? "ink" : "muted");
      context.fillText(row.region.name, 8, top + kLane / 2 + 1.5);
      for (const bar of row.bars) drawBar(context, bar, top + bar.lane * kLane, width);
    }
    context.restore();
  }

  const select = byId("clock");
  function showClocks() {
    select.replaceChildren(...["estimated", ...(report.emulated ? ["emulated"] : [])]
      .map((name) => make("option", { value: name, text: name })));
    select.value = state.clock;
    byId("clock-note").textContent = state.clock === "emulated"
      ? "as counted, by ONNX node, from the first PE at it to the last"
      : "the plan's estimates; regions wait for one another at streams";
  }
  select.addEventListener("change", () => state.set({ clock: select.value }));
  byId("bounds").append(...kBounds.map((bound) => key(bound, bound)));
  byId("fit-time").addEventListener("click", goHome);
  state.onChange((changes) => {
    if (changes.clock || changes.emulated) {
      showClocks();
      layOut();
      goHome();
    }
    surface.redraw();
  });
  showClocks();
  layOut();
}
