// What the wafer's colors can stand for: for a region a share from 0 to 1 and a text, and what the legend says.

function heatModes(report) {
  const kind = (name) => ({
    id: name,
    label: `SRAM: ${name}`,
    value: (region) => region.sram?.[name],
    most: () => Math.max(1, ...report.regions.map((region) => region.sram?.[name] ?? 0)),
    text: bytes,
  });
  return [
    { id: "region", label: "Region" },
    {
      id: "total",
      label: "SRAM: all",
      value: (region) => region.sram?.total,
      most: () => Math.max(1, ...report.regions.map((region) => region.sram?.limit ?? 0)),
      text: bytes,
    },
    ...kKinds.map(kind),
    { id: "links", label: "Links: words of streams", links: true, text: (n) => plural(n, "word") },
    {
      id: "cycles",
      label: "Cycles: estimated",
      value: (region) => region.estimated_cycles,
      most: () => Math.max(1, ...report.regions.map((region) => region.estimated_cycles)),
      text: (n) => `${count(n)} cycles`,
    },
    {
      id: "moving",
      label: "Cycles: moves and reductions",
      value: (region) => region.moving,
      most: () => Math.max(1, ...report.regions.map((region) => region.moving)),
      text: (n) => `${count(n)} cycles`,
    },
    {
      id: "emulated",
      label: "Cycles: emulated, until done",
      value: (region) => region.emulated,
      most: () => Math.max(1, ...report.regions.map((region) => region.emulated ?? 0)),
      text: (n) => `${count(n)} cycles`,
      needs: () => report.emulated,
    },
  ];
}

function showLegend(mode, loads) {
  const legend = byId("legend");
  legend.replaceChildren();
  if (mode.value || mode.links)
    legend.append(make("span", { className: "ramp" }, mode.links
      ? ["1", make("i", { className: "log" }), `${mode.text(loads.most)}, log scale`]
      : ["0", make("i"), mode.text(mode.most())]));
  if (mode.id === "region") legend.append(key("in", "stream in"), key("out", "stream out"), key("dead", "dead"));
}
