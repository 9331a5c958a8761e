// A function of every element is shared by the PEs that hold the same of its operand.
// RUN: wafer-opt %s --wafer-plan="mesh-width=8 mesh-height=8 width=8 height=8 split-y=4 regions=1" | FileCheck %s

// The product leaves 28 elements a column, the same in all its rows, which are no multiple of 8: seven rows take four
// each.
// CHECK: extents = array<i64: 224, 512>{{.*}}iteration = #wafer.layout<[28 at 28 * x0, 64 at 64 * y0]>
// CHECK: %[[PARTS:.*]] = wafer.kernel{{.*}} extents = array<i64: 224>{{.*}}iteration = #wafer.layout<[28 at 28 * x0]>{{.*}}shared = 0
// CHECK-SAME: -> tensor<224xf32, #wafer.layout<[28 at 28 * x0], partial = pick[y0]>>
// CHECK: wafer.all_reduce %[[PARTS]] along y
onnx.weight @w bytes 458752 : tensor<512x224xf32>
onnx.weight @v bytes 458752 : tensor<224x512xf32>
func.func @main(%x: tensor<512xf32> {onnx.name = "x"}) -> (tensor<512xf32> {onnx.name = "y"}) {
  %w = onnx.weight_ref @w : tensor<512x224xf32>
  %v = onnx.weight_ref @v : tensor<224x512xf32>
  %zero = arith.constant 0.0 : f32
  %e224 = tensor.empty() : tensor<224xf32>
  %z224 = linalg.fill ins(%zero : f32) outs(%e224 : tensor<224xf32>) -> tensor<224xf32>
  %e512b = tensor.empty() : tensor<512xf32>
  %z512b = linalg.fill ins(%zero : f32) outs(%e512b : tensor<512xf32>) -> tensor<512xf32>
  %p = linalg.generic {indexing_maps = [affine_map<(n, k) -> (k)>, affine_map<(n, k) -> (k, n)>, affine_map<(n, k) -> (n)>],
                       iterator_types = ["parallel", "reduction"]}
      ins(%x, %w : tensor<512xf32>, tensor<512x224xf32>) outs(%z224 : tensor<224xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %m = arith.mulf %a, %b : f32
    %s = arith.addf %c, %m : f32
    linalg.yield %s : f32
  } -> tensor<224xf32>
  %f = linalg.generic {indexing_maps = [affine_map<(n) -> (n)>, affine_map<(n) -> (n)>], iterator_types = ["parallel"]}
      ins(%p : tensor<224xf32>) outs(%e224 : tensor<224xf32>) {
  ^bb0(%a: f32, %c: f32):
    %1 = math.exp %a : f32
    %2 = math.sqrt %1 : f32
    %3 = math.exp %2 : f32
    linalg.yield %3 : f32
  } -> tensor<224xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(n, k) -> (k)>, affine_map<(n, k) -> (k, n)>, affine_map<(n, k) -> (n)>],
                       iterator_types = ["parallel", "reduction"]}
      ins(%f, %v : tensor<224xf32>, tensor<224x512xf32>) outs(%z512b : tensor<512xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %m = arith.mulf %a, %b : f32
    %s = arith.addf %c, %m : f32
    linalg.yield %s : f32
  } -> tensor<512xf32>
  return %y : tensor<512xf32>
}
