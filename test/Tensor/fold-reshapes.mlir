// Reshapes between kernels become loops of the kernels, all or none.
// RUN: wafer-opt %s -split-input-file --prepare-kernels --canonicalize --cse | FileCheck %s

// A product's result cut into heads, and joined again for the next product: nothing is left but two kernels.
#x = affine_map<(n, k) -> (k)>
#w = affine_map<(n, k) -> (k, n)>
#y = affine_map<(n, k) -> (n)>
#e = affine_map<(h, d) -> (h, d)>
#d = affine_map<(h, d) -> (d)>
// CHECK-LABEL: func.func @heads
// CHECK-NOT:   collapse_shape
// CHECK:       %[[Q:.*]] = linalg.generic {{.*}} ["parallel", "parallel", "reduction"]} ins({{.*}} : tensor<48xf32>, tensor<48x3x8xf32>) outs({{.*}} : tensor<3x8xf32>)
// CHECK:       %[[S:.*]] = linalg.generic {{.*}} ins(%[[Q]], {{.*}} : tensor<3x8xf32>, tensor<8xf32>)
// CHECK:       linalg.generic {{.*}} ["parallel", "reduction", "reduction"]} ins(%[[S]], {{.*}} : tensor<3x8xf32>, tensor<3x8x48xf32>)
// CHECK-NOT:   collapse_shape
func.func @heads(%x: tensor<48xf32>, %s: tensor<8xf32>) -> tensor<48xf32> {
  %wq = arith.constant dense_resource<q> : tensor<48x24xf32>
  %wo = arith.constant dense_resource<o> : tensor<24x48xf32>
  %zero = arith.constant 0.0 : f32
  %e24 = tensor.empty() : tensor<24xf32>
  %z24 = linalg.fill ins(%zero : f32) outs(%e24 : tensor<24xf32>) -> tensor<24xf32>
  %q = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "reduction"]}
      ins(%x, %wq : tensor<48xf32>, tensor<48x24xf32>) outs(%z24 : tensor<24xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %m = arith.mulf %a, %b : f32
    %t = arith.addf %c, %m : f32
    linalg.yield %t : f32
  } -> tensor<24xf32>
  %h = tensor.expand_shape %q [[0, 1]] output_shape [3, 8] : tensor<24xf32> into tensor<3x8xf32>
  %e = tensor.empty() : tensor<3x8xf32>
  %r = linalg.generic {indexing_maps = [#e, #d, #e], iterator_types = ["parallel", "parallel"]}
      ins(%h, %s : tensor<3x8xf32>, tensor<8xf32>) outs(%e : tensor<3x8xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %m = arith.mulf %a, %b : f32
    linalg.yield %m : f32
  } -> tensor<3x8xf32>
  %flat = tensor.collapse_shape %r [[0, 1]] : tensor<3x8xf32> into tensor<24xf32>
  %e48 = tensor.empty() : tensor<48xf32>
  %z48 = linalg.fill ins(%zero : f32) outs(%e48 : tensor<48xf32>) -> tensor<48xf32>
  %o = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "reduction"]}
      ins(%flat, %wo : tensor<24xf32>, tensor<24x48xf32>) outs(%z48 : tensor<48xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %m = arith.mulf %a, %b : f32
    %t = arith.addf %c, %m : f32
    linalg.yield %t : f32
  } -> tensor<48xf32>
  return %o : tensor<48xf32>
}

// -----

// Halves that change places are a dimension of their own, in everything that is as long, and are read backwards.
#i = affine_map<(d) -> (d)>
// CHECK-LABEL: func.func @rotated_halves
// CHECK:       %[[X:.*]] = linalg.generic {{.*}} outs({{.*}} : tensor<2x8xf32>)
// CHECK:       linalg.generic {{.*}} ins(%[[X]], %[[X]], %{{.*}} : tensor<2x8xf32>, tensor<2x8xf32>, tensor<2xf32>
func.func @rotated_halves(%in: tensor<16xf32>, %sin: tensor<16xf32>) -> tensor<16xf32> {
  %e16 = tensor.empty() : tensor<16xf32>
  %e8 = tensor.empty() : tensor<8xf32>
  %x = linalg.generic {indexing_maps = [#i, #i], iterator_types = ["parallel"]}
      ins(%in : tensor<16xf32>) outs(%e16 : tensor<16xf32>) {
  ^bb0(%a: f32, %c: f32):
    %m = math.exp %a : f32
    linalg.yield %m : f32
  } -> tensor<16xf32>
  %low = tensor.extract_slice %x[0] [8] [1] : tensor<16xf32> to tensor<8xf32>
  %high = tensor.extract_slice %x[8] [8] [1] : tensor<16xf32> to tensor<8xf32>
  %n = linalg.generic {indexing_maps = [#i, #i], iterator_types = ["parallel"]}
      ins(%high : tensor<8xf32>) outs(%e8 : tensor<8xf32>) {
  ^bb0(%a: f32, %c: f32):
    %m = arith.negf %a : f32
    linalg.yield %m : f32
  } -> tensor<8xf32>
  %rotated = tensor.concat dim(0) %n, %low : (tensor<8xf32>, tensor<8xf32>) -> tensor<16xf32>
  %r = linalg.generic {indexing_maps = [#i, #i, #i, #i], iterator_types = ["parallel"]}
      ins(%x, %rotated, %sin : tensor<16xf32>, tensor<16xf32>, tensor<16xf32>) outs(%e16 : tensor<16xf32>) {
  ^bb0(%a: f32, %b: f32, %s: f32, %c: f32):
    %m = arith.mulf %b, %s : f32
    %t = arith.addf %a, %m : f32
    linalg.yield %t : f32
  } -> tensor<16xf32>
  return %r : tensor<16xf32>
}

// -----

// A window looks into the dimension: the reshape stays, and so do all others of the same dimension.
#i = affine_map<(d) -> (d)>
#window = affine_map<(d, k) -> (d + k)>
#k = affine_map<(d, k) -> (k)>
#o = affine_map<(d, k) -> (d)>
// CHECK-LABEL: func.func @window
// CHECK:       linalg.generic {{.*}} outs({{.*}} : tensor<16xf32>)
// CHECK:       tensor.expand_shape {{.*}} : tensor<16xf32> into tensor<2x8xf32>
func.func @window(%in: tensor<16xf32>, %w: tensor<3xf32>) -> (tensor<2xf32>, tensor<14xf32>) {
  %zero = arith.constant 0.0 : f32
  %e16 = tensor.empty() : tensor<16xf32>
  %x = linalg.generic {indexing_maps = [#i, #i], iterator_types = ["parallel"]}
      ins(%in : tensor<16xf32>) outs(%e16 : tensor<16xf32>) {
  ^bb0(%a: f32, %c: f32):
    %m = math.exp %a : f32
    linalg.yield %m : f32
  } -> tensor<16xf32>
  %halves = tensor.expand_shape %x [[0, 1]] output_shape [2, 8] : tensor<16xf32> into tensor<2x8xf32>
  %e2 = tensor.empty() : tensor<2xf32>
  %z2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<2xf32>) -> tensor<2xf32>
  %sums = linalg.generic {indexing_maps = [affine_map<(h, d) -> (h, d)>, affine_map<(h, d) -> (h)>],
                          iterator_types = ["parallel", "reduction"]}
      ins(%halves : tensor<2x8xf32>) outs(%z2 : tensor<2xf32>) {
  ^bb0(%a: f32, %c: f32):
    %t = arith.addf %a, %c : f32
    linalg.yield %t : f32
  } -> tensor<2xf32>
  %e14 = tensor.empty() : tensor<14xf32>
  %z14 = linalg.fill ins(%zero : f32) outs(%e14 : tensor<14xf32>) -> tensor<14xf32>
  %c = linalg.generic {indexing_maps = [#window, #k, #o], iterator_types = ["parallel", "reduction"]}
      ins(%x, %w : tensor<16xf32>, tensor<3xf32>) outs(%z14 : tensor<14xf32>) {
  ^bb0(%a: f32, %b: f32, %s: f32):
    %m = arith.mulf %a, %b : f32
    %t = arith.addf %s, %m : f32
    linalg.yield %t : f32
  } -> tensor<14xf32>
  return %sums, %c : tensor<2xf32>, tensor<14xf32>
}

// -----

// A ninth dimension would be more than a program's tensors have: what asks for it stays a reshape.
#all = affine_map<(a, b, c, d, e, f, g, h) -> (a, b, c, d, e, f, g, h)>
#turned = affine_map<(a, b, c, d, e, f, g, h) -> (h, g, f, e, d, c, b, a)>
// CHECK-LABEL: func.func @nine
// CHECK:       %[[R:.*]] = tensor.collapse_shape %{{.*}} {{\[\[}}0, 1], [2], [3], [4], [5], [6], [7], [8]]
// CHECK:       linalg.generic {{.*}} ins(%[[R]] : tensor<8x2x3x2x3x2x3x2xf32>)
func.func @nine(%x: tensor<2x4x2x3x2x3x2x3x2xf32>) -> tensor<2x3x2x3x2x3x2x8xf32> {
  %r = tensor.collapse_shape %x [[0, 1], [2], [3], [4], [5], [6], [7], [8]]
      : tensor<2x4x2x3x2x3x2x3x2xf32> into tensor<8x2x3x2x3x2x3x2xf32>
  %e = tensor.empty() : tensor<2x3x2x3x2x3x2x8xf32>
  %y = linalg.generic {indexing_maps = [#turned, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel", "parallel", "parallel", "parallel"]}
      ins(%r : tensor<8x2x3x2x3x2x3x2xf32>) outs(%e : tensor<2x3x2x3x2x3x2x8xf32>) {
  ^bb0(%a: f32, %c: f32):
    %m = math.exp %a : f32
    linalg.yield %m : f32
  } -> tensor<2x3x2x3x2x3x2x8xf32>
  return %y : tensor<2x3x2x3x2x3x2x8xf32>
}
