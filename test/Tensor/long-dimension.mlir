// RUN: wafer-opt %s --prepare-kernels --split-input-file | FileCheck %s

// An input that one side of a region can't hold comes in as rows and columns; its readers loop over both.

#id = affine_map<(d0) -> (d0)>
// CHECK-LABEL: func.func @main
// CHECK-SAME: %[[X:.*]]: tensor<320x3125xf32> {wafer.host_shape = array<i64: 1, 1000000>}
// CHECK-SAME: -> tensor<1000000xf32>
// CHECK: %[[Y:.*]] = linalg.generic {{.*}} ins(%[[X]] : tensor<320x3125xf32>)
// CHECK: tensor.collapse_shape %[[Y]] {{\[}}[0, 1]] : tensor<320x3125xf32> into tensor<1000000xf32>
func.func @main(%x: tensor<1x1000000xf32>) -> tensor<1000000xf32> {
  %0 = tensor.collapse_shape %x [[0, 1]] : tensor<1x1000000xf32> into tensor<1000000xf32>
  %e = tensor.empty() : tensor<1000000xf32>
  %1 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%0 : tensor<1000000xf32>) outs(%e : tensor<1000000xf32>) {
  ^bb0(%a: f32, %b: f32):
    %n = arith.negf %a : f32
    linalg.yield %n : f32
  } -> tensor<1000000xf32>
  return %1 : tensor<1000000xf32>
}

// -----

// A window is over the whole dimension: it stays one.

#window = affine_map<(d0, d1) -> (d0 + d1)>
#in = affine_map<(d0, d1) -> (d1)>
#out = affine_map<(d0, d1) -> (d0)>
// CHECK-LABEL: func.func @main(%{{.*}}: tensor<1000000xf32>
func.func @main(%x: tensor<1000000xf32>) -> tensor<999998xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<999998xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<999998xf32>) -> tensor<999998xf32>
  %w = tensor.empty() : tensor<3xf32>
  %1 = linalg.generic {indexing_maps = [#window, #in, #out], iterator_types = ["parallel", "reduction"]}
      ins(%x, %w : tensor<1000000xf32>, tensor<3xf32>) outs(%f : tensor<999998xf32>) {
  ^bb0(%a: f32, %b: f32, %acc: f32):
    %n = arith.addf %acc, %a : f32
    linalg.yield %n : f32
  } -> tensor<999998xf32>
  return %1 : tensor<999998xf32>
}
