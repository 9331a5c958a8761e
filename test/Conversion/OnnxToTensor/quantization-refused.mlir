// RUN: wafer-opt %s -convert-onnx-to-tensor -split-input-file -verify-diagnostics

func.func @axis(%x: tensor<2x4xf32>, %s: tensor<3xf32>) -> tensor<2x4xui8> {
  // expected-error @+1 {{[WF2004] node '' (QuantizeLinear): a scale or zero point has neither one element nor one for each of axis 1}}
  %y = onnx.node "QuantizeLinear" since 23 (%x, %s) {axis = 1 : i64} : (tensor<2x4xf32>, tensor<3xf32>) -> tensor<2x4xui8>
  return %y : tensor<2x4xui8>
}

// -----

func.func @type(%x: tensor<4xf32>, %s: tensor<f32>) -> tensor<4xf32> {
  // expected-error @+1 {{[WF2003] node '' (QuantizeLinear): quantizes to a type that is not int8, uint8, int16 or uint16}}
  %y = onnx.node "QuantizeLinear" since 23 (%x, %s) {output_dtype = 17 : i64} : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}
