// RUN: wafer-opt %s --wafer-plan="mesh-width=1 mesh-height=1" | FileCheck %s

// A slice from the tensor's beginning is not the tensor: it moves before it takes another shape.

// CHECK: wafer.redistribute {{.*}} -> tensor<2x4xf32,
// CHECK: wafer.reshape {{.*}} : tensor<2x4xf32, {{.*}} to tensor<2x2x2xf32
#id = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
func.func @main(%x: tensor<2x6xf32>) -> tensor<2x2x2xf32> {
  %0 = tensor.extract_slice %x[0, 0] [2, 4] [1, 1] : tensor<2x6xf32> to tensor<2x4xf32>
  %1 = tensor.expand_shape %0 [[0], [1, 2]] output_shape [2, 2, 2] : tensor<2x4xf32> into tensor<2x2x2xf32>
  %e = tensor.empty() : tensor<2x2x2xf32>
  %2 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%1 : tensor<2x2x2xf32>) outs(%e : tensor<2x2x2xf32>) {
  ^bb0(%a: f32, %b: f32):
    %n = arith.negf %a : f32
    linalg.yield %n : f32
  } -> tensor<2x2x2xf32>
  return %2 : tensor<2x2x2xf32>
}
