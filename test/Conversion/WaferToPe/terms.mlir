// RUN: wafer-opt %s --split-input-file --convert-wafer-to-pe=target=test16 | FileCheck %s

// Parts of a tensor as terms: zeros, and among them the PE's own part, where it belongs. An all-reduce that takes what
// is not zero then gives all of it to everybody.
#part = #wafer.layout<[2 at 2 * x0]>
#terms = #wafer.layout<[16 at 0], partial = pick[x0]>
wafer.program @main mesh(16 x 16) {
  wafer.region @r0 size(8 x 1) rect <0, 0, 8, 1> {
    %0 = wafer.fill 1.0 : f32 : tensor<16xf32, #part>
    // CHECK: pe.func @terms
    // CHECK: pe.vec mov f32 {{.*}} : (!pe.desc) i32
    // CHECK: pe.vec mov f32 {{.*}} : (!pe.desc) !pe.desc
    %1 = wafer.terms %0 : tensor<16xf32, #part> to tensor<16xf32, #terms>
    // CHECK: pe.func @all_reduce_x
    // CHECK: pe.vec or i32
    %2 = wafer.all_reduce %1 along x on <root 4> : tensor<16xf32, #terms> to tensor<16xf32, #wafer.layout<[16 at 0]>>
  }
}

// -----

// Beside parts that are added stands -0, which leaves -0 as it is.
#part = #wafer.layout<[2 at 2 * x0]>
#terms = #wafer.layout<[16 at 0], partial = add[x0]>
wafer.program @main mesh(16 x 16) {
  wafer.region @r0 size(8 x 1) rect <0, 0, 8, 1> {
    %0 = wafer.fill 1.0 : f32 : tensor<16xf32, #part>
    // CHECK: pe.func @terms
    // CHECK: %[[NONE:.*]] = pe.const -2147483648
    // CHECK: pe.vec mov f32 {{.*}} of %[[NONE]] : (!pe.desc) i32
    %1 = wafer.terms %0 : tensor<16xf32, #part> to tensor<16xf32, #terms>
    // CHECK: pe.func @all_reduce_x
    // CHECK: pe.vec add f32
    %2 = wafer.all_reduce %1 along x on <root 4> : tensor<16xf32, #terms> to tensor<16xf32, #wafer.layout<[16 at 0]>>
  }
}
