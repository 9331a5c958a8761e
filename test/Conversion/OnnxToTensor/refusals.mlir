// RUN: wafer-opt %s -convert-onnx-to-tensor -split-input-file -verify-diagnostics

// Every node at fault is named, in one run.
func.func @all(%x: tensor<4xf32>, %m: tensor<1x4xf32>, %i: tensor<1xi64>) -> tensor<4xf32> {
  // expected-error @+2 {{[WF2001] node '' (Multinomial): the operator has no lowering}}
  // expected-note @+1 {{hint: the list of supported operators is in docs/operators.md}}
  %a = onnx.node "Multinomial" since 22 (%m) : (tensor<1x4xf32>) -> tensor<1x?xi64>
  // What only follows from a refusal is not reported.
  %b = onnx.node "Cast" since 25 (%a) {to = 1 : i64} : (tensor<1x?xi64>) -> tensor<1x?xf32>
  // expected-error @+2 {{[WF2001] node '' (RandomUniformLike): the operator has no lowering}}
  // expected-note @+1 {{hint}}
  %c = onnx.node "RandomUniformLike" since 22 (%x) : (tensor<4xf32>) -> tensor<4xf32>
  // expected-error @+1 {{[WF2004] node '' (Pad): mode 'mirror' is none of constant, edge, reflect and wrap}}
  %d = onnx.node "Pad" since 25 (%x, %i) {mode = "mirror"} : (tensor<4xf32>, tensor<1xi64>) -> tensor<4xf32>
  return %d : tensor<4xf32>
}

// -----

// expected-error @+2 {{[WF2002] the shape of input 'x' is not fixed: tensor<?x4xf32>}}
// expected-note @+1 {{hint: give its dimensions with --dim batch=SIZE, or its shape with --shape x=AxBxC}}
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

func.func @no_such_type(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+2 {{[WF2003] node '' (Cast): casts to float8e4m3fn, which the machine does not have}}
  // expected-note @+1 {{hint: cast to a type of 8 to 64 bits}}
  %y = onnx.node "Cast" since 25 (%x) {to = 17 : i64} : (tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

func.func @branches_of_two_shapes(%c: tensor<i1>, %x: tensor<4xf32>) -> tensor<?xf32> {
  // expected-error @+2 {{[WF2001] node '' (If): the condition is computed from run-time data, and output 0 differs in shape or type between the branches}}
  // expected-note @+1 {{hint: fix the input that the condition depends on with --const}}
  %y = onnx.node "If" since 25 (%c) graph "then_branch" {
    onnx.yield %x : tensor<4xf32>
  } graph "else_branch" {
    %z = onnx.node "Concat" since 13 (%x, %x) {axis = 0 : i64} : (tensor<4xf32>, tensor<4xf32>) -> tensor<8xf32>
    onnx.yield %z : tensor<8xf32>
  } : (tensor<i1>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// -----

func.func @endless(%x: tensor<f32>) -> tensor<f32> {
  %none = onnx.none
  // expected-error @+2 {{[WF2001] node '' (Loop): it ends on a condition that is computed from run-time data, and has no largest number of steps}}
  // expected-note @+1 {{hint: give the loop a trip count}}
  %y = onnx.node "Loop" since 25 (%none, %none, %x) graph "body" (%i: tensor<i64>, %c: tensor<i1>, %v: tensor<f32>) {
    %w = onnx.node "Neg" since 13 (%v) : (tensor<f32>) -> tensor<f32>
    %d = onnx.node "Less" since 13 (%w, %x) : (tensor<f32>, tensor<f32>) -> tensor<i1>
    onnx.yield %d, %w : tensor<i1>, tensor<f32>
  } : (none, none, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// -----

func.func @outputs_of_run_time_length(%x: tensor<f32>) -> tensor<?xf32> {
  %none = onnx.none
  %steps = onnx.constant dense<20> : tensor<i64>
  // expected-error @+2 {{[WF2001] node '' (Loop): how many steps it makes, and with that the shape of its outputs, is computed from run-time data}}
  // expected-note @+1 {{hint}}
  %y:2 = onnx.node "Loop" since 25 (%steps, %none, %x) graph "body" (%i: tensor<i64>, %c: tensor<i1>, %v: tensor<f32>) {
    %w = onnx.node "Neg" since 13 (%v) : (tensor<f32>) -> tensor<f32>
    %d = onnx.node "Less" since 13 (%w, %x) : (tensor<f32>, tensor<f32>) -> tensor<i1>
    onnx.yield %d, %w, %w : tensor<i1>, tensor<f32>, tensor<f32>
  } : (tensor<i64>, none, tensor<f32>) -> (tensor<f32>, tensor<?xf32>)
  return %y#1 : tensor<?xf32>
}

// -----

func.func @position(%x: tensor<f32>) -> tensor<f32> {
  %i = onnx.constant dense<3> : tensor<i64>
  %s = onnx.node "SequenceConstruct" since 11 (%x, %x) : (tensor<f32>, tensor<f32>) -> !onnx.sequence<tensor<f32>>
  // expected-error @+1 {{[WF2004] node '' (SequenceAt): position 3 is out of range for a sequence of 2}}
  %y = onnx.node "SequenceAt" since 11 (%s, %i) : (!onnx.sequence<tensor<f32>>, tensor<i64>) -> tensor<f32>
  return %y : tensor<f32>
}

// -----

func.func @activations(%x: tensor<3x1x2xf32>, %w: tensor<1x8x2xf32>, %r: tensor<1x8x2xf32>) -> tensor<?x?x?x?xf32> {
  // expected-error @+1 {{[WF2001] node '' (LSTM): the activation 'swish' is unknown}}
  %y = onnx.node "LSTM" since 22 (%x, %w, %r) {activations = ["Sigmoid", "Swish", "Tanh"], hidden_size = 2 : i64} : (tensor<3x1x2xf32>, tensor<1x8x2xf32>, tensor<1x8x2xf32>) -> tensor<?x?x?x?xf32>
  return %y : tensor<?x?x?x?xf32>
}

// -----

func.func @resized_by_run_time_scales(%x: tensor<1x1x4x4xf32>, %s: tensor<4xf32>) -> tensor<?x?x?x?xf32> {
  %none = onnx.none
  // expected-error @+2 {{[WF2002] node '' (Resize): scales is computed from run-time data}}
  // expected-note @+1 {{hint}}
  %y = onnx.node "Resize" since 19 (%x, %none, %s) : (tensor<1x1x4x4xf32>, none, tensor<4xf32>) -> tensor<?x?x?x?xf32>
  return %y : tensor<?x?x?x?xf32>
}

// -----

// The run-time indices would be compared with every place.
func.func @scatter_too_large(%x: tensor<200000xf32>, %i: tensor<200000xi64>, %u: tensor<200000xf32>) -> tensor<200000xf32> {
  // expected-error @+2 {{[WF2001] node '' (ScatterElements): comparing 200000 places with 200000 updates, because the indices are computed from run-time data: more than 2^32 comparisons}}
  // expected-note @+1 {{hint: make the indices constant (--const), or scatter along a shorter dimension}}
  %y = onnx.node "ScatterElements" since 18 (%x, %i, %u) : (tensor<200000xf32>, tensor<200000xi64>, tensor<200000xf32>) -> tensor<200000xf32>
  return %y : tensor<200000xf32>
}

// -----

func.func @sort_too_long(%x: tensor<100000xf32>) -> tensor<5xf32> {
  %k = onnx.constant dense<5> : tensor<1xi64>
  // expected-error @+2 {{[WF2001] node '' (TopK): sorting rows of 100000 elements takes 100000 times as many comparisons, more than 2^32}}
  // expected-note @+1 {{hint}}
  %y:2 = onnx.node "TopK" since 11 (%x, %k) : (tensor<100000xf32>, tensor<1xi64>) -> (tensor<5xf32>, tensor<5xi64>)
  return %y#0 : tensor<5xf32>
}

// -----

func.func @as_many_as_the_data_say(%x: tensor<4xf32>, %z: tensor<4xf32>, %w: tensor<4x3xf32>) -> tensor<?xf32> {
  %a = onnx.node "NonZero" since 13 (%x) : (tensor<4xf32>) -> tensor<1x?xi64>
  // expected-error @+2 {{[WF2002] node '' (ReduceSum): dimension 1 of operand 0 is as long as the data say (at most 4), which the operator does not take there}}
  // expected-note @+1 {{hint: end the model before this node, or fix the inputs that decide with --const}}
  %b = onnx.node "ReduceSum" since 1 (%a) {axes = array<i64: 0>} : (tensor<1x?xi64>) -> tensor<?xi64>
  %c = onnx.node "Unique" since 11 (%x) : (tensor<4xf32>) -> tensor<?xf32>
  %d = onnx.node "Unique" since 11 (%z) : (tensor<4xf32>) -> tensor<?xf32>
  // expected-error @+2 {{[WF2002] node '' (Add): dimension 0 of operand 1 is as long as the data say}}
  // expected-note @+1 {{hint}}
  %e = onnx.node "Add" since 14 (%c, %d) : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  // expected-error @+2 {{[WF2002] node '' (Add): dimension 0 of operand 0 is as long as the data say}}
  // expected-note @+1 {{hint}}
  %f = onnx.node "Add" since 14 (%c, %x) : (tensor<?xf32>, tensor<4xf32>) -> tensor<?xf32>
  // expected-error @+2 {{[WF2002] node '' (Concat): joins tensors of which one has as many elements as the data say}}
  // expected-note @+1 {{hint}}
  %g = onnx.node "Concat" since 13 (%x, %c) {axis = 0 : i64} : (tensor<4xf32>, tensor<?xf32>) -> tensor<?xf32>
  // expected-error @+2 {{[WF2002] node '' (SequenceConstruct): operand 0 has as many elements as the data say, which the operator does not take}}
  // expected-note @+1 {{hint}}
  %s = onnx.node "SequenceConstruct" since 11 (%c) : (tensor<?xf32>) -> !onnx.sequence<tensor<?xf32>>
  return %f : tensor<?xf32>
}

// -----

func.func @branches_without_a_value(%c: tensor<i1>, %x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{[WF2004] node '' (If): its graphs yield another number of values}}
  %y = onnx.node "If" since 25 (%c) graph "then_branch" {
    onnx.yield %x : tensor<4xf32>
  } graph "else_branch" {
    onnx.yield
  } : (tensor<i1>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

// The largest integer is no number of steps.
func.func @as_long_as(%x: tensor<f32>) -> tensor<f32> {
  %none = onnx.none
  %steps = onnx.constant dense<9223372036854775807> : tensor<i64>
  // expected-error @+2 {{[WF2001] node '' (Loop): it ends on a condition that is computed from run-time data, and has no largest number of steps}}
  // expected-note @+1 {{hint}}
  %y = onnx.node "Loop" since 25 (%steps, %none, %x) graph "body" (%i: tensor<i64>, %c: tensor<i1>, %v: tensor<f32>) {
    %w = onnx.node "Neg" since 13 (%v) : (tensor<f32>) -> tensor<f32>
    %d = onnx.node "Less" since 13 (%w, %x) : (tensor<f32>, tensor<f32>) -> tensor<i1>
    onnx.yield %d, %w : tensor<i1>, tensor<f32>
  } : (tensor<i64>, none, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}
