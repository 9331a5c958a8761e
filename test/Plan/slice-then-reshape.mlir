// RUN: wafer-opt %s --wafer-plan="mesh-width=1 mesh-height=1" | FileCheck %s

// A slice from the tensor's beginning is not the tensor: it moves before it takes another shape.

// CHECK: wafer.redistribute {{.*}} -> tensor<2x4xf32,
// CHECK: wafer.reshape {{.*}} : tensor<2x4xf32, {{.*}} to tensor<2x2x2xf32
func.func @main(%x: tensor<2x6xf32>) -> tensor<2x2x2xf32> {
  %0 = tensor.extract_slice %x[0, 0] [2, 4] [1, 1] : tensor<2x6xf32> to tensor<2x4xf32>
  %1 = tensor.expand_shape %0 [[0], [1, 2]] output_shape [2, 2, 2] : tensor<2x4xf32> into tensor<2x2x2xf32>
  return %1 : tensor<2x2x2xf32>
}
