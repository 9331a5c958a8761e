// RUN: wafer-opt %s -split-input-file -verify-diagnostics --pass-pipeline='builtin.module(fabric.program(fabric-expand-channels,fabric-extract-flows))'

// Every PE of a line is heard at its head, in its turn: the head itself, its neighbor, those between, the last.
fabric.program @gather mesh(16 x 16) {
  // expected-remark @+4 {{color 0 of @c: <2, 3, 1, 4> by ramp to (2, y) by ramp}}
  // expected-remark @+3 {{color 0 of @c: <3, 3, 1, 4> by ramp to (2, y) by ramp}}
  // expected-remark @+2 {{color 0 of @c: <4, 3, 9, 4> by ramp to (2, y) by ramp}}
  // expected-remark @+1 {{color 0 of @c: <13, 3, 1, 4> by ramp to (2, y) by ramp}}
  fabric.channel @c gather_x color 0 over <2, 3, 12, 4>
}

// -----

fabric.program @broadcast mesh(16 x 16) {
  // expected-remark @+1 {{color 11 of @c: <2, 3, 4, 1> by ramp to (x, 3) by ramp, (x, 4 .. 13) by ramp, (x, 14) by ramp}}
  fabric.channel @c broadcast_y color 11 over <2, 3, 4, 12>
}

// -----

fabric.program @chain mesh(16 x 16) {
  // expected-remark @+1 {{color 15 of @c: <4, 3, 11, 4, step 2, 1> by ramp to (x - 1, y) by ramp}}
  fabric.channel @c chain_x_odd color 15 over <2, 3, 13, 4>
}

// -----

fabric.program @away mesh(16 x 16) {
  // expected-remark @+1 {{color 9 of @c: <2, 4, 4, 9, step 1, 2> by ramp to (x, y + 1) by ramp}}
  fabric.channel @c away_y_even color 9 over <2, 3, 4, 11>
}

// -----

// In from the host, out to two cores and back to the host; the lanes bend one after the other.
fabric.program @net mesh(8 x 8) {
  fabric.net @n from <0, 1 by 0, 1 times 2 port west> to [#fabric.run<5, 1 by 1, 1 times 2 port ramp>, #fabric.run<5, 0 by 1, 0 times 2 port north>] color 8
  // expected-remark @+2 {{color 8 of @n: <0, 1, 1, 1> by west to (5, 1) by ramp, (5, 0) by north}}
  // expected-remark @+1 {{color 8 of @n: <0, 2, 1, 1> by west to (6, 2) by ramp, (6, 0) by north}}
  fabric.route @n color 8 over <0, 1, 5, 2> positions [#fabric.position<west to [east]>]
  fabric.route @n color 8 over <5, 1, 1, 1> positions [#fabric.position<west to [ramp, north]>]
  fabric.route @n color 8 over <5, 2, 1, 1> positions [#fabric.position<west to [east]>]
  fabric.route @n color 8 over <6, 2, 1, 1> positions [#fabric.position<west to [ramp, north]>]
  fabric.route @n color 8 over <6, 1, 1, 1> positions [#fabric.position<south to [north]>]
  fabric.route @n color 8 over <5, 0, 2, 1> positions [#fabric.position<south to [north]>]
}

// -----

// Flows that come to no end say where.
fabric.program @stopped mesh(8 x 8) {
  fabric.net @n from <0, 0 by 0, 1 times 3 port ramp> to [#fabric.run<2, 0 by 0, 1 times 3 port ramp>] color 8
  // expected-remark @+1 {{from (0, 1): @n has no route: color 8 at (2, 1) is not set up}}
  fabric.route @n color 8 over <0, 0, 1, 3> positions [#fabric.position<ramp to [east]>]
  fabric.route @n color 8 over <1, 0, 1, 3> positions [#fabric.position<west to [east]>]
  fabric.route @n color 8 over <2, 0, 1, 3, step 1, 2> positions [#fabric.position<west to [ramp]>]
}

// -----

fabric.program @twice mesh(8 x 8) {
  fabric.net @n from <0, 0 by 0, 1 times 1 port ramp> to [#fabric.run<2, 0 by 0, 1 times 1 port ramp>] color 8
  fabric.route @n color 8 over <0, 0, 2, 1> positions [#fabric.position<ramp to [east]>]
  // expected-remark @+1 {{router (1, 0) is set up twice, so there is no saying what flows}}
  fabric.route @n color 8 over <1, 0, 1, 1> positions [#fabric.position<west to [east]>]
}
