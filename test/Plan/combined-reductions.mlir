// RUN: wafer-opt %s --prepare-kernels --wafer-plan="mesh-width=32 mesh-height=16 width=32 height=16" | FileCheck %s

// Two products of one vector end in sums along columns: they are combined at a time, after both. The third reads
// the first one's sums, so its own come later.
// CHECK: %[[A:.*]] = wafer.kernel
// CHECK-NOT: wafer.all_reduce
// CHECK: %[[B:.*]] = wafer.kernel
// CHECK: %[[SUMS:.*]]:2 = wafer.all_reduce %[[A]], %[[B]] along y
// CHECK: %[[C:.*]] = wafer.kernel(%[[SUMS]]#0
// CHECK: wafer.all_reduce %[[C]] along
func.func @main(%x: tensor<256xf32> {onnx.name = "x"})
    -> (tensor<32xf32> {onnx.name = "y"}, tensor<32xf32> {onnx.name = "z"}) {
  %wa = arith.constant dense<0.5> : tensor<256x32xf32>
  %wb = arith.constant dense<0.25> : tensor<256x32xf32>
  %wc = arith.constant dense<0.125> : tensor<32x32xf32>
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<32xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<32xf32>) -> tensor<32xf32>
  %a = linalg.generic {indexing_maps = [affine_map<(n, k) -> (k)>, affine_map<(n, k) -> (k, n)>, affine_map<(n, k) -> (n)>],
                       iterator_types = ["parallel", "reduction"]}
      ins(%x, %wa : tensor<256xf32>, tensor<256x32xf32>) outs(%init : tensor<32xf32>) {
  ^bb0(%p: f32, %q: f32, %sum: f32):
    %t = arith.mulf %p, %q : f32
    %u = arith.addf %sum, %t : f32
    linalg.yield %u : f32
  } -> tensor<32xf32>
  %b = linalg.generic {indexing_maps = [affine_map<(n, k) -> (k)>, affine_map<(n, k) -> (k, n)>, affine_map<(n, k) -> (n)>],
                       iterator_types = ["parallel", "reduction"]}
      ins(%x, %wb : tensor<256xf32>, tensor<256x32xf32>) outs(%init : tensor<32xf32>) {
  ^bb0(%p: f32, %q: f32, %sum: f32):
    %t = arith.mulf %p, %q : f32
    %u = arith.addf %sum, %t : f32
    linalg.yield %u : f32
  } -> tensor<32xf32>
  %c = linalg.generic {indexing_maps = [affine_map<(n, k) -> (k)>, affine_map<(n, k) -> (k, n)>, affine_map<(n, k) -> (n)>],
                       iterator_types = ["parallel", "reduction"]}
      ins(%a, %wc : tensor<32xf32>, tensor<32x32xf32>) outs(%init : tensor<32xf32>) {
  ^bb0(%p: f32, %q: f32, %sum: f32):
    %t = arith.mulf %p, %q : f32
    %u = arith.addf %sum, %t : f32
    linalg.yield %u : f32
  } -> tensor<32xf32>
  return %b, %c : tensor<32xf32>, tensor<32xf32>
}
