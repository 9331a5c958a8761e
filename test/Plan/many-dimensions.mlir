// RUN: not wafer-opt %s --wafer-plan="mesh-width=1 mesh-height=1" 2>&1 | FileCheck %s

// CHECK: [WF3002] input 'x' has 9 dimensions, and a program's tensors have at most 8
func.func @main(%x: tensor<2x1x2x3x2x1x2x3x2xf32> {onnx.name = "x"}) -> tensor<288xf32> {
  %0 = tensor.collapse_shape %x [[0, 1, 2, 3, 4, 5, 6, 7, 8]] : tensor<2x1x2x3x2x1x2x3x2xf32> into tensor<288xf32>
  return %0 : tensor<288xf32>
}
