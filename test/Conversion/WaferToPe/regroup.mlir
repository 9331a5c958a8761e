// RUN: wafer-opt %s --convert-wafer-to-pe=target=test16 | FileCheck %s

// Two dimensions become one while they move: a pass for each element of the outer one. Element j of it is element
// 30 s + j of the merged one in slice s, so every PE's window follows from its coordinate and s.
// CHECK-LABEL: pe.program @r0_pe for @r0
wafer.program @main mesh(16 x 16) {
  wafer.region @r0 size(4 x 1) {
    %0 = wafer.empty : tensor<3x30xf32, #wafer.layout<[3 at 0, 8 at 8 * x0]>>
    // CHECK: pe.func @pass_x0()
    // CHECK: %[[ROWS:.*]] = pe.const 3
    // CHECK: pe.for %[[S:.*]] = %{{.*}} to %[[ROWS]]
    // CHECK: %[[ROW:.*]] = pe.const 32
    // CHECK-NEXT: pe.scalar mul %[[S]], %[[ROW]]
    // CHECK: pe.vec mov f32 {{.*}} thread 1 control reset
    // CHECK: pe.for
    // CHECK: %[[EXTENT:.*]] = pe.const -30
    // CHECK: pe.scalar mul %[[S]], %[[EXTENT]]
    // CHECK: pe.recv_window 2
    %1 = wafer.redistribute %0 along x merge 0 : (tensor<3x30xf32, #wafer.layout<[3 at 0, 8 at 8 * x0]>>)
        -> tensor<90xf32, #wafer.layout<[23 at 23 * x0]>>
    // And back.
    // CHECK: pe.func @pass_x1()
    // CHECK: pe.recv_window 2
    %2 = wafer.redistribute %1 along x split 0 : (tensor<90xf32, #wafer.layout<[23 at 23 * x0]>>)
        -> tensor<3x30xf32, #wafer.layout<[3 at 0, 8 at 8 * x0]>>
  }
}
