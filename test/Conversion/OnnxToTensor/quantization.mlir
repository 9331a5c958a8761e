// RUN: wafer-opt %s -convert-onnx-to-tensor -split-input-file | FileCheck %s

// Halves to even before the zero point is added, saturation on floats, then the narrow type.
// CHECK-LABEL: func.func @quantize
func.func @quantize(%x: tensor<4xf32>) -> tensor<4xui8> {
  %s = onnx.constant dense<0.5> : tensor<f32>
  %z = onnx.constant dense<128> : tensor<ui8>
  // CHECK:      %[[Q:.*]] = arith.divf
  // CHECK-NEXT: %[[R:.*]] = math.roundeven %[[Q]] : f32
  // CHECK:      arith.addf %[[R]], %{{.*}} : f32
  // CHECK:      arith.maximumf
  // CHECK:      arith.constant 2.550000e+02 : f32
  // CHECK:      arith.minimumf
  // CHECK:      arith.fptosi %{{.*}} : f32 to i32
  // CHECK:      arith.trunci %{{.*}} : i32 to i8
  %y = onnx.node "QuantizeLinear" since 23 (%x, %s, %z) : (tensor<4xf32>, tensor<f32>, tensor<ui8>) -> tensor<4xui8>
  return %y : tensor<4xui8>
}

// -----

// One scale for every two elements of the last dimension.
// CHECK-LABEL: func.func @blocks
func.func @blocks(%x: tensor<2x4xi8>, %s: tensor<2x2xf32>) -> tensor<2x4xf32> {
  // CHECK: linalg.generic {{.*}} ins(%{{.*}} : tensor<2x2x1xf32>) outs(%{{.*}} : tensor<2x2x2xf32>)
  // CHECK: arith.sitofp %{{.*}} : i32 to f32
  // CHECK: arith.mulf
  %y = onnx.node "DequantizeLinear" since 23 (%x, %s) {block_size = 2 : i64, axis = 1 : i64}
      : (tensor<2x4xi8>, tensor<2x2xf32>) -> tensor<2x4xf32>
  return %y : tensor<2x4xf32>
}

// -----

// Products of numbers less their zero points, in 32 bits.
// CHECK-LABEL: func.func @product
func.func @product(%a: tensor<3x4xui8>, %b: tensor<4x2xi8>) -> tensor<3x2xi32> {
  %z = onnx.constant dense<120> : tensor<ui8>
  // CHECK: arith.extui %{{.*}} : i8 to i32
  // CHECK: arith.extsi %{{.*}} : i8 to i32
  // CHECK: arith.subi %{{.*}} : i32
  // CHECK: %[[P:.*]] = arith.muli %{{.*}} : i32
  // CHECK: arith.addi %{{.*}}, %[[P]] : i32
  %y = onnx.node "MatMulInteger" since 10 (%a, %b, %z) : (tensor<3x4xui8>, tensor<4x2xi8>, tensor<ui8>) -> tensor<3x2xi32>
  return %y : tensor<3x2xi32>
}
