// RUN: wafer-opt %s -split-input-file -verify-diagnostics --pass-pipeline='builtin.module(wafer.program(wafer-verify-order))'

#box = #wafer.layout<[2 at 2 * x0]>

// Legal: a fork and a join, a multicast, host streams, collectives between.
wafer.program @legal mesh(16 x 16) {
  wafer.region @a size(4 x 1) {
    %0 = wafer.receive @in : tensor<8xf32, #box>
    wafer.send %0 to @both : tensor<8xf32, #box>
    %1 = wafer.redistribute %0 along x : (tensor<8xf32, #box>) -> tensor<8xf32, #box>
    wafer.send %1 to @ab : tensor<8xf32, #box>
    wafer.send %1 to @ac : tensor<8xf32, #box>
  }
  wafer.region @b size(4 x 1) {
    %0 = wafer.receive @both : tensor<8xf32, #box>
    %1 = wafer.receive @ab : tensor<8xf32, #box>
    wafer.send %1 to @bc : tensor<8xf32, #box>
  }
  wafer.region @c size(4 x 1) {
    %0 = wafer.receive @both : tensor<8xf32, #box>
    %1 = wafer.receive @ac : tensor<8xf32, #box>
    %2 = wafer.receive @bc : tensor<8xf32, #box>
    wafer.send %2 to @out : tensor<8xf32, #box>
  }
  wafer.stream @in to [@a] of tensor<8xf32, #box> senders 1 lanes 1 host "x"
  wafer.stream @both from @a to [@b, @c] of tensor<8xf32, #box> senders 4 lanes 1
  wafer.stream @ab from @a to [@b] of tensor<8xf32, #box> senders 4 lanes 1
  wafer.stream @ac from @a to [@c] of tensor<8xf32, #box> senders 4 lanes 1
  wafer.stream @bc from @b to [@c] of tensor<8xf32, #box> senders 4 lanes 1
  wafer.stream @out from @c to [] of tensor<8xf32, #box> senders 4 lanes 1 host "y"
}

// -----

#box = #wafer.layout<[2 at 2 * x0]>

// Both send before they take. It would run with buffers of eight words, and the proof asks for none.
wafer.program @two mesh(16 x 16) {
  wafer.region @a size(4 x 1) {
    %0 = wafer.empty : tensor<8xf32, #box>
    // expected-error @+2 {{[WF5200] streams wait for one another in a circle: @a sends @ab before it takes @ba (node 'add'), @b sends @ba (node 'conv') before it takes @ab}}
    // expected-note @+1 {{hint: this is a defect of the compiler: please report it; with --regions 1 no region waits for another}}
    wafer.send %0 to @ab : tensor<8xf32, #box>
    %1 = wafer.receive @ba : tensor<8xf32, #box> loc("add")
  }
  wafer.region @b size(4 x 1) {
    %0 = wafer.empty : tensor<8xf32, #box>
    wafer.send %0 to @ba : tensor<8xf32, #box> loc("conv")
    %1 = wafer.receive @ab : tensor<8xf32, #box>
  }
  wafer.stream @ab from @a to [@b] of tensor<8xf32, #box> senders 4 lanes 1
  wafer.stream @ba from @b to [@a] of tensor<8xf32, #box> senders 4 lanes 1
}

// -----

#box = #wafer.layout<[2 at 2 * x0]>

// Three regions; what lies between two ends of the circle in one region is left out.
wafer.program @three mesh(16 x 16) {
  wafer.region @a size(4 x 1) {
    %0 = wafer.receive @ca : tensor<8xf32, #box>
    %1 = wafer.receive @in : tensor<8xf32, #box>
    // expected-error @-2 {{in a circle: @a takes @ca before it sends @ab, @b takes @ab before it sends @bc, @c takes @bc before it sends @ca}}
    // expected-note @-3 {{hint}}
    wafer.send %1 to @ab : tensor<8xf32, #box>
  }
  wafer.region @b size(4 x 1) {
    %0 = wafer.receive @ab : tensor<8xf32, #box>
    wafer.send %0 to @bc : tensor<8xf32, #box>
  }
  wafer.region @c size(4 x 1) {
    %0 = wafer.receive @bc : tensor<8xf32, #box>
    wafer.send %0 to @ca : tensor<8xf32, #box>
  }
  wafer.stream @in to [@a] of tensor<8xf32, #box> senders 1 lanes 1 host "x"
  wafer.stream @ab from @a to [@b] of tensor<8xf32, #box> senders 4 lanes 1
  wafer.stream @bc from @b to [@c] of tensor<8xf32, #box> senders 4 lanes 1
  wafer.stream @ca from @c to [@a] of tensor<8xf32, #box> senders 4 lanes 1
}

// -----

#box = #wafer.layout<[2 at 2 * x0]>

// A multicast holds all its receivers: the host's input to both waits for b, which waits for a.
wafer.program @multicast mesh(16 x 16) {
  wafer.region @a size(4 x 1) {
    // expected-error @+2 {{in a circle: @a takes @in before it sends @ab, @b takes @ab before it takes @in}}
    // expected-note @+1 {{hint}}
    %0 = wafer.receive @in : tensor<8xf32, #box>
    wafer.send %0 to @ab : tensor<8xf32, #box>
  }
  wafer.region @b size(4 x 1) {
    %0 = wafer.receive @ab : tensor<8xf32, #box>
    %1 = wafer.receive @in : tensor<8xf32, #box>
  }
  wafer.stream @in to [@a, @b] of tensor<8xf32, #box> senders 1 lanes 1 host "x"
  wafer.stream @ab from @a to [@b] of tensor<8xf32, #box> senders 4 lanes 1
}

// -----

#box = #wafer.layout<[2 at 2 * x0]>

wafer.program @swapped mesh(16 x 16) {
  wafer.region @a size(4 x 1) {
    %0 = wafer.empty : tensor<8xf32, #box>
    // expected-error @+2 {{[WF5200] streams of one net are used in two orders: @a sends @s before it sends @t, @b takes @t before it takes @s}}
    // expected-note @+1 {{hint}}
    wafer.send %0 to @s : tensor<8xf32, #box>
    wafer.send %0 to @t : tensor<8xf32, #box>
  }
  wafer.region @b size(4 x 1) {
    %0 = wafer.receive @t : tensor<8xf32, #box>
    %1 = wafer.receive @s : tensor<8xf32, #box>
  }
  wafer.stream @s from @a to [@b] of tensor<8xf32, #box> senders 4 lanes 1
  wafer.stream @t from @a to [@b] of tensor<8xf32, #box> senders 4 lanes 1
}

// -----

#box = #wafer.layout<[2 at 2 * x0]>

// A region that sends to itself has nobody to take it.
wafer.program @self mesh(16 x 16) {
  wafer.region @a size(4 x 1) {
    %0 = wafer.empty : tensor<8xf32, #box>
    // expected-error @+2 {{in a circle: @a sends @s before it takes @s}}
    // expected-note @+1 {{hint}}
    wafer.send %0 to @s : tensor<8xf32, #box>
    %1 = wafer.receive @s : tensor<8xf32, #box>
  }
  wafer.stream @s from @a to [@a] of tensor<8xf32, #box> senders 4 lanes 1
}

// -----

#box = #wafer.layout<[2 at 2 * x0]>

wafer.program @missing_receive mesh(16 x 16) {
  wafer.region @a size(4 x 1) {
    %0 = wafer.empty : tensor<8xf32, #box>
    wafer.send %0 to @s : tensor<8xf32, #box>
  }
  wafer.region @b size(4 x 1) {
  }
  // expected-error @+2 {{[WF5201] stream @s is never taken by @b}}
  // expected-note @+1 {{hint}}
  wafer.stream @s from @a to [@b] of tensor<8xf32, #box> senders 4 lanes 1
}

// -----

#box = #wafer.layout<[2 at 2 * x0]>

// The host sends streams of one net as they stand in the program, so they are taken so.
wafer.program @host_order mesh(16 x 16) {
  wafer.region @a size(4 x 1) {
    // expected-error @+2 {{[WF5200] streams of one net are used in two orders: @a takes @second before it takes @first, the host sends @first before it sends @second}}
    // expected-note @+1 {{hint}}
    %0 = wafer.receive @second : tensor<8xf32, #box>
    %1 = wafer.receive @first : tensor<8xf32, #box>
  }
  wafer.stream @first to [@a] of tensor<8xf32, #box> senders 1 lanes 1 host "x"
  wafer.stream @second to [@a] of tensor<8xf32, #box> senders 1 lanes 1 host "x2"
}

// -----

#box = #wafer.layout<[2 at 2 * x0]>

// Other nets of the host have orders of their own: @b may give the last one first.
wafer.program @host_nets mesh(16 x 16) {
  wafer.region @a size(4 x 1) {
    %0 = wafer.receive @in : tensor<8xf32, #box>
    wafer.send %0 to @ab : tensor<8xf32, #box>
    wafer.send %0 to @out : tensor<8xf32, #box>
  }
  wafer.region @b size(4 x 1) {
    %0 = wafer.receive @ab : tensor<8xf32, #box>
    wafer.send %0 to @out2 : tensor<8xf32, #box>
    %1 = wafer.receive @in2 : tensor<8xf32, #box>
  }
  wafer.stream @in2 to [@b] of tensor<8xf32, #box> senders 1 lanes 1 host "x2"
  wafer.stream @in to [@a] of tensor<8xf32, #box> senders 1 lanes 1 host "x"
  wafer.stream @out from @a to [] of tensor<8xf32, #box> senders 4 lanes 1 host "y"
  wafer.stream @ab from @a to [@b] of tensor<8xf32, #box> senders 4 lanes 1
  wafer.stream @out2 from @b to [] of tensor<8xf32, #box> senders 4 lanes 1 host "y2"
}

// -----

#box = #wafer.layout<[2 at 2 * x0]>

// One of two receivers never takes it.
wafer.program @missing_one mesh(16 x 16) {
  wafer.region @a size(4 x 1) {
    %0 = wafer.receive @in : tensor<8xf32, #box>
  }
  wafer.region @b size(4 x 1) {
  }
  // expected-error @+2 {{[WF5201] stream @in is never taken by @b}}
  // expected-note @+1 {{hint}}
  wafer.stream @in to [@a, @b] of tensor<8xf32, #box> senders 1 lanes 1 host "x"
}

// -----

#box = #wafer.layout<[2 at 2 * x0]>

wafer.program @missing_send mesh(16 x 16) {
  wafer.region @a size(4 x 1) {
  }
  // expected-error @+2 {{[WF5201] stream @out is never sent by @a}}
  // expected-note @+1 {{hint}}
  wafer.stream @out from @a to [] of tensor<8xf32, #box> senders 4 lanes 1 host "y"
}

// -----

#box = #wafer.layout<[2 at 2 * x0]>

wafer.program @doubled mesh(16 x 16) {
  wafer.region @a size(4 x 1) {
    %0 = wafer.empty : tensor<8xf32, #box>
    wafer.send %0 to @out : tensor<8xf32, #box>
    // expected-error @+2 {{[WF5201] stream @out is sent more than once by @a}}
    // expected-note @+1 {{hint}}
    wafer.send %0 to @out : tensor<8xf32, #box>
  }
  wafer.stream @out from @a to [] of tensor<8xf32, #box> senders 4 lanes 1 host "y"
}

// -----

#box = #wafer.layout<[2 at 2 * x0]>

wafer.program @stranger mesh(16 x 16) {
  wafer.region @a size(4 x 1) {
    %0 = wafer.receive @in : tensor<8xf32, #box>
  }
  wafer.region @b size(4 x 1) {
    // expected-error @+2 {{[WF5201] @b takes stream @in, which does not lead there}}
    // expected-note @+1 {{hint}}
    %0 = wafer.receive @in : tensor<8xf32, #box>
  }
  wafer.stream @in to [@a] of tensor<8xf32, #box> senders 1 lanes 1 host "x"
}

// -----

#box = #wafer.layout<[2 at 2 * x0]>

wafer.program @unknown mesh(16 x 16) {
  wafer.region @a size(4 x 1) {
    // expected-error @+2 {{[WF5201] @a takes stream @nothing, which does not exist}}
    // expected-note @+1 {{hint}}
    %0 = wafer.receive @nothing : tensor<8xf32, #box>
  }
}

// -----

#box = #wafer.layout<[2 at 2 * x0]>

wafer.program @nowhere mesh(16 x 16) {
  // expected-error @+2 {{[WF5201] stream @in joins @b, which is no region}}
  // expected-note @+1 {{hint}}
  wafer.stream @in to [@b] of tensor<8xf32, #box> senders 1 lanes 1 host "x"
}

// -----

#box = #wafer.layout<[2 at 2 * x0]>

// Once per chunk is not once.
wafer.program @chunks mesh(16 x 16) {
  wafer.region @a size(4 x 1) {
    %0 = wafer.empty : tensor<8xf32, #box>
    %1 = wafer.chunks 2 init (%0) : (tensor<8xf32, #box>) -> tensor<8xf32, #box> {
    ^bb0(%t: tensor<8xf32, #box>):
      // expected-error @+2 {{[WF5201] @a sends stream @out inside wafer.chunks, not just once}}
      // expected-note @+1 {{hint}}
      wafer.send %t to @out : tensor<8xf32, #box>
      wafer.yield %t : tensor<8xf32, #box>
    }
  }
  wafer.stream @out from @a to [] of tensor<8xf32, #box> senders 4 lanes 1 host "y"
}

// -----

#box = #wafer.layout<[2 at 2 * x0]>
#all = #wafer.layout<[8 at 0]>

// Every PE would send eight words where the receiver waits for two.
wafer.program @words mesh(16 x 16) {
  wafer.region @a size(4 x 1) {
    %0 = wafer.empty : tensor<8xf32, #all>
    // expected-error @+2 {{[WF5201] @a sends other boxes than stream @s carries}}
    // expected-note @+1 {{hint}}
    wafer.send %0 to @s : tensor<8xf32, #all>
  }
  wafer.region @b size(4 x 1) {
    %0 = wafer.receive @s : tensor<8xf32, #box>
  }
  wafer.stream @s from @a to [@b] of tensor<8xf32, #box> senders 4 lanes 1
}

// -----

// Five columns dealt to two lanes: each lane carries what every other column holds.
wafer.program @dealt mesh(16 x 16) {
  wafer.region @a size(5 x 4) {
    %0 = wafer.empty : tensor<9xf32, #wafer.layout<[2 at 2 * x0]>>
    wafer.send %0 to @out dealt : tensor<9xf32, #wafer.layout<[2 at 2 * x0]>>
  }
  wafer.stream @out from @a to [] of tensor<9xf32, #wafer.layout<[2 at 4 * x0 + 2 * y0]>> senders 3 lanes 2 host "y"
}

// -----

wafer.program @dealt_otherwise mesh(16 x 16) {
  wafer.region @a size(5 x 4) {
    %0 = wafer.empty : tensor<9xf32, #wafer.layout<[2 at 2 * x0]>>
    // expected-error @+2 {{[WF5201] @a deals other boxes than stream @out carries}}
    // expected-note @+1 {{hint: this is a defect of the compiler: please report it; with --regions 1 no region waits for another}}
    wafer.send %0 to @out dealt : tensor<9xf32, #wafer.layout<[2 at 2 * x0]>>
  }
  wafer.stream @out from @a to [] of tensor<9xf32, #wafer.layout<[2 at 4 * x0 + 2 * y0]>> senders 2 lanes 2 host "y"
}
