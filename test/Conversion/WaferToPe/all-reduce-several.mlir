// RUN: wafer-opt %s --split-input-file --convert-wafer-to-pe=target=test16 --verify-diagnostics | FileCheck %s

// Tensors that are combined at a time lie one after the other, terms and sums.
#terms = #wafer.layout<[3 at 0], partial = add[x0]>
#sums = #wafer.layout<[3 at 0]>
// CHECK-LABEL: pe.program @r0_pe
wafer.program @main mesh(16 x 16) {
  wafer.region @r0 size(8 x 1) rect <0, 0, 8, 1> {
    // CHECK: pe.buffer @[[TERMS:.*]] words 6
    // CHECK: pe.func @fill0
    // CHECK: pe.addr @[[TERMS]]
    %0 = wafer.fill 1.0 : f32 : tensor<3xf32, #terms>
    // CHECK: pe.func @fill1
    // CHECK: pe.addr @[[TERMS]] plus 3
    %1 = wafer.fill 2.0 : f32 : tensor<3xf32, #terms>
    // CHECK: pe.buffer @[[SUMS:.*]] words 6
    // CHECK: pe.func @all_reduce_x2
    // CHECK: pe.const 6
    // CHECK: pe.func @copy3
    // CHECK: pe.addr @[[SUMS]] plus 3
    %2, %3 = wafer.all_reduce %0, %1 along x on <root 4>
        : tensor<3xf32, #terms>, tensor<3xf32, #terms> to tensor<3xf32, #sums>, tensor<3xf32, #sums>
    %4 = wafer.redistribute %3 locally : (tensor<3xf32, #sums>) -> tensor<3xf32, #wafer.layout<[1 at 1 * x0]>>
  }
}

// -----

// What lies with another's terms cannot lie with these.
#terms = #wafer.layout<[3 at 0], partial = add[x0]>
#sums = #wafer.layout<[3 at 0]>
wafer.program @main mesh(16 x 16) {
  wafer.region @r0 size(8 x 1) rect <0, 0, 8, 1> {
    %0 = wafer.fill 1.0 : f32 : tensor<3xf32, #terms>
    %1 = wafer.fill 2.0 : f32 : tensor<3xf32, #terms>
    %2 = wafer.fill 3.0 : f32 : tensor<3xf32, #terms>
    %3, %4 = wafer.all_reduce %0, %1 along x on <root 0>
        : tensor<3xf32, #terms>, tensor<3xf32, #terms> to tensor<3xf32, #sums>, tensor<3xf32, #sums>
    // expected-error @+1 {{combines tensors at a time that are not made for it alone}}
    %5, %6 = wafer.all_reduce %2, %1 along x on <root 0>
        : tensor<3xf32, #terms>, tensor<3xf32, #terms> to tensor<3xf32, #sums>, tensor<3xf32, #sums>
  }
}
