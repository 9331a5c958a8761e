// RUN: wafer-opt %s --split-input-file --convert-wafer-to-pe=target=test16 | FileCheck %s

// Short blocks: seven columns to three lanes. Every PE has its turn, and says something if its lane is the row's. The
// head takes two rounds with one receive and has them sent while it takes the last column. Main waits for what is left, and for the turns.
// CHECK: pe.buffer @s1 words 8 kind "scratch"
// CHECK: pe.func @deal1() attributes {open}
// CHECK: %[[COLUMN:.*]] = pe.coord x
// CHECK: %[[ROW:.*]] = pe.coord y
// CHECK: %[[LANES:.*]] = pe.const 3
// CHECK: %[[TURN:.*]] = pe.scalar rem %[[COLUMN]], %[[LANES]]
// CHECK: %[[SPEAKS:.*]] = pe.scalar seq %[[TURN]], %[[ROW]]
// CHECK: %[[WORDS:.*]] = pe.scalar mul %{{.*}}, %[[SPEAKS]]
// CHECK: pe.vec mov f32 over(%[[WORDS]]) {{.*}} thread 5 control reset
// CHECK: pe.scalar mul %{{.*}}, %[[SPEAKS]]
// CHECK: pe.vec mov f32 {{.*}} thread 5 control advance
// CHECK: %[[BLOCK:.*]] = pe.const 5
// CHECK: pe.recv_window 0 over(%{{.*}}, %{{.*}}) of(%{{.*}}, %[[BLOCK]]) from(%{{.*}}, %[[ROW]])
// CHECK: pe.vec mov f32 {{.*}} thread 6
// CHECK: pe.recv_window
// CHECK: pe.vec mov f32 {{.*}} thread 6
// CHECK-NOT: pe.wait
// CHECK: pe.main
// CHECK: pe.call @deal1
// CHECK-NEXT: pe.wait 5
// CHECK-NEXT: pe.wait 6
wafer.program @main mesh(16 x 16) {
  wafer.region @r0 size(8 x 3) rect <0, 0, 8, 3> {
    %0 = wafer.fill 1.0 : f32 : tensor<13xf32, #wafer.layout<[2 at 2 * x0]>>
    wafer.send %0 to @out dealt : tensor<13xf32, #wafer.layout<[2 at 2 * x0]>>
  }
  wafer.stream @out from @r0 to [] of tensor<13xf32, #wafer.layout<[2 at 6 * x0 + 2 * y0]>> senders 3 lanes 3 host "y"
}
fabric.program @main_fabric mesh(16 x 16) {
  fabric.net @r0_to_host.lane0 from <0, 0 by 0, 1 times 3 port ramp> to [#fabric.run<0, 0 by 0, 1 times 3 port west>] color 12 carries ["out"]
}

// -----

// Long blocks go on to the lane as they come, and what is between them is dropped.
// CHECK-NOT: "scratch"
// CHECK: pe.func @deal1
// CHECK: pe.vec mov f32 over(%[[ROW:.*]]) of %{{.*}} : !pe.fabric
// CHECK: pe.for
// CHECK: pe.vec mov f32 {{.*}} : (!pe.fabric) !pe.fabric
// CHECK: pe.vec mov f32 {{.*}} of %{{.*}} : !pe.fabric
// CHECK: pe.call @deal1
// CHECK-NEXT: pe.wait 5
wafer.program @main mesh(16 x 16) {
  wafer.region @r0 size(8 x 3) rect <0, 0, 8, 3> {
    %0 = wafer.fill 1.0 : f32 : tensor<500xf32, #wafer.layout<[100 at 100 * x0]>>
    wafer.send %0 to @out dealt : tensor<500xf32, #wafer.layout<[100 at 100 * x0]>>
  }
  wafer.stream @out from @r0 to [] of tensor<500xf32, #wafer.layout<[100 at 300 * x0 + 100 * y0]>> senders 2 lanes 3 host "y"
}
fabric.program @main_fabric mesh(16 x 16) {
  fabric.net @r0_to_host.lane0 from <0, 0 by 0, 1 times 3 port ramp> to [#fabric.run<0, 0 by 0, 1 times 3 port west>] color 12 carries ["out"]
}
