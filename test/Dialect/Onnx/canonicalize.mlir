// RUN: wafer-opt %s -canonicalize | FileCheck %s

onnx.weight @w in "f" at 0 bytes 16 : tensor<4xf32>

// Equal constants become one; references that nothing uses go away; nodes stay, whatever they do.
// CHECK-LABEL: func.func @merge
func.func @merge(%x: tensor<4xf32>) -> (tensor<2xi64>, tensor<2xi64>) {
  // CHECK-COUNT-1: onnx.constant
  // CHECK-NOT: onnx.constant
  // CHECK-NOT: weight_ref
  // CHECK: onnx.node "Relu"
  %w = onnx.weight_ref @w : tensor<4xf32>
  %a = onnx.constant dense<[1, 2]> : tensor<2xi64>
  %b = onnx.constant dense<[1, 2]> : tensor<2xi64>
  %y = onnx.node "Relu" since 14 (%x) : (tensor<4xf32>) -> tensor<4xf32>
  return %a, %b : tensor<2xi64>, tensor<2xi64>
}
