// What the views share: what is pointed at, what is chosen, what is searched for. A change is told to all of them.

function makeState(report) {
  const listeners = [];
  const state = {
    hover: {},          // region, kernel, stream, pe: what the pointer is over, in whichever view
    chosen: {},         // region, kernel, stream: what was clicked
    query: "",
    matches: undefined, // kernels that the search finds, as a set; undefined: there is no search
    heat: "region",
    clock: "estimated",

    set(changes) {
      Object.assign(state, changes);
      for (const listener of listeners) listener(changes);
    },
    onChange: (listener) => listeners.push(listener),

    search(query) {
      const text = query.trim().toLowerCase();
      const hit = (kernel) =>
        [kernel.name, kernel.op, kernel.region.name, ...kernel.nodes].some((name) => name.toLowerCase().includes(text));
      state.set({ query: text, matches: text ? new Set(report.kernels.filter(hit)) : undefined });
    },
    /** Whether a region, or a kernel, is left by the search. */
    shows: (kernel) => !state.matches || state.matches.has(kernel),
    showsRegion: (region) => !state.matches || region.kernels.some((kernel) => state.matches.has(kernel)),
    /** The streams to draw: one that is pointed at or chosen, or all of a region that is. */
    streams() {
      for (const { stream, kernel, region } of [state.hover, state.chosen]) {
        if (stream) return [stream];
        const of = region ?? kernel?.region;
        if (of) return of.streams;
      }
      return [];
    },
    region: () => state.hover.region ?? state.hover.kernel?.region ?? state.chosen.region ?? state.chosen.kernel?.region,
  };
  return state;
}
