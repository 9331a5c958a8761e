// RUN: wafer-opt %s --convert-wafer-to-fabric=target=test16 | FileCheck %s
// RUN: sed 's/"dead_pes": {"value": \[\]/"dead_pes": {"value": [[0, 9]]/; s/"dead_links": {"value": \[\]/"dead_links": {"value": [[0, 15, "W"]]/' %root/profiles/test16.json > %t.json
// RUN: wafer-opt %s --convert-wafer-to-fabric=target=%t.json | FileCheck %s --check-prefix=DEAD

// Streams with the same ends share a net as wide as the widest, between regions and with the host. Several regions that
// take one stream hear one net; the host's enters in the rows of the region that is nearest to the edge.
// CHECK: fabric.channel @a.gather_x gather_x color 0 over <0, 0, 4, 8>
// CHECK: fabric.net @host_to_a from <0, 0 by 0, 1 times 8 port west> to [#fabric.run<0, 0 by 0, 1 times 8 port ramp>] carries ["in", "in2"]
// CHECK: fabric.net @a_to_b from <0, 0 by 0, 1 times 8 port ramp> to [#fabric.run<4, 8 by 0, 1 times 8 port ramp>] carries ["s", "t"]
// CHECK: fabric.net @host_to_b_a from <0, 0 by 0, 1 times 2 port west> to [#fabric.run<4, 8 by 0, 1 times 2 port ramp>, #fabric.run<0, 0 by 0, 1 times 2 port ramp>] carries ["both"]
// CHECK: fabric.net @b_to_host from <4, 8 by 0, 1 times 4 port ramp> to [#fabric.run<0, 8 by 0, 1 times 4 port west>] carries ["out", "out2"]
// CHECK-NOT: fabric.net
// Ports stand where no dead part closes the edge.
// DEAD: fabric.net @host_to_a from <0, 0 by 0, 1 times 8 port west>
// DEAD: fabric.net @b_to_host {{.*}} to [#fabric.run<0, 10 by 0, 1 times 4 port west>]
wafer.program @main mesh(16 x 16) {
  wafer.region @a size(4 x 8) rect <0, 0, 4, 8> {
  }
  wafer.region @b size(4 x 8) rect <4, 8, 4, 8> {
  }
  wafer.stream @in to [@a] of tensor<8xf32> senders 1 lanes 8 host "x"
  wafer.stream @s from @a to [@b] of tensor<8xf32> senders 4 lanes 8
  wafer.stream @in2 to [@a] of tensor<8xf32> senders 1 lanes 1 host "x2"
  wafer.stream @t from @a to [@b] of tensor<8xf32> senders 4 lanes 2
  wafer.stream @both to [@b, @a] of tensor<8xf32> senders 1 lanes 2 host "x3"
  wafer.stream @out from @b to [] of tensor<8xf32> senders 4 lanes 1 host "y"
  wafer.stream @out2 from @b to [] of tensor<8xf32> senders 4 lanes 4 host "y2"
}
