// RUN: wafer-opt %s --prepare-kernels --wafer-plan="mesh-width=16 mesh-height=512 width=16 height=512" | FileCheck %s

// Sums take their way, and PEs do something else meanwhile: f's parts become terms while the product is summed up, the product's
// while f is gathered, and f is doubled while the product is.
// CHECK: %[[SUM:.*]] = wafer.all_reduce %{{.*}} along x
// CHECK-NEXT: %[[TERMS:.*]] = wafer.terms
// CHECK-NEXT: %[[F:.*]] = wafer.all_reduce %[[TERMS]] along y
// CHECK-NEXT: %[[PARTS:.*]] = wafer.terms %[[SUM]]
// CHECK-NEXT: %[[A:.*]] = wafer.all_reduce %[[PARTS]] along y
// CHECK-NEXT: %[[TWICE:.*]] = wafer.kernel(%[[F]])
// CHECK: wafer.kernel(%[[A]], %[[TWICE]])
#vector = affine_map<(h, i, j, k) -> (k)>
#matrix = affine_map<(h, i, j, k) -> (k, h, i, j)>
#result = affine_map<(h, i, j, k) -> (h, i, j)>
#id = affine_map<(h, i, j) -> (h, i, j)>
#factor = affine_map<(h, i, j) -> (i, j)>
#plain = affine_map<(i, j) -> (i, j)>
func.func @main(%x: tensor<2048xf32> {onnx.name = "x"}, %f: tensor<2x64xf32> {onnx.name = "f"})
    -> (tensor<8x2x64xf32> {onnx.name = "y"}, tensor<2x64xf32> {onnx.name = "e"}) {
  %w = arith.constant dense<0.5> : tensor<2048x8x2x64xf32>
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<8x2x64xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<8x2x64xf32>) -> tensor<8x2x64xf32>
  %a = linalg.generic {indexing_maps = [#vector, #matrix, #result], iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<2048xf32>, tensor<2048x8x2x64xf32>) outs(%init : tensor<8x2x64xf32>) {
  ^bb0(%p: f32, %q: f32, %sum: f32):
    %t = arith.mulf %p, %q : f32
    %u = arith.addf %sum, %t : f32
    linalg.yield %u : f32
  } -> tensor<8x2x64xf32>
  %small = tensor.empty() : tensor<2x64xf32>
  %e = linalg.generic {indexing_maps = [#plain, #plain], iterator_types = ["parallel", "parallel"]}
      ins(%f : tensor<2x64xf32>) outs(%small : tensor<2x64xf32>) {
  ^bb0(%p: f32, %o: f32):
    %t = arith.addf %p, %p : f32
    linalg.yield %t : f32
  } -> tensor<2x64xf32>
  %b = linalg.generic {indexing_maps = [#id, #factor, #id], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%a, %e : tensor<8x2x64xf32>, tensor<2x64xf32>) outs(%empty : tensor<8x2x64xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %t = arith.mulf %p, %q : f32
    linalg.yield %t : f32
  } -> tensor<8x2x64xf32>
  return %b, %e : tensor<8x2x64xf32>, tensor<2x64xf32>
}
