// RUN: wafer-opt %s --prepare-kernels --wafer-plan="mesh-width=4 mesh-height=4" | FileCheck %s
// RUN: not wafer-opt %s --prepare-kernels --wafer-plan="mesh-width=1 mesh-height=1" 2>&1 | FileCheck %s --check-prefix=SMALL

// RUN: wafer-opt %s --prepare-kernels --wafer-plan="mesh-width=16 mesh-height=16 lanes=2" | FileCheck %s --check-prefix=LANES
// RUN: wafer-opt %s --prepare-kernels --wafer-plan="mesh-width=16 mesh-height=16 first" | FileCheck %s --check-prefix=FIRST
// RUN: not wafer-opt %s --prepare-kernels --wafer-plan="target=dead16 mesh-width=16 mesh-height=16 fill=1" 2>&1 | FileCheck %s --check-prefix=DEAD
// RUN: sed 's/"dead_pes": {"value": \[\]/"dead_pes": {"value": [[0, 0], [0, 1], [0, 2], [0, 3]]/' %root/profiles/test16.json > %t.json
// RUN: not wafer-opt %s --prepare-kernels --wafer-plan="target=%t.json mesh-width=4 mesh-height=4" 2>&1 | FileCheck %s --check-prefix=EDGE

// A product whose weights do not fit one PE is spread over the region; on one PE it is refused with the bytes.
// CHECK: wafer.region @r0
// CHECK: wafer.receive @in0_r0
// CHECK: wafer.weight @w : tensor<64x256xf32, #wafer.layout<
// CHECK: wafer.kernel
// CHECK: wafer.send
// CHECK: wafer.stream @in0_r0 to [@r0] {{.*}} host "x"
// CHECK: wafer.stream @out0 from @r0 {{.*}} host "y"
// SMALL: [WF3001] no plan fits a mesh of 1 x 1 PEs: here {{[0-9]+}} bytes of SRAM per PE are needed
// Streams with the host have no more lanes than they may.
// LANES: wafer.stream @{{.*}} to [@r0] {{.*}} lanes {{[12]}} host "x"
// LANES: wafer.stream @{{.*}} from @r0 {{.*}} lanes {{[12]}} host "y"
// The first plan is that of the largest region.
// FIRST: wafer.region @r0 size(16 x 16)
// No larger mesh is recommended than there is.
// DEAD: [WF3001] no plan fits a mesh of 16 x 16 PEs: {{.*}} are usable
// EDGE: [WF3001] a mesh of 4 x 4 PEs of 'test16' is dead along its west edge, where the host's data enter and leave
// DEAD: hint: let regions be larger (--largest-region), or give another --target
onnx.weight @w bytes 65536 : tensor<64x256xf32>
func.func @main(%x: tensor<16x64xf32> {onnx.name = "x"}) -> (tensor<16x256xf32> {onnx.name = "y"}) {
  %w = onnx.weight_ref @w : tensor<64x256xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<16x256xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<16x256xf32>) -> tensor<16x256xf32>
  %m = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>,
                                        affine_map<(m, n, k) -> (m, n)>],
                       iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<16x64xf32>, tensor<64x256xf32>) outs(%f : tensor<16x256xf32>) {
  ^bb0(%a: f32, %b: f32, %acc: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  } -> tensor<16x256xf32>
  return %m : tensor<16x256xf32>
}
