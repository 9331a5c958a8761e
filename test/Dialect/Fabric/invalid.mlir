// RUN: wafer-opt %s -split-input-file -verify-diagnostics

// A path that bounces inside a router cannot be said.
// expected-error @+1 {{a position cannot send back to where it receives from}}
func.func private @bounce() attributes {p = #fabric.position<west to [west]>}

// -----

// expected-error @+1 {{a position needs at least one output}}
func.func private @nowhere() attributes {p = #fabric.position<west to []>}

// -----

// expected-error @+1 {{unknown port 'up'; ports are north, east, south, west, ramp}}
func.func private @port() attributes {p = #fabric.position<west to [up]>}

// -----

// expected-error @+1 {{terminals of a run must differ}}
func.func private @run() attributes {r = #fabric.run<0, 0 by 0, 0 times 3 port ramp>}

// -----

fabric.program @f mesh(4 x 4) {
  // expected-error @+1 {{reaches outside the mesh of 4 x 4 PEs}}
  fabric.channel @c gather_x color 0 over <2, 0, 4, 1>
}

// -----

fabric.program @f mesh(4 x 4) {
  // expected-error @+1 {{has 2 sources but a run of 3 sinks}}
  fabric.net @n from <0, 0 by 0, 1 times 2 port ramp> to [#fabric.run<3, 0 by 0, 1 times 3 port ramp>]
}

// -----

fabric.program @f mesh(4 x 4) {
  // expected-error @+1 {{belongs to unknown @nobody}}
  fabric.route @nobody color 0 over <0, 0, 1, 1> positions [#fabric.position<ramp to [east]>]
}

// -----

fabric.program @p mesh(8 x 1) {
  // expected-error @below {{has its root at 8, and lines have 8 PEs}}
  fabric.channel @c cast_x color 0 over <0, 0, 8, 1> root 8
}

// -----

fabric.program @p mesh(8 x 1) {
  // expected-error @below {{leaders must ascend, lie on the line, and not be its root}}
  fabric.channel @c far_x_even color 0 over <0, 0, 8, 1> root 2 leaders [4, 2]
}

// -----

fabric.program @p mesh(8 x 1) {
  // expected-error @below {{needs groups of two PEs or more that make up a line, with the root among them}}
  fabric.channel @c group_cast_x color 0 over <0, 0, 8, 1> root 1 group 3
}

// -----

fabric.program @p mesh(8 x 1) {
  // expected-error @below {{has no groups}}
  fabric.channel @c cast_x color 0 over <0, 0, 8, 1> root 1 group 4
}
