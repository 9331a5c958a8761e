// RUN: wafer-opt %s -wafer-plan="target=wse2 mesh-width=64 mesh-height=32 width=64 height=32" | FileCheck %s
// A dimension that lies over both sides reaches beyond the rows that have lanes to the host: it leaves by others.

// CHECK: wafer.stream @out0 from @r0 {{.*}} lanes {{([1-9]|1[0-6]) host}}
func.func @main(%x: tensor<30x400xf32> {onnx.name = "x"}) -> (tensor<30x400xf32> {onnx.name = "y"}) {
  %e = tensor.empty() : tensor<30x400xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<30x400xf32>) outs(%e : tensor<30x400xf32>) {
  ^bb0(%a: f32, %o: f32):
    %s = math.exp %a : f32
    linalg.yield %s : f32
  } -> tensor<30x400xf32>
  return %y : tensor<30x400xf32>
}
