// RUN: wafer-opt %s --convert-wafer-to-pe=target=test16 | FileCheck %s
// RUN: wafer-opt %s --convert-wafer-to-fabric=target=test16 | FileCheck %s --check-prefix=FABRIC

// A halo comes from the PEs beside: links toward the head have colors 4 and 5, away from it 8 and 9 (into even and odd
// PEs). Regions that do without have no such channels.
// FABRIC: fabric.channel @r0.away_x_even
// FABRIC: fabric.channel @r0.away_x_odd away_x_odd
// FABRIC-NOT: away_
// CHECK-LABEL: pe.program @r0_pe for @r0
wafer.program @main mesh(16 x 16) {
  wafer.region @r0 size(6 x 2) rect <0, 0, 6, 2> {
    %0 = wafer.empty : tensor<3x12xf32, #wafer.layout<[3 at 0, 2 at 2 * x0]>>
    %1 = wafer.fill 0.0 : f32 : tensor<3x16xf32, #wafer.layout<[3 at 0, 6 at 2 * x0]>>
    // What a PE has itself is copied; then odd PEs speak to even ones and the other way about, at once.
    // CHECK: pe.func @neighbors_x1()
    // CHECK: pe.vec mov f32 {{.*}} : (!pe.desc) !pe.desc
    // CHECK: pe.scalar and
    // CHECK: pe.fabric 8
    // CHECK: pe.vec mov f32 {{.*}} thread 1 : (!pe.fabric) !pe.desc
    // CHECK: pe.fabric 4
    // CHECK: pe.vec mov f32 {{.*}} thread 2 : (!pe.fabric) !pe.desc
    // CHECK: pe.fabric 9
    // CHECK: pe.vec mov f32 {{.*}} : (!pe.desc) !pe.fabric
    // CHECK: pe.fabric 5
    // CHECK: pe.vec mov f32 {{.*}} : (!pe.desc) !pe.fabric
    // CHECK: pe.wait 1
    // CHECK: pe.wait 2
    // CHECK-NOT: pe.recv_window
    %2 = wafer.redistribute %0 into %1 along x by neighbors shift [0, 2]
        : (tensor<3x12xf32, #wafer.layout<[3 at 0, 2 at 2 * x0]>>, tensor<3x16xf32, #wafer.layout<[3 at 0, 6 at 2 * x0]>>)
        -> tensor<3x16xf32, #wafer.layout<[3 at 0, 6 at 2 * x0]>>
  }
  wafer.region @r1 size(6 x 2) rect <6, 0, 6, 2> {
  }
}
