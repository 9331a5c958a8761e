// RUN: wafer-opt %s --convert-wafer-to-pe=target=wse2 | FileCheck %s

// Row y needs [8 y, 8 y + 8) of what the columns have in blocks of 2: four of its 64 senders. Those before and
// behind them are silent, and their control wavelets are dropped at once.
// CHECK-LABEL: pe.program @r0_pe for @r0
wafer.program @main mesh(64 x 16) {
  wafer.region @r0 size(64 x 2) {
    %0 = wafer.empty : tensor<128xf32, #wafer.layout<[2 at 2 * x0]>>
    // CHECK: pe.func @pass_x0()
    // CHECK: pe.vec mov f32 {{.*}} thread 1 control reset
    // CHECK: pe.vec mov f32 {{.*}} thread 1 control advance
    // CHECK: %[[END:.*]] = pe.scalar min
    // CHECK: pe.scalar div
    // CHECK: %[[FIRST:.*]] = pe.scalar min %{{.*}}, %[[END]]
    // CHECK: pe.vec mov f32 over(%[[FIRST]]) of
    // CHECK: %[[COUNT:.*]] = pe.scalar sub %[[END]], %[[FIRST]]
    // CHECK: pe.for %[[P:.*]] = %{{.*}} to %[[COUNT]]
    // CHECK: pe.scalar add %[[FIRST]], %[[P]]
    // CHECK: pe.recv_window
    // CHECK: %[[REST:.*]] = pe.scalar sub %{{.*}}, %[[END]]
    // CHECK: pe.vec mov f32 over(%[[REST]]) of
    %1 = wafer.redistribute %0 along x : (tensor<128xf32, #wafer.layout<[2 at 2 * x0]>>)
        -> tensor<128xf32, #wafer.layout<[8 at 8 * y0]>>
    // Where each PE of the line wants a part, all speak.
    // CHECK: pe.func @pass_x1()
    // CHECK-NOT: pe.scalar div
    // CHECK: pe.recv_window
    %2 = wafer.redistribute %0 along x : (tensor<128xf32, #wafer.layout<[2 at 2 * x0]>>)
        -> tensor<128xf32, #wafer.layout<[3 at 3 * x0]>>
  }
}
