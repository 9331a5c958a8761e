// The report (docs/report.md) with what the views ask for again and again: kernels as one list, streams by region,
// routes by owner, and what the emulator counted, if that is known.

const kKinds = ["code", "tables", "helpers", "weights", "activations", "stack"];
const kBounds = ["compute", "moves", "reductions", "host"];

function readReport() {
  const report = JSON.parse(byId("report").textContent);
  const target = report.target ?? {};
  const mesh = report.mesh ?? { width: target.width ?? 1, height: target.height ?? 1 };

  const regions = (report.regions ?? []).map((region, number) => ({
    ...region, number, streams: [],
    moving: region.kernels.reduce((sum, { spent_on: on }) => sum + (on?.moves ?? 0) + (on?.reductions ?? 0), 0),
  }));
  const regionByName = new Map(regions.map((region) => [region.name, region]));
  const kernels = [];
  for (const region of regions) {
    let clock = 0; // where the report has no times: one kernel after the other
    region.kernels = region.kernels.map((kernel) => {
      const start = kernel.start_cycle ?? clock;
      clock = kernel.end_cycle ?? start + kernel.estimated_cycles;
      kernels.push({ ...kernel, region, number: kernels.length, start, end: clock });
      return kernels.at(-1);
    });
  }

  const routes = (report.routes ?? []).map((route) => {
    const positions = route.positions.map((text) => ({ from: text.split(">")[0], to: text.split(">")[1] }));
    return { ...route, bands: bandsOf({ ...route, positions }) };
  });
  const routesByOwner = new Map();
  for (const route of routes) {
    if (!routesByOwner.has(route.owner)) routesByOwner.set(route.owner, []);
    routesByOwner.get(route.owner).push(route);
  }

  const streams = (report.streams ?? []).map((stream, number) => ({
    ...stream,
    number,
    ends: [stream.from, ...stream.to].map((name) => regionByName.get(name)).filter(Boolean),
    bands: [...entryBands(stream.source), ...(routesByOwner.get(stream.net) ?? []).flatMap(({ bands }) => bands)],
  }));
  for (const stream of streams) for (const region of new Set(stream.ends)) region.streams.push(stream);

  const used = regions.filter((region) => region.rect);
  const program = used.length
    ? {
        x: Math.min(...used.map((r) => r.rect.x)),
        y: Math.min(...used.map((r) => r.rect.y)),
        right: Math.max(...used.map((r) => r.rect.x + r.rect.width)),
        bottom: Math.max(...used.map((r) => r.rect.y + r.rect.height)),
      }
    : { x: 0, y: 0, right: mesh.width, bottom: mesh.height };

  return {
    ...report, target, mesh, regions, kernels, routes, streams, program,
    emulated: undefined, // until joinStatistics
    given: report.emulated,
    end: Math.max(1, ...kernels.map((kernel) => kernel.end)),
    regionAt: (x, y) =>
      used.find(({ rect }) => x >= rect.x && y >= rect.y && x < rect.x + rect.width && y < rect.y + rect.height),
  };
}

/**
 * Adds what `wafer-run --stats` counted: by ONNX node and by region. A kernel has the cycles of its nodes, which other
 * kernels of the same nodes share. Returns what is wrong with the statistics, or nothing.
 */
function joinStatistics(report, stats) {
  if (!Array.isArray(stats?.nodes) || !Array.isArray(stats?.regions)) return "This is no file of wafer-run --stats.";
  const nodes = new Map(stats.nodes.map((node) => [node.name, node]));
  const regions = new Map(stats.regions.map((region) => [region.name, region]));
  const same = ({ rect }, other) =>
    !rect || ["x", "y", "width", "height"].every((side) => rect[side] === other.rect?.[side]);
  for (const region of report.regions) {
    const other = regions.get(region.name);
    if (!other || !same(region, other)) return `These are statistics of another program: it has no region ${region.name} there.`;
  }
  for (const kernel of report.kernels) {
    const met = kernel.nodes.map((name) => nodes.get(name)).filter(Boolean);
    kernel.emulated = met.length
      ? {
          start: Math.min(...met.map((node) => node.first_cycle)),
          end: Math.max(...met.map((node) => node.last_cycle)),
          busy: met.reduce((sum, node) => sum + node.busy_cycles, 0),
        }
      : undefined;
  }
  for (const region of report.regions) region.emulated = regions.get(region.name).cycles;
  report.emulated = stats;
  return undefined;
}
