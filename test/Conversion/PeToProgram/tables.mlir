// RUN: wafer-translate --pe-to-asm %s | FileCheck %s

// Entries that fit are 16 bits wide, signed or unsigned, in all tables that reach a function; wide ones come first. An
// entry that nobody reads, and a table that nobody names, take no space. Main keeps loop counters in r24 and up.
// CHECK-LABEL: main:
// CHECK-NEXT: li r24, 0
// CHECK-NEXT: coord r25, x
// CHECK-NEXT: li r26, 4
// CHECK-NEXT: [[L:.L.*]]:
// CHECK-NEXT: mul r5, r24, r25
// CHECK-NEXT: addi r2, r5, 0
// CHECK-NEXT: li r1, 80
// CHECK-NEXT: call f
// CHECK-NEXT: li r2, 7
// CHECK-NEXT: li r1, 88
// CHECK-NEXT: call f
// CHECK-NEXT: addi r24, r24, 1
// CHECK-NEXT: blt r24, r26, [[L]]
// CHECK-NEXT: halt
// CHECK-NEXT: f:
// CHECK-NEXT: ldhu [[B:r[0-9]+]], 6(r1)
// CHECK-NEXT: ldh [[A:r[0-9]+]], 4(r1)
// CHECK-NEXT: stw [[A]], 0([[B]])
// CHECK-NEXT: stw r2, 4([[B]])
// CHECK-NEXT: ldw [[C:r[0-9]+]], 0(r1)
// CHECK-NEXT: stw [[C]], 8([[B]])
// CHECK-NEXT: ret
// CHECK-NEXT: tables:
// CHECK-NEXT: .word 0x00011170
// CHECK-NEXT: .word 0xa0000005
// CHECK-NEXT: .word 0xffffffff
// CHECK-NEXT: .word 0x0000fffa
// CHECK-NEXT: ; code 80, tables 16,
pe.program @tables {
  pe.table @t0 [5, 40960, 70000, 99]
  pe.table @t1 [-6, 0, -1]
  pe.table @t2 [1, 2]
  pe.func @f(%v) {
    %a = pe.param 0
    %b = pe.param 1
    %c = pe.param 2
    pe.store %a to %b
    pe.store %v to %b plus 4
    pe.store %c to %b plus 8
  }
  pe.main {
    %0 = pe.const 0
    %1 = pe.const 1
    %4 = pe.const 4
    %7 = pe.const 7
    %x = pe.coord x
    pe.for %i = %0 to %4 step %1 {
      %v = pe.scalar mul %i, %x
      pe.call @f table @t0(%v)
      pe.call @f table @t1(%7)
    }
  }
}
