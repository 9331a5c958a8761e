// The side panel: what is chosen, else what is pointed at, else the program.

function kernelRows(kernel) {
  return [
    ["region", kernel.region.name],
    ["node", kernel.nodes.join(", ") || undefined],
    ["kind", kernel.op],
    ["estimate", `${count(kernel.estimated_cycles)} cycles`],
    ["bound by", `${kernel.bound}, ${percent(kernel.bound_cycles, kernel.estimated_cycles)}`, kernel.bound],
    ...(kernel.spent_on && Object.keys(kernel.spent_on).length > 1
      ? Object.entries(kernel.spent_on).map(([what, cycles]) => [what, `${count(cycles)} cycles`, what]) : []),
    ["from", `cycle ${count(kernel.start)}`],
    ["emulated", kernel.emulated && `${count(kernel.emulated.end - kernel.emulated.start)} cycles of its nodes`],
  ];
}

function makeDetails(report, state, showRegion) {
  const panel = byId("details");
  const clock = report.target.clock_ghz;

  function ofRegion(region) {
    const { sram, rect } = region;
    const parts = [
      make("h2", { text: `Region ${region.name}` }),
      definitions([
        ["place", rect && `(${rect.x}, ${rect.y})`],
        ["size", rect && `${rect.width} × ${rect.height} PEs`],
        ["estimate", `${count(region.estimated_cycles)} cycles`],
        ["moving", region.moving ? `${count(region.moving)} cycles of it` : undefined],
        ["emulated", region.emulated && `done at cycle ${count(region.emulated)}`],
      ]),
    ];
    if (sram) {
      const bar = make("div", { className: "stacked" });
      for (const kind of kKinds) {
        const part = bar.appendChild(swatch(kind));
        part.style.width = `${(100 * sram[kind]) / sram.limit}%`;
        part.title = kind;
      }
      parts.push(make("h2", { text: `SRAM of its fullest PE: ${percent(sram.total, sram.limit)}` }), bar,
        definitions([...kKinds.map((kind) => [kind, bytes(sram[kind]), kind]), ["limit", bytes(sram.limit)]]));
    }
    const longest = [...region.kernels].filter(state.shows).sort((a, b) => b.estimated_cycles - a.estimated_cycles).slice(0, 12);
    parts.push(make("h2", { text: state.matches ? "Kernels found" : "Longest kernels" }), listOf(longest,
      (kernel) => [kernel.name || kernel.op, count(kernel.estimated_cycles)], (kernel) => ({ kernel })));
    if (region.streams.length)
      parts.push(make("h2", { text: "Streams" }), listOf(region.streams.slice(0, 24),
        (stream) => [`${stream.from === region.name ? `→ ${stream.to.join(", ")}` : `← ${stream.from}`}  ${stream.name}`, `${count(stream.words)} words`],
        (stream) => ({ stream })));
    return parts;
  }

  function listOf(items, texts, choice) {
    return make("ol", {}, items.map((item) => {
      const [left, right] = texts(item);
      const row = make("li", { title: left }, [make("span", { text: left }), make("span", { text: right })]);
      row.addEventListener("pointerenter", () => state.set({ hover: choice(item) }));
      row.addEventListener("pointerleave", () => state.set({ hover: {} }));
      row.addEventListener("click", () => state.set({ chosen: choice(item), hover: {} }));
      return row;
    }));
  }

  const ofKernel = (kernel) => {
    const back = make("button", { type: "button", text: `Region ${kernel.region.name}` });
    back.addEventListener("click", () => {
      state.set({ chosen: { region: kernel.region }, hover: {} });
      showRegion(kernel.region);
    });
    return [make("h2", { text: kernel.name || kernel.op }), definitions(kernelRows(kernel)), back];
  };

  const ofStream = (stream) => [
    make("h2", { text: `Stream ${stream.name}` }),
    definitions([
      ["from", stream.from],
      ["to", stream.to.join(", ")],
      ["words", count(stream.words)],
      ["lanes", count(stream.lanes)],
      ["longest lane", plural(stream.hops, "hop")],
      ["colors", stream.colors.join(", ")],
      ["net", stream.net],
    ]),
  ];

  const ofProgram = () => [
    make("h2", { text: "Program" }),
    definitions([
      ...["inputs", "outputs"].flatMap((way) =>
        (report.model?.[way] ?? []).map(({ name, type, shape }) => [way.slice(0, -1), `${name}: ${type}[${shape.join(", ")}]`])),
      ["machine", report.target.name],
      ["clock", clock && `${clock} GHz`],
      ["dead PEs", report.target.dead_pes?.length || undefined],
      ["dead links", report.target.dead_links?.length || undefined],
      ["colors", report.colors && `${report.colors.used} of ${report.colors.limit}`],
      ["seed", report.placement && String(report.placement.seed)],
    ]),
    make("p", { className: "note", text: "Point at a region, a stream or a kernel; click to keep it here. The wheel zooms, down to single PEs; a double click fills the view with a region." }),
  ];

  let shown;
  function show() {
    const { chosen, hover } = state;
    const what = chosen.kernel ?? chosen.stream ?? chosen.region ?? hover.kernel ?? hover.stream ?? hover.region;
    const name = [what, state.matches, report.emulated];
    if (shown?.every((part, i) => part === name[i])) return;
    shown = name;
    panel.replaceChildren(...(!what ? ofProgram()
      : report.kernels.includes(what) ? ofKernel(what)
      : report.streams.includes(what) ? ofStream(what) : ofRegion(what)));
  }
  state.onChange(show);
  show();
}
