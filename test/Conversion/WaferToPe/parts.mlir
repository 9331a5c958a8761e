// RUN: wafer-opt %s --convert-wafer-to-pe=target=test16 --split-input-file --verify-diagnostics | FileCheck %s

#even = #wafer.layout<[4 at 4 * y0, 8 at 0]>

// A stream whose lanes have two colors: rows 0 and 1 send to 12, row 2 to 13, and the last has no lane. A stream of the
// same net with lanes in the first part only knows nothing of the second.
// CHECK-LABEL: pe.program @p_pe for @p
// CHECK: pe.func @send1()
// CHECK: [[Y:%.*]] = pe.coord y
// CHECK: [[END:%.*]] = pe.const 2
// CHECK: [[FIRST:%.*]] = pe.scalar slt [[Y]], [[END]]
// CHECK: pe.if [[FIRST]] {
// CHECK: pe.fabric 12
// CHECK: } else {
// CHECK: pe.const 3
// CHECK: pe.if
// CHECK: pe.fabric 13
// CHECK: pe.func @send2()
// CHECK: pe.fabric 12
// CHECK-NOT: pe.fabric 13
// CHECK: pe.main
wafer.program @main mesh(16 x 16) {
  wafer.region @p size(1 x 4) {
    %0 = wafer.fill 0.0 : f32 : tensor<12x8xf32, #even>
    wafer.send %0 to @out : tensor<12x8xf32, #even>
    wafer.send %0 to @narrow : tensor<12x8xf32, #even>
  }
  wafer.stream @out from @p to [@q] of tensor<12x8xf32, #even> senders 1 lanes 3
  wafer.stream @narrow from @p to [@q] of tensor<12x8xf32, #even> senders 1 lanes 2
}
fabric.program @main_fabric mesh(16 x 16) {
  fabric.net @p_to_q.lane2 from <0, 2 by 0, 1 times 1 port ramp> to [#fabric.run<4, 2 by 0, 1 times 1 port ramp>] color 13 carries ["out", "narrow"] first 2
  fabric.net @p_to_q.lane0 from <0, 0 by 0, 1 times 2 port ramp> to [#fabric.run<4, 0 by 0, 1 times 2 port ramp>] color 12 carries ["out", "narrow"]
}

// -----

#even = #wafer.layout<[4 at 4 * y0, 8 at 0]>

wafer.program @main mesh(16 x 16) {
  wafer.region @p size(1 x 4) {
    %0 = wafer.fill 0.0 : f32 : tensor<12x8xf32, #even>
    // expected-error @+1 {{stream @out has no color yet: route its net first}}
    wafer.send %0 to @out : tensor<12x8xf32, #even>
  }
  wafer.stream @out from @p to [@q] of tensor<12x8xf32, #even> senders 1 lanes 3
}
fabric.program @main_fabric mesh(16 x 16) {
  fabric.net @p_to_q.lane0 from <0, 0 by 0, 1 times 2 port ramp> to [#fabric.run<4, 0 by 0, 1 times 2 port ramp>] color 12 carries ["out"]
}
