// RUN: wafer-opt %s -split-input-file -verify-diagnostics --pass-pipeline='builtin.module(fabric.program(fabric-verify-routes{target=wse3}))'

// Color 10 is one of the eight that cannot switch there.
fabric.program @unswitchable mesh(16 x 16) {
  fabric.channel @c gather_x color 10 over <0, 0, 2, 1>
  // expected-error @+2 {{color 10 of @c has switch positions, and this color cannot switch on 'wse3'}}
  // expected-note @+1 {{hint}}
  fabric.route @c color 10 over <0, 0, 1, 1> positions [#fabric.position<ramp to [ramp]>, #fabric.position<east to [ramp]>]
  fabric.route @c color 10 over <1, 0, 1, 1> positions [#fabric.position<ramp to [west]>]
}

// -----

// A switch may change input and output at once.
fabric.program @both mesh(16 x 16) {
  fabric.channel @c gather_x color 0 over <0, 0, 2, 1>
  fabric.route @c color 0 over <0, 0, 1, 1> positions [#fabric.position<ramp to [ramp]>, #fabric.position<east to [ramp]>, #fabric.position<ramp to [east]>]
  // expected-error @-1 {{color 0 of @c at (0, 0) sends to the east, where router (1, 0) does not take it}}
  // expected-note @-2 {{hint}}
  fabric.route @c color 0 over <1, 0, 1, 1> positions [#fabric.position<ramp to [west]>]
}
