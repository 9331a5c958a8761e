// RUN: wafer-opt %s --cse --canonicalize --symbol-dce | FileCheck %s

// Regions that are not placed yet, streams that are not routed yet and transfers between them may be alike to the
// letter: each is a part of the machine that takes room of its own, and none may be merged with another or dropped.

#rows = #wafer.layout<[4 at 4 * x0]>
wafer.program @main mesh(8 x 4) {
  // CHECK-LABEL: wafer.region @r0
  // CHECK-NEXT: wafer.receive @in
  // CHECK-NEXT: wafer.send
  // CHECK-NEXT: wafer.receive @in
  // CHECK-NEXT: wafer.send
  wafer.region @r0 size(4 x 1) {
    %0 = wafer.receive @in : tensor<16xf32, #rows>
    wafer.send %0 to @out : tensor<16xf32, #rows>
    %1 = wafer.receive @in : tensor<16xf32, #rows>
    wafer.send %1 to @out : tensor<16xf32, #rows>
  }
  // CHECK-LABEL: wafer.region @r1
  // CHECK-NEXT: wafer.receive @in
  // CHECK-NEXT: wafer.send
  // CHECK-NEXT: wafer.receive @in
  // CHECK-NEXT: wafer.send
  wafer.region @r1 size(4 x 1) {
    %0 = wafer.receive @in : tensor<16xf32, #rows>
    wafer.send %0 to @out : tensor<16xf32, #rows>
    %1 = wafer.receive @in : tensor<16xf32, #rows>
    wafer.send %1 to @out : tensor<16xf32, #rows>
  }
}
