// Kernels over time, a row for each region.

const kRow = 22, kAxis = 22, kMargin = 64; // pixels; the margin has the regions' names

function makeTimeline(report, state, showRegion) {
  const canvas = byId("time-canvas");
  const rows = report.regions.filter((region) => region.kernels.length);
  canvas.style.height = `${Math.min(kAxis + rows.length * kRow + 6, 420)}px`;
  const spanOf = (kernel) => (state.clock === "emulated" ? kernel.emulated : kernel);
  const end = () => (state.clock === "emulated" ? report.emulated.cycles : report.end);
  let untouched = true;

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
      camera.y = Math.min(Math.max(camera.y, 0), Math.max(0, kAxis + rows.length * kRow + 6 - canvas.clientHeight));
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
      const kernel = kernelAt(px - 0, py);
      state.set({ chosen: kernel ? { kernel } : {} });
      if (kernel) showRegion(kernel.region);
    },
  });
  // The margin is not part of the camera's view: it looks at what is right of it.
  const surface = makeSurface(canvas, draw, (width, height) => {
    Object.assign(camera, { width: width - kMargin, height });
    if (untouched && camera.width > 0) goHome();
  });
  const toX = (cycle) => kMargin + camera.toScreen(cycle, 0)[0];

  function kernelAt(px, py) {
    const region = rows[Math.floor((py - kAxis + camera.y) / kRow)];
    if (!region || py < kAxis || px < kMargin) return undefined;
    const [cycle] = camera.toWorld(px - kMargin, 0);
    const slack = 1.5 / camera.scale; // what is thinner than a pixel can be pointed at too
    let nearest;
    for (const kernel of region.kernels) {
      const span = spanOf(kernel);
      if (!span || cycle < span.start - slack || cycle > span.end + slack) continue;
      if (!nearest || span.end - span.start < spanOf(nearest).end - spanOf(nearest).start) nearest = kernel;
    }
    return nearest;
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

  function drawBar(context, kernel, top, width) {
    const span = spanOf(kernel);
    if (!span) return;
    const left = Math.max(toX(span.start), kMargin);
    const right = Math.min(toX(span.end), width);
    if (right < kMargin || left > width) return;
    context.globalAlpha = state.shows(kernel) ? 1 : 0.15;
    context.fillStyle = theme.color(kernel.bound);
    context.fillRect(left, top + 3, Math.max(right - left - (right - left > 3 ? 1 : 0), 1), kRow - 6);
    const chosen = kernel === state.hover.kernel || kernel === state.chosen.kernel;
    if (chosen) {
      context.strokeStyle = theme.color("ink");
      context.lineWidth = 2;
      context.strokeRect(left, top + 2, Math.max(right - left, 2), kRow - 4);
    }
    context.globalAlpha = 1;
    if (right - left < 40 || !state.shows(kernel)) return;
    context.save();
    context.beginPath();
    context.rect(left, top, right - left - 4, kRow);
    context.clip();
    context.fillStyle = theme.color("panel");
    context.fillText(kernel.name || kernel.op, left + 5, top + kRow / 2 + 0.5);
    context.restore();
  }

  function draw(context, width, height) {
    drawAxis(context, width);
    context.save();
    context.beginPath();
    context.rect(0, kAxis, width, height - kAxis);
    context.clip();
    const first = Math.floor(camera.y / kRow);
    for (let row = Math.max(0, first); row < rows.length && (row - first - 1) * kRow < height; ++row) {
      const region = rows[row];
      const top = kAxis + row * kRow - camera.y;
      if (region === state.region()) {
        context.fillStyle = theme.color("accent", 0.12);
        context.fillRect(0, top, width, kRow);
      }
      context.fillStyle = theme.color(state.showsRegion(region) ? "ink" : "muted");
      context.fillText(region.name, 8, top + kRow / 2);
      for (const kernel of region.kernels) drawBar(context, kernel, top, width);
    }
    context.restore();
  }

  const select = byId("clock");
  function showClocks() {
    select.replaceChildren(...["estimated", ...(report.emulated ? ["emulated"] : [])]
      .map((name) => make("option", { value: name, text: name })));
    select.value = state.clock;
    byId("clock-note").textContent = state.clock === "emulated"
      ? "as counted, by ONNX node: kernels of one node share its time"
      : "the plan's estimates; regions wait for one another at streams";
  }
  select.addEventListener("change", () => state.set({ clock: select.value }));
  byId("bounds").append(...kBounds.map((bound) => key(bound, bound)));
  byId("fit-time").addEventListener("click", goHome);
  state.onChange((changes) => {
    if (changes.clock || changes.emulated) {
      showClocks();
      goHome();
    }
    surface.redraw();
  });
  showClocks();
}
