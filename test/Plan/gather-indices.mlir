// RUN: wafer-opt %s --split-input-file --wafer-plan="mesh-width=1 mesh-height=1" | FileCheck %s

// tensor.gather's indices end in a dimension of coordinates; wafer.gather's do not, however that dimension came about.

// CHECK-LABEL: wafer.program
// CHECK-NOT: wafer.reshape
// CHECK: wafer.gather {{.*}}tensor<2x3xi32, {{.*}} -> tensor<2x3x4xf32
func.func @main(%table: tensor<5x4xf32>, %i: tensor<2x3xi32>) -> tensor<2x3x4xf32> {
  %0 = tensor.expand_shape %i [[0], [1, 2]] output_shape [2, 3, 1] : tensor<2x3xi32> into tensor<2x3x1xi32>
  %1 = tensor.gather %table[%0] gather_dims([0]) : (tensor<5x4xf32>, tensor<2x3x1xi32>) -> tensor<2x3x4xf32>
  return %1 : tensor<2x3x4xf32>
}

// -----

// CHECK-LABEL: wafer.program
// CHECK: wafer.constant dense<[4, 0, 4]> : tensor<3xi32>
// CHECK: wafer.gather {{.*}}tensor<3xi32, {{.*}} -> tensor<3x4xf32
func.func @main(%table: tensor<5x4xf32>) -> tensor<3x4xf32> {
  %0 = arith.constant dense<[[4], [0], [4]]> : tensor<3x1xi32>
  %1 = tensor.gather %table[%0] gather_dims([0]) : (tensor<5x4xf32>, tensor<3x1xi32>) -> tensor<3x4xf32>
  return %1 : tensor<3x4xf32>
}

// -----

// CHECK-LABEL: wafer.program
// CHECK: wafer.reshape {{.*}} : tensor<3x1xi32, {{.*}} to tensor<3xi32
// CHECK: wafer.gather {{.*}}tensor<3xi32, {{.*}} -> tensor<3x4xf32
func.func @main(%table: tensor<5x4xf32>, %i: tensor<3x1xi32>) -> tensor<3x4xf32> {
  %1 = tensor.gather %table[%i] gather_dims([0]) : (tensor<5x4xf32>, tensor<3x1xi32>) -> tensor<3x4xf32>
  return %1 : tensor<3x4xf32>
}
