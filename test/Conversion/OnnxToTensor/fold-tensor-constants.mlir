// RUN: wafer-opt %s -fold-tensor-constants -split-input-file | FileCheck %s
// RUN: wafer-opt %s -fold-tensor-constants=max-fold-elements=2 -split-input-file | FileCheck %s --check-prefix=BOUND

#id = affine_map<(d0) -> (d0)>
#first = affine_map<(d0, d1) -> (d0)>
#both = affine_map<(d0, d1) -> (d0, d1)>

// A chain folds in one go: a reduction, a division that truncates, a gather.
// CHECK-LABEL: func.func @chain
// CHECK-NEXT: arith.constant dense<[3, -2]> : tensor<2xi64>
// CHECK-NEXT: return
// BOUND-LABEL: func.func @chain
// BOUND-NEXT: arith.constant dense<[3, -2]> : tensor<2xi64>
func.func @chain() -> tensor<2xi64> {
  %x = arith.constant dense<[[1, 2, 3], [-1, -1, -3]]> : tensor<2x3xi64>
  %zero = arith.constant 0 : i64
  %e = tensor.empty() : tensor<2xi64>
  %init = linalg.fill ins(%zero : i64) outs(%e : tensor<2xi64>) -> tensor<2xi64>
  %sum = linalg.generic {indexing_maps = [#both, #first], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<2x3xi64>) outs(%init : tensor<2xi64>) {
  ^bb0(%a: i64, %acc: i64):
    %s = arith.addi %a, %acc : i64
    linalg.yield %s : i64
  } -> tensor<2xi64>
  %half = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%sum : tensor<2xi64>) outs(%e : tensor<2xi64>) {
  ^bb0(%a: i64, %o: i64):
    %two = arith.constant 2 : i64
    %s = arith.divsi %a, %two : i64
    linalg.yield %s : i64
  } -> tensor<2xi64>
  return %half : tensor<2xi64>
}

// -----

#id = affine_map<(d0) -> (d0)>

// Results over the bound stay, unless all elements are equal.
// CHECK-LABEL: func.func @bound
// CHECK-NOT: linalg.generic
// BOUND-LABEL: func.func @bound
// BOUND: arith.constant dense<4.000000e+00> : tensor<4xf32>
// BOUND: linalg.generic
func.func @bound() -> (tensor<4xf32>, tensor<4xf32>) {
  %two = arith.constant dense<2.0> : tensor<4xf32>
  %x = arith.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
  %e = tensor.empty() : tensor<4xf32>
  %a = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%two : tensor<4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%v: f32, %o: f32):
    %s = arith.addf %v, %v : f32
    linalg.yield %s : f32
  } -> tensor<4xf32>
  %b = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%v: f32, %o: f32):
    %s = arith.addf %v, %v : f32
    linalg.yield %s : f32
  } -> tensor<4xf32>
  return %a, %b : tensor<4xf32>, tensor<4xf32>
}

// -----

#id = affine_map<(d0) -> (d0)>

// An integer division by zero has no value.
// CHECK-LABEL: func.func @undefined
// CHECK: arith.divsi
func.func @undefined() -> tensor<2xi32> {
  %x = arith.constant dense<[1, 2]> : tensor<2xi32>
  %y = arith.constant dense<[1, 0]> : tensor<2xi32>
  %e = tensor.empty() : tensor<2xi32>
  %a = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel"]}
      ins(%x, %y : tensor<2xi32>, tensor<2xi32>) outs(%e : tensor<2xi32>) {
  ^bb0(%v: i32, %w: i32, %o: i32):
    %s = arith.divsi %v, %w : i32
    linalg.yield %s : i32
  } -> tensor<2xi32>
  return %a : tensor<2xi32>
}

// -----

onnx.weight @w in "f" at 0 bytes 16 : tensor<4xf32>
// CHECK-NOT: @unused
onnx.weight @unused in "f" at 0 bytes 16 : tensor<4xf32>

// Weights are never read into the IR.
// CHECK-LABEL: func.func @weights
// CHECK: onnx.weight_ref
// CHECK: tensor.expand_shape
func.func @weights() -> tensor<2x2xf32> {
  %w = onnx.weight_ref @w : tensor<4xf32>
  %m = tensor.expand_shape %w [[0, 1]] output_shape [2, 2] : tensor<4xf32> into tensor<2x2xf32>
  return %m : tensor<2x2xf32>
}
