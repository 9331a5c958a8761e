// RUN: wafer-opt %s --wafer-plan="mesh-width=1 mesh-height=1" | FileCheck %s

// A tensor read backwards: its box begins where the loop ends.

// CHECK: wafer.kernel{{.*}}tensor<13xf32, #wafer.layout<[13 at 0]>>) -> tensor<13xf32
func.func @main(%x: tensor<13xf32>) -> tensor<13xf32> {
  %0 = tensor.empty() : tensor<13xf32>
  %1 = linalg.generic {indexing_maps = [affine_map<(d0) -> (-d0 + 12)>, affine_map<(d0) -> (d0)>],
                       iterator_types = ["parallel"]} ins(%x : tensor<13xf32>) outs(%0 : tensor<13xf32>) {
  ^bb0(%in: f32, %out: f32):
    linalg.yield %in : f32
  } -> tensor<13xf32>
  return %1 : tensor<13xf32>
}
