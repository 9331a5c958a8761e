// RUN: wafer-opt %s --convert-wafer-to-pe=target=test16 | FileCheck %s
// RUN: wafer-opt %s --convert-wafer-to-fabric=target=test16 | FileCheck %s --check-prefix=FABRIC

// A root inside the line has a cast of its own, leaders have links; a region without them has neither.
// FABRIC: fabric.channel @r0.away_x_even
// FABRIC: fabric.channel @r0.far_x_even far_x_even color [[FAR:[0-9]+]] over <0, 0, 8, 2> root 4 leaders [2, 6]
// FABRIC: fabric.channel @r0.far_x_odd
// FABRIC: fabric.channel @r0.cast_x cast_x color [[CAST:[0-9]+]] over <0, 0, 8, 2> root 4
// FABRIC-NOT: {{[.](away|far|cast)_}}
// FABRIC: fabric.channel @r2.away_x_even
// FABRIC-NOT: @r2.cast_x
// FABRIC: fabric.channel @r2.group_cast_x group_cast_x color {{[0-9]+}} over <0, 3, 6, 1> root 1 group 3
#partial = #wafer.layout<[3 at 0], partial = max[x0]>
#all = #wafer.layout<[3 at 0]>
#terms = #wafer.layout<[3 at 0], split = [3, 1], partial = max[x1]>
#sums = #wafer.layout<[3 at 0], split = [3, 1]>
// CHECK-LABEL: pe.program @r0_pe for @r0
wafer.program @main mesh(16 x 16) {
  wafer.region @r0 size(8 x 2) rect <0, 0, 8, 2> {
    %0 = wafer.fill 1.0 : f32 : tensor<3xf32, #partial>
    %2 = wafer.fill 1.0 : f32 : tensor<3xf32, #partial>
    // Sends are asynchronous, for what they send comes back. A member sends, then takes the cast; leaders and root, whose
    // words come later, set up taking it first.
    // CHECK: pe.func @all_reduce_x2(%[[ROLE:.*]]) attributes {returning}
    // CHECK: pe.if %[[ROLE]]
    // CHECK: pe.scalar slt
    // CHECK: pe.vec mov f32 {{.*}} thread 1 : (!pe.fabric) !pe.desc
    // CHECK: pe.vec mov f32 {{.*}} : (!pe.desc) !pe.fabric
    // CHECK: pe.wait 1
    // CHECK: else
    // CHECK: pe.vec mov f32 {{.*}} thread 2 : (!pe.desc) !pe.fabric
    // CHECK: pe.vec max f32 {{.*}} thread 1 : (!pe.fabric) !pe.desc, !pe.fabric
    // CHECK: else
    // CHECK: pe.vec mov f32 {{.*}} thread 2 : (!pe.desc) !pe.fabric
    // CHECK-COUNT-3: pe.vec max f32 {{.*}} : (!pe.desc) !pe.desc, !pe.fabric
    // CHECK: pe.vec max f32 {{.*}} thread 1 : (!pe.fabric) !pe.desc, !pe.fabric
    // The role is read once, and handed to every function that asks for it.
    // CHECK: pe.main
    // CHECK: %[[LOADED:.*]] = pe.load
    // CHECK-NOT: pe.load
    // CHECK: pe.call @all_reduce_x2(%[[LOADED]])
    %1 = wafer.all_reduce %0 along x on <root 4, leaders [2, 6]> : tensor<3xf32, #partial> to tensor<3xf32, #all>
    // CHECK: pe.call @all_reduce_x3(%[[LOADED]])
    %3 = wafer.all_reduce %2 along x on <root 4, leaders [2, 6]> : tensor<3xf32, #partial> to tensor<3xf32, #all>
  }
  // The chain to the head and the broadcast back take no channels but those that all regions have.
  wafer.region @r1 size(8 x 1) rect <0, 2, 8, 1> {
    %0 = wafer.fill 1.0 : f32 : tensor<3xf32, #partial>
    %1 = wafer.all_reduce %0 along x on <root 0> : tensor<3xf32, #partial> to tensor<3xf32, #all>
  }
  // Two groups of three: the links into a root have the parity of where its group begins, so roots differ.
  // CHECK: ml_program.global private @{{.*}}(dense<[{{.*}}0, {{.*}}]> : tensor<8xi32>)
  // CHECK-LABEL: pe.program @r2_pe for @r2
  wafer.region @r2 size(6 x 1) rect <0, 3, 6, 1> {
    %0 = wafer.fill 1.0 : f32 : tensor<3xf32, #terms>
    // CHECK: pe.func @all_reduce_x
    // CHECK: pe.if
    // CHECK: %[[ODD:.*]] = pe.const 17
    // CHECK: pe.scalar slt %{{.*}}, %[[ODD]]
    %1 = wafer.all_reduce %0 along x on <root 1 of 3> : tensor<3xf32, #terms> to tensor<3xf32, #sums>
  }
}
// Members of the first group, its root, and those of the second.
// CHECK: dense<[6, 0, 2, 8, 17, 4]> : tensor<6xi32>
