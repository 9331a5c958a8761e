// RUN: wafer-opt %s --split-input-file --prepare-kernels --wafer-plan="mesh-width=64 mesh-height=64 width=64 height=64" | FileCheck %s

// What b's kernel reads is spread along columns, the product's sums and f. One sum does for both. f is taken before x.
// CHECK: wafer.receive @in1_r0
// CHECK-NEXT: wafer.receive @in0_r0
// CHECK: wafer.all_reduce {{.*}} along x
// CHECK-NEXT: %[[F:.*]] = wafer.terms {{.*}} partial = pick[y0]
// CHECK-NEXT: %[[A:.*]] = wafer.terms {{.*}} partial = pick[y0]
// CHECK-NEXT: %[[BOTH:.*]]:2 = wafer.all_reduce %[[A]], %[[F]] along y
// CHECK-NEXT: wafer.kernel(%[[BOTH]]#0, %[[BOTH]]#1)
#vector = affine_map<(n, k) -> (k)>
#matrix = affine_map<(n, k) -> (k, n)>
#result = affine_map<(n, k) -> (n)>
#id = affine_map<(n) -> (n)>
func.func @main(%x: tensor<2048xf32> {onnx.name = "x"}, %f: tensor<512xf32> {onnx.name = "f"})
    -> (tensor<512xf32> {onnx.name = "y"}) {
  %w = arith.constant dense<0.5> : tensor<2048x512xf32>
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<512xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<512xf32>) -> tensor<512xf32>
  %a = linalg.generic {indexing_maps = [#vector, #matrix, #result], iterator_types = ["parallel", "reduction"]}
      ins(%x, %w : tensor<2048xf32>, tensor<2048x512xf32>) outs(%init : tensor<512xf32>) {
  ^bb0(%p: f32, %q: f32, %sum: f32):
    %t = arith.mulf %p, %q : f32
    %u = arith.addf %sum, %t : f32
    linalg.yield %u : f32
  } -> tensor<512xf32>
  %b = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel"]}
      ins(%a, %f : tensor<512xf32>, tensor<512xf32>) outs(%empty : tensor<512xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %t = arith.mulf %p, %q : f32
    linalg.yield %t : f32
  } -> tensor<512xf32>
  return %b : tensor<512xf32>
}

// -----

// Here the product is summed up along columns, and the parts of f, which are there, come with its terms.
// CHECK: %[[C:.*]] = wafer.kernel
// CHECK: %[[C:.*]] = wafer.kernel
// CHECK: %[[F:.*]] = wafer.terms {{.*}} partial = add[y0]
// CHECK-NEXT: %[[BOTH:.*]]:2 = wafer.all_reduce %[[F]], %[[C]] along y
// CHECK-NEXT: wafer.kernel(%[[BOTH]]#1, %[[BOTH]]#0)
#vector = affine_map<(n, k) -> (k)>
#matrix = affine_map<(n, k) -> (k, n)>
#result = affine_map<(n, k) -> (n)>
#id = affine_map<(n) -> (n)>
func.func @main(%x: tensor<2048xf32> {onnx.name = "x"}, %f: tensor<2048xf32> {onnx.name = "f"})
    -> (tensor<2048xf32> {onnx.name = "y"}) {
  %w = arith.constant dense<0.5> : tensor<2048x512xf32>
  %v = arith.constant dense<0.25> : tensor<512x2048xf32>
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<512xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<512xf32>) -> tensor<512xf32>
  %empty2 = tensor.empty() : tensor<2048xf32>
  %init2 = linalg.fill ins(%zero : f32) outs(%empty2 : tensor<2048xf32>) -> tensor<2048xf32>
  %a = linalg.generic {indexing_maps = [#vector, #matrix, #result], iterator_types = ["parallel", "reduction"]}
      ins(%x, %w : tensor<2048xf32>, tensor<2048x512xf32>) outs(%init : tensor<512xf32>) {
  ^bb0(%p: f32, %q: f32, %sum: f32):
    %t = arith.mulf %p, %q : f32
    %u = arith.addf %sum, %t : f32
    linalg.yield %u : f32
  } -> tensor<512xf32>
  %c = linalg.generic {indexing_maps = [#vector, #matrix, #result], iterator_types = ["parallel", "reduction"]}
      ins(%a, %v : tensor<512xf32>, tensor<512x2048xf32>) outs(%init2 : tensor<2048xf32>) {
  ^bb0(%p: f32, %q: f32, %sum: f32):
    %t = arith.mulf %p, %q : f32
    %u = arith.addf %sum, %t : f32
    linalg.yield %u : f32
  } -> tensor<2048xf32>
  %b = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel"]}
      ins(%c, %f : tensor<2048xf32>, tensor<2048xf32>) outs(%empty2 : tensor<2048xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %t = arith.mulf %p, %q : f32
    linalg.yield %t : f32
  } -> tensor<2048xf32>
  return %b : tensor<2048xf32>
}
