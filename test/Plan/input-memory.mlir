// RUN: wafer-opt %s --prepare-kernels --wafer-plan="mesh-width=64 mesh-height=64 width=64 height=64" | FileCheck %s
// The cheapest way in leaves whole rows of this picture with each PE, more than its memory holds: another is taken.

// CHECK: wafer.stream @in0_r0 to [@r0] {{.*}} host "x"
func.func @main(%x: tensor<1x3x416x416xf32> {onnx.name = "x"}) -> (tensor<1x3x208x208xf32> {onnx.name = "y"}) {
  %r = tensor.extract_slice %x[0, 0, 0, 0] [1, 3, 208, 416] [1, 1, 2, 1] : tensor<1x3x416x416xf32> to tensor<1x3x208x416xf32>
  %c = tensor.extract_slice %r[0, 0, 0, 0] [1, 3, 208, 208] [1, 1, 1, 2] : tensor<1x3x208x416xf32> to tensor<1x3x208x208xf32>
  return %c : tensor<1x3x208x208xf32>
}
