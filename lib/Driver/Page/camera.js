// Where a canvas looks: pan with the pointer or the arrow keys, zoom with the wheel or + and -, about the pointer.

/**
 * `limits()` says how far: {least, most} scale in pixels a unit. `axes` are those that zoom ("xy" or "x"); the other
 * one only pans. `home()` is called for the key 0.
 */
function makeCamera(canvas, { axes, limits, home, changed, pointed, clicked }) {
  const camera = { scale: 1, x: 0, y: 0, width: 1, height: 1 }; // x, y: of the canvas' corner, in units (y in pixels if it does not zoom)
  const yScale = () => (axes === "xy" ? camera.scale : 1);

  camera.toScreen = (x, y) => [(x - camera.x) * camera.scale, (y - camera.y) * yScale()];
  camera.toWorld = (px, py) => [camera.x + px / camera.scale, camera.y + py / yScale()];
  camera.zoom = (factor, px = camera.width / 2, py = camera.height / 2) => {
    const [x, y] = camera.toWorld(px, py);
    const { least, most } = limits();
    camera.scale = Math.min(Math.max(camera.scale * factor, least), most);
    camera.x = x - px / camera.scale;
    if (axes === "xy") camera.y = y - py / camera.scale;
    changed();
  };
  camera.pan = (dx, dy) => {
    camera.x += dx / camera.scale;
    camera.y += dy / yScale();
    changed();
  };
  /** Shows a box whole, with a margin. */
  camera.fit = (x, y, width, height, margin = 24) => {
    const { least, most } = limits();
    const wide = (camera.width - 2 * margin) / width;
    const high = (camera.height - 2 * margin) / height;
    camera.scale = Math.min(Math.max(axes === "xy" ? Math.min(wide, high) : wide, least), most);
    camera.x = x + width / 2 - camera.width / 2 / camera.scale;
    if (axes === "xy") camera.y = y + height / 2 - camera.height / 2 / camera.scale;
    changed();
  };

  let from;
  let moved = false;
  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 16 : 1;
    camera.zoom(Math.exp(-event.deltaY * lines * 0.0018), ...at(event));
  }, { passive: false });
  canvas.addEventListener("pointerdown", (event) => {
    from = at(event);
    moved = false;
    if (event.isTrusted) canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    const [px, py] = at(event);
    if (!from) return pointed(px, py, event);
    if (!moved && Math.hypot(px - from[0], py - from[1]) < 4) return;
    moved = true;
    canvas.classList.add("dragged");
    camera.pan(from[0] - px, from[1] - py);
    from = [px, py];
  });
  canvas.addEventListener("pointerup", (event) => {
    canvas.classList.remove("dragged");
    if (from && !moved) clicked(...at(event));
    from = undefined;
  });
  canvas.addEventListener("pointercancel", () => { from = undefined; canvas.classList.remove("dragged"); });
  canvas.addEventListener("pointerleave", () => pointed());
  canvas.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [-60, 0], ArrowRight: [60, 0], ArrowUp: [0, -60], ArrowDown: [0, 60] }[event.key];
    if (step) camera.pan(...step);
    else if (event.key === "+" || event.key === "=") camera.zoom(1.4);
    else if (event.key === "-") camera.zoom(1 / 1.4);
    else if (event.key === "0") home();
    else return;
    event.preventDefault();
  });
  return camera;
}

/** A canvas that is drawn at most once a frame, in CSS pixels; `draw(context, width, height)`. */
function makeSurface(canvas, draw, resized) {
  let asked = false;
  const context = canvas.getContext("2d");
  const surface = {
    redraw() {
      if (asked) return;
      asked = true;
      requestAnimationFrame(() => {
        asked = false;
        surface.drawNow();
      });
    },
    drawNow() {
      const ratio = devicePixelRatio || 1;
      const { clientWidth: width, clientHeight: height } = canvas;
      if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
        canvas.width = Math.round(width * ratio);
        canvas.height = Math.round(height * ratio);
      }
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      context.clearRect(0, 0, width, height);
      context.font = "12px system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif";
      context.textBaseline = "middle";
      draw(context, width, height);
    },
  };
  new ResizeObserver(() => {
    resized(canvas.clientWidth, canvas.clientHeight);
    surface.redraw();
  }).observe(canvas);
  theme.onChange(surface.redraw);
  return surface;
}
