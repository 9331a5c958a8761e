// RUN: wafer-opt %s --prepare-kernels --wafer-plan="mesh-width=16 mesh-height=1 width=16 height=1" | FileCheck %s
// RUN: wafer-opt %s --prepare-kernels --wafer-plan="mesh-width=16 mesh-height=1 width=16 height=1 split-x=1 split-y=1" | FileCheck %s --check-prefix=WHOLE
// RUN: not wafer-opt %s --prepare-kernels --wafer-plan="mesh-width=16 mesh-height=1 split-x=7 split-y=1" 2>&1 | FileCheck %s --check-prefix=BAD

// Neither loop has work for sixteen PEs, both together do: the side is divided into two axes, one for each.
// CHECK: wafer.kernel
// CHECK-SAME: iteration = #wafer.layout<[{{[12]}} at {{[12]}} * x{{[01]}}, {{[12]}} at {{[12]}} * x{{[01]}}], split = [{{[24]}}, 1]>
// WHOLE-NOT: split
// BAD: [WF3001] no region size for this mesh has sides that 7 x 1 divides
func.func @main(%x: tensor<4x4xf32> {onnx.name = "x"}) -> (tensor<4x4xf32> {onnx.name = "y"}) {
  %e = tensor.empty() : tensor<4x4xf32>
  %m = linalg.generic {indexing_maps = [affine_map<(a, b) -> (a, b)>, affine_map<(a, b) -> (b, a)>],
                       iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<4x4xf32>) outs(%e : tensor<4x4xf32>) {
  ^bb0(%a: f32, %out: f32):
    %1 = math.tanh %a : f32
    %2 = math.erf %1 : f32
    %3 = math.tanh %2 : f32
    %4 = math.erf %3 : f32
    %5 = math.tanh %4 : f32
    %6 = math.erf %5 : f32
    %7 = math.tanh %6 : f32
    %8 = math.erf %7 : f32
    %9 = math.tanh %8 : f32
    %10 = math.erf %9 : f32
    %11 = math.tanh %10 : f32
    %12 = math.erf %11 : f32
    linalg.yield %12 : f32
  } -> tensor<4x4xf32>
  return %m : tensor<4x4xf32>
}
