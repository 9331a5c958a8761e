// Slices of a tensor that are put together in the reverse order are a kernel that reads it backwards.
// RUN: wafer-opt %s -split-input-file --prepare-kernels | FileCheck %s

// The halves of a head, as (-b, a).
#m = affine_map<(h, d) -> (h, d)>
// CHECK-DAG:   #[[BACK:.*]] = affine_map<(d0, d1, d2) -> (d0, -d1 + 1, d2)>
// CHECK-LABEL: func.func @halves
// CHECK:       arith.constant dense<[-1.000000e+00, 1.000000e+00]>
// CHECK-NOT:   tensor.extract_slice
// CHECK:       linalg.generic {indexing_maps = [#[[BACK]],
// CHECK-NOT:   tensor.concat
// CHECK:       return
func.func @halves(%x: tensor<3x2x4xf32>) -> tensor<3x2x4xf32> {
  %a = tensor.extract_slice %x[0, 0, 0] [3, 1, 4] [1, 1, 1] : tensor<3x2x4xf32> to tensor<3x1x4xf32>
  %b = tensor.extract_slice %x[0, 1, 0] [3, 1, 4] [1, 1, 1] : tensor<3x2x4xf32> to tensor<3x1x4xf32>
  %flat = tensor.collapse_shape %b [[0], [1, 2]] : tensor<3x1x4xf32> into tensor<3x4xf32>
  %e = tensor.empty() : tensor<3x4xf32>
  %n = linalg.generic {indexing_maps = [#m, #m], iterator_types = ["parallel", "parallel"]}
      ins(%flat : tensor<3x4xf32>) outs(%e : tensor<3x4xf32>) {
  ^bb0(%v: f32, %o: f32):
    %q = arith.negf %v : f32
    linalg.yield %q : f32
  } -> tensor<3x4xf32>
  %tall = tensor.expand_shape %n [[0], [1, 2]] output_shape [3, 1, 4] : tensor<3x4xf32> into tensor<3x1x4xf32>
  %c = tensor.concat dim(1) %tall, %a : (tensor<3x1x4xf32>, tensor<3x1x4xf32>) -> tensor<3x2x4xf32>
  return %c : tensor<3x2x4xf32>
}

// -----

// Nothing is said twice, so these are no order of the whole.
// CHECK-LABEL: func.func @twice
// CHECK:       tensor.concat
func.func @twice(%x: tensor<3x2x4xf32>) -> tensor<3x2x4xf32> {
  %a = tensor.extract_slice %x[0, 1, 0] [3, 1, 4] [1, 1, 1] : tensor<3x2x4xf32> to tensor<3x1x4xf32>
  %b = tensor.extract_slice %x[0, 1, 0] [3, 1, 4] [1, 1, 1] : tensor<3x2x4xf32> to tensor<3x1x4xf32>
  %c = tensor.concat dim(1) %a, %b : (tensor<3x1x4xf32>, tensor<3x1x4xf32>) -> tensor<3x2x4xf32>
  return %c : tensor<3x2x4xf32>
}
