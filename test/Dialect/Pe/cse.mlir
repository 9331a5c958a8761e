// RUN: wafer-opt %s --cse --canonicalize | FileCheck %s

// What a core does twice it means twice: sends, receives, waits, stores and calls that are alike to the letter stay,
// and so do loads with something between them that may write. Only what is pure is merged.

// CHECK-LABEL: pe.program @twice
pe.program @twice {
  // CHECK: pe.buffer @a words 4
  // CHECK: pe.buffer @b words 4
  pe.buffer @a words 4 kind "activation"
  pe.buffer @b words 4 kind "activation"
  // CHECK: pe.table @t [1, 2]
  // CHECK: pe.table @u [1, 2]
  pe.table @t [1, 2]
  pe.table @u [1, 2]
  // CHECK: pe.func @f(
  pe.func @f(%n) {
    // CHECK-COUNT-1: pe.desc
    // CHECK-NOT: pe.desc
    %a = pe.addr @a
    %one = pe.const 1
    %d = pe.desc %a[%one]
    %e = pe.desc %a[%one]
    %c = pe.fabric 3
    // CHECK: pe.vec mov f32 {{.*}} : (!pe.fabric) !pe.desc
    // CHECK-NEXT: pe.vec mov f32 {{.*}} : (!pe.fabric) !pe.desc
    pe.vec mov f32 over(%n) to %c of %d : (!pe.fabric) !pe.desc
    pe.vec mov f32 over(%n) to %c of %d : (!pe.fabric) !pe.desc
    // CHECK-NEXT: pe.vec mov f32 {{.*}} : (!pe.desc) !pe.fabric
    // CHECK-NEXT: pe.vec mov f32 {{.*}} : (!pe.desc) !pe.fabric
    pe.vec mov f32 over(%n) to %d of %c : (!pe.desc) !pe.fabric
    pe.vec mov f32 over(%n) to %d of %c : (!pe.desc) !pe.fabric
    // CHECK-NEXT: pe.vec mov f32 {{.*}} : !pe.fabric
    // CHECK-NEXT: pe.vec mov f32 {{.*}} : !pe.fabric
    pe.vec mov f32 over(%n) of %c : !pe.fabric
    pe.vec mov f32 over(%n) of %c : !pe.fabric
    // CHECK-NEXT: pe.recv_window
    // CHECK-NEXT: pe.recv_window
    pe.recv_window 3 over(%n) of (%n) from (%one) to %e
    pe.recv_window 3 over(%n) of (%n) from (%one) to %e
    // CHECK-NEXT: pe.vec add f32
    // CHECK-NEXT: pe.vec add f32
    pe.vec add f32 over(%n) to %d of %d, %d : (!pe.desc) !pe.desc, !pe.desc
    pe.vec add f32 over(%n) to %d of %d, %d : (!pe.desc) !pe.desc, !pe.desc
    // CHECK-NEXT: pe.load
    // CHECK-NEXT: pe.store
    // CHECK-NEXT: pe.load
    // CHECK-NEXT: pe.store
    %v = pe.load %a
    pe.store %v to %a plus 4
    %w = pe.load %a
    pe.store %w to %a plus 4
    // CHECK-NEXT: pe.trap
    // CHECK-NEXT: pe.trap
    pe.trap %n, "too many"
    pe.trap %n, "too many"
    // CHECK-NEXT: pe.wait 1
    // CHECK-NEXT: pe.wait 1
    pe.wait 1
    pe.wait 1
  }
  // CHECK: pe.func @g(
  pe.func @g(%n) {
  }
  // CHECK: pe.main
  pe.main {
    %four = pe.const 4
    // CHECK: pe.call @f(
    // CHECK-NEXT: pe.call @f(
    pe.call @f(%four)
    pe.call @f(%four)
  }
}
