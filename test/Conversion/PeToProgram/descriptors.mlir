// RUN: wafer-translate --pe-to-asm %s | FileCheck %s

pe.program @descriptors {
// Both arms want one nest and one descriptor: set up before the branch. After it they are still known.
// CHECK-LABEL: branch:
// CHECK-NEXT: nest (8)
// CHECK-NEXT: desc d0, r3 [1]
// CHECK-NEXT: beq r2, r0, [[ELSE:.L.*]]
// CHECK-NEXT: vec.add.f32 d0, d0, r2
// CHECK-NEXT: jmp [[END:.L.*]]
// CHECK-NEXT: [[ELSE]]:
// CHECK-NEXT: vec.sub.f32 d0, d0, r2
// CHECK-NEXT: [[END]]:
// CHECK-NEXT: vec.neg.f32 d0, d0
// CHECK-NEXT: ret
pe.func @branch(%c, %p) {
  %1 = pe.const 1
  %8 = pe.const 8
  %d = pe.desc %p[%1]
  pe.if %c {
    pe.vec add f32 over(%8) to %d of %d, %c : (!pe.desc) !pe.desc, i32
  } else {
    pe.vec sub f32 over(%8) to %d of %d, %c : (!pe.desc) !pe.desc, i32
  }
  pe.vec neg f32 over(%8) to %d of %d : (!pe.desc) !pe.desc
}

// The same if one way has no code of its own. What one arm changes is not known after the branch.
// CHECK-LABEL: one_arm:
// CHECK-NEXT: nest (8)
// CHECK-NEXT: desc d0, r3 [1]
// CHECK-NEXT: beq r2, r0, [[END:.L.*]]
// CHECK-NEXT: vec.add.f32 d0, d0, r2
// CHECK-NEXT: nest (4)
// CHECK-NEXT: vec.add.f32 d0, d0, r2
// CHECK-NEXT: [[END]]:
// CHECK-NEXT: nest (8)
// CHECK-NEXT: vec.neg.f32 d0, d0
// CHECK-NEXT: ret
pe.func @one_arm(%c, %p) {
  %1 = pe.const 1
  %8 = pe.const 8
  %d = pe.desc %p[%1]
  %4 = pe.const 4
  pe.if %c {
    pe.vec add f32 over(%8) to %d of %d, %c : (!pe.desc) !pe.desc, i32
    pe.vec add f32 over(%4) to %d of %d, %c : (!pe.desc) !pe.desc, i32
  }
  pe.vec neg f32 over(%8) to %d of %d : (!pe.desc) !pe.desc
}

// The loop keeps what does not change; its nest changes, so the first is set up again in every iteration.
// CHECK-LABEL: loop:
// CHECK: desc d0, r2 [1]
// CHECK: [[TOP:.L.*]]:
// CHECK-NEXT: nest (8)
// CHECK-NEXT: vec.neg.f32 d0, d0
// CHECK-NEXT: nest (4)
// CHECK-NEXT: desc [[D:d[0-9]+]], [[P:r[0-9]+]] [1]
// CHECK-NEXT: vec.mov.f32 [[D]], d0
// CHECK-NEXT: addi [[P]], [[P]], 16
pe.func @loop(%p) {
  %0 = pe.const 0
  %1 = pe.const 1
  %4 = pe.const 4
  %8 = pe.const 8
  %16 = pe.const 16
  %out = pe.const 40000
  %d = pe.desc %p[%1]
  pe.for %i = %0 to %8 step %1 {
    pe.vec neg f32 over(%8) to %d of %d : (!pe.desc) !pe.desc
    %offset = pe.scalar mul %i, %16
    %q = pe.scalar add %out, %offset
    %e = pe.desc %q[%1]
    pe.vec mov f32 over(%4) to %e of %d : (!pe.desc) !pe.desc
  }
}

pe.main {
  %1 = pe.const 1
  pe.call @branch(%1, %1)
  pe.call @one_arm(%1, %1)
  pe.call @loop(%1)
}
}
