// RUN: wafer-opt %s --prepare-kernels | FileCheck %s

// A slice with strides becomes a slice without gaps and a kernel that skips.

// CHECK-DAG: #[[READ:.*]] = affine_map<(d0, d1) -> (d0 * 2, d1 * 3)>
// CHECK-LABEL: func @strides
// CHECK: %[[SLICE:.*]] = tensor.extract_slice %{{.*}}[1, 2] [5, 7] [1, 1] : tensor<7x13xf32> to tensor<5x7xf32>
// CHECK: linalg.generic {indexing_maps = [#[[READ]], {{.*}}ins(%[[SLICE]]
func.func @strides(%x: tensor<7x13xf32>) -> tensor<3x3xf32> {
  %0 = tensor.extract_slice %x[1, 2] [3, 3] [2, 3] : tensor<7x13xf32> to tensor<3x3xf32>
  return %0 : tensor<3x3xf32>
}

// CHECK-LABEL: func @no_strides
// CHECK-NOT: linalg.generic
// CHECK: return
func.func @no_strides(%x: tensor<7x13xf32>) -> tensor<3x3xf32> {
  %0 = tensor.extract_slice %x[1, 2] [3, 3] [1, 1] : tensor<7x13xf32> to tensor<3x3xf32>
  return %0 : tensor<3x3xf32>
}
