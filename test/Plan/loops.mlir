// RUN: wafer-opt %s -split-input-file -wafer-plan="target=wse2 mesh-width=4 mesh-height=1 width=4 height=1" | FileCheck %s
// A loop is planned inline: a step is a chunk. Slices are read and written where they lie.

// CHECK-LABEL: wafer.program @main
// What is carried starts in memory of its own; outputs start empty.
// CHECK: %[[H0:.*]] = wafer.redistribute %{{.*}} into %{{.*}} locally
// CHECK: %[[X:.*]] = wafer.receive @in0_r0
// CHECK: %[[ALL0:.*]] = wafer.empty : tensor<16x8xf32
// CHECK: %[[L:.*]]:2 = wafer.chunks 16 init(%[[H0]], %[[ALL0]])
// CHECK: ^bb0(%[[H:.*]]: tensor<8xf32, {{.*}}>, %[[ALL:.*]]: tensor<16x8xf32, {{.*}}>):
// CHECK: %[[NEXT:.*]] = wafer.kernel(%[[X]], %[[H]]) {{.*}}extents = array<i64: 8, 16>{{.*}}1 at 1 * t]>
// CHECK: %[[WRITTEN:.*]] = wafer.kernel(%[[NEXT]]) into %[[ALL]]
// CHECK: %[[BACK:.*]] = wafer.redistribute %[[NEXT]] into %[[H]] locally
// CHECK: wafer.yield %[[BACK]], %[[WRITTEN]]
// CHECK: wafer.send %[[L]]#1
func.func @main(%xs: tensor<16x8xf32> {onnx.name = "x"}) -> (tensor<16x8xf32> {onnx.name = "y"}) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c16 = arith.constant 16 : index
  %h0 = arith.constant dense<0.0> : tensor<8xf32>
  %empty = tensor.empty() : tensor<16x8xf32>
  %init = tensor.empty() : tensor<8xf32>
  %r:2 = scf.for %i = %c0 to %c16 step %c1 iter_args(%h = %h0, %all = %empty) -> (tensor<8xf32>, tensor<16x8xf32>) {
    %x = tensor.extract_slice %xs[%i, 0] [1, 8] [1, 1] : tensor<16x8xf32> to tensor<8xf32>
    %next = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} ins(%x, %h : tensor<8xf32>, tensor<8xf32>) outs(%init : tensor<8xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %s = arith.addf %a, %b : f32
      linalg.yield %s : f32
    } -> tensor<8xf32>
    %more = tensor.insert_slice %next into %all[%i, 0] [1, 8] [1, 1] : tensor<8xf32> into tensor<16x8xf32>
    scf.yield %next, %more : tensor<8xf32>, tensor<16x8xf32>
  }
  return %r#1 : tensor<16x8xf32>
}

// -----

// What a step hands on is copied first if it is another carried tensor: that is overwritten.
// CHECK-LABEL: wafer.program @main
// CHECK: wafer.chunks 9
// CHECK: ^bb0(%[[A:.*]]: tensor<8xf32, {{.*}}>, %[[B:.*]]: tensor<8xf32, {{.*}}>):
// CHECK: %[[OLD_B:.*]] = wafer.kernel(%[[B]])
// CHECK: %[[OLD_A:.*]] = wafer.kernel(%[[A]])
// CHECK: wafer.redistribute %[[OLD_B]] into %[[A]]
// CHECK: wafer.redistribute %[[OLD_A]] into %[[B]]
func.func @main(%x: tensor<8xf32> {onnx.name = "x"}, %y: tensor<8xf32> {onnx.name = "y"}) -> (tensor<8xf32> {onnx.name = "z"}) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c9 = arith.constant 9 : index
  %r:2 = scf.for %i = %c0 to %c9 step %c1 iter_args(%a = %x, %b = %y) -> (tensor<8xf32>, tensor<8xf32>) {
    scf.yield %b, %a : tensor<8xf32>, tensor<8xf32>
  }
  return %r#0 : tensor<8xf32>
}

// -----

// What a step hands on from outside of the loop is copied, not computed again.
// CHECK-LABEL: wafer.program @main
// CHECK: math.exp
// CHECK: wafer.chunks 9
// CHECK: ^bb0(%[[A:.*]]: tensor<8xf32, {{.*}}>, %{{.*}}: tensor<9x8xf32, {{.*}}>):
// CHECK-NOT: math.exp
// CHECK: wafer.redistribute %{{.*}} into %[[A]]
func.func @main(%x: tensor<8xf32> {onnx.name = "x"}) -> (tensor<8xf32> {onnx.name = "y"}, tensor<9x8xf32> {onnx.name = "z"}) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c9 = arith.constant 9 : index
  %e = tensor.empty() : tensor<8xf32>
  %empty = tensor.empty() : tensor<9x8xf32>
  %outer = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} ins(%x : tensor<8xf32>) outs(%e : tensor<8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %s = math.exp %a : f32
    linalg.yield %s : f32
  } -> tensor<8xf32>
  %r:2 = scf.for %i = %c0 to %c9 step %c1 iter_args(%a = %x, %all = %empty) -> (tensor<8xf32>, tensor<9x8xf32>) {
    %more = tensor.insert_slice %a into %all[%i, 0] [1, 8] [1, 1] : tensor<8xf32> into tensor<9x8xf32>
    scf.yield %outer, %more : tensor<8xf32>, tensor<9x8xf32>
  }
  return %r#0, %r#1 : tensor<8xf32>, tensor<9x8xf32>
}
