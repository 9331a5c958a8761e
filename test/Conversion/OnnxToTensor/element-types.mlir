// RUN: wafer-opt %s -convert-onnx-to-tensor -split-input-file | FileCheck %s

// A node of f16 computes in f32; its result is rounded once.
// CHECK-LABEL: func.func @half
func.func @half(%x: tensor<2x4xf16>, %w: tensor<4x3xf16>) -> tensor<2x3xf16> {
  // CHECK:     arith.extf %{{.*}} : f16 to f32
  // CHECK:     arith.extf %{{.*}} : f16 to f32
  // CHECK:     arith.mulf %{{.*}} : f32
  // CHECK:     arith.addf %{{.*}} : f32
  // CHECK:     arith.truncf %{{.*}} : f32 to f16
  // CHECK-NOT: truncf
  %y = onnx.node "MatMul" since 13 (%x, %w) : (tensor<2x4xf16>, tensor<4x3xf16>) -> tensor<2x3xf16>
  return %y : tensor<2x3xf16>
}

// -----

// Moving elements needs no arithmetic.
// CHECK-LABEL: func.func @moved
// CHECK-NOT:     arith.ext
func.func @moved(%x: tensor<2x4xbf16>) -> tensor<4x4xbf16> {
  // CHECK: tensor.concat dim(1) {{.*}} -> tensor<2x8xbf16>
  %0 = onnx.node "Concat" since 13 (%x, %x) {axis = 1 : i64} : (tensor<2x4xbf16>, tensor<2x4xbf16>) -> tensor<2x8xbf16>
  %s = onnx.constant dense<[4, 4]> : tensor<2xi64>
  %1 = onnx.node "Reshape" since 21 (%0, %s) : (tensor<2x8xbf16>, tensor<2xi64>) -> tensor<4x4xbf16>
  return %1 : tensor<4x4xbf16>
}

// -----

// Small unsigned numbers are numbers of 32 bits while a node computes with them.
// CHECK-LABEL: func.func @small(
// CHECK-SAME:    %{{.*}}: tensor<4xi8> {onnx.type = ui8}) -> (tensor<4xi8> {onnx.type = ui8})
func.func @small(%x: tensor<4xui8>) -> tensor<4xui8> {
  %c = onnx.constant dense<200> : tensor<ui8>
  // CHECK: arith.extui %{{.*}} : i8 to i32
  // CHECK: %[[C:.*]] = arith.constant 200 : i32
  // CHECK: arith.maxsi %{{.*}}, %[[C]] : i32
  // CHECK: arith.trunci %{{.*}} : i32 to i8
  %y = onnx.node "Max" since 13 (%x, %c) : (tensor<4xui8>, tensor<ui8>) -> tensor<4xui8>
  return %y : tensor<4xui8>
}

// -----

// Unsigned numbers of 32 and 64 bits have forms of their own.
// CHECK-LABEL: func.func @unsigned
func.func @unsigned(%x: tensor<4xui32>, %y: tensor<4xui64>) -> (tensor<4xui32>, tensor<4xi1>, tensor<4xf32>, tensor<4xui64>) {
  // CHECK: arith.divui %{{.*}} : i32
  %0 = onnx.node "Div" since 14 (%x, %x) : (tensor<4xui32>, tensor<4xui32>) -> tensor<4xui32>
  // CHECK: arith.cmpi ult, %{{.*}} : i64
  %1 = onnx.node "Less" since 13 (%y, %y) : (tensor<4xui64>, tensor<4xui64>) -> tensor<4xi1>
  // CHECK: arith.uitofp %{{.*}} : i32 to f32
  %2 = onnx.node "Cast" since 25 (%x) {to = 1 : i64} : (tensor<4xui32>) -> tensor<4xf32>
  // CHECK: arith.subi %{{.*}} {wafer.unsigned} : i64
  %3 = onnx.node "Sub" since 14 (%y, %y) : (tensor<4xui64>, tensor<4xui64>) -> tensor<4xui64>
  return %0, %1, %2, %3 : tensor<4xui32>, tensor<4xi1>, tensor<4xf32>, tensor<4xui64>
}

// -----

// The largest of unsigned 32 bits, with the signed order that partial maxima are combined in.
// CHECK-LABEL: func.func @largest
func.func @largest(%x: tensor<4x8xui32>) -> tensor<4xui32> {
  // CHECK: arith.xori %{{.*}} : i32
  // CHECK: arith.maxsi %{{.*}} : i32
  // CHECK: arith.xori %{{.*}} : i32
  %a = onnx.constant dense<[1]> : tensor<1xi64>
  %y = onnx.node "ReduceMax" since 20 (%x, %a) {keepdims = 0 : i64} : (tensor<4x8xui32>, tensor<1xi64>) -> tensor<4xui32>
  return %y : tensor<4xui32>
}

// -----

// 64-bit constants are exact, not doubles.
// CHECK-LABEL: func.func @exact
func.func @exact(%x: tensor<2xi64>) -> tensor<4xi64> {
  %p = onnx.constant dense<1> : tensor<2xi64>
  %c = onnx.constant dense<9007199254740993> : tensor<i64>
  // CHECK: arith.constant 9007199254740993 : i64
  %y = onnx.node "Pad" since 25 (%x, %p, %c) : (tensor<2xi64>, tensor<2xi64>, tensor<i64>) -> tensor<4xi64>
  return %y : tensor<4xi64>
}

// -----

// CHECK-LABEL: func.func @shift
func.func @shift(%x: tensor<4xui16>) -> tensor<4xui16> {
  %c = onnx.constant dense<3> : tensor<ui16>
  // CHECK: arith.extui %{{.*}} : i16 to i32
  // CHECK: arith.shli %{{.*}} : i32
  // CHECK: arith.trunci %{{.*}} : i32 to i16
  %y = onnx.node "BitShift" since 11 (%x, %c) {direction = "LEFT"} : (tensor<4xui16>, tensor<ui16>) -> tensor<4xui16>
  return %y : tensor<4xui16>
}
