// RUN: wafer-opt %s --canonicalize | FileCheck %s

fabric.program @f mesh(4 x 4) {
  fabric.channel @c gather_x color 0 over <0, 0, 3, 1>
  // A switch that changes nothing at its end is shorter; one that changes stays.
  // CHECK: fabric.route @c color 0 over <1, 0, 1, 1> positions [#fabric.position<ramp to [west]>, #fabric.position<east to [west]>]
  fabric.route @c color 0 over <1, 0, 1, 1> positions [#fabric.position<ramp to [west]>, #fabric.position<east to [west]>, #fabric.position<east to [west]>]
  // CHECK: fabric.route @c color 0 over <2, 0, 1, 1> positions [#fabric.position<ramp to [west]>]
  fabric.route @c color 0 over <2, 0, 1, 1> positions [#fabric.position<ramp to [west]>, #fabric.position<ramp to [west]>]
}
