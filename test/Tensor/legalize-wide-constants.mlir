// Constants beyond 32 bits: compared with exactly, and exact limits.
// RUN: wafer-opt %s --legalize-element-types | FileCheck %s

#id = affine_map<(d0) -> (d0)>

// CHECK-LABEL: func.func @main
func.func @main(%x: tensor<4xi64>) -> (tensor<4xi1>, tensor<4xi64>, tensor<4xi1>) {
  %b = tensor.empty() : tensor<4xi1>
  %e = tensor.empty() : tensor<4xi64>
  // Every number of 32 bits is less than 2^32 + 1.
  // CHECK:        %[[TRUE:.*]] = arith.constant true
  // CHECK-NEXT:   linalg.yield %[[TRUE]] : i1
  %0 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<4xi64>) outs(%b : tensor<4xi1>) {
  ^bb0(%a: i64, %out: i1):
    %c = arith.constant 4294967297 : i64
    %1 = arith.cmpi slt, %a, %c : i64
    linalg.yield %1 : i1
  } -> tensor<4xi1>
  // Clip to [-2^40, 2^40] is nothing; clip from 2^40 on is that constant, with which 5 compares.
  // CHECK:      ^bb0(%[[X:.*]]: i32, %{{.*}}: i32):
  // CHECK-NEXT:   linalg.yield %[[X]] : i32
  %2 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<4xi64>) outs(%e : tensor<4xi64>) {
  ^bb0(%a: i64, %out: i64):
    %low = arith.constant -1099511627776 : i64
    %high = arith.constant 1099511627776 : i64
    %3 = arith.maxsi %a, %low : i64
    %4 = arith.minsi %high, %3 : i64
    linalg.yield %4 : i64
  } -> tensor<4xi64>
  // CHECK:        %[[FALSE:.*]] = arith.constant false
  // CHECK-NEXT:   linalg.yield %[[FALSE]] : i1
  %5 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<4xi64>) outs(%b : tensor<4xi1>) {
  ^bb0(%a: i64, %out: i1):
    %high = arith.constant 1099511627776 : i64
    %five = arith.constant 5 : i64
    %6 = arith.maxsi %a, %high : i64
    %7 = arith.cmpi sle, %6, %five : i64
    linalg.yield %7 : i1
  } -> tensor<4xi1>
  return %0, %2, %5 : tensor<4xi1>, tensor<4xi64>, tensor<4xi1>
}
