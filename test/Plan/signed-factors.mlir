// RUN: wafer-opt %s -split-input-file --prepare-kernels --wafer-plan="mesh-width=2 mesh-height=2" | FileCheck %s

// Two kernels multiply by the same signs and the same value: the value with signs is made once, for both.
#x = affine_map<(h, a, d) -> (h, a, d)>
#sign = affine_map<(h, a, d) -> (a)>
#sine = affine_map<(h, a, d) -> (a, d)>
// CHECK-LABEL: wafer.program
// CHECK:       %[[SIGNS:.*]] = wafer.constant dense<[-1.000000e+00, 1.000000e+00]>
// CHECK-NEXT:  %[[SIGNED:.*]] = wafer.kernel(%{{.*}}, %[[SIGNS]])
// CHECK-NEXT:  ^bb0(%[[A:.*]]: f32, %[[B:.*]]: f32, %{{.*}}: f32):
// CHECK-NEXT:    %[[M:.*]] = arith.mulf %[[A]], %[[B]]
// CHECK-NEXT:    wafer.yield %[[M]]
// CHECK-COUNT-2: wafer.kernel(%{{[0-9]+}}, %[[SIGNED]])
// CHECK-NOT:   wafer.kernel
func.func @main(%q: tensor<4x2x8xf32> {onnx.name = "q"}, %k: tensor<3x2x8xf32> {onnx.name = "k"}, %sin: tensor<2x8xf32> {onnx.name = "sin"})
    -> (tensor<4x2x8xf32> {onnx.name = "y"}, tensor<3x2x8xf32> {onnx.name = "z"}) {
  %signs = arith.constant dense<[-1.0, 1.0]> : tensor<2xf32>
  %e = tensor.empty() : tensor<4x2x8xf32>
  %a = linalg.generic {indexing_maps = [#x, #sign, #sine, #x], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%q, %signs, %sin : tensor<4x2x8xf32>, tensor<2xf32>, tensor<2x8xf32>) outs(%e : tensor<4x2x8xf32>) {
  ^bb0(%v: f32, %s: f32, %t: f32, %o: f32):
    %p = arith.mulf %v, %s : f32
    %r = arith.mulf %p, %t : f32
    linalg.yield %r : f32
  } -> tensor<4x2x8xf32>
  %f = tensor.empty() : tensor<3x2x8xf32>
  %b = linalg.generic {indexing_maps = [#x, #sign, #sine, #x], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%k, %signs, %sin : tensor<3x2x8xf32>, tensor<2xf32>, tensor<2x8xf32>) outs(%f : tensor<3x2x8xf32>) {
  ^bb0(%v: f32, %s: f32, %t: f32, %o: f32):
    %p = arith.mulf %t, %v : f32
    %r = arith.mulf %s, %p : f32
    linalg.yield %r : f32
  } -> tensor<3x2x8xf32>
  return %a, %b : tensor<4x2x8xf32>, tensor<3x2x8xf32>
}

// -----

// Other numbers than ones would be rounded otherwise.
#x = affine_map<(h, a, d) -> (h, a, d)>
#sign = affine_map<(h, a, d) -> (a)>
#sine = affine_map<(h, a, d) -> (a, d)>
// CHECK-LABEL: wafer.program
// CHECK-COUNT-2: wafer.kernel(%{{[0-9]+}}, %{{[0-9]+}}, %{{[0-9]+}})
// CHECK-NOT:   wafer.kernel
func.func @main(%q: tensor<4x2x8xf32> {onnx.name = "q"}, %k: tensor<3x2x8xf32> {onnx.name = "k"}, %sin: tensor<2x8xf32> {onnx.name = "sin"})
    -> (tensor<4x2x8xf32> {onnx.name = "y"}, tensor<3x2x8xf32> {onnx.name = "z"}) {
  %factors = arith.constant dense<[-1.0, 3.0]> : tensor<2xf32>
  %e = tensor.empty() : tensor<4x2x8xf32>
  %a = linalg.generic {indexing_maps = [#x, #sign, #sine, #x], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%q, %factors, %sin : tensor<4x2x8xf32>, tensor<2xf32>, tensor<2x8xf32>) outs(%e : tensor<4x2x8xf32>) {
  ^bb0(%v: f32, %s: f32, %t: f32, %o: f32):
    %p = arith.mulf %v, %s : f32
    %r = arith.mulf %p, %t : f32
    linalg.yield %r : f32
  } -> tensor<4x2x8xf32>
  %f = tensor.empty() : tensor<3x2x8xf32>
  %b = linalg.generic {indexing_maps = [#x, #sign, #sine, #x], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%k, %factors, %sin : tensor<3x2x8xf32>, tensor<2xf32>, tensor<2x8xf32>) outs(%f : tensor<3x2x8xf32>) {
  ^bb0(%v: f32, %s: f32, %t: f32, %o: f32):
    %p = arith.mulf %v, %s : f32
    %r = arith.mulf %p, %t : f32
    linalg.yield %r : f32
  } -> tensor<3x2x8xf32>
  return %a, %b : tensor<4x2x8xf32>, tensor<3x2x8xf32>
}
