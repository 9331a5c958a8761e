// A loop runs in one region, and that its weights have no room there shows at its last node only: it goes to a region of
// its own, where it has its first node, too.
// RUN: wafer-opt %s --wafer-plan="mesh-width=8 mesh-height=4 width=4 height=4" | FileCheck %s

// CHECK: wafer.region @r0
// CHECK: wafer.kernel{{.*}}extents = array<i64: 256, 384>
// CHECK-NOT: wafer.chunks
// CHECK: wafer.region @r1
// CHECK: wafer.chunks 4
// CHECK: wafer.kernel{{.*}}extents = array<i64: 256, 256>
onnx.weight @w in "w.data" at 0 bytes 393216 : tensor<384x256xf32>
onnx.weight @v in "w.data" at 393216 bytes 262144 : tensor<256x256xf32>
#x = affine_map<(n, k) -> (k)>
#w = affine_map<(n, k) -> (k, n)>
#y = affine_map<(n, k) -> (n)>
func.func @main(%x: tensor<384xf32> {onnx.name = "x"}) -> (tensor<256xf32> {onnx.name = "y"}) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %w = onnx.weight_ref @w : tensor<384x256xf32>
  %v = onnx.weight_ref @v : tensor<256x256xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<256xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<256xf32>) -> tensor<256xf32>
  %h0 = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "reduction"]}
      ins(%x, %w : tensor<384xf32>, tensor<384x256xf32>) outs(%z : tensor<256xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %m = arith.mulf %a, %b : f32
    %s = arith.addf %c, %m : f32
    linalg.yield %s : f32
  } -> tensor<256xf32>
  %r = scf.for %i = %c0 to %c4 step %c1 iter_args(%h = %h0) -> (tensor<256xf32>) {
    %next = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "reduction"]}
        ins(%h, %v : tensor<256xf32>, tensor<256x256xf32>) outs(%z : tensor<256xf32>) {
    ^bb0(%a: f32, %b: f32, %c: f32):
      %m = arith.mulf %a, %b : f32
      %s = arith.addf %c, %m : f32
      linalg.yield %s : f32
    } -> tensor<256xf32>
    scf.yield %next : tensor<256xf32>
  }
  return %r : tensor<256xf32>
}
