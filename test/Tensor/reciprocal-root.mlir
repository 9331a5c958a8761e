// Dividing a row by a root becomes one reciprocal root, and a multiplication for each element.
// RUN: wafer-opt %s -split-input-file --prepare-kernels | FileCheck %s

#e = affine_map<(r, d) -> (r, d)>
#r = affine_map<(r, d) -> (r)>
#i = affine_map<(r) -> (r)>
// CHECK-LABEL: func.func @rows
// CHECK:       math.rsqrt
// CHECK-NOT:   arith.divf
// CHECK:       arith.mulf
// CHECK-NOT:   arith.divf
func.func @rows(%x: tensor<4x8xf32>, %a: tensor<4xf32>) -> tensor<4x8xf32> {
  %e4 = tensor.empty() : tensor<4xf32>
  %s = linalg.generic {indexing_maps = [#i, #i], iterator_types = ["parallel"]}
      ins(%a : tensor<4xf32>) outs(%e4 : tensor<4xf32>) {
  ^bb0(%v: f32, %o: f32):
    %q = math.sqrt %v : f32
    linalg.yield %q : f32
  } -> tensor<4xf32>
  %e = tensor.empty() : tensor<4x8xf32>
  %y = linalg.generic {indexing_maps = [#e, #r, #e], iterator_types = ["parallel", "parallel"]}
      ins(%x, %s : tensor<4x8xf32>, tensor<4xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%v: f32, %w: f32, %o: f32):
    %q = arith.divf %v, %w : f32
    linalg.yield %q : f32
  } -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// A sum may be so small that its reciprocal overflows where the quotients do not.
#e = affine_map<(r, d) -> (r, d)>
#r = affine_map<(r, d) -> (r)>
// CHECK-LABEL: func.func @any_row
// CHECK:       arith.divf
func.func @any_row(%x: tensor<4x8xf32>, %s: tensor<4xf32>) -> tensor<4x8xf32> {
  %e = tensor.empty() : tensor<4x8xf32>
  %y = linalg.generic {indexing_maps = [#e, #r, #e], iterator_types = ["parallel", "parallel"]}
      ins(%x, %s : tensor<4x8xf32>, tensor<4xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%v: f32, %w: f32, %o: f32):
    %q = arith.divf %v, %w : f32
    linalg.yield %q : f32
  } -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}
