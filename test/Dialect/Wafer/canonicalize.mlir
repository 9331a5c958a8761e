// RUN: wafer-opt %s --canonicalize | FileCheck %s

#rows = #wafer.layout<[4 at 4 * x0]>
#a = #wafer.layout<[4 at 4 * x0, 1 at 0]>
wafer.program @main mesh(4 x 4) {
  // CHECK-LABEL: wafer.region @r0
  wafer.region @r0 size(4 x 1) {
    // CHECK: %[[X:.*]] = wafer.receive @in
    %0 = wafer.receive @in : tensor<16xf32, #rows>
    // A move to where a tensor is already, and reshapes there and back, are nothing.
    // CHECK-NOT: wafer.redistribute
    // CHECK-NOT: wafer.reshape
    %1 = wafer.redistribute %0 locally : (tensor<16xf32, #rows>) -> tensor<16xf32, #rows>
    %2 = wafer.reshape %1 : tensor<16xf32, #rows> to tensor<16x1xf32, #a>
    %3 = wafer.reshape %2 : tensor<16x1xf32, #a> to tensor<16xf32, #rows>
    // CHECK: wafer.send %[[X]] to @out
    wafer.send %3 to @out : tensor<16xf32, #rows>
  }
  wafer.stream @in to [@r0] of tensor<16xf32> senders 1 lanes 1 host "x"
  wafer.stream @out from @r0 to [] of tensor<16xf32> senders 4 lanes 1 host "y"
}
