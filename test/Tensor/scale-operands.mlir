// A constant that scales a product scales the operand that has fewer elements instead.
// RUN: wafer-opt %s -split-input-file --prepare-kernels | FileCheck %s

// The scores of one query: what makes the query has an instruction more, and the scores are scaled no more before the
// mask is added.
#d = affine_map<(d) -> (d)>
#q = affine_map<(p, d) -> (d)>
#k = affine_map<(p, d) -> (p, d)>
#p = affine_map<(p, d) -> (p)>
// CHECK-LABEL: func.func @scores
// CHECK:       ins(%arg0 : tensor<4xf32>)
// CHECK:       %[[Q:.*]] = math.sin
// CHECK-NEXT:  %[[S:.*]] = arith.mulf %[[Q]], %cst{{.*}} : f32
// CHECK-NEXT:  linalg.yield %[[S]]
// CHECK:       iterator_types = ["parallel", "reduction"]
// CHECK:       ins(%{{.*}}, %arg2 : tensor<32xf32>, tensor<32xf32>)
// CHECK-NOT:   arith.mulf
// CHECK:       arith.addf
func.func @scores(%x: tensor<4xf32>, %keys: tensor<32x4xf32>, %mask: tensor<32xf32>) -> tensor<32xf32> {
  %zero = arith.constant 0.0 : f32
  %c = arith.constant 0.5 : f32
  %e4 = tensor.empty() : tensor<4xf32>
  %query = linalg.generic {indexing_maps = [#d, #d], iterator_types = ["parallel"]}
      ins(%x : tensor<4xf32>) outs(%e4 : tensor<4xf32>) {
  ^bb0(%v: f32, %o: f32):
    %s = math.sin %v : f32
    linalg.yield %s : f32
  } -> tensor<4xf32>
  %e32 = tensor.empty() : tensor<32xf32>
  %z32 = linalg.fill ins(%zero : f32) outs(%e32 : tensor<32xf32>) -> tensor<32xf32>
  %scores = linalg.generic {indexing_maps = [#q, #k, #p], iterator_types = ["parallel", "reduction"]}
      ins(%query, %keys : tensor<4xf32>, tensor<32x4xf32>) outs(%z32 : tensor<32xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %t = arith.mulf %a, %b : f32
    %s = arith.addf %o, %t : f32
    linalg.yield %s : f32
  } -> tensor<32xf32>
  %masked = linalg.generic {indexing_maps = [#d, #d, #d], iterator_types = ["parallel"]}
      ins(%scores, %mask : tensor<32xf32>, tensor<32xf32>) outs(%e32 : tensor<32xf32>) {
  ^bb0(%v: f32, %m: f32, %o: f32):
    %s = arith.mulf %v, %c : f32
    %t = arith.addf %s, %m : f32
    linalg.yield %t : f32
  } -> tensor<32xf32>
  return %masked : tensor<32xf32>
}

// -----

// Neither an operand that is as large as the product, nor a factor that could leave the range.
#d = affine_map<(d) -> (d)>
#q = affine_map<(p, d) -> (d)>
#k = affine_map<(p, d) -> (p, d)>
#p = affine_map<(p, d) -> (p)>
// CHECK-LABEL: func.func @large
// CHECK:       math.sin
// CHECK-NEXT:  linalg.yield
// CHECK:       arith.mulf
// CHECK:       arith.addf
// CHECK:       arith.mulf
func.func @large(%x: tensor<4xf32>, %keys: tensor<4x4xf32>) -> tensor<4xf32> {
  %zero = arith.constant 0.0 : f32
  %c = arith.constant 0.5 : f32
  %e4 = tensor.empty() : tensor<4xf32>
  %query = linalg.generic {indexing_maps = [#d, #d], iterator_types = ["parallel"]}
      ins(%x : tensor<4xf32>) outs(%e4 : tensor<4xf32>) {
  ^bb0(%v: f32, %o: f32):
    %s = math.sin %v : f32
    linalg.yield %s : f32
  } -> tensor<4xf32>
  %z4 = linalg.fill ins(%zero : f32) outs(%e4 : tensor<4xf32>) -> tensor<4xf32>
  %scores = linalg.generic {indexing_maps = [#q, #k, #p], iterator_types = ["parallel", "reduction"]}
      ins(%query, %keys : tensor<4xf32>, tensor<4x4xf32>) outs(%z4 : tensor<4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %t = arith.mulf %a, %b : f32
    %s = arith.addf %o, %t : f32
    linalg.yield %s : f32
  } -> tensor<4xf32>
  %scaled = linalg.generic {indexing_maps = [#d, #d], iterator_types = ["parallel"]}
      ins(%scores : tensor<4xf32>) outs(%e4 : tensor<4xf32>) {
  ^bb0(%v: f32, %o: f32):
    %s = arith.mulf %v, %c : f32
    linalg.yield %s : f32
  } -> tensor<4xf32>
  return %scaled : tensor<4xf32>
}

// -----

#d = affine_map<(d) -> (d)>
#q = affine_map<(p, d) -> (d)>
#k = affine_map<(p, d) -> (p, d)>
#p = affine_map<(p, d) -> (p)>
// CHECK-LABEL: func.func @huge
// CHECK:       math.sin
// CHECK-NEXT:  linalg.yield
func.func @huge(%x: tensor<4xf32>, %keys: tensor<32x4xf32>) -> tensor<32xf32> {
  %zero = arith.constant 0.0 : f32
  %c = arith.constant 1.0e30 : f32
  %e4 = tensor.empty() : tensor<4xf32>
  %query = linalg.generic {indexing_maps = [#d, #d], iterator_types = ["parallel"]}
      ins(%x : tensor<4xf32>) outs(%e4 : tensor<4xf32>) {
  ^bb0(%v: f32, %o: f32):
    %s = math.sin %v : f32
    linalg.yield %s : f32
  } -> tensor<4xf32>
  %e32 = tensor.empty() : tensor<32xf32>
  %z32 = linalg.fill ins(%zero : f32) outs(%e32 : tensor<32xf32>) -> tensor<32xf32>
  %scores = linalg.generic {indexing_maps = [#q, #k, #p], iterator_types = ["parallel", "reduction"]}
      ins(%query, %keys : tensor<4xf32>, tensor<32x4xf32>) outs(%z32 : tensor<32xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %t = arith.mulf %a, %b : f32
    %s = arith.addf %o, %t : f32
    linalg.yield %s : f32
  } -> tensor<32xf32>
  %scaled = linalg.generic {indexing_maps = [#d, #d], iterator_types = ["parallel"]}
      ins(%scores : tensor<32xf32>) outs(%e32 : tensor<32xf32>) {
  ^bb0(%v: f32, %o: f32):
    %s = arith.mulf %v, %c : f32
    linalg.yield %s : f32
  } -> tensor<32xf32>
  return %scaled : tensor<32xf32>
}
