// RUN: wafer-opt %s -convert-onnx-to-tensor -split-input-file -verify-diagnostics

// Every node at fault is named, in one run.
func.func @all(%x: tensor<4xf32>, %i: tensor<1xi64>) -> tensor<4xf32> {
  // expected-error @+2 {{[WF2001] node '' (NonZero): the operator has no lowering}}
  // expected-note @+1 {{hint: the list of supported operators is in docs/operators.md}}
  %a = onnx.node "NonZero" since 13 (%x) : (tensor<4xf32>) -> tensor<1x?xi64>
  // What only follows from a refusal is not reported.
  %b = onnx.node "Cast" since 25 (%a) {to = 1 : i64} : (tensor<1x?xi64>) -> tensor<1x?xf32>
  // expected-error @+2 {{[WF2001] node '' (Unique): the operator has no lowering}}
  // expected-note @+1 {{hint}}
  %c = onnx.node "Unique" since 11 (%x) : (tensor<4xf32>) -> tensor<?xf32>
  // expected-error @+1 {{[WF2004] node '' (Pad): mode 'mirror' is none of constant, edge, reflect and wrap}}
  %d = onnx.node "Pad" since 25 (%x, %i) {mode = "mirror"} : (tensor<4xf32>, tensor<1xi64>) -> tensor<4xf32>
  return %d : tensor<4xf32>
}

// -----

// expected-error @+2 {{[WF2002] the shape of input 'x' is not fixed: tensor<?x4xf32>}}
// expected-note @+1 {{hint: give its dimensions with --dim batch=N, or its shape with --shape x=AxBxC}}
func.func @dynamic(%x: tensor<?x4xf32> {onnx.name = "x", onnx.dims = ["batch"]}) -> tensor<?x4xf32> {
  %y = onnx.node "Relu" since 14 (%x) : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

func.func @run_time_shape(%x: tensor<4xf32>, %s: tensor<2xi64>) -> tensor<?x?xf32> {
  // expected-error @+2 {{[WF2002] node '' (Reshape): the new shape is computed from run-time data}}
  // expected-note @+1 {{hint: fix the input that it depends on with --const}}
  %y = onnx.node "Reshape" since 25 (%x, %s) : (tensor<4xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}

// -----

func.func @gather_out_of_range(%x: tensor<4xf32>) -> tensor<f32> {
  %i = onnx.constant dense<4> : tensor<i64>
  // expected-error @+1 {{[WF2004] node '' (Gather): index 4 is out of range for dimension 0 of 4}}
  %y = onnx.node "Gather" since 13 (%x, %i) : (tensor<4xf32>, tensor<i64>) -> tensor<f32>
  return %y : tensor<f32>
}

// -----

func.func @unsigned() -> tensor<2xui8> {
  %x = onnx.constant dense<[1, 2]> : tensor<2xui8>
  // expected-error @+2 {{[WF2003] node '' (Add) reads tensor<2xui8>: unsigned integers are not supported}}
  // expected-note @+1 {{hint}}
  %y = onnx.node "Add" since 14 (%x, %x) : (tensor<2xui8>, tensor<2xui8>) -> tensor<2xui8>
  return %y : tensor<2xui8>
}
