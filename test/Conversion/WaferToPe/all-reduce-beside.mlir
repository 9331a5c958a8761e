// RUN: wafer-opt %s --convert-wafer-to-pe=target=test16 | FileCheck %s
// RUN: wafer-opt %s --convert-wafer-to-pe="target=test16 whole-sums" | FileCheck %s --check-prefix=WHOLE

// Where memory is scarce it is one function, and what stands behind waits.
// WHOLE-LABEL: pe.program @r0_pe for @r0
// WHOLE-NOT: start_all_reduce
// WHOLE: pe.call @all_reduce_x
// WHOLE-NEXT: pe.call @fill

#partial = #wafer.layout<[3 at 0], partial = max[x0]>
#all = #wafer.layout<[3 at 0]>

// What stands behind an all-reduce and reads neither terms nor sums is done between its two parts. The start leaves to
// threads all that a PE does but the root, whose additions are the finish; there everybody waits.
// CHECK-LABEL: pe.program @r0_pe for @r0
// CHECK: pe.func @start_all_reduce_x1(%[[ROLE:.*]]) attributes {open, returning}
// CHECK: pe.if %[[ROLE]]
// CHECK: pe.vec mov f32 {{.*}} thread 1 : (!pe.fabric) !pe.desc
// CHECK: pe.vec mov f32 {{.*}} thread 2 : (!pe.desc) !pe.fabric
// CHECK: else
// CHECK-NEXT: pe.addr
// CHECK-NOT: pe.vec max
// CHECK: pe.vec mov f32 {{.*}} thread 2 : (!pe.desc) !pe.fabric
// CHECK-NOT: pe.wait
// CHECK: pe.func @fill2
// CHECK: pe.func @finish_all_reduce_x3(%[[ROLE:.*]]) attributes {open, returning}
// CHECK: pe.scalar seq %[[ROLE]]
// CHECK: pe.vec max f32 {{.*}} : (!pe.desc) !pe.desc, !pe.fabric
// CHECK: pe.vec max f32 {{.*}} thread 1 : (!pe.fabric) !pe.desc, !pe.fabric
// CHECK-NOT: pe.wait
// CHECK: pe.main
// CHECK: pe.call @start_all_reduce_x1(%[[LOADED:[^)]*]]) {step = [[STEP:.*]] : i64}
// CHECK-NEXT: pe.call @fill2()
// CHECK-NEXT: pe.call @finish_all_reduce_x3(%[[LOADED]]) {step = [[STEP]] : i64}
// CHECK-NEXT: pe.wait 1
// CHECK-NEXT: pe.wait 2
// CHECK-NEXT: pe.call @copy4()
wafer.program @main mesh(16 x 16) {
  wafer.region @r0 size(8 x 2) rect <0, 0, 8, 2> {
    %0 = wafer.fill 1.0 : f32 : tensor<3xf32, #partial>
    %1 = wafer.all_reduce %0 along x on <root 4> : tensor<3xf32, #partial> to tensor<3xf32, #all>
    %2 = wafer.fill 1.0 : f32 : tensor<6xf32, #wafer.layout<[6 at 0]>>
    %3 = wafer.redistribute %1 into %2 locally : (tensor<3xf32, #all>, tensor<6xf32, #wafer.layout<[6 at 0]>>) -> tensor<6xf32, #wafer.layout<[6 at 0]>>
  }
}
