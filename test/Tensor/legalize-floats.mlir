// RUN: wafer-opt %s --legalize-element-types --split-input-file | FileCheck %s

#id = affine_map<(d0) -> (d0)>

// What a node computed in f32 becomes f16 again by rounding; the way back to f32 is free.
// CHECK-LABEL: func.func @main(
// CHECK-SAME:    %{{.*}}: tensor<4xf32> {onnx.name = "x", onnx.type = f16})
// CHECK-SAME:    -> (tensor<4xf32> {onnx.name = "y", onnx.type = f16})
func.func @main(%x: tensor<4xf16> {onnx.name = "x"}) -> (tensor<4xf16> {onnx.name = "y"}) {
  %e = tensor.empty() : tensor<4xf16>
  // CHECK:      ^bb0(%[[X:.*]]: f32, %{{.*}}: f32):
  // CHECK-NEXT:   %[[EXP:.*]] = math.exp %[[X]] : f32
  // CHECK-NEXT:   %[[ROUNDED:.*]] = arith.truncf %[[EXP]] : f32 to f16
  // CHECK-NEXT:   %[[CARRIED:.*]] = arith.extf %[[ROUNDED]] : f16 to f32
  // CHECK-NEXT:   linalg.yield %[[CARRIED]] : f32
  %0 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<4xf16>) outs(%e : tensor<4xf16>) {
  ^bb0(%a: f16, %out: f16):
    %1 = arith.extf %a : f16 to f32
    %2 = math.exp %1 : f32
    %3 = arith.truncf %2 : f32 to f16
    linalg.yield %3 : f16
  } -> tensor<4xf16>
  return %0 : tensor<4xf16>
}

// -----

#id = affine_map<(d0) -> (d0)>

// float64 is computed in f32: nothing to round to. A weight keeps what the model declares.
onnx.weight @w bytes 32 : tensor<4xf64>
// CHECK-LABEL: func.func @main
func.func @main(%x: tensor<4xf64>) -> tensor<4xi1> {
  // CHECK: onnx.weight_ref @w : tensor<4xf32>
  %w = onnx.weight_ref @w : tensor<4xf64>
  %c = arith.constant dense<[1.0, 2.0, 3.0, 0.1]> : tensor<4xf64>
  %e = tensor.empty() : tensor<4xi1>
  // CHECK:        %[[CST:.*]] = arith.constant 1.000000e-01 : f32
  // CHECK-NEXT:   %[[SUM:.*]] = arith.addf %{{.*}}, %[[CST]] : f32
  // CHECK-NEXT:   arith.cmpf olt, %[[SUM]], %{{.*}} : f32
  %0 = linalg.generic {indexing_maps = [#id, #id, #id, #id], iterator_types = ["parallel"]}
      ins(%x, %w, %c : tensor<4xf64>, tensor<4xf64>, tensor<4xf64>) outs(%e : tensor<4xi1>) {
  ^bb0(%a: f64, %b: f64, %d: f64, %out: i1):
    %cst = arith.constant 0.1 : f64
    %1 = arith.addf %a, %cst : f64
    %2 = arith.cmpf olt, %1, %b : f64
    linalg.yield %2 : i1
  } -> tensor<4xi1>
  return %0 : tensor<4xi1>
}

// -----

#id = affine_map<(d0) -> (d0)>

// Extremes, signs and selection of f16 values are f16 values: no rounding. Arithmetic in the narrow type is rounded.
// CHECK-LABEL: func.func @main
func.func @main(%x: tensor<4xbf16>) -> tensor<4xbf16> {
  %e = tensor.empty() : tensor<4xbf16>
  // CHECK:        %[[ABS:.*]] = math.absf %{{.*}} : f32
  // CHECK-NEXT:   %[[MAX:.*]] = arith.maximumf %[[ABS]], %{{.*}} : f32
  // CHECK-NEXT:   %[[MUL:.*]] = arith.mulf %[[MAX]], %[[MAX]] : f32
  // CHECK-NEXT:   %[[ROUNDED:.*]] = arith.truncf %[[MUL]] : f32 to bf16
  // CHECK-NEXT:   %[[CARRIED:.*]] = arith.extf %[[ROUNDED]] : bf16 to f32
  // CHECK-NEXT:   linalg.yield %[[CARRIED]] : f32
  %0 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<4xbf16>) outs(%e : tensor<4xbf16>) {
  ^bb0(%a: bf16, %out: bf16):
    %1 = math.absf %a : bf16
    %2 = arith.maximumf %1, %a : bf16
    %3 = arith.mulf %2, %2 : bf16
    linalg.yield %3 : bf16
  } -> tensor<4xbf16>
  return %0 : tensor<4xbf16>
}
