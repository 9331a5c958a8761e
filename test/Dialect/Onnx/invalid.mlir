// RUN: wafer-opt %s -split-input-file -verify-diagnostics

func.func @unknown(%x: tensor<4xf32>) {
  // expected-error @+1 {{ONNX has no op 'Frobnicate' at version 13}}
  onnx.node "Frobnicate" since 13 (%x) : (tensor<4xf32>) -> ()
  return
}

// -----

func.func @version(%x: tensor<4xf32>) {
  // expected-error @+1 {{'Relu' of version 15 is the one since version 14}}
  %y = onnx.node "Relu" since 15 (%x) : (tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @arity(%x: tensor<4xf32>) {
  // expected-error @+1 {{'Add' takes 2 inputs, got 1}}
  %y = onnx.node "Add" since 14 (%x) : (tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @no_such_attribute(%x: tensor<4xf32>) {
  // expected-error @+1 {{'Relu' has no attribute 'alpha'}}
  %y = onnx.node "Relu" since 14 (%x) {alpha = 1.0 : f32} : (tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @attribute_type(%x: tensor<4x4xf32>) {
  // expected-error @+1 {{attribute 'perm' of 'Transpose' must be ints, got 1 : i64}}
  %y = onnx.node "Transpose" since 25 (%x) {perm = 1 : i64} : (tensor<4x4xf32>) -> tensor<4x4xf32>
  return
}

// -----

func.func @required_attribute(%x: tensor<4xf32>) {
  // expected-error @+1 {{'Concat' needs the attribute 'axis'}}
  %y = onnx.node "Concat" since 13 (%x) : (tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @terminator(%c: tensor<i1>) {
  // expected-error @+1 {{graph "then_branch" must be one block that ends in onnx.yield}}
  onnx.node "If" of "test" since 1 (%c) graph "then_branch" {
    llvm.unreachable
  } : (tensor<i1>) -> ()
  return
}

// -----

// expected-error @+1 {{takes 16 bytes, got 12}}
onnx.weight @w in "f" at 0 bytes 12 : tensor<4xf32>

// -----

// expected-error @+1 {{must have a static shape}}
onnx.weight @w in "f" at 0 bytes 12 : tensor<?xf32>

// -----

func.func @no_weight() {
  // expected-error @+1 {{refers to @w, which is not an onnx.weight}}
  %w = onnx.weight_ref @w : tensor<4xf32>
  return
}

// -----

onnx.weight @w in "f" at 0 bytes 16 : tensor<4xf32>
func.func @weight_type() {
  // expected-error @+1 {{has type 'tensor<2xf32>', but the weight has 'tensor<4xf32>'}}
  %w = onnx.weight_ref @w : tensor<2xf32>
  return
}

// -----

// expected-error @+1 {{a sequence holds tensors, not '!onnx.sequence<tensor<4xf32>>'}}
func.func private @nested(!onnx.sequence<!onnx.sequence<tensor<4xf32>>>)

// -----

// expected-error @+1 {{an optional holds a tensor or a sequence, not 'f32'}}
func.func private @scalar(!onnx.optional<f32>)
