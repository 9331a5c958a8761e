// RUN: wafer-opt %s -split-input-file -verify-diagnostics --pass-pipeline='builtin.module(fabric.program(fabric-verify-routes{target=wse3}))'

// Sixteen colors of the WSE-3 switch, and no color has two inputs: the machine drops such data, we refuse it.

// Color 13 switches.
fabric.program @good mesh(16 x 16) {
  fabric.channel @c gather_x color 13 over <0, 0, 2, 1>
  fabric.route @c color 13 over <0, 0, 1, 1> positions [#fabric.position<ramp to [ramp]>, #fabric.position<east to [ramp]>]
  fabric.route @c color 13 over <1, 0, 1, 1> positions [#fabric.position<ramp to [west]>]
}

// -----

// Color 14 does not.
fabric.program @stuck mesh(16 x 16) {
  fabric.channel @c gather_x color 14 over <0, 0, 2, 1>
  // expected-error @+2 {{color 14 of @c has switch positions, and this color cannot switch on 'wse3'}}
  // expected-note @+1 {{hint}}
  fabric.route @c color 14 over <0, 0, 1, 1> positions [#fabric.position<ramp to [ramp]>, #fabric.position<east to [ramp]>]
  fabric.route @c color 14 over <1, 0, 1, 1> positions [#fabric.position<ramp to [west]>]
}

// -----

// Five positions are one too many.
fabric.program @five mesh(16 x 16) {
  fabric.channel @c gather_x color 13 over <0, 0, 2, 1>
  // expected-error @+2 {{color 13 of @c has 5 switch positions; the router has 4}}
  // expected-note @+1 {{hint}}
  fabric.route @c color 13 over <0, 0, 1, 1> positions [#fabric.position<ramp to [ramp]>, #fabric.position<east to [ramp]>, #fabric.position<ramp to [ramp]>, #fabric.position<east to [ramp]>, #fabric.position<ramp to [ramp]>]
  fabric.route @c color 13 over <1, 0, 1, 1> positions [#fabric.position<ramp to [west]>]
}

// -----
