// RUN: wafer-opt %s --prepare-kernels | FileCheck %s

// Rows of five dimensions become rows of four; the indices stay as they are.
// CHECK-LABEL: func.func @five
// CHECK: %[[TABLE:.*]] = tensor.collapse_shape %arg0 {{\[\[}}0], [1], [2], [3], [4, 5]] : tensor<7x2x3x4x5x6xf32> into tensor<7x2x3x4x30xf32>
// CHECK: %[[ROWS:.*]] = tensor.gather %[[TABLE]][%arg1] gather_dims([0]) : (tensor<7x2x3x4x30xf32>, tensor<3x2x1xi64>) -> tensor<3x2x2x3x4x30xf32>
// CHECK: tensor.expand_shape %[[ROWS]] {{\[\[}}0], [1], [2], [3], [4], [5, 6]]
func.func @five(%x: tensor<7x2x3x4x5x6xf32> {onnx.name = "x"}, %i: tensor<3x2x1xi64> {onnx.name = "i"}) -> (tensor<3x2x2x3x4x5x6xf32> {onnx.name = "y"}) {
  %y = tensor.gather %x[%i] gather_dims([0]) : (tensor<7x2x3x4x5x6xf32>, tensor<3x2x1xi64>) -> tensor<3x2x2x3x4x5x6xf32>
  return %y : tensor<3x2x2x3x4x5x6xf32>
}

// CHECK-LABEL: func.func @four
// CHECK-NOT: tensor.collapse_shape
// CHECK: tensor.gather %arg0
func.func @four(%x: tensor<7x2x3x4x5xf32> {onnx.name = "x"}, %i: tensor<3x1xi64> {onnx.name = "i"}) -> (tensor<3x2x3x4x5xf32> {onnx.name = "y"}) {
  %y = tensor.gather %x[%i] gather_dims([0]) : (tensor<7x2x3x4x5xf32>, tensor<3x1xi64>) -> tensor<3x2x3x4x5xf32>
  return %y : tensor<3x2x3x4x5xf32>
}
