// RUN: wafer-opt %s --legalize-element-types --split-input-file | FileCheck %s

#id = affine_map<(d0) -> (d0)>

// Narrow integers are carried sign-extended; conversions to them wrap, unsigned ones from them mask.
// CHECK-LABEL: func.func @main(
// CHECK-SAME:    %{{.*}}: tensor<4xi32> {onnx.type = ui8}) -> (tensor<4xi32> {onnx.type = i8})
func.func @main(%x: tensor<4xi8> {onnx.type = ui8}) -> tensor<4xi8> {
  %e = tensor.empty() : tensor<4xi8>
  // CHECK:        %[[MASK:.*]] = arith.constant 255 : i32
  // CHECK-NEXT:   %[[X:.*]] = arith.andi %{{.*}}, %[[MASK]] : i32
  // CHECK-NEXT:   %[[SUM:.*]] = arith.addi %[[X]], %[[X]] : i32
  // CHECK-NEXT:   %[[COUNT:.*]] = arith.constant 24 : i32
  // CHECK-NEXT:   %[[UP:.*]] = arith.shli %[[SUM]], %[[COUNT]] : i32
  // CHECK-NEXT:   arith.shrsi %[[UP]], %[[COUNT]] : i32
  %0 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<4xi8>) outs(%e : tensor<4xi8>) {
  ^bb0(%a: i8, %out: i8):
    %1 = arith.extui %a : i8 to i32
    %2 = arith.addi %1, %1 : i32
    %3 = arith.trunci %2 : i32 to i8
    linalg.yield %3 : i8
  } -> tensor<4xi8>
  return %0 : tensor<4xi8>
}

// -----

#id = affine_map<(d0) -> (d0)>

// Unsigned 32 bits: the machine compares signed, so the upper bit changes sides first. Division, shifts and conversions
// have forms of their own.
// CHECK-LABEL: func.func @main
func.func @main(%x: tensor<4xi32>, %y: tensor<4xi32>) -> tensor<4xf32> {
  %e = tensor.empty() : tensor<4xf32>
  // CHECK:      ^bb0(%[[X:.*]]: i32, %[[Y:.*]]: i32, %{{.*}}: f32):
  // CHECK:        %[[XB:.*]] = arith.xori %[[X]], %{{.*}} : i32
  // CHECK:        %[[YB:.*]] = arith.xori %[[Y]], %{{.*}} : i32
  // CHECK:        %[[LESS:.*]] = arith.cmpi slt, %[[XB]], %[[YB]] : i32
  // CHECK:        %[[DIV:.*]] = arith.divui %[[X]], %[[Y]] : i32
  // CHECK:        %[[MAX:.*]] = arith.maxsi
  // CHECK:        %[[BACK:.*]] = arith.xori %[[MAX]]
  // CHECK:        %[[CHOSEN:.*]] = arith.select %[[LESS]], %[[DIV]], %[[BACK]] : i32
  // CHECK:        arith.uitofp %[[CHOSEN]] : i32 to f32
  %0 = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel"]}
      ins(%x, %y : tensor<4xi32>, tensor<4xi32>) outs(%e : tensor<4xf32>) {
  ^bb0(%a: i32, %b: i32, %out: f32):
    %1 = arith.cmpi ult, %a, %b : i32
    %2 = arith.divui %a, %b : i32
    %3 = arith.maxui %a, %b : i32
    %4 = arith.select %1, %2, %3 : i32
    %5 = arith.uitofp %4 : i32 to f32
    linalg.yield %5 : f32
  } -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

#id = affine_map<(d0) -> (d0)>

// 32 bits wrap, 64 bits are checked.
// CHECK-LABEL: func.func @main(
// CHECK-SAME:    %{{.*}}: tensor<4xi32> {onnx.type = i64}, %{{.*}}: tensor<4xi32>)
// CHECK-SAME:    -> (tensor<4xi32> {onnx.type = i64}, tensor<4xi32>)
func.func @main(%x: tensor<4xi64>, %y: tensor<4xi32>) -> (tensor<4xi64>, tensor<4xi32>) {
  %e = tensor.empty() : tensor<4xi64>
  // CHECK:        %[[MUL:.*]] = wafer.checked mul %[[X:.*]], %[[X]] : i32
  // CHECK-NEXT:   %[[SUM:.*]] = wafer.checked add %[[MUL]], %{{.*}} : i32
  // CHECK-NEXT:   %[[DIV:.*]] = wafer.checked div %[[SUM]], %[[X]] : i32
  // CHECK:        arith.divsi %[[DIV]], %{{.*}} : i32
  // CHECK:        arith.minsi %{{.*}}, %{{.*}} : i32
  %0 = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel"]}
      ins(%x, %y : tensor<4xi64>, tensor<4xi32>) outs(%e : tensor<4xi64>) {
  ^bb0(%a: i64, %b: i32, %out: i64):
    %1 = arith.extsi %b : i32 to i64
    %2 = arith.muli %a, %a : i64
    %3 = arith.addi %2, %1 : i64
    %4 = arith.divsi %3, %a : i64
    %c7 = arith.constant 7 : i64
    %5 = arith.divsi %4, %c7 : i64
    %6 = arith.minsi %5, %c7 : i64
    linalg.yield %6 : i64
  } -> tensor<4xi64>
  %i = tensor.empty() : tensor<4xi32>
  // CHECK: arith.muli %{{.*}}, %{{.*}} : i32
  %7 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%y : tensor<4xi32>) outs(%i : tensor<4xi32>) {
  ^bb0(%a: i32, %out: i32):
    %8 = arith.muli %a, %a : i32
    linalg.yield %8 : i32
  } -> tensor<4xi32>
  return %0, %7 : tensor<4xi64>, tensor<4xi32>
}

// -----

#id = affine_map<(d0) -> (d0)>

// Conversions to 64 bits are checked, those within are not; a difference of unsigned numbers must not be negative.
// CHECK-LABEL: func.func @main
func.func @main(%x: tensor<4xf32>, %u: tensor<4xi32> {onnx.type = ui32}) -> (tensor<4xi64> {onnx.type = ui64}) {
  %e = tensor.empty() : tensor<4xi64>
  // CHECK:        %[[WHOLE:.*]] = wafer.checked from_float %{{.*}} : f32
  // CHECK-NEXT:   %[[F:.*]] = wafer.checked non_negative %[[WHOLE]] : i32
  // CHECK-NEXT:   %[[U:.*]] = wafer.checked non_negative %{{.*}} : i32
  // CHECK-NEXT:   %[[SUB:.*]] = wafer.checked sub %[[F]], %[[U]] : i32
  // CHECK-NEXT:   wafer.checked non_negative %[[SUB]] : i32
  %0 = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel"]}
      ins(%x, %u : tensor<4xf32>, tensor<4xi32>) outs(%e : tensor<4xi64>) {
  ^bb0(%a: f32, %b: i32, %out: i64):
    %1 = arith.fptoui %a : f32 to i64
    %2 = arith.extui %b : i32 to i64
    %3 = arith.subi %1, %2 {wafer.unsigned} : i64
    linalg.yield %3 : i64
  } -> tensor<4xi64>
  return %0 : tensor<4xi64>
}

// -----

#map = affine_map<(d0, d1) -> (d0, d1)>
#rows = affine_map<(d0, d1) -> (d0)>

// The start of a minimum of 64 bits is beyond 32; a sum is checked element by element.
// CHECK-LABEL: func.func @main
func.func @main(%x: tensor<4x8xi64>) -> (tensor<4xi64>, tensor<4xi64>) {
  %e = tensor.empty() : tensor<4xi64>
  %big = arith.constant 9223372036854775807 : i64
  // CHECK: %[[START:.*]] = arith.constant 2147483647 : i32
  // CHECK: linalg.fill ins(%[[START]] : i32)
  %f = linalg.fill ins(%big : i64) outs(%e : tensor<4xi64>) -> tensor<4xi64>
  // CHECK: arith.minsi
  %0 = linalg.generic {indexing_maps = [#map, #rows], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<4x8xi64>) outs(%f : tensor<4xi64>) {
  ^bb0(%a: i64, %acc: i64):
    %1 = arith.minsi %a, %acc : i64
    linalg.yield %1 : i64
  } -> tensor<4xi64>
  %zero = arith.constant 0 : i64
  %g = linalg.fill ins(%zero : i64) outs(%e : tensor<4xi64>) -> tensor<4xi64>
  // CHECK: wafer.checked add
  %2 = linalg.generic {indexing_maps = [#map, #rows], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<4x8xi64>) outs(%g : tensor<4xi64>) {
  ^bb0(%a: i64, %acc: i64):
    %3 = arith.addi %a, %acc : i64
    linalg.yield %3 : i64
  } -> tensor<4xi64>
  return %0, %2 : tensor<4xi64>, tensor<4xi64>
}
