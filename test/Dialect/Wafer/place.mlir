// RUN: wafer-opt %s --pass-pipeline='builtin.module(wafer.program(wafer-place{target=test16}))' | FileCheck %s
// RUN: wafer-opt %s --pass-pipeline='builtin.module(wafer.program(wafer-place{target=test16 seed=5}))' > %t.a
// RUN: wafer-opt %s --pass-pipeline='builtin.module(wafer.program(wafer-place{target=test16 seed=5}))' > %t.b
// RUN: cmp %t.a %t.b

// A pinned coordinate is kept; regions that talk stand in the same rows.
wafer.program @main mesh(16 x 16) {
  // CHECK: wafer.region @a size(4 x 8) rect <0, [[Y:[0-9]+]], 4, 8>
  wafer.region @a size(4 x 8) {
  }
  // CHECK: wafer.region @b size(4 x 8) rect <12, [[Y]], 4, 8>
  wafer.region @b size(4 x 8) pin [12, -1] {
  }
  wafer.stream @in to [@a] of tensor<8xf32> senders 1 lanes 8 host "x"
  wafer.stream @s from @a to [@b] of tensor<8xf32> senders 4 lanes 8
}
