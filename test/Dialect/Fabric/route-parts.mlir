// RUN: wafer-opt %s --pass-pipeline='builtin.module(fabric.program(fabric-route-nets{target=test16},fabric-verify-routes{target=test16}))' | FileCheck %s

// A region as wide as the mesh above another: in each color there is a way for one lane from head to head, so the net is
// divided in half and again, and every part says which of the streams' lanes is its first.
// CHECK-NOT: fabric.net @down from
// CHECK: fabric.net @down.lane0 from <0, 0 by 0, 1 times 1 port ramp> to [#fabric.run<0, 3 by 0, 1 times 1 port ramp>] color [[FIRST:[0-9]+]] hops {{[0-9]+}} carries ["t"]{{$}}
// CHECK: fabric.net @down.lane1 from <0, 1 by 0, 1 times 1 port ramp> to [#fabric.run<0, 4 by 0, 1 times 1 port ramp>] color {{[0-9]+}} hops {{[0-9]+}} carries ["t"] first 1
// CHECK: fabric.net @down.lane2 from <0, 2 by 0, 1 times 1 port ramp> to [#fabric.run<0, 5 by 0, 1 times 1 port ramp>] color {{[0-9]+}} hops {{[0-9]+}} carries ["t"] first 2
// CHECK: fabric.route @down.lane0 color [[FIRST]]
fabric.program @main_fabric mesh(4 x 6) {
  fabric.net @down from <0, 0 by 0, 1 times 3 port ramp> to [#fabric.run<0, 3 by 0, 1 times 3 port ramp>] carries ["t"]
}
