// RUN: wafer-opt %s | wafer-opt | FileCheck %s

// CHECK-LABEL: fabric.program @f mesh(16 x 16)
fabric.program @f mesh(16 x 16) {
  // CHECK: fabric.channel @r0.gather_x gather_x color 0 over <2, 3, 4, 2>
  fabric.channel @r0.gather_x gather_x color 0 over <2, 3, 4, 2>
  // CHECK: fabric.net @in from <0, 3 by 0, 1 times 2 port west> to [#fabric.run<2, 3 by 0, 1 times 2 port ramp>] color 7 hops 2 carries ["x"]
  fabric.net @in from <0, 3 by 0, 1 times 2 port west> to [#fabric.run<2, 3 by 0, 1 times 2 port ramp>] color 7 hops 2 carries ["x"]
  // CHECK: fabric.route @r0.gather_x color 0 over <3, 3, 2, 2> positions [#fabric.position<ramp to [west]>, #fabric.position<east to [west]>]
  fabric.route @r0.gather_x color 0 over <3, 3, 2, 2> positions [#fabric.position<ramp to [west]>, #fabric.position<east to [west]>]
  // CHECK: fabric.route @in color 7 over <0, 3, 5, 1, step 2, 1> positions [#fabric.position<west to [east, ramp]>]
  fabric.route @in color 7 over <0, 3, 5, 1, step 2, 1> positions [#fabric.position<west to [east, ramp]>]
}
