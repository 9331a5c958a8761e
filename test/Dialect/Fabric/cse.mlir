// RUN: wafer-opt %s --cse --canonicalize | FileCheck %s

// Intent and routers are parts of the machine, not values: what is alike to the letter is not merged, nor dropped because
// nobody names it. (Two set-ups of one router are an error, which fabric-verify-routes must get to see.)

// CHECK-LABEL: fabric.program @f
fabric.program @f mesh(8 x 8) {
  // CHECK-NEXT: fabric.channel @r0.gather_x gather_x color 0 over <0, 0, 4, 2>
  // CHECK-NEXT: fabric.channel @r1.gather_x gather_x color 0 over <0, 0, 4, 2>
  fabric.channel @r0.gather_x gather_x color 0 over <0, 0, 4, 2>
  fabric.channel @r1.gather_x gather_x color 0 over <0, 0, 4, 2>
  // CHECK-NEXT: fabric.net @m
  // CHECK-NEXT: fabric.net @n
  fabric.net @m from <0, 5 by 0, 1 times 1 port ramp> to [#fabric.run<1, 5 by 0, 1 times 1 port ramp>]
  fabric.net @n from <0, 5 by 0, 1 times 1 port ramp> to [#fabric.run<1, 5 by 0, 1 times 1 port ramp>]
  // CHECK-NEXT: fabric.route @m color 8
  // CHECK-NEXT: fabric.route @m color 8
  fabric.route @m color 8 over <0, 5, 1, 1> positions [#fabric.position<ramp to [east]>]
  fabric.route @m color 8 over <0, 5, 1, 1> positions [#fabric.position<ramp to [east]>]
}
