// Kernels, regions, streams and stages as tables: sorted by a click on a column, filtered by the search.

const kRowsAtOnce = 200;

function makeTables(report, state, showRegion) {
  const number = (title, value, text = count) => ({ title, value, text, number: true });
  const word = (title, value) => ({ title, value, text: String });
  const tables = [
    {
      title: "Kernels",
      rows: () => report.kernels.filter(state.shows),
      choice: (kernel) => ({ kernel }),
      region: (kernel) => kernel.region,
      columns: () => [
        number("#", (kernel) => kernel.number),
        word("Kernel", (kernel) => kernel.name || kernel.op),
        word("ONNX nodes", (kernel) => kernel.nodes.join(", ")),
        word("Kind", (kernel) => kernel.op),
        word("Region", (kernel) => kernel.region.name),
        number("From cycle", (kernel) => kernel.start),
        number("Estimate", (kernel) => kernel.estimated_cycles),
        ...(report.emulated ? [number("Emulated, of its nodes", (kernel) => kernel.emulated && kernel.emulated.end - kernel.emulated.start)] : []),
        { ...word("Bound by", (kernel) => kernel.bound), color: (kernel) => kernel.bound },
        number("of it", (kernel) => kernel.bound_cycles / Math.max(kernel.estimated_cycles, 1), (share) => percent(share, 1)),
      ],
    },
    {
      title: "Regions",
      rows: () => report.regions.filter(state.showsRegion),
      choice: (region) => ({ region }),
      region: (region) => region,
      columns: () => [
        word("Region", (region) => region.name),
        number("x", (region) => region.rect?.x),
        number("y", (region) => region.rect?.y),
        number("Width", (region) => region.rect?.width),
        number("Height", (region) => region.rect?.height),
        number("Kernels", (region) => region.kernels.length),
        number("Estimate", (region) => region.estimated_cycles),
        ...(report.emulated ? [number("Emulated, done at", (region) => region.emulated)] : []),
        ...[...kKinds, "total"].map((kind) => number(kind[0].toUpperCase() + kind.slice(1), (region) => region.sram?.[kind], bytes)),
      ],
    },
    {
      title: "Streams",
      rows: () => report.streams.filter(({ ends }) => ends.some(state.showsRegion)),
      choice: (stream) => ({ stream }),
      region: (stream) => stream.ends[0],
      columns: () => [
        word("Stream", (stream) => stream.name),
        word("From", (stream) => stream.from),
        word("To", (stream) => stream.to.join(", ")),
        number("Words", (stream) => stream.words),
        number("Lanes", (stream) => stream.lanes),
        number("Hops", (stream) => stream.hops),
        word("Colors", (stream) => stream.colors.join(", ")),
      ],
    },
    {
      title: "Stages",
      rows: () => report.stages ?? [],
      choice: () => ({}),
      region: () => undefined,
      columns: () => [
        word("Stage", (stage) => stage.name),
        number("Seconds", (stage) => stage.seconds, (seconds) => seconds.toFixed(3)),
        number("IR operations", (stage) => stage.ops),
      ],
    },
  ];
  let current = tables[0];
  const frame = byId("table");
  let more = () => {}; // appends rows

  function sorted(table, columns) {
    const rows = table.rows();
    const column = columns[table.sortedBy];
    if (!column) return rows;
    const sign = table.descending ? -1 : 1;
    const compare = column.number
      ? (a, b) => (a ?? -Infinity) - (b ?? -Infinity)
      : (a, b) => a.localeCompare(b, "en", { numeric: true });
    return [...rows].sort((a, b) => sign * compare(column.value(a), column.value(b)));
  }

  function show() {
    const table = current;
    const columns = table.columns();
    const head = make("tr", {}, columns.map((column, i) => {
      const mark = table.sortedBy === i ? (table.descending ? " ↓" : " ↑") : "";
      const sort = make("button", { type: "button", text: column.title + mark });
      sort.addEventListener("click", () => {
        table.descending = table.sortedBy === i ? !table.descending : Boolean(column.number);
        table.sortedBy = i;
        show();
      });
      const order = mark ? { "aria-sort": table.descending ? "descending" : "ascending" } : {};
      return make("th", { className: column.number ? "number" : "", ...order }, [sort]);
    }));
    const body = make("tbody");
    const rows = sorted(table, columns);
    let next = 0;
    more = () => {
      const part = rows.slice(next, next + kRowsAtOnce);
      next += part.length;
      body.append(...part.map((item) => rowOf(table, columns, item)));
    };
    more();
    frame.replaceChildren(make("table", {}, [make("thead", {}, [head]), body]));
    frame.scrollTop = 0;
    frame.dataset.rows = rows.length;
  }

  function rowOf(table, columns, item) {
    const row = make("tr", {}, columns.map((column) => {
      const value = column.value(item);
      const text = value === undefined ? "" : column.text(value);
      const cell = make("td", { className: column.number ? "number" : "" }, column.color ? [swatch(column.color(item))] : []);
      cell.append(text);
      if (!column.number) cell.title = text;
      return cell;
    }));
    row.addEventListener("pointerenter", () => state.set({ hover: table.choice(item) }));
    row.addEventListener("pointerleave", () => state.set({ hover: {} }));
    row.addEventListener("click", () => {
      for (const other of frame.querySelectorAll(".chosen")) other.classList.remove("chosen");
      row.classList.add("chosen");
      state.set({ chosen: table.choice(item) });
      const region = table.region(item);
      if (region?.rect) showRegion(region);
    });
    return row;
  }

  frame.addEventListener("scroll", () => {
    if (frame.scrollTop + 2 * frame.clientHeight > frame.scrollHeight) more();
  });
  const tabs = tables.map((table) => {
    const tab = make("button", { type: "button", role: "tab", text: table.title });
    tab.addEventListener("click", () => {
      current = table;
      showTabs();
      show();
    });
    return tab;
  });
  function showTabs() {
    tabs.forEach((tab, i) => tab.setAttribute("aria-selected", String(tables[i] === current)));
  }
  byId("tabs").append(...tabs);
  state.onChange((changes) => {
    if ("matches" in changes || changes.emulated) show();
  });
  showTabs();
  show();
}
