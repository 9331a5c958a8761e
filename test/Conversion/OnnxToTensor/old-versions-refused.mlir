// RUN: wafer-opt %s -convert-onnx-to-tensor -split-input-file -verify-diagnostics

func.func @training(%x: tensor<1x2x3xf32>, %p: tensor<2xf32>) -> tensor<1x2x3xf32> {
  // expected-error @+2 {{[WF2001] node '' (BatchNormalization): training mode (is_test is 0)}}
  // expected-note @+1 {{hint: export the model for inference}}
  %a = onnx.node "BatchNormalization" since 6 (%x, %p, %p, %p, %p) : (tensor<1x2x3xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x3xf32>
  // expected-error @+2 {{[WF2001] node '' (BatchNormalization): statistics for each element (spatial is 0)}}
  // expected-note @+1 {{hint}}
  %b = onnx.node "BatchNormalization" since 7 (%a, %p, %p, %p, %p) {spatial = 0 : i64} : (tensor<1x2x3xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x3xf32>
  // expected-error @+2 {{[WF2001] node '' (Dropout): training mode (is_test is 0)}}
  // expected-note @+1 {{hint}}
  %c = onnx.node "Dropout" since 6 (%b) : (tensor<1x2x3xf32>) -> tensor<1x2x3xf32>
  return %c : tensor<1x2x3xf32>
}

// -----

func.func @broadcast(%x: tensor<2x3xf32>, %y: tensor<3xf32>, %z: tensor<2xf32>) -> tensor<2x3xf32> {
  // expected-error @+1 {{[WF2004] node '' (Add): the operands differ in shape, and broadcast is not set}}
  %a = onnx.node "Add" since 6 (%x, %y) : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  // expected-error @+1 {{[WF2004] node '' (Mul): the second operand does not fit the first one at axis 1}}
  %b = onnx.node "Mul" since 6 (%x, %z) {broadcast = 1 : i64} : (tensor<2x3xf32>, tensor<2xf32>) -> tensor<2x3xf32>
  return %b : tensor<2x3xf32>
}

// -----

func.func @split(%x: tensor<5xf32>) -> (tensor<3xf32>, tensor<2xf32>) {
  // expected-error @+1 {{[WF2004] node '' (Split): dimension 0 of 5 does not divide into 2 equal parts}}
  %a:2 = onnx.node "Split" since 13 (%x) : (tensor<5xf32>) -> (tensor<3xf32>, tensor<2xf32>)
  return %a#0, %a#1 : tensor<3xf32>, tensor<2xf32>
}

// -----

// Versions are told apart from operators that have no lowering at all.
func.func @too_old(%x: tensor<1x2x3xf32>, %s: tensor<1xf32>) -> tensor<1x2x3xf32> {
  // expected-error @+2 {{[WF2001] node '' (GroupNormalization): version 18 of the operator has no lowering, version 21 has}}
  // expected-note @+1 {{hint: export the model for operator set 21 or later}}
  %a = onnx.node "GroupNormalization" since 18 (%x, %s, %s) {num_groups = 1 : i64} : (tensor<1x2x3xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x3xf32>
  return %a : tensor<1x2x3xf32>
}
