// RUN: wafer-opt %s | wafer-opt | FileCheck %s
// RUN: wafer-opt %s -mlir-print-op-generic | wafer-opt | FileCheck %s

// CHECK: onnx.weight @w in "model.onnx" at 64 bytes 48 : tensor<4x3xf32>
onnx.weight @w in "model.onnx" at 64 bytes 48 : tensor<4x3xf32>
// CHECK: onnx.weight @"a/b:0" bytes 4 : tensor<4xi1>
onnx.weight @"a/b:0" bytes 4 : tensor<4xi1>

// CHECK-LABEL: func.func @nodes
func.func @nodes(%x: tensor<1x4xf32>, %c: tensor<i1>) -> tensor<?x3xf32> {
  // CHECK: %[[W:.*]] = onnx.weight_ref @w : tensor<4x3xf32>
  %w = onnx.weight_ref @w : tensor<4x3xf32>
  // CHECK: %[[NONE:.*]] = onnx.none
  %none = onnx.none
  // CHECK: onnx.constant dense<[1, 2]> : tensor<2xui8>
  %k = onnx.constant dense<[1, 2]> : tensor<2xui8>
  // CHECK: onnx.node "Gemm" since 13 (%{{.*}}, %[[W]], %[[NONE]]) {alpha = 5.000000e-01 : f32}
  %y = onnx.node "Gemm" since 13 (%x, %w, %none) {alpha = 0.5 : f32} : (tensor<1x4xf32>, tensor<4x3xf32>, none) -> tensor<?x3xf32>
  // CHECK: onnx.node "Fancy" of "com.example" since 1
  onnx.node "Fancy" of "com.example" since 1 (%y) : (tensor<?x3xf32>) -> ()
  // CHECK: onnx.node "Neg" since 13 (%{{.*}}) from "local.f > Gelu" :
  onnx.node "Neg" since 13 (%y) from "local.f > Gelu" : (tensor<?x3xf32>) -> tensor<?x3xf32>
  // CHECK: onnx.node "If" since 25 (%{{.*}}) graph "then_branch" {
  // CHECK:   onnx.yield
  // CHECK: } graph "else_branch" {
  %z = onnx.node "If" since 25 (%c) graph "then_branch" {
    onnx.yield %y : tensor<?x3xf32>
  } graph "else_branch" {
    %n = onnx.node "Neg" since 13 (%y) : (tensor<?x3xf32>) -> tensor<?x3xf32>
    onnx.yield %n : tensor<?x3xf32>
  } : (tensor<i1>) -> tensor<?x3xf32>
  return %z : tensor<?x3xf32>
}

// CHECK-LABEL: func.func @more_than_tensors
func.func @more_than_tensors(%x: tensor<4xf32>, %i: tensor<i64>) -> tensor<4xf32> {
  // CHECK: onnx.node "SequenceConstruct" since 11 (%{{.*}}, %{{.*}}) : (tensor<4xf32>, tensor<4xf32>) -> !onnx.sequence<tensor<4xf32>>
  %s = onnx.node "SequenceConstruct" since 11 (%x, %x) : (tensor<4xf32>, tensor<4xf32>) -> !onnx.sequence<tensor<4xf32>>
  // CHECK: -> !onnx.optional<!onnx.sequence<tensor<4xf32>>>
  %o = onnx.node "Optional" since 15 (%s) : (!onnx.sequence<tensor<4xf32>>) -> !onnx.optional<!onnx.sequence<tensor<4xf32>>>
  %y = onnx.node "SequenceAt" since 11 (%s, %i) : (!onnx.sequence<tensor<4xf32>>, tensor<i64>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}
