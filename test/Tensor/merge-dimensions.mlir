// Where kernels have more than four loops, those that follow one another everywhere are one.
// RUN: wafer-opt %s -split-input-file --prepare-kernels --canonicalize --cse | FileCheck %s

// A sum over the last dimension; what is cut, joined and gathered stays a dimension of its own.
#all = affine_map<(a, b, c, d, e) -> (a, b, c, d, e)>
#sum = affine_map<(a, b, c, d, e) -> (a, b, c, d)>
// CHECK-LABEL: func.func @together
// CHECK:       %[[X:.*]] = tensor.collapse_shape %{{.*}} {{\[\[}}0], [1, 2, 3], [4]] : tensor<4x2x3x5x7xf32> into tensor<4x30x7xf32>
// CHECK:       %[[S:.*]] = linalg.generic {{.*}} ["parallel", "parallel", "reduction"]} ins(%[[X]] : tensor<4x30x7xf32>) outs({{.*}} : tensor<4x30xf32>)
// CHECK:       %[[H:.*]] = tensor.extract_slice %[[S]][1, 0] [2, 30] [1, 1]
// CHECK:       %[[C:.*]] = tensor.concat dim(0) %[[H]], %[[S]] : (tensor<2x30xf32>, tensor<4x30xf32>) -> tensor<6x30xf32>
// CHECK:       %[[G:.*]] = tensor.gather %[[C]][{{.*}}] gather_dims([0]) : (tensor<6x30xf32>, tensor<3x1xi32>) -> tensor<3x30xf32>
// CHECK:       %[[Y:.*]] = tensor.expand_shape %[[G]] {{\[\[}}0], [1, 2, 3]] output_shape [3, 2, 3, 5]
// CHECK:       return %[[Y]]
func.func @together(%x: tensor<4x2x3x5x7xf32>, %rows: tensor<3x1xi32>) -> tensor<3x2x3x5xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x2x3x5xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<4x2x3x5xf32>) -> tensor<4x2x3x5xf32>
  %s = linalg.generic {indexing_maps = [#all, #sum], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
      ins(%x : tensor<4x2x3x5x7xf32>) outs(%z : tensor<4x2x3x5xf32>) {
  ^bb0(%a: f32, %c: f32):
    %t = arith.addf %a, %c : f32
    linalg.yield %t : f32
  } -> tensor<4x2x3x5xf32>
  %half = tensor.extract_slice %s[1, 0, 0, 0] [2, 2, 3, 5] [1, 1, 1, 1] : tensor<4x2x3x5xf32> to tensor<2x2x3x5xf32>
  %both = tensor.concat dim(0) %half, %s : (tensor<2x2x3x5xf32>, tensor<4x2x3x5xf32>) -> tensor<6x2x3x5xf32>
  %y = tensor.gather %both[%rows] gather_dims([0]) : (tensor<6x2x3x5xf32>, tensor<3x1xi32>) -> tensor<3x2x3x5xf32>
  return %y : tensor<3x2x3x5xf32>
}

// -----

// A table of one of the dimensions, and a sum over another, leave nothing but the first two.
#all = affine_map<(a, b, c, d, e) -> (a, b, c, d, e)>
#one = affine_map<(a, b, c, d, e) -> (d)>
#sum = affine_map<(a, b, c, d, e) -> (a, b, d, e)>
// CHECK-LABEL: func.func @apart
// CHECK:       linalg.generic {{.*}} ["parallel", "reduction", "parallel", "parallel"]} ins({{.*}} : tensor<8x3x5x7xf32>, tensor<5xf32>) outs({{.*}} : tensor<8x5x7xf32>)
func.func @apart(%x: tensor<4x2x3x5x7xf32>, %w: tensor<5xf32>) -> tensor<4x2x5x7xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x2x5x7xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<4x2x5x7xf32>) -> tensor<4x2x5x7xf32>
  %s = linalg.generic {indexing_maps = [#all, #one, #sum], iterator_types = ["parallel", "parallel", "reduction", "parallel", "parallel"]}
      ins(%x, %w : tensor<4x2x3x5x7xf32>, tensor<5xf32>) outs(%z : tensor<4x2x5x7xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %m = arith.mulf %a, %b : f32
    %t = arith.addf %m, %c : f32
    linalg.yield %t : f32
  } -> tensor<4x2x5x7xf32>
  return %s : tensor<4x2x5x7xf32>
}

// -----

// A square: its two dimensions change places in a reader, so that neither is behind the other everywhere.
#all = affine_map<(a, b, c, d, e) -> (a, b, c, d, e)>
#turned = affine_map<(a, b, c, d, e) -> (a, b, c, e, d)>
// CHECK-LABEL: func.func @square
// CHECK:       linalg.generic {{.*}} ["parallel", "parallel", "parallel"]} ins({{.*}} : tensor<24x5x5xf32>, tensor<24x5x5xf32>)
func.func @square(%x: tensor<4x2x3x5x5xf32>) -> tensor<4x2x3x5x5xf32> {
  %e = tensor.empty() : tensor<4x2x3x5x5xf32>
  %s = linalg.generic {indexing_maps = [#all, #turned, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]}
      ins(%x, %x : tensor<4x2x3x5x5xf32>, tensor<4x2x3x5x5xf32>) outs(%e : tensor<4x2x3x5x5xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %m = arith.mulf %a, %b : f32
    linalg.yield %m : f32
  } -> tensor<4x2x3x5x5xf32>
  return %s : tensor<4x2x3x5x5xf32>
}

// -----

// Four loops stay.
#all = affine_map<(a, b, c, d) -> (a, b, c, d)>
// CHECK-LABEL: func.func @few
// CHECK:       linalg.generic {{.*}} ins(%{{.*}} : tensor<4x2x3x5xf32>)
func.func @few(%x: tensor<4x2x3x5xf32>) -> tensor<4x2x3x5xf32> {
  %e = tensor.empty() : tensor<4x2x3x5xf32>
  %s = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%x : tensor<4x2x3x5xf32>) outs(%e : tensor<4x2x3x5xf32>) {
  ^bb0(%a: f32, %c: f32):
    %m = math.exp %a : f32
    linalg.yield %m : f32
  } -> tensor<4x2x3x5xf32>
  return %s : tensor<4x2x3x5xf32>
}
