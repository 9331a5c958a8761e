// RUN: wafer-opt %s --prepare-kernels --wafer-plan="mesh-width=16 mesh-height=8 width=8 height=8 fill=10" | FileCheck %s --check-prefix=BESIDE
// RUN: not wafer-opt %s --prepare-kernels --wafer-plan="mesh-width=8 mesh-height=16 width=8 height=8 fill=10" 2>&1 | FileCheck %s --check-prefix=ABOVE
// Lanes keep their order and cannot cross. Between regions beside one another they go straight; between regions as wide as
// the mesh there is a way for one, which this product has no memory for.

// BESIDE: wafer.stream @{{.*}} from @r0 to [@r1] {{.*}} lanes 8{{$}}
// ABOVE: [WF3001] no plan fits a mesh of 8 x 16 PEs
#lhs = affine_map<(m, n, k) -> (m, k)>
#rhs = affine_map<(m, n, k) -> (k, n)>
#out = affine_map<(m, n, k) -> (m, n)>
onnx.weight @a bytes 65536 : tensor<128x128xf32>
onnx.weight @b bytes 65536 : tensor<128x128xf32>
func.func @main(%x: tensor<16x128xf32> {onnx.name = "x"}) -> (tensor<16x128xf32> {onnx.name = "y"}) {
  %a = onnx.weight_ref @a : tensor<128x128xf32>
  %b = onnx.weight_ref @b : tensor<128x128xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<16x128xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<16x128xf32>) -> tensor<16x128xf32>
  %h = linalg.generic {indexing_maps = [#lhs, #rhs, #out], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %a : tensor<16x128xf32>, tensor<128x128xf32>) outs(%f : tensor<16x128xf32>) {
  ^bb0(%l: f32, %r: f32, %acc: f32):
    %p = arith.mulf %l, %r : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  } -> tensor<16x128xf32>
  %y = linalg.generic {indexing_maps = [#lhs, #rhs, #out], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%h, %b : tensor<16x128xf32>, tensor<128x128xf32>) outs(%f : tensor<16x128xf32>) {
  ^bb0(%l: f32, %r: f32, %acc: f32):
    %p = arith.mulf %l, %r : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  } -> tensor<16x128xf32>
  return %y : tensor<16x128xf32>
}
