// RUN: wafer-opt %s --convert-wafer-to-fabric=target=test16 | FileCheck %s

// Streams from one region to another share a net as wide as the widest; each host stream has its own.
// CHECK: fabric.channel @a.gather_x gather_x color 0 over <0, 0, 4, 8>
// CHECK: fabric.net @in from <0, 0 by 0, 1 times 8 port west> to [#fabric.run<0, 0 by 0, 1 times 8 port ramp>] carries ["in"]
// CHECK: fabric.net @a_to_b from <0, 0 by 0, 1 times 8 port ramp> to [#fabric.run<4, 0 by 0, 1 times 8 port ramp>] carries ["s", "t"]
wafer.program @main mesh(16 x 16) {
  wafer.region @a size(4 x 8) rect <0, 0, 4, 8> {
  }
  wafer.region @b size(4 x 8) rect <4, 0, 4, 8> {
  }
  wafer.stream @in to [@a] of tensor<8xf32> senders 1 lanes 8 host "x"
  wafer.stream @s from @a to [@b] of tensor<8xf32> senders 4 lanes 8
  wafer.stream @t from @a to [@b] of tensor<8xf32> senders 4 lanes 2
}
