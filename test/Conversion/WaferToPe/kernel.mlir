// RUN: wafer-opt %s --convert-wafer-to-pe=target=test16 --canonicalize | FileCheck %s

#a = #wafer.layout<[4 at 4 * y0, 8 at 0]>
#b = #wafer.layout<[8 at 0, 5 at 5 * x0]>
#c = #wafer.layout<[4 at 4 * y0, 5 at 5 * x0]>
// CHECK-LABEL: pe.program @r0_pe
wafer.program @main mesh(16 x 16) {
  wafer.region @r0 size(4 x 4) {
    %0 = wafer.empty : tensor<16x8xf32, #a>
    %1 = wafer.empty : tensor<8x18xf32, #b>
    // A local matrix product is one instruction; the ragged edge of n (18 over 4 x 5) is an extent of the nest.
    // CHECK: pe.func @kernel0()
    // CHECK: pe.vec mov f32
    // CHECK: pe.scalar min
    // CHECK: pe.vec fma f32 over(%{{.*}}, %{{.*}}, %{{.*}}) {{.*}}: (!pe.desc) !pe.desc, !pe.desc, !pe.desc
    // CHECK-NOT: pe.for
    %2 = wafer.kernel(%0, %1) {
        extents = array<i64: 16, 18, 8>, identity = 0.0 : f32,
        indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
        iteration = #wafer.layout<[4 at 4 * y0, 5 at 5 * x0, 8 at 0]>, iterators = ["parallel", "parallel", "reduction"]}
        : (tensor<16x8xf32, #a>, tensor<8x18xf32, #b>) -> tensor<16x18xf32, #c> {
    ^bb0(%a: f32, %b: f32, %acc: f32):
      %p = arith.mulf %a, %b : f32
      %s = arith.addf %acc, %p : f32
      wafer.yield %s : f32
    }
    // Outside of an accumulation the two roundings stay: no fma. The intermediate value is in scratch.
    // CHECK: pe.buffer @{{.*}} kind "scratch"
    // CHECK: pe.func @kernel1()
    // CHECK: pe.vec mul f32
    // CHECK: pe.vec add f32
    %3 = wafer.kernel(%2) {
        extents = array<i64: 16, 18>, indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m, n)>],
        iteration = #c, iterators = ["parallel", "parallel"]} : (tensor<16x18xf32, #c>) -> tensor<16x18xf32, #c> {
    ^bb0(%a: f32, %o: f32):
      %two = arith.constant 2.0 : f32
      %p = arith.mulf %a, %two : f32
      %s = arith.addf %p, %a : f32
      wafer.yield %s : f32
    }
  }
}
