// Constants that no word holds and that a run would need as values: every node that needs one is named.
// RUN: not wafer-opt %s --legalize-element-types 2>&1 | FileCheck %s

// CHECK: [WF2005] node 'add' needs 4294967296 as a value at run time, and the machine's integers have 32 bits
// CHECK: hint: constants beyond 32 bits can only be compared with, and be limits of Min, Max and Clip
// CHECK: [WF2005] node 'where' needs 9223372036854775807 as a value
// CHECK: [WF2005] node 'table' needs -3000000000 as a value
// CHECK: [WF2005] node 'lowest' needs the constant -1.0E+300, beyond the range of 32-bit floats
// CHECK: hint: float64 is computed in float32

#id = affine_map<(d0) -> (d0)>

func.func @main(%x: tensor<4xi64>, %m: tensor<4xi1>) -> (tensor<4xi64>, tensor<4xi64>, tensor<2xi64>, tensor<3xf64>) {
  %e = tensor.empty() : tensor<4xi64>
  %0 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<4xi64>) outs(%e : tensor<4xi64>) {
  ^bb0(%a: i64, %out: i64):
    %c = arith.constant 4294967296 : i64
    %1 = arith.addi %a, %c : i64 loc("add")
    linalg.yield %1 : i64
  } -> tensor<4xi64>
  %2 = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel"]}
      ins(%x, %m : tensor<4xi64>, tensor<4xi1>) outs(%e : tensor<4xi64>) {
  ^bb0(%a: i64, %b: i1, %out: i64):
    %c = arith.constant 9223372036854775807 : i64
    %3 = arith.select %b, %a, %c : i64 loc("where")
    linalg.yield %3 : i64
  } -> tensor<4xi64>
  %c = arith.constant dense<[1, -3000000000]> : tensor<2xi64> loc("table")
  %d = arith.constant dense<[0.0, -1.0e300, 1.0]> : tensor<3xf64> loc("lowest")
  return %0, %2, %c, %d : tensor<4xi64>, tensor<4xi64>, tensor<2xi64>, tensor<3xf64>
}
