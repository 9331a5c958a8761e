// A module is cut down to the node that a lowering refuses: what does not matter goes, and zeros stand for what it reads
// and for what is made of it.
// RUN: wafer-reduce %s --reduction-tree='traversal-mode=0 test=%S/Inputs/refused-multinomial.sh' | FileCheck %s

func.func @fine(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = onnx.node "Relu" since 14 (%x) : (tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// CHECK: module {
// CHECK-NEXT: func.func @refused(
func.func @refused(%x: tensor<4xf32>, %m: tensor<1x4xf32>) -> tensor<1x4xf32> {
  %y = onnx.node "Neg" since 13 (%m) : (tensor<1x4xf32>) -> tensor<1x4xf32>
  // CHECK-NEXT: %[[ZEROS:.*]] = onnx.constant dense<0.000000e+00>
  // CHECK-NEXT: onnx.node "Multinomial" since 22 (%[[ZEROS]])
  %a = onnx.node "Multinomial" since 22 (%y) {sample_size = 4 : i64} : (tensor<1x4xf32>) -> tensor<1x4xi32>
  // CHECK-NEXT: %[[RESULT:.*]] = onnx.constant dense<0.000000e+00>
  %b = onnx.node "Cast" since 25 (%a) {to = 1 : i64} : (tensor<1x4xi32>) -> tensor<1x4xf32>
  // CHECK-NEXT: return %[[RESULT]]
  return %b : tensor<1x4xf32>
}
// CHECK-NEXT: }
// CHECK-NEXT: }
