// RUN: wafer-opt %s -split-input-file -verify-diagnostics --pass-pipeline='builtin.module(fabric.program(fabric-verify-routes{target=test16}))'

// What a core sends must be taken by its own router: data that is injected elsewhere is dropped by the machine, silently.

// The source's router listens to the west and not to its core.
fabric.program @elsewhere mesh(16 x 16) {
  // expected-error @+2 {{does not take wavelets from the ramp}}
  // expected-note @+1 {{hint}}
  fabric.net @n from <1, 0 by 0, 1 times 1 port ramp> to [#fabric.run<2, 0 by 0, 1 times 1 port ramp>] color 8
  fabric.net @feeder from <0, 0 by 0, 1 times 1 port ramp> to [#fabric.run<2, 0 by 0, 1 times 1 port ramp>] color 9
  fabric.route @n color 8 over <0, 0, 1, 1> positions [#fabric.position<ramp to [east]>]
  fabric.route @n color 8 over <1, 0, 1, 1> positions [#fabric.position<west to [east]>]
  fabric.route @n color 8 over <2, 0, 1, 1> positions [#fabric.position<west to [ramp]>]
}

// -----

// A source dropped from a fan-in: the PE in the middle of a gather passes others on and is never heard itself.
fabric.program @unheard mesh(16 x 16) {
  // expected-error @+2 {{does not take wavelets from the ramp}}
  // expected-note @+1 {{hint}}
  fabric.channel @c gather_x color 0 over <0, 0, 3, 1>
  fabric.route @c color 0 over <0, 0, 1, 1> positions [#fabric.position<ramp to [ramp]>, #fabric.position<east to [ramp]>]
  fabric.route @c color 0 over <1, 0, 1, 1> positions [#fabric.position<east to [west]>]
  fabric.route @c color 0 over <2, 0, 1, 1> positions [#fabric.position<ramp to [west]>]
}

// -----

// The switch of the one in the middle stands the wrong way round: its ADVANCE would open the way for nobody.
fabric.program @reversed mesh(16 x 16) {
  // expected-error @+2 {{does not take wavelets from the ramp}}
  // expected-note @+1 {{hint}}
  fabric.channel @c gather_x color 0 over <0, 0, 3, 1>
  fabric.route @c color 0 over <0, 0, 1, 1> positions [#fabric.position<ramp to [ramp]>, #fabric.position<east to [ramp]>]
  fabric.route @c color 0 over <1, 0, 1, 1> positions [#fabric.position<east to [west]>, #fabric.position<ramp to [west]>]
  fabric.route @c color 0 over <2, 0, 1, 1> positions [#fabric.position<ramp to [west]>]
}

// -----

// A switch that is missing: the turn never comes to those behind, whose train would wait there for ever.
fabric.program @shut mesh(16 x 16) {
  fabric.channel @c gather_x color 0 over <0, 0, 3, 1>
  fabric.route @c color 0 over <0, 0, 1, 1> positions [#fabric.position<ramp to [ramp]>, #fabric.position<east to [ramp]>]
  fabric.route @c color 0 over <1, 0, 1, 1> positions [#fabric.position<ramp to [west]>]
  // expected-error @+2 {{sends to the west, where router (1, 0) does not take it}}
  // expected-note @+1 {{hint}}
  fabric.route @c color 0 over <2, 0, 1, 1> positions [#fabric.position<ramp to [west]>]
}

// -----

// A route is written once: to set a router up anew for a color, while others may still send, cannot be said.
fabric.program @rewritten mesh(16 x 16) {
  fabric.net @n from <0, 0 by 0, 1 times 1 port ramp> to [#fabric.run<1, 0 by 0, 1 times 1 port ramp>] color 8
  fabric.route @n color 8 over <0, 0, 1, 1> positions [#fabric.position<ramp to [east]>]
  fabric.route @n color 8 over <1, 0, 1, 1> positions [#fabric.position<west to [ramp]>]
  // expected-error @+2 {{router (0, 0) has two set-ups for color 8: of @n and of @n}}
  // expected-note @+1 {{hint}}
  fabric.route @n color 8 over <0, 0, 1, 1> positions [#fabric.position<ramp to [south]>]
}
