// RUN: wafer-translate --pe-to-asm %s | FileCheck %s

// CHECK: ; region scalars
pe.program @scalars {
// CHECK-LABEL: forms:
// CHECK-NEXT: addi r1, r2, -5
// CHECK-NEXT: rsbi r1, r1, 250
// CHECK-NEXT: mini r1, r1, 16
// CHECK-NEXT: maxi r1, r1, 0
// CHECK-NEXT: sgti r1, r1, 7
// CHECK-NEXT: stw r1, 0(r3)
// CHECK-NEXT: li [[BIG:r[0-9]+]], 70000
// CHECK-NEXT: add [[SUM:r[0-9]+]], r2, [[BIG]]
// CHECK-NEXT: slt [[SUM]], [[SUM]], r2
// CHECK-NEXT: stw [[SUM]], 100(r0)
// CHECK-NEXT: liw [[BITS:r[0-9]+]], 1065353216
// CHECK-NEXT: stw [[BITS]], 8188(r3)
// CHECK-NEXT: stw r0, 4(r3)
// CHECK-NEXT: ret
pe.func @forms(%a, %p) {
  %0 = pe.const 0
  %5 = pe.const 5
  %7 = pe.const 7
  %16 = pe.const 16
  %96 = pe.const 96
  %250 = pe.const 250
  %big = pe.const 70000
  %one = pe.const 1065353216
  %b = pe.scalar sub %a, %5
  %c = pe.scalar sub %250, %b
  %d = pe.scalar min %c, %16
  %e = pe.scalar max %0, %d
  %f = pe.scalar slt %7, %e
  pe.store %f to %p
  %unused = pe.scalar mul %f, %f
  %g = pe.scalar add %a, %big
  %h = pe.scalar slt %g, %a
  pe.store %h to %96 plus 4
  pe.store %one to %p plus 8188
  pe.store %0 to %p plus 4
}

// Far offsets take an addition.
// CHECK-LABEL: far:
// CHECK-NEXT: li [[O:r[0-9]+]], 40000
// CHECK-NEXT: add [[A:r[0-9]+]], r2, [[O]]
// CHECK-NEXT: ldw [[V:r[0-9]+]], 0([[A]])
// CHECK-NEXT: trap [[V]], 0 ; a value
// CHECK-NEXT: ret
pe.func @far(%p) {
  %v = pe.load %p plus 40000
  pe.trap %v, "a value"
}

// The comparison is the branch.
// CHECK-LABEL: branches:
// CHECK-NEXT: coord [[X:r[0-9]+]], x
// CHECK-NEXT: li [[LAST:r[0-9]+]], 15
// CHECK-NEXT: bne [[X]], [[LAST]], [[ELSE:.*]]
// CHECK-NEXT: stw r2, 0(r3)
// CHECK-NEXT: jmp [[END:.*]]
// CHECK-NEXT: [[ELSE]]:
// CHECK-NEXT: stw r2, 4(r3)
// CHECK-NEXT: [[END]]:
// CHECK-NEXT: blt [[X]], r2, [[SKIP:.*]]
// CHECK-NEXT: stw r2, 8(r3)
// CHECK-NEXT: [[SKIP]]:
// CHECK-NEXT: beq r2, r0, [[DONE:.*]]
// CHECK-NEXT: stw r2, 12(r3)
// CHECK-NEXT: [[DONE]]:
// CHECK-NEXT: ret
pe.func @branches(%a, %p) {
  %15 = pe.const 15
  %x = pe.coord x
  %isLast = pe.scalar seq %x, %15
  pe.if %isLast {
    pe.store %a to %p
  } else {
    pe.store %a to %p plus 4
  }
  %less = pe.scalar slt %x, %a
  pe.if %less {
  } else {
    pe.store %a to %p plus 8
  }
  pe.if %a {
    pe.store %a to %p plus 12
  }
}

// CHECK-LABEL: loops:
// CHECK-NEXT: li [[N:r[0-9]+]], 3
// CHECK-NEXT: [[L0:.L.*]]:
// CHECK-NEXT: stw r3, 0(r3)
// CHECK-NEXT: addi [[N]], [[N]], -1
// CHECK-NEXT: bne [[N]], r0, [[L0]]
// CHECK-NEXT: li [[I:r[0-9]+]], 0
// CHECK-NEXT: bge [[I]], r2, [[END:.L.*]]
// CHECK-NEXT: [[L1:.L.*]]:
// CHECK-NEXT: stw [[I]], 0(r3)
// CHECK-NEXT: addi [[I]], [[I]], 2
// CHECK-NEXT: blt [[I]], r2, [[L1]]
// CHECK-NEXT: [[END]]:
// CHECK-NEXT: ret
pe.func @loops(%n, %p) {
  %0 = pe.const 0
  %2 = pe.const 2
  %5 = pe.const 5
  pe.for %i = %0 to %5 step %2 {
    pe.store %p to %p
  }
  pe.for %i = %0 to %n step %2 {
    pe.store %i to %p
  }
}

// Never called: not there.
// CHECK-NOT: unused:
pe.func @unused() {
}

pe.main {
  %p = pe.const 40000
  %1 = pe.const 1
  pe.call @forms(%1, %p)
  pe.call @far(%p)
  pe.call @branches(%1, %p)
  pe.call @loops(%1, %p)
}
}
