// RUN: wafer-opt %s -convert-onnx-to-tensor -verify-diagnostics

// Nodes in the graphs of a refused node are named with it, and functions around a node.
func.func @nested(%x: tensor<4xf32>, %c: tensor<i1>) -> tensor<4xf32> {
  // expected-error @+2 {{[WF1007] node '' (com.example.Outer): the custom operator has no lowering}}
  // expected-note @+1 {{hint}}
  %y = onnx.node "Outer" of "com.example" since 1 (%x) graph "body" {
    // expected-error @+2 {{[WF2001] node '' (local.f > RandomUniformLike): the operator has no lowering}}
    // expected-note @+1 {{hint}}
    %a = onnx.node "RandomUniformLike" since 22 (%x) from "local.f" : (tensor<4xf32>) -> tensor<4xf32>
    // expected-error @+2 {{[WF1007] node '' (com.example.Custom): the custom operator has no lowering}}
    // expected-note @+1 {{hint: export the model without custom operators}}
    %b = onnx.node "Custom" of "com.example" since 1 (%x) : (tensor<4xf32>) -> tensor<4xf32>
    onnx.yield %b : tensor<4xf32>
  } : (tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}
