// RUN: wafer-opt %s -convert-onnx-to-tensor | FileCheck %s

// Two numbers a byte, the lower half first; the zero point is 8 unless it is given, the scale one of each block.
// CHECK-LABEL: func.func @four_bits
// CHECK: arith.constant dense<{{\[\[}}-2.000000e+00, -3.500000e+00], [-1.500000e+00, -3.500000e+00], [-1.000000e+00, -3.500000e+00]
// CHECK-SAME: [3.500000e+00, -4.000000e+00], [3.000000e+00, 0.000000e+00]]> : tensor<16x2xf32>
// CHECK: linalg.generic {{.*}} ins(%arg0, %{{.*}} : tensor<3x16xf32>, tensor<16x2xf32>)
func.func @four_bits(%x: tensor<3x16xf32>) -> tensor<3x2xf32> {
  %w = onnx.constant dense<[[[84, 118, 152, 186, 220, 254, 16, 239]], [[17, 17, 17, 17, 17, 17, 17, 128]]]> : tensor<2x1x8xi32>
  %s = onnx.constant dense<0.5> : tensor<2xf32>
  %y = onnx.node "MatMulNBits" of "com.microsoft" since 1 (%x, %w, %s) {K = 16 : i64, N = 2 : i64, bits = 4 : i64, block_size = 16 : i64} : (tensor<3x16xf32>, tensor<2x1x8xi32>, tensor<2xf32>) -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}
