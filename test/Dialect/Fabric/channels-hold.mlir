// RUN: wafer-opt %s --pass-pipeline='builtin.module(fabric.program(fabric-expand-channels,fabric-verify-routes{target=test16}))' | FileCheck %s
// RUN: wafer-opt %s --pass-pipeline='builtin.module(fabric.program(fabric-expand-channels,fabric-verify-routes{target=wse3}))' -o /dev/null

// Every channel over lines of 1, 2, 3 and more PEs is what the verifier says a channel is. A line of one needs no routes.
// CHECK-NOT: fabric.route @one.gather_x
fabric.program @f mesh(16 x 16) {
  fabric.channel @one.gather_x gather_x color 0 over <0, 0, 1, 3>
  fabric.channel @one.gather_y gather_y color 1 over <0, 0, 1, 3>
  fabric.channel @two.gather_x gather_x color 0 over <2, 0, 2, 2>
  fabric.channel @two.broadcast_x broadcast_x color 10 over <2, 0, 2, 2>
  fabric.channel @two.chain_x_even chain_x_even color 14 over <2, 0, 2, 2>
  fabric.channel @two.chain_x_odd chain_x_odd color 15 over <2, 0, 2, 2>
  fabric.channel @two.away_x_even away_x_even color 6 over <2, 0, 2, 2>
  fabric.channel @two.away_x_odd away_x_odd color 7 over <2, 0, 2, 2>
  fabric.channel @three.away_x_even away_x_even color 6 over <5, 0, 3, 2>
  fabric.channel @three.away_x_odd away_x_odd color 7 over <5, 0, 3, 2>
  fabric.channel @seven.cast_x cast_x color 12 over <0, 10, 7, 2> root 3
  fabric.channel @seven.far_x_even far_x_even color 2 over <0, 10, 7, 2> root 2 leaders [0, 4, 6]
  fabric.channel @seven.far_x_odd far_x_odd color 3 over <0, 10, 7, 2> root 2 leaders [0, 4, 6]
  fabric.channel @nine.group_cast_x group_cast_x color 9 over <7, 14, 9, 1> root 2 group 3
  fabric.channel @pairs.group_cast_y group_cast_y color 20 over <0, 12, 3, 4> root 0 group 2
  fabric.channel @last.cast_y cast_y color 13 over <8, 10, 2, 4> root 3
  fabric.channel @last.far_y_even far_y_even color 4 over <8, 10, 2, 4> root 3 leaders [1]
  fabric.channel @last.far_y_odd far_y_odd color 5 over <8, 10, 2, 4> root 3 leaders [1]
  fabric.channel @five.away_y_even away_y_even color 8 over <5, 5, 3, 5>
  fabric.channel @five.away_y_odd away_y_odd color 9 over <5, 5, 3, 5>
  fabric.channel @five.gather_y gather_y color 1 over <5, 5, 3, 5>
  fabric.channel @five.broadcast_y broadcast_y color 11 over <5, 5, 3, 5>
  fabric.channel @five.chain_y_even chain_y_even color 18 over <5, 5, 3, 5>
  fabric.channel @five.chain_y_odd chain_y_odd color 19 over <5, 5, 3, 5>
  fabric.channel @five.broadcast_x broadcast_x color 10 over <5, 5, 3, 5>
}
