// RUN: wafer-opt %s --prepare-kernels --wafer-plan="mesh-width=64 mesh-height=64 width=64 height=64" | FileCheck %s

// The first product is an output, too. It rests in rows, and comes to columns with the sum of the second one. From there it leaves
// beside the sum of the third, which does not need it: before the last output is made.
// CHECK: %[[PART:.*]] = wafer.terms {{.*}} partial = add[y0]>>
// CHECK: %[[BOTH:.*]]:2 = wafer.all_reduce %[[PART]], %{{.*}} along y
// CHECK: wafer.kernel(%[[BOTH]]#1
// CHECK: wafer.all_reduce {{.*}} along x
// CHECK-NEXT: wafer.send %[[BOTH]]#0 to @out0 dealt
// CHECK: wafer.all_reduce {{.*}} along y
// CHECK: wafer.send %{{.*}} to @out1 dealt
#vector = affine_map<(n, k) -> (k)>
#matrix = affine_map<(n, k) -> (k, n)>
#result = affine_map<(n, k) -> (n)>
func.func @main(%x: tensor<512xf32> {onnx.name = "x"})
    -> (tensor<512xf32> {onnx.name = "a"}, tensor<2048xf32> {onnx.name = "d"}) {
  %wa = arith.constant dense<0.5> : tensor<512x512xf32>
  %wb = arith.constant dense<0.25> : tensor<512x2048xf32>
  %wc = arith.constant dense<0.125> : tensor<2048x512xf32>
  %zero = arith.constant 0.0 : f32
  %empty512 = tensor.empty() : tensor<512xf32>
  %init512 = linalg.fill ins(%zero : f32) outs(%empty512 : tensor<512xf32>) -> tensor<512xf32>
  %empty2048 = tensor.empty() : tensor<2048xf32>
  %init2048 = linalg.fill ins(%zero : f32) outs(%empty2048 : tensor<2048xf32>) -> tensor<2048xf32>
  %a = linalg.generic {indexing_maps = [#vector, #matrix, #result], iterator_types = ["parallel", "reduction"]}
      ins(%x, %wa : tensor<512xf32>, tensor<512x512xf32>) outs(%init512 : tensor<512xf32>) {
  ^bb0(%p: f32, %q: f32, %sum: f32):
    %t = arith.mulf %p, %q : f32
    %u = arith.addf %sum, %t : f32
    linalg.yield %u : f32
  } -> tensor<512xf32>
  %b = linalg.generic {indexing_maps = [#vector, #matrix, #result], iterator_types = ["parallel", "reduction"]}
      ins(%a, %wb : tensor<512xf32>, tensor<512x2048xf32>) outs(%init2048 : tensor<2048xf32>) {
  ^bb0(%p: f32, %q: f32, %sum: f32):
    %t = arith.mulf %p, %q : f32
    %u = arith.addf %sum, %t : f32
    linalg.yield %u : f32
  } -> tensor<2048xf32>
  %c = linalg.generic {indexing_maps = [#vector, #matrix, #result], iterator_types = ["parallel", "reduction"]}
      ins(%b, %wc : tensor<2048xf32>, tensor<2048x512xf32>) outs(%init512 : tensor<512xf32>) {
  ^bb0(%p: f32, %q: f32, %sum: f32):
    %t = arith.mulf %p, %q : f32
    %u = arith.addf %sum, %t : f32
    linalg.yield %u : f32
  } -> tensor<512xf32>
  %d = linalg.generic {indexing_maps = [#vector, #matrix, #result], iterator_types = ["parallel", "reduction"]}
      ins(%c, %wb : tensor<512xf32>, tensor<512x2048xf32>) outs(%init2048 : tensor<2048xf32>) {
  ^bb0(%p: f32, %q: f32, %sum: f32):
    %t = arith.mulf %p, %q : f32
    %u = arith.addf %sum, %t : f32
    linalg.yield %u : f32
  } -> tensor<2048xf32>
  return %a, %d : tensor<512xf32>, tensor<2048xf32>
}
