// RUN: wafer-opt %s --convert-wafer-to-pe=target=test16 | FileCheck %s

#rows = #wafer.layout<[4 at 4 * y0]>
#whole = #wafer.layout<[16 at 0]>

// What comes in is not read at once: the head's relay and the receive are left to threads, and main waits for them
// before the first that reads it. Of two that come in one behind the other the core takes the first, as it does what is
// read next.
// CHECK-LABEL: pe.program @q_pe for @q
// CHECK: pe.func @receive0()
// CHECK-SAME: {
// CHECK-NOT: thread 3
// CHECK: pe.recv_window
// CHECK: pe.func @receive1() attributes {open}
// CHECK: pe.vec mov f32 over({{%[0-9]+}}) to %{{.*}} of %{{.*}} thread 3
// CHECK: pe.vec mov f32 over({{%[0-9]+}}) to %{{.*}} of %{{.*}} thread 4
// CHECK: pe.main
// CHECK-NEXT: pe.call @receive0
// CHECK-NEXT: pe.call @receive1
// CHECK-NEXT: pe.call @pass_y2
// CHECK-NEXT: pe.wait 3
// CHECK-NEXT: pe.wait 4
// CHECK-NEXT: pe.call @pass_y3
wafer.program @main mesh(16 x 16) {
  wafer.region @q size(4 x 4) {
    %f = wafer.receive @f : tensor<16xf32, #rows>
    %x = wafer.receive @x : tensor<16xf32, #rows>
    %0 = wafer.redistribute %f along y : (tensor<16xf32, #rows>) -> tensor<16xf32, #whole>
    %1 = wafer.redistribute %x along y : (tensor<16xf32, #rows>) -> tensor<16xf32, #whole>
  }
  wafer.stream @f from @p to [@q] of tensor<16xf32, #rows> senders 1 lanes 4
  wafer.stream @x from @p to [@q] of tensor<16xf32, #rows> senders 1 lanes 4
}
fabric.program @main_fabric mesh(16 x 16) {
  fabric.net @p_to_q from <0, 0 by 0, 1 times 4 port ramp> to [#fabric.run<4, 0 by 0, 1 times 4 port ramp>] color 12 carries ["f", "x"]
}
