// RUN: wafer-opt %s --convert-wafer-to-pe=target=test16 | FileCheck %s

// Sides that are divided into two logical axes: y = y0 * 2 + y1 on 6 rows. Colors of channels on this target: gather_y 1,
// broadcast_y 3, chain_y 6 and 7.
#split = #wafer.layout<[2 at 2 * y0, 4 at 4 * y1], split = [1, 2]>
#terms = #wafer.layout<[2 at 2 * y0], split = [1, 2], partial = add[y1]>
#sums = #wafer.layout<[2 at 2 * y0], split = [1, 2], valid_at_0 = [y1]>
// CHECK-LABEL: pe.program @r0_pe for @r0
wafer.program @main mesh(16 x 16) {
  wafer.region @r0 size(1 x 6) {
    %0 = wafer.empty : tensor<6x8xf32, #split>
    // Every PE of a column sends, major coordinate by major coordinate.
    // CHECK: pe.func @pass_y0()
    // CHECK: pe.for
    // CHECK: pe.for
    // CHECK: pe.recv_window 3
    %1 = wafer.redistribute %0 along y : (tensor<6x8xf32, #split>) -> tensor<6x8xf32, #wafer.layout<[6 at 0, 8 at 0]>>
    %2 = wafer.empty : tensor<6xf32, #terms>
    // Neighbors with y1 = 1 and y1 = 0 combine, three pairs at a time; where pairs begin at even rows, colors are known.
    // CHECK: pe.func @reduce_y1()
    // CHECK: pe.scalar and
    // CHECK-NOT: pe.scalar and
    // CHECK: pe.vec add f32 {{.*}} : (!pe.desc) !pe.desc, !pe.fabric
    // CHECK: pe.vec mov f32 {{.*}} : (!pe.fabric) !pe.desc
    %3 = wafer.reduce %2 along y by chain : tensor<6xf32, #terms> to tensor<6xf32, #sums>
    // Only the PEs with y1 = 0 have a sum: those between them hand on their turn with an empty block, and the head
    // drops what that leaves.
    // CHECK: pe.func @pass_y2()
    // CHECK: pe.vec mov f32 {{.*}} thread 1 control reset
    // CHECK: pe.vec mov f32 {{.*}} thread 1 control advance
    // CHECK: pe.for
    // CHECK: pe.recv_window 3
    // CHECK: pe.scalar slt
    %4 = wafer.redistribute %3 along y : (tensor<6xf32, #sums>) -> tensor<6xf32, #wafer.layout<[6 at 0]>>
  }
}
