// RUN: wafer-opt %s | wafer-opt | FileCheck %s

#rows = #wafer.layout<[4 at 4 * x0, 8 at 0]>
#cols = #wafer.layout<[16 at 0, 2 at 2 * x0]>
#partial = #wafer.layout<[16 at 0], partial = add[x0]>
#map0 = affine_map<(d0, d1) -> (d0, d1)>
#map1 = affine_map<(d0, d1) -> (d0)>

// CHECK-LABEL: wafer.program @main mesh(16 x 16)
wafer.program @main mesh(16 x 16) {
  // CHECK: wafer.region @r0 size(4 x 1) rect <2, 3, 4, 1>
  wafer.region @r0 size(4 x 1) rect #wafer.rect<2, 3, 4, 1> {
    // CHECK: wafer.receive @in : tensor<16x8xf32, #wafer.layout<[4 at 4 * x0, 8 at 0]>>
    %0 = wafer.receive @in : tensor<16x8xf32, #rows>
    // CHECK: wafer.redistribute %{{.*}} along x
    %1 = wafer.redistribute %0 along x : (tensor<16x8xf32, #rows>) -> tensor<16x8xf32, #cols>
    // CHECK: wafer.kernel(%{{.*}}) {{.*}}-> tensor<16xf32, #wafer.layout<[16 at 0], partial = add[x0]>>
    %2 = wafer.kernel(%1) {extents = array<i64: 16, 8>, identity = 0.0 : f32, indexing_maps = [#map0, #map1],
                           iteration = #cols, iterators = ["parallel", "reduction"]}
        : (tensor<16x8xf32, #cols>) -> tensor<16xf32, #partial> {
    ^bb0(%a: f32, %acc: f32):
      %s = arith.addf %acc, %a : f32
      wafer.yield %s : f32
    }
    %3 = wafer.reduce %2 along x by chain
        : tensor<16xf32, #partial> to tensor<16xf32, #wafer.layout<[16 at 0], valid_at_0 = [x0]>>
    // CHECK: wafer.all_reduce %{{.*}} along x on <root 0> : tensor<16xf32, #wafer.layout<[16 at 0], partial = add[x0]>>
    %all = wafer.all_reduce %2 along x on <root 0> : tensor<16xf32, #partial> to tensor<16xf32, #wafer.layout<[16 at 0]>>
    // CHECK: wafer.all_reduce %{{.*}} along x on <root 2, leaders[0]>
    %led = wafer.all_reduce %2 along x on <root 2, leaders [0]> : tensor<16xf32, #partial> to tensor<16xf32, #wafer.layout<[16 at 0]>>
    // CHECK: wafer.redistribute %{{.*}} along x merge 0
    %m = wafer.redistribute %1 along x merge 0 : (tensor<16x8xf32, #cols>) -> tensor<128xf32, #wafer.layout<[32 at 32 * x0]>>
    // CHECK: wafer.redistribute %{{.*}} along x split 0
    %n = wafer.redistribute %m along x split 0 : (tensor<128xf32, #wafer.layout<[32 at 32 * x0]>>) -> tensor<16x8xf32, #cols>
    // CHECK: tensor<16xf32, #wafer.layout<[6 at 4 * x0 + 1 * t - 1], split = [2, 1], valid_at_0 = [y0]>>
    %4 = wafer.empty : tensor<16xf32, #wafer.layout<[6 at 4 * x0 - 1 + 1 * t], split = [2, 1], valid_at_0 = [y0]>>
    // CHECK: tensor<16xf32, #wafer.layout<[4 at 8 * x0 + 4 * x1], split = [2 * 2, 1], valid_at_0 = [xm]>>
    %5 = wafer.empty : tensor<16xf32, #wafer.layout<[4 at 8 * x0 + 4 * x1], split = [2 * 2, 1], valid_at_0 = [xm]>>
    wafer.send %3 to @out : tensor<16xf32, #wafer.layout<[16 at 0], valid_at_0 = [x0]>>
    // CHECK: wafer.relay @from to @onward
    wafer.relay @from to @onward
  }
  // CHECK: wafer.stream @in to [@r0] of tensor<16x8xf32> senders 1 lanes 1 host "x"
  wafer.stream @in to [@r0] of tensor<16x8xf32> senders 1 lanes 1 host "x"
  // CHECK: wafer.stream @in2 to [@r0] of tensor<16x8xf32> senders 1 lanes 1 host "z" as [128]
  wafer.stream @in2 to [@r0] of tensor<16x8xf32> senders 1 lanes 1 host "z" as [128]
  // CHECK: wafer.unread "rate" of tensor<1xi64>
  wafer.unread "rate" of tensor<1xi64>
  wafer.stream @out from @r0 to [] of tensor<16xf32> senders 4 lanes 1 host "y"
}
