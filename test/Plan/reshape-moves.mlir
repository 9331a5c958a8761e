// RUN: split-file %s %t
// RUN: wafer-opt %t/activation.mlir --wafer-plan="mesh-width=1 mesh-height=16 width=1 height=16" | FileCheck %s --check-prefix=ACTIVATION
// RUN: wafer-opt %t/host.mlir --wafer-plan="mesh-width=4 mesh-height=4 width=4 height=4" | FileCheck %s --check-prefix=HOST

//--- activation.mlir
// Three rows would leave 13 of 16 PEs empty, and three PEs are too few to hold them: the columns are cut, and merged
// with the rows while they move.
// ACTIVATION: wafer.redistribute {{.*}} along y merge 0
// ACTIVATION-SAME: -> tensor<60000xf32, #wafer.layout<[3750 at 3750 * y0]>>
#id = affine_map<(d0, d1) -> (d0, d1)>
#window = affine_map<(d0, d1) -> (d0 + d1)>
#out = affine_map<(d0, d1) -> (d0)>
#in = affine_map<(d0, d1) -> (d1)>
func.func @main(%x: tensor<3x20000xf32>) -> tensor<59998xf32> {
  %e = tensor.empty() : tensor<3x20000xf32>
  %0 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<3x20000xf32>) outs(%e : tensor<3x20000xf32>) {
  ^bb0(%a: f32, %b: f32):
    %n = arith.negf %a : f32
    linalg.yield %n : f32
  } -> tensor<3x20000xf32>
  %1 = tensor.collapse_shape %0 [[0, 1]] : tensor<3x20000xf32> into tensor<60000xf32>
  %zero = arith.constant 0.0 : f32
  %s = tensor.empty() : tensor<59998xf32>
  %f = linalg.fill ins(%zero : f32) outs(%s : tensor<59998xf32>) -> tensor<59998xf32>
  %w = tensor.empty() : tensor<3xf32>
  %2 = linalg.generic {indexing_maps = [#window, #in, #out], iterator_types = ["parallel", "reduction"]}
      ins(%1, %w : tensor<60000xf32>, tensor<3xf32>) outs(%f : tensor<59998xf32>) {
  ^bb0(%a: f32, %b: f32, %acc: f32):
    %n = arith.addf %acc, %a : f32
    linalg.yield %n : f32
  } -> tensor<59998xf32>
  return %2 : tensor<59998xf32>
}

//--- host.mlir
// The host's tensors are row-major: what comes in or goes out may be cut in another shape, and nothing moves for it.
// HOST-NOT: wafer.reshape
// HOST-DAG: wafer.stream @in{{.*}} of tensor<6x4xf32{{.*}} host "arg0" as [24]
// HOST-DAG: wafer.stream @out{{.*}} of tensor<6x4xf32{{.*}} host "result0" as [2, 3, 4]
// HOST-NOT: wafer.reshape
#id = affine_map<(d0, d1) -> (d0, d1)>
func.func @main(%x: tensor<24xf32>) -> tensor<2x3x4xf32> {
  %0 = tensor.expand_shape %x [[0, 1]] output_shape [6, 4] : tensor<24xf32> into tensor<6x4xf32>
  %e = tensor.empty() : tensor<6x4xf32>
  %1 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%0 : tensor<6x4xf32>) outs(%e : tensor<6x4xf32>) {
  ^bb0(%a: f32, %b: f32):
    %n = arith.negf %a : f32
    linalg.yield %n : f32
  } -> tensor<6x4xf32>
  %2 = tensor.expand_shape %1 [[0, 1], [2]] output_shape [2, 3, 4] : tensor<6x4xf32> into tensor<2x3x4xf32>
  return %2 : tensor<2x3x4xf32>
}
