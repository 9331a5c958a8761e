// Uses the page as a person does, by events alone. Its value is what came of it (browse.py).
(async () => {
  const result = {};
  const $ = (id) => document.getElementById(id);
  const frame = () => new Promise((done) => requestAnimationFrame(done)); // what the page has asked for is drawn by then
  const wafer = $("wafer-canvas");
  const time = $("time-canvas");
  const view = (canvas) => canvas.dataset.view.split(" ").map(Number);
  const at = (canvas, x, y) => {
    const box = canvas.getBoundingClientRect();
    return { clientX: box.left + x, clientY: box.top + y, bubbles: true, cancelable: true, pointerId: 1 };
  };
  const send = async (canvas, type, x, y) => {
    canvas.dispatchEvent(new PointerEvent(type, at(canvas, x, y)));
    await frame();
  };
  const wheel = async (canvas, x, y, deltaY) => {
    canvas.dispatchEvent(new WheelEvent("wheel", { ...at(canvas, x, y), deltaY }));
    await frame();
  };
  const choose = async (id, value) => {
    $(id).value = value;
    $(id).dispatchEvent(new Event("change", { bubbles: true }));
    await frame();
  };
  const type = async (text) => {
    $("search").value = text;
    $("search").dispatchEvent(new Event("input", { bubbles: true }));
    await frame();
  };
  /** How many pixels of a canvas have exactly this color of the style sheet. */
  const pixelsOf = (canvas, name) => {
    const probe = document.body.appendChild(document.createElement("i"));
    probe.style.color = `var(--${name})`;
    const [r, g, b] = getComputedStyle(probe).color.match(/\d+/g).map(Number);
    probe.remove();
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let n = 0;
    for (let i = 0; i < data.length; i += 4) n += data[i] === r && data[i + 1] === g && data[i + 2] === b;
    return n;
  };
  const digest = (canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let hash = 0;
    for (let i = 0; i < data.length; i += 4) hash = (Math.imul(hash, 31) + (data[i] << 16) + (data[i + 1] << 8) + data[i + 2]) | 0;
    return hash;
  };
  /** Where a PE's middle is on the canvas. */
  const screen = ({ x, y }) => {
    const [scale, left, top] = view(wafer);
    return [(x + 0.5 - left) * scale, (y + 0.5 - top) * scale];
  };
  const report = JSON.parse($("report").textContent);
  if (!report.regions) {
    await frame();
    return { error: $("error").textContent, summary: $("summary").textContent, stages: report.stages.length, problems: window.problems };
  }
  const rect = report.regions.at(-1).rect;
  const middle = { x: rect.x + Math.floor(rect.width / 2), y: rect.y + Math.floor(rect.height / 2) };

  try {
    await frame();
    result.model = $("model").textContent;
    result.rows = Number($("table").dataset.rows);
    result.error = $("error").hidden ? "" : $("error").textContent;
    result.regionsDrawn = pixelsOf(wafer, "region-0") > 500;

    // Hovering: the box at the pointer, the panel, the streams of the region.
    const before = pixelsOf(wafer, "in") + pixelsOf(wafer, "out");
    await send(wafer, "pointermove", ...screen(middle));
    result.hover = { tip: $("tip").hidden ? "" : $("tip").textContent, panel: $("details").querySelector("h2").textContent };
    result.hover.streams = pixelsOf(wafer, "in") + pixelsOf(wafer, "out") > before;
    await send(wafer, "pointerleave", 0, 0);
    result.hover.left = $("tip").hidden && $("details").querySelector("h2").textContent === "Program";

    // The time line: somewhere in the first row there is a kernel.
    result.bar = "";
    for (let x = 70; x < time.clientWidth && !result.bar; x += 3) {
      await send(time, "pointermove", x, 33);
      if (!$("tip").hidden) result.bar = $("tip").querySelector("strong").textContent;
    }
    await send(time, "pointerleave", 0, 0);
    const spanBefore = view(time)[0];
    await wheel(time, 400, 30, -500);
    result.timeZoomed = view(time)[0] > 2 * spanBefore;
    $("fit-time").click();

    // The filter.
    const picture = digest(wafer) + digest(time);
    await type(window.searchFor);
    result.filter = { found: $("found").textContent, rows: Number($("table").dataset.rows) };
    result.filter.first = $("table").querySelector("tbody tr td:nth-child(2)")?.textContent ?? "";
    result.filter.dims = digest(wafer) + digest(time) !== picture;
    await type("");
    result.filter.cleared = Number($("table").dataset.rows) === result.rows && $("found").textContent === "";

    // Zooming keeps the PE below the pointer, down to single PEs; then the whole mesh.
    const tip = async (x, y) => (await send(wafer, "pointermove", x, y), $("tip").querySelector("strong").textContent);
    const [px, py] = screen(middle);
    const scales = [view(wafer)[0]];
    for (let i = 0; i < 8; ++i) await wheel(wafer, px, py, -900);
    scales.push(view(wafer)[0]);
    result.zoom = { pe: await tip(px, py), same: (await tip(px, py)) === `PE (${middle.x}, ${middle.y})`, single: scales[1] >= 100 };
    for (const mode of [...$("heat").options].map((option) => option.value)) await choose("heat", mode);
    $("fit-mesh").click();
    await frame();
    const [scale, left, top] = view(wafer);
    result.zoom.mesh = left <= 0 && top <= 0 && left + wafer.clientWidth / scale >= report.mesh.width && top + wafer.clientHeight / scale >= report.mesh.height;
    $("fit-program").click();
    await frame();

    // Every coloring draws something of its own, and its legend has a number.
    const pictures = new Set();
    result.heat = [];
    for (const mode of [...$("heat").options].map((option) => option.value)) {
      await choose("heat", mode);
      pictures.add(digest(wafer));
      if (mode !== "region") result.heat.push(/\d/.test($("legend").textContent));
    }
    result.heat = result.heat.every(Boolean) && pictures.size >= 4;
    await choose("heat", "region");

    // Both themes.
    const grounds = [];
    for (let i = 0; i < 2; ++i) {
      $("theme").click();
      await frame();
      const grey = getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number).reduce((a, b) => a + b) / 3;
      grounds.push([$("theme").textContent, grey > 200 ? "light" : grey < 60 ? "dark" : "grey", pixelsOf(wafer, "mesh") > 100]);
    }
    $("theme").click();
    await frame();
    result.themes = grounds;

    // Tables: sorting, and the other tabs.
    const titles = () => [...$("table").querySelectorAll("th")].map((th) => th.textContent);
    const estimate = [...$("table").querySelectorAll("th button")].find((button) => button.textContent.startsWith("Estimate"));
    const column = titles().indexOf("Estimate") + 1;
    estimate.click();
    const values = [...$("table").querySelectorAll(`tbody td:nth-child(${column})`)].map((td) => Number(td.textContent.replaceAll(",", "")));
    result.sorted = values.length > 1 && values.every((value, i) => i === 0 || values[i - 1] >= value);
    result.tabs = [];
    for (const tab of $("tabs").children) {
      tab.click();
      result.tabs.push(`${tab.textContent} ${$("table").dataset.rows}`);
    }
    result.emulated = [...$("clock").options].map((option) => option.value).join(" ");

    // Files of statistics: of something else, and of this program.
    if (window.statistics) {
      result.joined = [];
      for (const text of ["[1, 2]", '{"nodes": [], "regions": []}', window.statistics]) {
        const files = new DataTransfer();
        files.items.add(new File([text], "stats.json"));
        $("stats").files = files.files;
        $("stats").dispatchEvent(new Event("change", { bubbles: true }));
        for (let i = 0; i < 500 && $("stats").files.length; ++i) await new Promise((done) => setTimeout(done, 20)); // the page empties it at the end
        result.joined.push($("error").hidden ? [...$("clock").options].map((option) => option.value).join(" ") : $("error").textContent);
      }
      const of = [...$("summary").querySelectorAll("dt")].find((term) => term.textContent === "Emulated");
      result.joined.push(of?.nextSibling.textContent);
    }

    // A chosen kernel stays in the panel and brings its region into view.
    $("tabs").children[0].click();
    $("table").querySelector("tbody tr").click();
    await frame();
    result.chosen = $("details").querySelector("h2").textContent === $("table").querySelector("tbody tr td:nth-child(2)").textContent;

    // Frames, one after the other, while zooming from the whole mesh to PEs and back, with streams and loads drawn.
    document.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
    await choose("heat", "links");
    $("fit-mesh").click();
    await frame();
    const costs = [];
    for (let i = 0; i < 60; ++i) {
      // The page's drawing lies between two callbacks of one frame, the one asked for before it and the one behind it.
      let begin;
      requestAnimationFrame(() => { begin = performance.now(); });
      wafer.dispatchEvent(new WheelEvent("wheel", { ...at(wafer, ...screen(middle)), deltaY: i < 30 ? -160 : 160 }));
      costs.push(await new Promise((done) => requestAnimationFrame(() => done(performance.now() - begin))));
    }
    costs.sort((a, b) => a - b);
    result.milliseconds = { median: costs[30].toFixed(1), worst: costs.at(-1).toFixed(1) };
    result.fluid = costs[30] < 50;
  } catch (error) {
    result.failed = `${error}\n${error.stack}`;
  }
  result.problems = window.problems;
  result.scripts = document.scripts.length;
  return result;
})();
