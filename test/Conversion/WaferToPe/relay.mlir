// RUN: wafer-opt %s --convert-wafer-to-pe=target=test16 | FileCheck %s

#even = #wafer.layout<[4 at 4 * x0, 8 at 0]>
#ragged = #wafer.layout<[3 at 3 * x0 + 1 * y0, 5 at 0]>

// The head of a row hands on what comes on color 12 to color 13; the others of the row do nothing, nor do rows without
// a lane. Blocks of one size go as one; others one by one.
// CHECK-LABEL: pe.program @q_pe for @q
// CHECK: pe.func @relay0()
// CHECK: pe.if
// CHECK-NOT: pe.for
// CHECK: [[OUT:%.*]] = pe.fabric 13
// CHECK: [[IN:%.*]] = pe.fabric 12
// CHECK: pe.vec mov f32 over({{%[0-9]+}}) to [[OUT]] of [[IN]] :
// CHECK-NOT: pe.vec
// CHECK: pe.func @relay1()
// CHECK: pe.for
// CHECK: pe.vec mov f32 over({{%[0-9]+}}) to
// CHECK: pe.main
wafer.program @main mesh(16 x 16) {
  wafer.region @q size(4 x 4) {
    wafer.relay @in to @out
    wafer.relay @in2 to @out2
  }
  wafer.stream @in from @p to [@q] of tensor<16x8xf32, #even> senders 4 lanes 1
  wafer.stream @out from @q to [@r] of tensor<16x8xf32, #even> senders 4 lanes 1
  wafer.stream @in2 from @p to [@q] of tensor<12x5xf32, #ragged> senders 4 lanes 4
  wafer.stream @out2 from @q to [@r] of tensor<12x5xf32, #ragged> senders 4 lanes 4
}
fabric.program @main_fabric mesh(16 x 16) {
  fabric.net @p_to_q from <0, 0 by 0, 1 times 4 port ramp> to [#fabric.run<4, 0 by 0, 1 times 4 port ramp>] color 12 carries ["in", "in2"]
  fabric.net @q_to_r from <4, 0 by 0, 1 times 4 port ramp> to [#fabric.run<8, 0 by 0, 1 times 4 port ramp>] color 13 carries ["out", "out2"]
}
