// RUN: wafer-opt %s --prepare-kernels --canonicalize | FileCheck %s --check-prefix=KERNELS
// RUN: wafer-opt %s --prepare-kernels --canonicalize --wafer-plan="mesh-width=2 mesh-height=2" | FileCheck %s --check-prefix=PLAN

// A sum over no elements is what it starts from; the input that it would have read is read by nobody, and still an
// input of the program.

// KERNELS-LABEL: func.func @main
// KERNELS-NOT: linalg.generic
// KERNELS: linalg.fill
// PLAN: wafer.fill 0.000000e+00 : f32 {{.*}}: tensor<2xf32
// PLAN: wafer.unread "x" of tensor<2x0xf32>
func.func @main(%x: tensor<2x0xf32> {onnx.name = "x"}) -> (tensor<2xf32> {onnx.name = "y"}) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2xf32>) -> tensor<2xf32>
  %s = linalg.generic {indexing_maps = [affine_map<(m, k) -> (m, k)>, affine_map<(m, k) -> (m)>],
                       iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<2x0xf32>) outs(%f : tensor<2xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %p = arith.addf %acc, %a : f32
    linalg.yield %p : f32
  } -> tensor<2xf32>
  return %s : tensor<2xf32>
}
