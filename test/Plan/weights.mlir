// Weights that no PEs could hold are refused before anything is searched: of one node in a region, and of all nodes in all
// regions.
// RUN: not wafer-opt %s --wafer-plan="mesh-width=6 mesh-height=6" 2>&1 | FileCheck %s --check-prefix=ALL
// RUN: not wafer-opt %s --wafer-plan="mesh-width=6 mesh-height=2 width=2 height=2" 2>&1 | FileCheck %s --check-prefix=ONE
// RUN: wafer-opt %s --wafer-plan="mesh-width=8 mesh-height=8" | FileCheck %s

// Together 2 x 512 x 512 words: 58,256 bytes of each of 36 PEs, and 1,500 of the program's own.
// ALL: weights.mlir:[[#@LINE+22]]:{{.*}} [WF3001] no plan fits a mesh of 6 x 6 PEs: here 59756 bytes of SRAM per PE are needed and 43952 are usable
// One alone takes 262,144 bytes of each of four.
// ONE: weights.mlir:[[#@LINE+13]]:{{.*}} [WF3001] no plan fits a mesh of 6 x 2 PEs: here 263644 bytes of SRAM per PE are needed and 43952 are usable
// CHECK: wafer.region
onnx.weight @w in "w.data" at 0 bytes 1048576 : tensor<512x512xf32>
onnx.weight @v in "w.data" at 1048576 bytes 1048576 : tensor<512x512xf32>
#x = affine_map<(n, k) -> (k)>
#w = affine_map<(n, k) -> (k, n)>
#y = affine_map<(n, k) -> (n)>
func.func @main(%x: tensor<512xf32> {onnx.name = "x"}) -> (tensor<512xf32> {onnx.name = "y"}) {
  %w = onnx.weight_ref @w : tensor<512x512xf32>
  %v = onnx.weight_ref @v : tensor<512x512xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<512xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<512xf32>) -> tensor<512xf32>
  %h = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "reduction"]}
      ins(%x, %w : tensor<512xf32>, tensor<512x512xf32>) outs(%z : tensor<512xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %m = arith.mulf %a, %b : f32
    %s = arith.addf %c, %m : f32
    linalg.yield %s : f32
  } -> tensor<512xf32>
  %y = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "reduction"]}
      ins(%h, %v : tensor<512xf32>, tensor<512x512xf32>) outs(%z : tensor<512xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %m = arith.mulf %a, %b : f32
    %s = arith.addf %c, %m : f32
    linalg.yield %s : f32
  } -> tensor<512xf32>
  return %y : tensor<512xf32>
}
