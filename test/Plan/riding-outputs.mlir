// RUN: wafer-opt %s --prepare-kernels --wafer-plan="mesh-width=64 mesh-height=64 width=64 height=64" | FileCheck %s

// Two outputs rest in rows, so that the third, which is longer, rests in columns, where it is summed up. The others' parts
// come to columns as terms of that sum.
// CHECK: %[[P:.*]] = wafer.terms {{.*}} partial = add[y0]>>
// CHECK-NEXT: %[[Q:.*]] = wafer.terms {{.*}} partial = add[y0]>>
// CHECK-NEXT: %[[ALL:.*]]:3 = wafer.all_reduce %[[P]], %[[Q]], %{{.*}} along y
// CHECK-NEXT: wafer.send %[[ALL]]#0 to @out0 dealt
// CHECK-NEXT: wafer.send %[[ALL]]#1 to @out1 dealt
// CHECK-NEXT: wafer.send %[[ALL]]#2 to @out2 dealt
#vector = affine_map<(n, k) -> (k)>
#matrix = affine_map<(n, k) -> (k, n)>
#result = affine_map<(n, k) -> (n)>
func.func @main(%x: tensor<512xf32> {onnx.name = "x"})
    -> (tensor<128xf32> {onnx.name = "a"}, tensor<128xf32> {onnx.name = "b"}, tensor<2048xf32> {onnx.name = "c"}) {
  %wa = arith.constant dense<0.5> : tensor<512x128xf32>
  %wb = arith.constant dense<0.25> : tensor<512x128xf32>
  %wc = arith.constant dense<0.125> : tensor<128x2048xf32>
  %zero = arith.constant 0.0 : f32
  %empty128 = tensor.empty() : tensor<128xf32>
  %init128 = linalg.fill ins(%zero : f32) outs(%empty128 : tensor<128xf32>) -> tensor<128xf32>
  %empty2048 = tensor.empty() : tensor<2048xf32>
  %init2048 = linalg.fill ins(%zero : f32) outs(%empty2048 : tensor<2048xf32>) -> tensor<2048xf32>
  %a = linalg.generic {indexing_maps = [#vector, #matrix, #result], iterator_types = ["parallel", "reduction"]}
      ins(%x, %wa : tensor<512xf32>, tensor<512x128xf32>) outs(%init128 : tensor<128xf32>) {
  ^bb0(%p: f32, %q: f32, %sum: f32):
    %t = arith.mulf %p, %q : f32
    %u = arith.addf %sum, %t : f32
    linalg.yield %u : f32
  } -> tensor<128xf32>
  %b = linalg.generic {indexing_maps = [#vector, #matrix, #result], iterator_types = ["parallel", "reduction"]}
      ins(%x, %wb : tensor<512xf32>, tensor<512x128xf32>) outs(%init128 : tensor<128xf32>) {
  ^bb0(%p: f32, %q: f32, %sum: f32):
    %t = arith.mulf %p, %q : f32
    %u = arith.addf %sum, %t : f32
    linalg.yield %u : f32
  } -> tensor<128xf32>
  %s = linalg.generic {indexing_maps = [affine_map<(n) -> (n)>, affine_map<(n) -> (n)>, affine_map<(n) -> (n)>],
                       iterator_types = ["parallel"]}
      ins(%a, %b : tensor<128xf32>, tensor<128xf32>) outs(%empty128 : tensor<128xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %t = arith.mulf %p, %q : f32
    linalg.yield %t : f32
  } -> tensor<128xf32>
  %c = linalg.generic {indexing_maps = [#vector, #matrix, #result], iterator_types = ["parallel", "reduction"]}
      ins(%s, %wc : tensor<128xf32>, tensor<128x2048xf32>) outs(%init2048 : tensor<2048xf32>) {
  ^bb0(%p: f32, %q: f32, %sum: f32):
    %t = arith.mulf %p, %q : f32
    %u = arith.addf %sum, %t : f32
    linalg.yield %u : f32
  } -> tensor<2048xf32>
  return %a, %b, %c : tensor<128xf32>, tensor<128xf32>, tensor<2048xf32>
}
