// RUN: wafer-opt %s -split-input-file -verify-diagnostics --pass-pipeline='builtin.module(wafer.program(wafer-verify-order))'

#box = #wafer.layout<[2 at 2 * x0]>

// Legal: the host's input passes through two regions, the result passes back.
wafer.program @legal mesh(16 x 16) {
  wafer.region @a size(4 x 1) {
    wafer.relay @in_a to @in_b
    wafer.relay @out_a to @out
  }
  wafer.region @b size(4 x 1) {
    wafer.relay @in_b to @in_c
    wafer.relay @out_b to @out_a
  }
  wafer.region @c size(4 x 1) {
    %0 = wafer.receive @in_c : tensor<8xf32, #box>
    wafer.send %0 to @out_b : tensor<8xf32, #box>
  }
  wafer.stream @in_a to [@a] of tensor<8xf32, #box> senders 1 lanes 1 host "x"
  wafer.stream @in_b from @a to [@b] of tensor<8xf32, #box> senders 1 lanes 1
  wafer.stream @in_c from @b to [@c] of tensor<8xf32, #box> senders 1 lanes 1
  wafer.stream @out_b from @c to [@b] of tensor<8xf32, #box> senders 4 lanes 1
  wafer.stream @out_a from @b to [@a] of tensor<8xf32, #box> senders 4 lanes 1
  wafer.stream @out from @a to [] of tensor<8xf32, #box> senders 4 lanes 1 host "y"
}

// -----

#box = #wafer.layout<[2 at 2 * x0]>

// @b takes another stream of @a's before it relays, and @a sends that one later.
wafer.program @late mesh(16 x 16) {
  wafer.region @a size(4 x 1) {
    %0 = wafer.empty : tensor<8xf32, #box>
    // expected-error @+2 {{[WF5200] streams of one net are used in two orders: @a sends @far before it sends @near, @b takes @near before it takes @far}}
    // expected-note @+1 {{hint}}
    wafer.send %0 to @far : tensor<8xf32, #box>
    wafer.send %0 to @near : tensor<8xf32, #box>
  }
  wafer.region @b size(4 x 1) {
    %0 = wafer.receive @near : tensor<8xf32, #box>
    wafer.relay @far to @farther
  }
  wafer.region @c size(4 x 1) {
    %0 = wafer.receive @farther : tensor<8xf32, #box>
  }
  wafer.stream @far from @a to [@b] of tensor<8xf32, #box> senders 4 lanes 1
  wafer.stream @farther from @b to [@c] of tensor<8xf32, #box> senders 4 lanes 1
  wafer.stream @near from @a to [@b] of tensor<8xf32, #box> senders 4 lanes 1
}

// -----

#box = #wafer.layout<[2 at 2 * x0]>

// A relay's two streams end together: @c, which does not take the second yet, is waited for by whoever sends the first.
wafer.program @coupled mesh(16 x 16) {
  wafer.region @a size(4 x 1) {
    %0 = wafer.empty : tensor<8xf32, #box>
    // expected-error @+2 {{[WF5200] streams wait for one another in a circle: @a sends @far before it sends @ac, @c takes @ac before it takes @farther}}
    // expected-note @+1 {{hint}}
    wafer.send %0 to @far : tensor<8xf32, #box>
    wafer.send %0 to @ac : tensor<8xf32, #box>
  }
  wafer.region @b size(4 x 1) {
    wafer.relay @far to @farther
  }
  wafer.region @c size(4 x 1) {
    %0 = wafer.receive @ac : tensor<8xf32, #box>
    %1 = wafer.receive @farther : tensor<8xf32, #box>
  }
  wafer.stream @far from @a to [@b] of tensor<8xf32, #box> senders 4 lanes 1
  wafer.stream @farther from @b to [@c] of tensor<8xf32, #box> senders 4 lanes 1
  wafer.stream @ac from @a to [@c] of tensor<8xf32, #box> senders 4 lanes 1
}

// -----

#box = #wafer.layout<[2 at 2 * x0]>

// What a region relays comes back to it: it would have to take it before it has passed it on.
wafer.program @back mesh(16 x 16) {
  wafer.region @a size(4 x 1) {
    %0 = wafer.empty : tensor<8xf32, #box>
    wafer.send %0 to @ab : tensor<8xf32, #box>
  }
  wafer.region @b size(4 x 1) {
    // expected-error @+2 {{[WF5200] streams wait for one another in a circle: @b takes @cb before it takes @ab}}
    // expected-note @+1 {{hint}}
    %0 = wafer.receive @cb : tensor<8xf32, #box>
    wafer.relay @ab to @bc
  }
  wafer.region @c size(4 x 1) {
    wafer.relay @bc to @cb
  }
  wafer.stream @ab from @a to [@b] of tensor<8xf32, #box> senders 4 lanes 1
  wafer.stream @bc from @b to [@c] of tensor<8xf32, #box> senders 4 lanes 1
  wafer.stream @cb from @c to [@b] of tensor<8xf32, #box> senders 4 lanes 1
}

// -----

#box = #wafer.layout<[2 at 2 * x0]>

wafer.program @nobody mesh(16 x 16) {
  wafer.region @a size(4 x 1) {
    wafer.relay @ba to @ab
  }
  wafer.region @b size(4 x 1) {
    wafer.relay @ab to @ba
  }
  // expected-error @+2 {{[WF5200] stream @ab is passed on in a circle: nobody sends what it carries}}
  // expected-note @+1 {{hint}}
  wafer.stream @ab from @a to [@b] of tensor<8xf32, #box> senders 4 lanes 1
  wafer.stream @ba from @b to [@a] of tensor<8xf32, #box> senders 4 lanes 1
}

// -----

#box = #wafer.layout<[2 at 2 * x0]>

wafer.program @fewer mesh(16 x 16) {
  wafer.region @a size(4 x 1) {
    %0 = wafer.empty : tensor<8xf32, #box>
    wafer.send %0 to @ab : tensor<8xf32, #box>
  }
  wafer.region @b size(4 x 1) {
    // expected-error @+2 {{[WF5201] @b passes on other boxes than stream @bc carries}}
    // expected-note @+1 {{hint}}
    wafer.relay @ab to @bc
  }
  wafer.region @c size(4 x 1) {
    %0 = wafer.receive @bc : tensor<8xf32, #box>
  }
  wafer.stream @ab from @a to [@b] of tensor<8xf32, #box> senders 4 lanes 1
  wafer.stream @bc from @b to [@c] of tensor<8xf32, #box> senders 3 lanes 1
}
