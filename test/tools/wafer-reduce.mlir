// A module is cut down to the function and the node that a lowering refuses.
// RUN: wafer-reduce %s --reduction-tree='traversal-mode=0 test=%S/Inputs/refused-multinomial.sh' | FileCheck %s --implicit-check-not=onnx.node

func.func @fine(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = onnx.node "Relu" since 14 (%x) : (tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// CHECK: module {
// CHECK-NEXT: func.func @refused(
func.func @refused(%x: tensor<4xf32>, %m: tensor<1x4xf32>) {
  %y = onnx.node "Neg" since 13 (%x) : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK-NEXT: onnx.node "Multinomial" since 22 (%{{.*}})
  %a = onnx.node "Multinomial" since 22 (%m) : (tensor<1x4xf32>) -> tensor<1x?xi64>
  // CHECK-NEXT: return
  return
}

func.func @also_fine(%x: tensor<4xf32>) {
  return
}
// CHECK-NEXT: }
// CHECK-NEXT: }
