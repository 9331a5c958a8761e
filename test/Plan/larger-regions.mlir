// Regions grow past the usual size where no plan fits otherwise, and only then. From the size that they fit they grow
// on where a side twice as long is faster.
// RUN: wafer-opt %s --wafer-plan="largest-side=2 grow-to=8" | FileCheck %s
// RUN: wafer-opt %s --wafer-plan="largest-side=2 grow-to=64" | FileCheck %s --check-prefix=LONGER
// RUN: wafer-opt %s --wafer-plan="largest-side=16 grow-to=64" | FileCheck %s --check-prefix=USUAL
// RUN: wafer-opt %s --wafer-plan="largest-side=2 grow-to=64 quick" | FileCheck %s
// RUN: not wafer-opt %s --wafer-plan="largest-side=2" 2>&1 | FileCheck %s --check-prefix=BOUND
// RUN: not wafer-opt %s --wafer-plan="largest-side=2 grow-to=4" 2>&1 | FileCheck %s --check-prefix=HINT

// CHECK: wafer.region @r0 size(8 x 8)
// LONGER: wafer.region @r0 size(8 x 16)
// USUAL: wafer.region @r0 size(16 x 16)
// BOUND: [WF3001] no plan fits
// BOUND: --largest-region
// HINT: give smaller dimensions (--dim), or another --target

onnx.weight @w in "w.data" at 0 bytes 1048576 : tensor<512x512xf32>
func.func @main(%x: tensor<512xf32> {onnx.name = "x"}) -> (tensor<512xf32> {onnx.name = "y"}) {
  %w = onnx.weight_ref @w : tensor<512x512xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<512xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<512xf32>) -> tensor<512xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(n, k) -> (k)>, affine_map<(n, k) -> (k, n)>, affine_map<(n, k) -> (n)>],
                       iterator_types = ["parallel", "reduction"]}
      ins(%x, %w : tensor<512xf32>, tensor<512x512xf32>) outs(%z : tensor<512xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %m = arith.mulf %a, %b : f32
    %s = arith.addf %c, %m : f32
    linalg.yield %s : f32
  } -> tensor<512xf32>
  return %y : tensor<512xf32>
}
