// A factor that all terms of a sum have in common is applied to the sum, and what makes it waits until then.
// RUN: wafer-opt %s -split-input-file --prepare-kernels | FileCheck %s

// A norm before two products: the sum of squares and the products are next to one another.
#row = affine_map<(d) -> (d)>
#one = affine_map<(d) -> ()>
#none = affine_map<() -> ()>
#k = affine_map<(n, k) -> (k)>
#kn = affine_map<(n, k) -> (k, n)>
#n = affine_map<(n, k) -> (n)>
// CHECK-LABEL: func.func @norm
// CHECK:       iterator_types = ["reduction"]
// CHECK-NOT:   math.rsqrt
// CHECK:       iterator_types = ["parallel", "reduction"]} ins(%arg0, %arg1
// CHECK-NOT:   math.rsqrt
// CHECK:       iterator_types = ["parallel", "reduction"]} ins(%arg0, %arg2
// CHECK:       math.rsqrt
// CHECK:       ins(%{{.*}}, %{{.*}} : tensor<5xf32>, tensor<f32>)
// CHECK:       arith.mulf
// CHECK:       ins(%{{.*}}, %{{.*}} : tensor<6xf32>, tensor<f32>)
// CHECK:       arith.mulf
// CHECK-NEXT:  math.exp
func.func @norm(%x: tensor<8xf32>, %a: tensor<8x6xf32>, %b: tensor<8x5xf32>) -> (tensor<6xf32>, tensor<5xf32>) {
  %zero = arith.constant 0.0 : f32
  %e0 = tensor.empty() : tensor<f32>
  %z0 = linalg.fill ins(%zero : f32) outs(%e0 : tensor<f32>) -> tensor<f32>
  %s = linalg.generic {indexing_maps = [#row, #one], iterator_types = ["reduction"]}
      ins(%x : tensor<8xf32>) outs(%z0 : tensor<f32>) {
  ^bb0(%v: f32, %o: f32):
    %p = arith.mulf %v, %v : f32
    %q = arith.addf %p, %o : f32
    linalg.yield %q : f32
  } -> tensor<f32>
  %r = linalg.generic {indexing_maps = [#none, #none], iterator_types = []}
      ins(%s : tensor<f32>) outs(%e0 : tensor<f32>) {
  ^bb0(%v: f32, %o: f32):
    %q = math.rsqrt %v : f32
    linalg.yield %q : f32
  } -> tensor<f32>
  %e8 = tensor.empty() : tensor<8xf32>
  %y = linalg.generic {indexing_maps = [#row, #one, #row], iterator_types = ["parallel"]}
      ins(%x, %r : tensor<8xf32>, tensor<f32>) outs(%e8 : tensor<8xf32>) {
  ^bb0(%v: f32, %w: f32, %o: f32):
    %q = arith.mulf %v, %w : f32
    linalg.yield %q : f32
  } -> tensor<8xf32>
  %e6 = tensor.empty() : tensor<6xf32>
  %z6 = linalg.fill ins(%zero : f32) outs(%e6 : tensor<6xf32>) -> tensor<6xf32>
  %ya = linalg.generic {indexing_maps = [#k, #kn, #n], iterator_types = ["parallel", "reduction"]}
      ins(%y, %a : tensor<8xf32>, tensor<8x6xf32>) outs(%z6 : tensor<6xf32>) {
  ^bb0(%v: f32, %w: f32, %o: f32):
    %p = arith.mulf %v, %w : f32
    %q = arith.addf %o, %p : f32
    linalg.yield %q : f32
  } -> tensor<6xf32>
  %fa = linalg.generic {indexing_maps = [#row, #row], iterator_types = ["parallel"]}
      ins(%ya : tensor<6xf32>) outs(%e6 : tensor<6xf32>) {
  ^bb0(%v: f32, %o: f32):
    %q = math.exp %v : f32
    linalg.yield %q : f32
  } -> tensor<6xf32>
  %e5 = tensor.empty() : tensor<5xf32>
  %z5 = linalg.fill ins(%zero : f32) outs(%e5 : tensor<5xf32>) -> tensor<5xf32>
  %yb = linalg.generic {indexing_maps = [#k, #kn, #n], iterator_types = ["parallel", "reduction"]}
      ins(%y, %b : tensor<8xf32>, tensor<8x5xf32>) outs(%z5 : tensor<5xf32>) {
  ^bb0(%v: f32, %w: f32, %o: f32):
    %p = arith.mulf %v, %w : f32
    %q = arith.addf %o, %p : f32
    linalg.yield %q : f32
  } -> tensor<5xf32>
  return %fa, %yb : tensor<6xf32>, tensor<5xf32>
}

// -----

// Softmax before a product: the row of exponentials is summed beside the product, and its reciprocal comes last.
#rk = affine_map<(r, k) -> (r, k)>
#r = affine_map<(r, k) -> (r)>
#rr = affine_map<(r) -> (r)>
#a = affine_map<(r, n, k) -> (r, k)>
#b = affine_map<(r, n, k) -> (k, n)>
#c = affine_map<(r, n, k) -> (r, n)>
// CHECK-LABEL: func.func @rows
// CHECK:       iterator_types = ["parallel", "reduction"]
// CHECK-NOT:   arith.divf
// CHECK:       iterator_types = ["parallel", "parallel", "reduction"]} ins(%arg0, %arg1
// CHECK:       arith.divf
// CHECK:       iterator_types = ["parallel", "parallel"]
// CHECK:       arith.mulf
func.func @rows(%e: tensor<4x8xf32>, %v: tensor<8x6xf32>) -> tensor<4x6xf32> {
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32
  %e4 = tensor.empty() : tensor<4xf32>
  %z4 = linalg.fill ins(%zero : f32) outs(%e4 : tensor<4xf32>) -> tensor<4xf32>
  %s = linalg.generic {indexing_maps = [#rk, #r], iterator_types = ["parallel", "reduction"]}
      ins(%e : tensor<4x8xf32>) outs(%z4 : tensor<4xf32>) {
  ^bb0(%x: f32, %o: f32):
    %q = arith.addf %x, %o : f32
    linalg.yield %q : f32
  } -> tensor<4xf32>
  %i = linalg.generic {indexing_maps = [#rr, #rr], iterator_types = ["parallel"]}
      ins(%s : tensor<4xf32>) outs(%e4 : tensor<4xf32>) {
  ^bb0(%x: f32, %o: f32):
    %q = arith.divf %one, %x : f32
    linalg.yield %q : f32
  } -> tensor<4xf32>
  %e48 = tensor.empty() : tensor<4x8xf32>
  %p = linalg.generic {indexing_maps = [#rk, #r, #rk], iterator_types = ["parallel", "parallel"]}
      ins(%e, %i : tensor<4x8xf32>, tensor<4xf32>) outs(%e48 : tensor<4x8xf32>) {
  ^bb0(%x: f32, %w: f32, %o: f32):
    %q = arith.mulf %x, %w : f32
    linalg.yield %q : f32
  } -> tensor<4x8xf32>
  %e46 = tensor.empty() : tensor<4x6xf32>
  %z46 = linalg.fill ins(%zero : f32) outs(%e46 : tensor<4x6xf32>) -> tensor<4x6xf32>
  %y = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%p, %v : tensor<4x8xf32>, tensor<8x6xf32>) outs(%z46 : tensor<4x6xf32>) {
  ^bb0(%x: f32, %w: f32, %o: f32):
    %m = arith.mulf %x, %w : f32
    %q = arith.addf %o, %m : f32
    linalg.yield %q : f32
  } -> tensor<4x6xf32>
  return %y : tensor<4x6xf32>
}

// -----

// The product sums over what the factor differs in, or the scaled tensor is wanted itself: it stays where it is.
#rk = affine_map<(r, k) -> (r, k)>
#r = affine_map<(r, k) -> (r)>
#down = affine_map<(n, r, k) -> (r, k)>
#b = affine_map<(n, r, k) -> (r, k, n)>
#n = affine_map<(n, r, k) -> (n)>
// CHECK-LABEL: func.func @differs
// CHECK:       %[[SCALED:.*]] = linalg.generic {{.*}} ins(%arg0, %{{.*}} : tensor<4x8xf32>, tensor<4xf32>)
// CHECK:       linalg.generic {{.*}} ins(%[[SCALED]], %arg1
func.func @differs(%e: tensor<4x8xf32>, %v: tensor<4x8x6xf32>) -> tensor<6xf32> {
  %zero = arith.constant 0.0 : f32
  %e4 = tensor.empty() : tensor<4xf32>
  %z4 = linalg.fill ins(%zero : f32) outs(%e4 : tensor<4xf32>) -> tensor<4xf32>
  %s = linalg.generic {indexing_maps = [#rk, #r], iterator_types = ["parallel", "reduction"]}
      ins(%e : tensor<4x8xf32>) outs(%z4 : tensor<4xf32>) {
  ^bb0(%x: f32, %o: f32):
    %q = arith.addf %x, %o : f32
    linalg.yield %q : f32
  } -> tensor<4xf32>
  %e48 = tensor.empty() : tensor<4x8xf32>
  %p = linalg.generic {indexing_maps = [#rk, #r, #rk], iterator_types = ["parallel", "parallel"]}
      ins(%e, %s : tensor<4x8xf32>, tensor<4xf32>) outs(%e48 : tensor<4x8xf32>) {
  ^bb0(%x: f32, %w: f32, %o: f32):
    %q = arith.mulf %x, %w : f32
    linalg.yield %q : f32
  } -> tensor<4x8xf32>
  %e6 = tensor.empty() : tensor<6xf32>
  %z6 = linalg.fill ins(%zero : f32) outs(%e6 : tensor<6xf32>) -> tensor<6xf32>
  %y = linalg.generic {indexing_maps = [#down, #b, #n], iterator_types = ["parallel", "reduction", "reduction"]}
      ins(%p, %v : tensor<4x8xf32>, tensor<4x8x6xf32>) outs(%z6 : tensor<6xf32>) {
  ^bb0(%x: f32, %w: f32, %o: f32):
    %m = arith.mulf %x, %w : f32
    %q = arith.addf %o, %m : f32
    linalg.yield %q : f32
  } -> tensor<6xf32>
  return %y : tensor<6xf32>
}
