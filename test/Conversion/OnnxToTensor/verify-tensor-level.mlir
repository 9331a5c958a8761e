// RUN: wafer-opt %s -verify-tensor-level -split-input-file -verify-diagnostics

// expected-error @+2 {{[WF2003] the input 'x' is of f8E4M3FN, and the machine carries floats, integers of 8 to 64 bits}}
// expected-note @+1 {{hint: convert the model to float32 first}}
func.func @eight_bits(%x: tensor<4xf8E4M3FN> {onnx.name = "x"}) -> tensor<4xf8E4M3FN> {
  return %x : tensor<4xf8E4M3FN>
}

// -----

func.func @named(%x: tensor<4x4xf32>, %y: tensor<4x4xf32>) -> tensor<4x4xf32> {
  // expected-error @+1 {{[WF2001] a node is not at the tensor level: linalg.matmul}}
  %z = linalg.matmul ins(%x, %x : tensor<4x4xf32>, tensor<4x4xf32>) outs(%y : tensor<4x4xf32>) -> tensor<4x4xf32>
  return %z : tensor<4x4xf32>
}

// -----

// Sizes that overflow in whoever multiplies them go no further.
// expected-error @+2 {{[WF1008] the input 'x' is a tensor<4611686018427387904x4xf32>, larger than any machine: a side has less than 2^31 elements, a tensor less than 2^36}}
// expected-note @+1 {{hint: give smaller dimensions with --dim or --shape}}
func.func @long(%x: tensor<4611686018427387904x4xf32> {onnx.name = "x"}) {
  return
}

// -----

// expected-error @+2 {{[WF1008] the input 'x' is a tensor<1073741824x64xf32>, larger than any machine}}
// expected-note @+1 {{hint}}
func.func @large(%x: tensor<1073741824x64xf32> {onnx.name = "x"}, %y: tensor<1073741824x63xf32> {onnx.name = "y"}) {
  return
}

// -----

func.func @open_loop(%x: tensor<4xf32>, %n: index) -> tensor<4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // expected-error @+1 {{[WF2001] a node: its loop does not count from 0 to a constant by 1}}
  %y = scf.for %i = %c0 to %n step %c1 iter_args(%a = %x) -> tensor<4xf32> {
    scf.yield %a : tensor<4xf32>
  }
  return %y : tensor<4xf32>
}
