// RUN: wafer-opt %s -split-input-file -verify-diagnostics --pass-pipeline='builtin.module(fabric.program(fabric-verify-routes{target=dead16}))'

// Good: one lane from (0, 0) to (2, 0).
fabric.program @good mesh(16 x 16) {
  fabric.net @n from <0, 0 by 0, 1 times 1 port ramp> to [#fabric.run<2, 0 by 0, 1 times 1 port ramp>] color 8
  fabric.route @n color 8 over <0, 0, 1, 1> positions [#fabric.position<ramp to [east]>]
  fabric.route @n color 8 over <1, 0, 1, 1> positions [#fabric.position<west to [east]>]
  fabric.route @n color 8 over <2, 0, 1, 1> positions [#fabric.position<west to [ramp]>]
}

// -----

// A transit router without the color.
fabric.program @hole mesh(16 x 16) {
  fabric.net @n from <0, 0 by 0, 1 times 1 port ramp> to [#fabric.run<2, 0 by 0, 1 times 1 port ramp>] color 8
  // expected-error @+2 {{color 8 of @n at (0, 0) sends to the east, where router (1, 0) does not take it}}
  // expected-note @+1 {{hint}}
  fabric.route @n color 8 over <0, 0, 1, 1> positions [#fabric.position<ramp to [east]>]
  fabric.route @n color 8 over <2, 0, 1, 1> positions [#fabric.position<ramp to [east]>]
}

// -----

// A source dropped from a fan-in: the second lane has no routers.
fabric.program @dropped mesh(16 x 16) {
  // expected-error @+2 {{@n has no route: color 8 at (0, 1) is not set up}}
  // expected-note @+1 {{hint}}
  fabric.net @n from <0, 0 by 0, 1 times 2 port ramp> to [#fabric.run<1, 0 by 0, 1 times 2 port ramp>] color 8
  fabric.route @n color 8 over <0, 0, 1, 1> positions [#fabric.position<ramp to [east]>]
  fabric.route @n color 8 over <1, 0, 1, 1> positions [#fabric.position<west to [ramp]>]
}

// -----

// A sink that nobody asked for.
fabric.program @leak mesh(16 x 16) {
  // expected-error @+2 {{what @n sends from (0, 0) also reaches (1, 0)}}
  // expected-note @+1 {{hint}}
  fabric.net @n from <0, 0 by 0, 1 times 1 port ramp> to [#fabric.run<2, 0 by 0, 1 times 1 port ramp>] color 8
  fabric.route @n color 8 over <0, 0, 1, 1> positions [#fabric.position<ramp to [east]>]
  fabric.route @n color 8 over <1, 0, 1, 1> positions [#fabric.position<west to [east, ramp]>]
  fabric.route @n color 8 over <2, 0, 1, 1> positions [#fabric.position<west to [ramp]>]
}

// -----

// Two writers of one color at a router.
fabric.program @two mesh(16 x 16) {
  fabric.net @a from <0, 0 by 0, 1 times 1 port ramp> to [#fabric.run<1, 0 by 0, 1 times 1 port ramp>] color 8
  fabric.net @b from <1, 1 by 0, 1 times 1 port ramp> to [#fabric.run<1, 0 by 0, 1 times 1 port ramp>] color 8
  fabric.route @a color 8 over <1, 0, 1, 1> positions [#fabric.position<west to [ramp]>]
  // expected-error @+2 {{router (1, 0) has two set-ups for color 8: of @a and of @b}}
  // expected-note @+1 {{hint}}
  fabric.route @b color 8 over <1, 0, 1, 1> positions [#fabric.position<south to [ramp]>]
}

// -----

// A foreign wavelet: a's data runs into b's router.
fabric.program @foreign mesh(16 x 16) {
  // expected-error @+2 {{a wavelet of @a reaches @b with color 8 at (1, 0)}}
  // expected-note @+1 {{hint}}
  fabric.net @a from <0, 0 by 0, 1 times 1 port ramp> to [#fabric.run<2, 0 by 0, 1 times 1 port ramp>] color 8
  fabric.net @b from <0, 0 by 0, 1 times 1 port ramp> to [#fabric.run<2, 0 by 0, 1 times 1 port ramp>] color 8
  fabric.route @a color 8 over <0, 0, 1, 1> positions [#fabric.position<ramp to [east]>]
  fabric.route @b color 8 over <1, 0, 1, 1> positions [#fabric.position<west to [east]>]
  fabric.route @b color 8 over <2, 0, 1, 1> positions [#fabric.position<west to [ramp]>]
}

// -----

// A loop that no source feeds.
fabric.program @loop mesh(16 x 16) {
  fabric.net @n from <4, 4 by 0, 1 times 1 port ramp> to [#fabric.run<4, 4 by 0, 1 times 1 port ramp>] color 9
  fabric.route @n color 9 over <4, 4, 1, 1> positions [#fabric.position<ramp to [ramp]>]
  // expected-error @+2 {{router (0, 0) has color 8, which no flow of @n uses}}
  // expected-note @+1 {{hint}}
  fabric.route @n color 8 over <0, 0, 1, 1> positions [#fabric.position<south to [east]>]
  fabric.route @n color 8 over <1, 0, 1, 1> positions [#fabric.position<west to [south]>]
  fabric.route @n color 8 over <1, 1, 1, 1> positions [#fabric.position<north to [west]>]
  fabric.route @n color 8 over <0, 1, 1, 1> positions [#fabric.position<east to [north]>]
}

// -----

fabric.program @dead_pe mesh(16 x 16) {
  fabric.net @n from <4, 5 by 0, 1 times 1 port ramp> to [#fabric.run<6, 5 by 0, 1 times 1 port ramp>] color 8
  // expected-error @+2 {{color 8 of @n goes through the dead PE (5, 5)}}
  // expected-note @+1 {{hint}}
  fabric.route @n color 8 over <5, 5, 1, 1> positions [#fabric.position<west to [east]>]
}

// -----

fabric.program @dead_link mesh(16 x 16) {
  fabric.net @n from <3, 8 by 0, 1 times 1 port ramp> to [#fabric.run<4, 8 by 0, 1 times 1 port ramp>] color 8
  // expected-error @+2 {{color 8 of @n at (3, 8) uses the dead link to the east}}
  // expected-note @+1 {{hint}}
  fabric.route @n color 8 over <3, 8, 1, 1> positions [#fabric.position<ramp to [east]>]
  fabric.route @n color 8 over <4, 8, 1, 1> positions [#fabric.position<west to [ramp]>]
}

// -----

fabric.program @edge mesh(16 x 16) {
  fabric.net @n from <0, 0 by 0, 1 times 1 port ramp> to [#fabric.run<1, 0 by 0, 1 times 1 port ramp>] color 8
  // expected-error @+2 {{color 8 of @n at (0, 0) leads over the mesh's edge to the north}}
  // expected-note @+1 {{hint}}
  fabric.route @n color 8 over <0, 0, 1, 1> positions [#fabric.position<ramp to [north]>]
}

// -----

fabric.program @reserved mesh(16 x 16) {
  fabric.net @n from <0, 0 by 0, 1 times 1 port ramp> to [#fabric.run<0, 0 by 0, 1 times 1 port ramp>] color 21
  // expected-error @+2 {{color 21 of @n is not routable on 'dead16'}}
  // expected-note @+1 {{hint}}
  fabric.route @n color 21 over <0, 0, 1, 1> positions [#fabric.position<ramp to [ramp]>]
}

// -----

fabric.program @switch mesh(16 x 16) {
  fabric.channel @c gather_x color 0 over <0, 0, 2, 1>
  // expected-error @+2 {{changes input and outputs with one switch, which 'dead16' cannot}}
  // expected-note @+1 {{hint}}
  fabric.route @c color 0 over <0, 0, 1, 1> positions [#fabric.position<ramp to [ramp]>, #fabric.position<east to [west]>]
}
