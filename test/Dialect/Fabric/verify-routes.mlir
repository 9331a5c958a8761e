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

fabric.program @from_dead_link mesh(16 x 16) {
  fabric.net @n from <3, 8 by 0, 1 times 1 port ramp> to [#fabric.run<4, 8 by 0, 1 times 1 port ramp>] color 8
  // expected-error @+2 {{color 8 of @n at (4, 8) uses the dead link to the west}}
  // expected-note @+1 {{hint}}
  fabric.route @n color 8 over <4, 8, 1, 1> positions [#fabric.position<west to [ramp]>]
  fabric.route @n color 8 over <3, 8, 1, 1> positions [#fabric.position<ramp to [east]>]
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

// -----

// A transit router that has the color, but takes it from another side.
fabric.program @wrong_side mesh(16 x 16) {
  fabric.net @n from <0, 0 by 0, 1 times 1 port ramp> to [#fabric.run<2, 0 by 0, 1 times 1 port ramp>] color 8
  // expected-error @+2 {{color 8 of @n at (0, 0) sends to the east, where router (1, 0) does not take it}}
  // expected-note @+1 {{hint}}
  fabric.route @n color 8 over <0, 0, 1, 1> positions [#fabric.position<ramp to [east]>]
  fabric.route @n color 8 over <1, 0, 1, 1> positions [#fabric.position<north to [east]>]
  fabric.route @n color 8 over <2, 0, 1, 1> positions [#fabric.position<west to [ramp]>]
}

// -----

// A router that waits for what nobody sends it.
fabric.program @unfed mesh(16 x 16) {
  fabric.net @n from <0, 0 by 0, 1 times 1 port ramp> to [#fabric.run<1, 0 by 0, 1 times 1 port ramp>] color 8
  fabric.route @n color 8 over <0, 0, 1, 1> positions [#fabric.position<ramp to [ramp]>]
  // expected-error @+2 {{color 8 of @n at (1, 0) receives from the west, where router (0, 0) does not send it}}
  // expected-note @+1 {{hint}}
  fabric.route @n color 8 over <1, 0, 1, 1> positions [#fabric.position<west to [ramp]>]
}

// -----

// A dead end: the second sink is never reached.
fabric.program @dead_end mesh(16 x 16) {
  // expected-error @+2 {{what @n sends from (0, 0) never reaches (2, 0)}}
  // expected-note @+1 {{hint}}
  fabric.net @n from <0, 0 by 0, 1 times 1 port ramp> to [#fabric.run<1, 0 by 0, 1 times 1 port ramp>, #fabric.run<2, 0 by 0, 1 times 1 port ramp>] color 8
  fabric.route @n color 8 over <0, 0, 1, 1> positions [#fabric.position<ramp to [east]>]
  fabric.route @n color 8 over <1, 0, 1, 1> positions [#fabric.position<west to [ramp]>]
}

// -----

// The core injects where its router takes wavelets from elsewhere.
fabric.program @inject mesh(16 x 16) {
  // expected-error @+2 {{@n is stopped: color 8 at (1, 0) does not take wavelets from the ramp}}
  // expected-note @+1 {{hint}}
  fabric.net @n from <1, 0 by 0, 1 times 1 port ramp> to [#fabric.run<2, 0 by 0, 1 times 1 port ramp>] color 8
  fabric.route @n color 8 over <0, 0, 1, 1> positions [#fabric.position<ramp to [east]>]
  fabric.route @n color 8 over <1, 0, 1, 1> positions [#fabric.position<west to [east]>]
  fabric.route @n color 8 over <2, 0, 1, 1> positions [#fabric.position<west to [ramp]>]
}

// -----

// Two inputs of a color at a router are two set-ups, also by one owner.
fabric.program @two_inputs mesh(16 x 16) {
  fabric.net @n from <0, 0 by 2, 0 times 2 port ramp> to [#fabric.run<1, 0 by 0, 1 times 2 port ramp>] color 8
  fabric.route @n color 8 over <0, 0, 3, 1, step 2, 1> positions [#fabric.position<ramp to [east]>]
  fabric.route @n color 8 over <1, 0, 1, 1> positions [#fabric.position<west to [ramp]>]
  // expected-error @+2 {{router (1, 0) has two set-ups for color 8: of @n and of @n}}
  // expected-note @+1 {{hint}}
  fabric.route @n color 8 over <1, 0, 1, 1> positions [#fabric.position<east to [ramp]>]
}

// -----

// A loop that a source feeds.
fabric.program @circle mesh(16 x 16) {
  // expected-error @+2 {{a wavelet of @n runs in a circle: color 8 at (0, 0)}}
  // expected-note @+1 {{hint}}
  fabric.net @n from <0, 0 by 0, 1 times 1 port ramp> to [#fabric.run<1, 0 by 0, 1 times 1 port ramp>] color 8
  fabric.route @n color 8 over <0, 0, 1, 1> positions [#fabric.position<ramp to [east]>, #fabric.position<south to [east]>]
  fabric.route @n color 8 over <1, 0, 1, 1> positions [#fabric.position<west to [south, ramp]>]
  fabric.route @n color 8 over <1, 1, 1, 1> positions [#fabric.position<north to [west]>]
  fabric.route @n color 8 over <0, 1, 1, 1> positions [#fabric.position<east to [north]>]
}

// -----

// A gather's router that lets others pass before its own core: the train stops there.
fabric.program @turns mesh(16 x 16) {
  // expected-error @+2 {{@c is stopped: color 0 at (1, 0) does not take wavelets from the ramp}}
  // expected-note @+1 {{hint}}
  fabric.channel @c gather_x color 0 over <0, 0, 3, 1>
  fabric.route @c color 0 over <0, 0, 1, 1> positions [#fabric.position<ramp to [ramp]>, #fabric.position<east to [ramp]>]
  fabric.route @c color 0 over <1, 0, 1, 1> positions [#fabric.position<east to [west]>, #fabric.position<ramp to [west]>]
  fabric.route @c color 0 over <2, 0, 1, 1> positions [#fabric.position<ramp to [west]>]
}

// -----

fabric.program @positions mesh(16 x 16) {
  fabric.channel @c gather_x color 0 over <0, 0, 2, 1>
  // expected-error @+2 {{color 0 of @c has 5 switch positions; the router has 4}}
  // expected-note @+1 {{hint}}
  fabric.route @c color 0 over <1, 0, 1, 1> positions [#fabric.position<ramp to [west]>, #fabric.position<ramp to [east]>, #fabric.position<ramp to [west]>, #fabric.position<ramp to [east]>, #fabric.position<ramp to [west]>]
}

// -----

fabric.program @inner_port mesh(16 x 16) {
  // expected-error @+2 {{@n has a host port at (3, 0), which is not at the mesh's edge to the west}}
  // expected-note @+1 {{hint}}
  fabric.net @n from <3, 0 by 0, 1 times 1 port west> to [#fabric.run<4, 0 by 0, 1 times 1 port ramp>] color 8
}

// -----

// One router missing from an area is named, and so is what it breaks.
fabric.program @hole_in_area mesh(16 x 16) {
  fabric.channel @c broadcast_x color 8 over <6, 6, 8, 8>
  fabric.route @c color 8 over <6, 6, 1, 8> positions [#fabric.position<ramp to [east, ramp]>]
  // expected-error @+2 {{color 8 of @c at (8, 10) sends to the east, where router (9, 10) does not take it}}
  // expected-note @+1 {{hint}}
  fabric.route @c color 8 over <7, 6, 2, 8> positions [#fabric.position<west to [east, ramp]>]
  fabric.route @c color 8 over <9, 6, 4, 4> positions [#fabric.position<west to [east, ramp]>]
  fabric.route @c color 8 over <9, 11, 4, 3> positions [#fabric.position<west to [east, ramp]>]
  fabric.route @c color 8 over <10, 10, 3, 1> positions [#fabric.position<west to [east, ramp]>]
  fabric.route @c color 8 over <13, 6, 1, 8> positions [#fabric.position<west to [ramp]>]
}

// -----

// One lane of many that is heard where it should not be: a core within the bus takes it too.
fabric.program @one_lane mesh(16 x 16) {
  // expected-error @+2 {{what @n sends from (6, 9) also reaches (8, 9)}}
  // expected-note @+1 {{hint}}
  fabric.net @n from <6, 6 by 0, 1 times 8 port ramp> to [#fabric.run<10, 6 by 0, 1 times 8 port ramp>] color 8
  fabric.route @n color 8 over <6, 6, 1, 8> positions [#fabric.position<ramp to [east]>]
  fabric.route @n color 8 over <7, 6, 3, 3> positions [#fabric.position<west to [east]>]
  fabric.route @n color 8 over <7, 9, 3, 1, step 2, 1> positions [#fabric.position<west to [east]>]
  fabric.route @n color 8 over <8, 9, 1, 1> positions [#fabric.position<west to [east, ramp]>]
  fabric.route @n color 8 over <7, 10, 3, 4> positions [#fabric.position<west to [east]>]
  fabric.route @n color 8 over <10, 6, 1, 8> positions [#fabric.position<west to [ramp]>]
}

// -----

// The same areas with lanes in other orders: a bus whose lanes swap rows is not a bus that keeps them.
fabric.program @reversed mesh(16 x 16) {
  // expected-error @+2 {{what @n sends from (6, 6) never reaches (7, 13)}}
  // expected-note @+1 {{hint}}
  fabric.net @n from <6, 6 by 0, 1 times 8 port ramp> to [#fabric.run<7, 13 by 0, -1 times 8 port ramp>] color 8
  fabric.route @n color 8 over <6, 6, 1, 8> positions [#fabric.position<ramp to [east]>]
  fabric.route @n color 8 over <7, 6, 1, 8> positions [#fabric.position<west to [ramp]>]
}
