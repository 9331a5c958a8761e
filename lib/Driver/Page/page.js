// Puts the page together.

const report = readReport();
const state = makeState(report);

const file = report.model?.file ?? "";
byId("model").textContent = file.split("/").at(-1);
byId("model").title = file;
document.title = `${file.split("/").at(-1)} – waferc report`;
byId("machine").textContent = report.target.name
  ? `on ${report.target.name}, a mesh of ${report.mesh.width} × ${report.mesh.height} PEs` : "";
if (report.error) {
  byId("error").textContent = `error[${report.error.code}]: ${report.error.message}`;
  byId("error").hidden = false;
}

function showSummary() {
  const pes = report.regions.reduce((sum, { rect }) => sum + (rect ? rect.width * rect.height : 0), 0);
  const fullest = Math.max(0, ...report.regions.map(({ sram }) => (sram ? sram.total / sram.limit : 0)));
  const used = report.regions.length; // none in a compilation that failed
  const tiles = [
    ["Regions", used && count(used)],
    ["PEs in use", used && `${count(pes)} of ${count(report.mesh.width * report.mesh.height)}`],
    ["Kernels", used && count(report.kernels.length)],
    ["Estimate", used && `${count(report.end)} cycles, ${duration(report.end, report.target.clock_ghz)}`],
    ["Emulated", report.emulated && `${count(report.emulated.cycles)} cycles, ${duration(report.emulated.cycles, report.target.clock_ghz)}`],
    ["Fullest PE", fullest && percent(fullest, 1)],
    ["Colors", report.colors && `${report.colors.used} of ${report.colors.limit}`],
    ["Image", report.image && `${bytes(report.image.bytes)}, weights ${bytes(report.image.weight_bytes)}`],
  ];
  byId("summary").replaceChildren(...tiles.filter(([, value]) => value)
    .map(([term, value]) => make("div", {}, [make("dt", { text: term }), make("dd", { text: value })])));
}

const wafer = makeWafer(report, state);
const showRegion = (region) => wafer.show(region.rect);
makeTimeline(report, state, showRegion);
makeDetails(report, state, showRegion);
makeTables(report, state, showRegion);
showSummary();

//===- Search -------------------------------------------------------------===//

byId("search").addEventListener("input", (event) => {
  state.search(event.target.value);
  byId("found").textContent = state.matches ? `${count(state.matches.size)} of ${plural(report.kernels.length, "kernel")}` : "";
});
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !event.target.closest("input, select")) {
    event.preventDefault();
    byId("search").focus();
  } else if (event.key === "Escape") {
    state.set({ chosen: {}, hover: {} });
  }
});

//===- What the emulator counted ------------------------------------------===//

function addStatistics(statistics) {
  const wrong = joinStatistics(report, statistics);
  byId("error").textContent = wrong ?? "";
  byId("error").hidden = !wrong;
  if (wrong) return;
  showSummary();
  state.set({ emulated: true, clock: "emulated" });
}
byId("stats").addEventListener("change", async (event) => {
  const [file] = event.target.files;
  if (!file) return;
  let statistics;
  try {
    statistics = JSON.parse(await file.text());
  } catch { /* addStatistics says that it is none */ }
  addStatistics(statistics);
  event.target.value = "";
});
if (report.given) addStatistics(report.given);
