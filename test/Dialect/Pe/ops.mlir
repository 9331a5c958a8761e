// RUN: wafer-opt %s | wafer-opt | FileCheck %s

// CHECK-LABEL: pe.program @r0
pe.program @r0 {
  // CHECK: pe.buffer @a words 16 kind "activation"
  pe.buffer @a words 16 kind "activation"
  // CHECK: pe.func @scale(%{{.*}}) {
  pe.func @scale(%n) {
    %a = pe.addr @a
    %one = pe.const 1
    %d = pe.desc %a[%one]
    // CHECK: pe.vec add f32 over(%{{.*}}) to %{{.*}} of %{{.*}}, %{{.*}} : (!pe.desc) !pe.desc, !pe.desc
    pe.vec add f32 over(%n) to %d of %d, %d : (!pe.desc) !pe.desc, !pe.desc
    %f = pe.fabric 3
    // CHECK: pe.vec mov f32 over(%{{.*}}) to %{{.*}} of %{{.*}} thread 1 control advance : (!pe.fabric) !pe.desc
    pe.vec mov f32 over(%n) to %f of %d thread 1 control advance : (!pe.fabric) !pe.desc
    // CHECK: pe.vec mov f32 over(%{{.*}}) of %{{.*}} : !pe.fabric
    pe.vec mov f32 over(%n) of %f : !pe.fabric
    pe.recv_window 3 over(%n) of (%n) from (%one) to %d
    pe.wait 1
  }
  pe.main {
    %zero = pe.const 0
    %four = pe.const 4
    // CHECK: pe.for %{{.*}} = %{{.*}} to %{{.*}} step %{{.*}} {
    pe.for %i = %zero to %four step %four {
      pe.call @scale(%i)
    }
  }
}

// CHECK-LABEL: pe.program @r1 for @region
pe.program @r1 for @region {
  // CHECK: pe.buffer @w words 8 kind "weight" at 64 from @weights <1 * 2, 1 * 1, [64, 0, 8, 16, 0, 8, 0, 0, 0, 1]>
  pe.buffer @w words 8 kind "weight" at 64 from @weights #pe.box<1 * 2, 1 * 1, [64, 0, 8, 16, 0, 8, 0, 0, 0, 1]>
  // CHECK: pe.table @t [1, -2]
  pe.table @t [1, -2]
  // CHECK: pe.func @f() {
  pe.func @f() {
    // CHECK: pe.addr @w plus 3
    %w = pe.addr @w plus 3
    %x = pe.coord x
    // CHECK: pe.param 1
    %p = pe.param 1
    %c = pe.scalar slt %x, %p
    // CHECK: pe.if %{{.*}} {
    pe.if %c {
      // CHECK: pe.load %{{.*}} plus 4
      %v = pe.load %w plus 4
      // CHECK: pe.store %{{.*}} to
      pe.store %v to %w
      // CHECK: } else {
    } else {
      // CHECK: pe.trap %{{.*}}, "too far east"
      pe.trap %x, "too far east"
    }
  }
  pe.main {
    // CHECK: pe.call @f table @t()
    pe.call @f table @t()
  }
}
