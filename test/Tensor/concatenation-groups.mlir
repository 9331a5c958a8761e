// RUN: wafer-opt %s --prepare-kernels | FileCheck %s

// Of forty parts groups are made, each behind the last part that it needs; the rest is a concatenation of groups.

// CHECK: tensor.concat dim(0) {{.*}} -> tensor<64xf32>
// CHECK: linalg.generic
// CHECK: %[[LAST:.*]] = tensor.concat dim(0) {{.*}} -> tensor<16xf32>
// CHECK: tensor.concat dim(0) %{{.*}}, %[[LAST]] : (tensor<64xf32>, tensor<16xf32>) -> tensor<80xf32>
#id = affine_map<(d0) -> (d0)>
func.func @main(%x: tensor<2xf32>) -> tensor<80xf32> {
  %e = tensor.empty() : tensor<2xf32>
  %c0 = arith.constant 0.0 : f32
  %p0 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<2xf32>) outs(%e : tensor<2xf32>) {
  ^bb0(%a: f32, %b: f32):
    %n = arith.mulf %a, %c0 : f32
    linalg.yield %n : f32
  } -> tensor<2xf32>
  %c1 = arith.constant 1.0 : f32
  %p1 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<2xf32>) outs(%e : tensor<2xf32>) {
  ^bb0(%a: f32, %b: f32):
    %n = arith.mulf %a, %c1 : f32
    linalg.yield %n : f32
  } -> tensor<2xf32>
  %c2 = arith.constant 2.0 : f32
  %p2 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<2xf32>) outs(%e : tensor<2xf32>) {
  ^bb0(%a: f32, %b: f32):
    %n = arith.mulf %a, %c2 : f32
    linalg.yield %n : f32
  } -> tensor<2xf32>
  %c3 = arith.constant 3.0 : f32
  %p3 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<2xf32>) outs(%e : tensor<2xf32>) {
  ^bb0(%a: f32, %b: f32):
    %n = arith.mulf %a, %c3 : f32
    linalg.yield %n : f32
  } -> tensor<2xf32>
  %c4 = arith.constant 4.0 : f32
  %p4 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<2xf32>) outs(%e : tensor<2xf32>) {
  ^bb0(%a: f32, %b: f32):
    %n = arith.mulf %a, %c4 : f32
    linalg.yield %n : f32
  } -> tensor<2xf32>
  %c5 = arith.constant 5.0 : f32
  %p5 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<2xf32>) outs(%e : tensor<2xf32>) {
  ^bb0(%a: f32, %b: f32):
    %n = arith.mulf %a, %c5 : f32
    linalg.yield %n : f32
  } -> tensor<2xf32>
  %c6 = arith.constant 6.0 : f32
  %p6 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<2xf32>) outs(%e : tensor<2xf32>) {
  ^bb0(%a: f32, %b: f32):
    %n = arith.mulf %a, %c6 : f32
    linalg.yield %n : f32
  } -> tensor<2xf32>
  %c7 = arith.constant 7.0 : f32
  %p7 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<2xf32>) outs(%e : tensor<2xf32>) {
  ^bb0(%a: f32, %b: f32):
    %n = arith.mulf %a, %c7 : f32
    linalg.yield %n : f32
  } -> tensor<2xf32>
  %c8 = arith.constant 8.0 : f32
  %p8 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<2xf32>) outs(%e : tensor<2xf32>) {
  ^bb0(%a: f32, %b: f32):
    %n = arith.mulf %a, %c8 : f32
    linalg.yield %n : f32
  } -> tensor<2xf32>
  %c9 = arith.constant 9.0 : f32
  %p9 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<2xf32>) outs(%e : tensor<2xf32>) {
  ^bb0(%a: f32, %b: f32):
    %n = arith.mulf %a, %c9 : f32
    linalg.yield %n : f32
  } -> tensor<2xf32>
  %c10 = arith.constant 10.0 : f32
  %p10 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<2xf32>) outs(%e : tensor<2xf32>) {
  ^bb0(%a: f32, %b: f32):
    %n = arith.mulf %a, %c10 : f32
    linalg.yield %n : f32
  } -> tensor<2xf32>
  %c11 = arith.constant 11.0 : f32
  %p11 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<2xf32>) outs(%e : tensor<2xf32>) {
  ^bb0(%a: f32, %b: f32):
    %n = arith.mulf %a, %c11 : f32
    linalg.yield %n : f32
  } -> tensor<2xf32>
  %c12 = arith.constant 12.0 : f32
  %p12 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<2xf32>) outs(%e : tensor<2xf32>) {
  ^bb0(%a: f32, %b: f32):
    %n = arith.mulf %a, %c12 : f32
    linalg.yield %n : f32
  } -> tensor<2xf32>
  %c13 = arith.constant 13.0 : f32
  %p13 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<2xf32>) outs(%e : tensor<2xf32>) {
  ^bb0(%a: f32, %b: f32):
    %n = arith.mulf %a, %c13 : f32
    linalg.yield %n : f32
  } -> tensor<2xf32>
  %c14 = arith.constant 14.0 : f32
  %p14 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<2xf32>) outs(%e : tensor<2xf32>) {
  ^bb0(%a: f32, %b: f32):
    %n = arith.mulf %a, %c14 : f32
    linalg.yield %n : f32
  } -> tensor<2xf32>
  %c15 = arith.constant 15.0 : f32
  %p15 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<2xf32>) outs(%e : tensor<2xf32>) {
  ^bb0(%a: f32, %b: f32):
    %n = arith.mulf %a, %c15 : f32
    linalg.yield %n : f32
  } -> tensor<2xf32>
  %c16 = arith.constant 16.0 : f32
  %p16 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<2xf32>) outs(%e : tensor<2xf32>) {
  ^bb0(%a: f32, %b: f32):
    %n = arith.mulf %a, %c16 : f32
    linalg.yield %n : f32
  } -> tensor<2xf32>
  %c17 = arith.constant 17.0 : f32
  %p17 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<2xf32>) outs(%e : tensor<2xf32>) {
  ^bb0(%a: f32, %b: f32):
    %n = arith.mulf %a, %c17 : f32
    linalg.yield %n : f32
  } -> tensor<2xf32>
  %c18 = arith.constant 18.0 : f32
  %p18 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<2xf32>) outs(%e : tensor<2xf32>) {
  ^bb0(%a: f32, %b: f32):
    %n = arith.mulf %a, %c18 : f32
    linalg.yield %n : f32
  } -> tensor<2xf32>
  %c19 = arith.constant 19.0 : f32
  %p19 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<2xf32>) outs(%e : tensor<2xf32>) {
  ^bb0(%a: f32, %b: f32):
    %n = arith.mulf %a, %c19 : f32
    linalg.yield %n : f32
  } -> tensor<2xf32>
  %c20 = arith.constant 20.0 : f32
  %p20 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<2xf32>) outs(%e : tensor<2xf32>) {
  ^bb0(%a: f32, %b: f32):
    %n = arith.mulf %a, %c20 : f32
    linalg.yield %n : f32
  } -> tensor<2xf32>
  %c21 = arith.constant 21.0 : f32
  %p21 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<2xf32>) outs(%e : tensor<2xf32>) {
  ^bb0(%a: f32, %b: f32):
    %n = arith.mulf %a, %c21 : f32
    linalg.yield %n : f32
  } -> tensor<2xf32>
  %c22 = arith.constant 22.0 : f32
  %p22 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<2xf32>) outs(%e : tensor<2xf32>) {
  ^bb0(%a: f32, %b: f32):
    %n = arith.mulf %a, %c22 : f32
    linalg.yield %n : f32
  } -> tensor<2xf32>
  %c23 = arith.constant 23.0 : f32
  %p23 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<2xf32>) outs(%e : tensor<2xf32>) {
  ^bb0(%a: f32, %b: f32):
    %n = arith.mulf %a, %c23 : f32
    linalg.yield %n : f32
  } -> tensor<2xf32>
  %c24 = arith.constant 24.0 : f32
  %p24 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<2xf32>) outs(%e : tensor<2xf32>) {
  ^bb0(%a: f32, %b: f32):
    %n = arith.mulf %a, %c24 : f32
    linalg.yield %n : f32
  } -> tensor<2xf32>
  %c25 = arith.constant 25.0 : f32
  %p25 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<2xf32>) outs(%e : tensor<2xf32>) {
  ^bb0(%a: f32, %b: f32):
    %n = arith.mulf %a, %c25 : f32
    linalg.yield %n : f32
  } -> tensor<2xf32>
  %c26 = arith.constant 26.0 : f32
  %p26 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<2xf32>) outs(%e : tensor<2xf32>) {
  ^bb0(%a: f32, %b: f32):
    %n = arith.mulf %a, %c26 : f32
    linalg.yield %n : f32
  } -> tensor<2xf32>
  %c27 = arith.constant 27.0 : f32
  %p27 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<2xf32>) outs(%e : tensor<2xf32>) {
  ^bb0(%a: f32, %b: f32):
    %n = arith.mulf %a, %c27 : f32
    linalg.yield %n : f32
  } -> tensor<2xf32>
  %c28 = arith.constant 28.0 : f32
  %p28 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<2xf32>) outs(%e : tensor<2xf32>) {
  ^bb0(%a: f32, %b: f32):
    %n = arith.mulf %a, %c28 : f32
    linalg.yield %n : f32
  } -> tensor<2xf32>
  %c29 = arith.constant 29.0 : f32
  %p29 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<2xf32>) outs(%e : tensor<2xf32>) {
  ^bb0(%a: f32, %b: f32):
    %n = arith.mulf %a, %c29 : f32
    linalg.yield %n : f32
  } -> tensor<2xf32>
  %c30 = arith.constant 30.0 : f32
  %p30 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<2xf32>) outs(%e : tensor<2xf32>) {
  ^bb0(%a: f32, %b: f32):
    %n = arith.mulf %a, %c30 : f32
    linalg.yield %n : f32
  } -> tensor<2xf32>
  %c31 = arith.constant 31.0 : f32
  %p31 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<2xf32>) outs(%e : tensor<2xf32>) {
  ^bb0(%a: f32, %b: f32):
    %n = arith.mulf %a, %c31 : f32
    linalg.yield %n : f32
  } -> tensor<2xf32>
  %c32 = arith.constant 32.0 : f32
  %p32 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<2xf32>) outs(%e : tensor<2xf32>) {
  ^bb0(%a: f32, %b: f32):
    %n = arith.mulf %a, %c32 : f32
    linalg.yield %n : f32
  } -> tensor<2xf32>
  %c33 = arith.constant 33.0 : f32
  %p33 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<2xf32>) outs(%e : tensor<2xf32>) {
  ^bb0(%a: f32, %b: f32):
    %n = arith.mulf %a, %c33 : f32
    linalg.yield %n : f32
  } -> tensor<2xf32>
  %c34 = arith.constant 34.0 : f32
  %p34 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<2xf32>) outs(%e : tensor<2xf32>) {
  ^bb0(%a: f32, %b: f32):
    %n = arith.mulf %a, %c34 : f32
    linalg.yield %n : f32
  } -> tensor<2xf32>
  %c35 = arith.constant 35.0 : f32
  %p35 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<2xf32>) outs(%e : tensor<2xf32>) {
  ^bb0(%a: f32, %b: f32):
    %n = arith.mulf %a, %c35 : f32
    linalg.yield %n : f32
  } -> tensor<2xf32>
  %c36 = arith.constant 36.0 : f32
  %p36 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<2xf32>) outs(%e : tensor<2xf32>) {
  ^bb0(%a: f32, %b: f32):
    %n = arith.mulf %a, %c36 : f32
    linalg.yield %n : f32
  } -> tensor<2xf32>
  %c37 = arith.constant 37.0 : f32
  %p37 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<2xf32>) outs(%e : tensor<2xf32>) {
  ^bb0(%a: f32, %b: f32):
    %n = arith.mulf %a, %c37 : f32
    linalg.yield %n : f32
  } -> tensor<2xf32>
  %c38 = arith.constant 38.0 : f32
  %p38 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<2xf32>) outs(%e : tensor<2xf32>) {
  ^bb0(%a: f32, %b: f32):
    %n = arith.mulf %a, %c38 : f32
    linalg.yield %n : f32
  } -> tensor<2xf32>
  %c39 = arith.constant 39.0 : f32
  %p39 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<2xf32>) outs(%e : tensor<2xf32>) {
  ^bb0(%a: f32, %b: f32):
    %n = arith.mulf %a, %c39 : f32
    linalg.yield %n : f32
  } -> tensor<2xf32>
  %0 = tensor.concat dim(0)
      %p0, %p1, %p2, %p3, %p4, %p5, %p6, %p7, %p8, %p9, %p10, %p11, %p12, %p13, %p14, %p15, %p16, %p17, %p18, %p19,
      %p20, %p21, %p22, %p23, %p24, %p25, %p26, %p27, %p28, %p29, %p30, %p31, %p32, %p33, %p34, %p35, %p36, %p37,
      %p38, %p39
      : (tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>,
      tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>,
      tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>,
      tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>,
      tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>,
      tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<80xf32>
  return %0 : tensor<80xf32>
}
