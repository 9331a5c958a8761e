// RUN: wafer-opt %s -verify-tensor-level -split-input-file -verify-diagnostics

// expected-error @+2 {{[WF2003] the input 'x' computes in f16}}
// expected-note @+1 {{hint: convert the model to float32 first}}
func.func @half(%x: tensor<4xf16> {onnx.name = "x"}) -> tensor<4xf16> {
  return %x : tensor<4xf16>
}

// -----

func.func @named(%x: tensor<4x4xf32>, %y: tensor<4x4xf32>) -> tensor<4x4xf32> {
  // expected-error @+1 {{[WF2001] a node is not at the tensor level: linalg.matmul}}
  %z = linalg.matmul ins(%x, %x : tensor<4x4xf32>, tensor<4x4xf32>) outs(%y : tensor<4x4xf32>) -> tensor<4x4xf32>
  return %z : tensor<4x4xf32>
}
