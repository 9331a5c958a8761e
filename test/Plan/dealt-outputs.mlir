// RUN: wafer-opt %s --prepare-kernels --wafer-plan="mesh-width=64 mesh-height=16 width=64 height=16" | FileCheck %s

// What a product leaves in columns, the same in all rows, leaves from there: every sixteenth column by the lane of a
// row.
// CHECK: %[[SUM:.*]] = wafer.all_reduce {{.*}} to tensor<320xf32, #wafer.layout<[5 at 5 * x0]>>
// CHECK-NEXT: wafer.send %[[SUM]] to @out0 dealt
// CHECK: wafer.stream @out0 from @r0 {{.*}}<[5 at 80 * x0 + 5 * y0]>> senders 4 lanes 16 host "y"
func.func @main(%x: tensor<256xf32> {onnx.name = "x"}) -> (tensor<320xf32> {onnx.name = "y"}) {
  %w = arith.constant dense<0.5> : tensor<256x320xf32>
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<320xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<320xf32>) -> tensor<320xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(n, k) -> (k)>, affine_map<(n, k) -> (k, n)>, affine_map<(n, k) -> (n)>],
                       iterator_types = ["parallel", "reduction"]}
      ins(%x, %w : tensor<256xf32>, tensor<256x320xf32>) outs(%init : tensor<320xf32>) {
  ^bb0(%p: f32, %q: f32, %sum: f32):
    %t = arith.mulf %p, %q : f32
    %u = arith.addf %sum, %t : f32
    linalg.yield %u : f32
  } -> tensor<320xf32>
  return %y : tensor<320xf32>
}
