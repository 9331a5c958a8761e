// RUN: sed 's/\[3, 8, "E"\]/[0, 8, "W"]/' %root/profiles/dead16.json > %t.json
// RUN: wafer-opt %s -verify-diagnostics --pass-pipeline='builtin.module(fabric.program(fabric-verify-routes{target=%t.json}))'

// The host has no way in at a dead port, which is a dead link that leads off the mesh.
fabric.program @dead_port mesh(16 x 16) {
  fabric.net @in from <0, 7 by 0, 1 times 2 port west> to [#fabric.run<1, 7 by 0, 1 times 2 port ramp>] color 8
  // expected-error @+2 {{color 8 of @in at (0, 8) uses the dead host port to the west}}
  // expected-note @+1 {{hint}}
  fabric.route @in color 8 over <0, 7, 1, 2> positions [#fabric.position<west to [east]>]
  fabric.route @in color 8 over <1, 7, 1, 2> positions [#fabric.position<west to [ramp]>]
}
