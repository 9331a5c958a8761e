// RUN: wafer-opt %s -pe-code=usable-bytes=43952 | wafer-translate --pe-to-asm | FileCheck %s

// Kernels as the compiler makes them, and what they should take: a regression here is memory lost in every program. Each is
// called once, so none of them is a function in the end.

// CHECK-LABEL: main:
// CHECK-NEXT: nest (2, 3, 8, 8)
// CHECK-NEXT: desc d0, 44000 [300, 100, 10, 1]
// CHECK-NEXT: desc d1, 40000 [300, 100, 10, 1]
// CHECK-NEXT: desc d2, 39000 [0, 1, 0, 0]
// CHECK-NEXT: vec.add.f32 d0, d1, d2
// CHECK-NEXT: vec.max.f32 d0, d0, r0
// CHECK-NEXT: desc d3, 44000 [32, 1]
// CHECK-NEXT: desc d4, 20000 [24, 1]
// CHECK-NEXT: li r5, 3
// CHECK-NEXT: coord r6, x
// CHECK-NEXT: li r7, 15
// CHECK-NEXT: .L0:
// CHECK-NEXT: nest (16, 32)
// CHECK-NEXT: vec.mov.f32 d3, r0
// CHECK-NEXT: li r8, 42000
// CHECK-NEXT: li r9, 40000
// CHECK-NEXT: li r10, 24
// CHECK-NEXT: .L1:
// CHECK-NEXT: desc d0, r9 [24, 0]
// CHECK-NEXT: desc d1, r8 [0, 1]
// CHECK-NEXT: vec.fma.f32 d3, d0, d1, d3
// CHECK-NEXT: addi r8, r8, 128
// CHECK-NEXT: addi r9, r9, 4
// CHECK-NEXT: addi r10, r10, -1
// CHECK-NEXT: bne r10, r0, .L1
// CHECK-NEXT: muli r8, r6, 16
// CHECK-NEXT: rsbi r8, r8, 250
// CHECK-NEXT: mini r8, r8, 16
// CHECK-NEXT: maxi r8, r8, 0
// CHECK-NEXT: nest (r8, 24)
// CHECK-NEXT: bne r6, r7, .L2
// CHECK-NEXT: vec.mov.f32 c4, d4 thread 1 reset
// CHECK-NEXT: jmp .L3
// CHECK-NEXT: .L2:
// CHECK-NEXT: vec.mov.f32 c4, d4 thread 1 advance
// CHECK-NEXT: .L3:
// CHECK-NEXT: muli r8, r6, 6
// CHECK-NEXT: rsbi r9, r8, 24
// CHECK-NEXT: mini r9, r9, 6
// CHECK-NEXT: maxi r9, r9, 0
// CHECK-NEXT: li r10, 30000
// CHECK-NEXT: li r11, 250
// CHECK-NEXT: li r12, 16
// CHECK-NEXT: .L4:
// CHECK-NEXT: mini r13, r11, 16
// CHECK-NEXT: maxi r13, r13, 0
// CHECK-NEXT: bne r6, r0, .L5
// CHECK-NEXT: muli r14, r13, 24
// CHECK-NEXT: nest (r14)
// CHECK-NEXT: vec.mov.f32 c5, c4 thread 2
// CHECK-NEXT: nest (1)
// CHECK-NEXT: vec.mov.i32 -, c4 thread 2
// CHECK-NEXT: .L5:
// CHECK-NEXT: nest (r13, r9)
// CHECK-NEXT: desc d0, r10 [6, 1]
// CHECK-NEXT: recvw d0, c5 of (r13, 24) from (0, r8)
// CHECK-NEXT: addi r10, r10, 384
// CHECK-NEXT: addi r11, r11, -16
// CHECK-NEXT: addi r12, r12, -1
// CHECK-NEXT: bne r12, r0, .L4
// CHECK-NEXT: wait 1
// CHECK-NEXT: wait 2
// CHECK-NEXT: addi r5, r5, -1
// CHECK-NEXT: bne r5, r0, .L0
// CHECK-NEXT: halt
// CHECK: ; code 348,

pe.program @kernels {
  // y = relu(x + b) over a 4-D nest whose rows are padded.
  pe.func @elementwise() {
    %x = pe.const 40000
    %y = pe.const 44000
    %b = pe.const 39000
    %0 = pe.const 0
    %1 = pe.const 1
    %2 = pe.const 2
    %3 = pe.const 3
    %8 = pe.const 8
    %10 = pe.const 10
    %100 = pe.const 100
    %300 = pe.const 300
    %dx = pe.desc %x[%300, %100, %10, %1]
    %dy = pe.desc %y[%300, %100, %10, %1]
    %db = pe.desc %b[%0, %1, %0, %0]
    pe.vec add f32 over(%2, %3, %8, %8) to %dy of %dx, %db : (!pe.desc) !pe.desc, !pe.desc
    pe.vec max f32 over(%2, %3, %8, %8) to %dy of %dy, %0 : (!pe.desc) !pe.desc, i32
  }
  // C[m, n] += A[m, k] * B[k, n], k outermost, vectors over (m, n).
  pe.func @gemm() {
    %a = pe.const 40000
    %b = pe.const 42000
    %c = pe.const 44000
    %0 = pe.const 0
    %1 = pe.const 1
    %4 = pe.const 4
    %16 = pe.const 16
    %32 = pe.const 32
    %24 = pe.const 24
    %128 = pe.const 128
    %dc = pe.desc %c[%32, %1]
    pe.vec mov f32 over(%16, %32) to %dc of %0 : (!pe.desc) i32
    pe.for %k = %0 to %24 step %1 {
      %ka = pe.scalar mul %k, %4
      %kb = pe.scalar mul %k, %128
      %pa = pe.scalar add %a, %ka
      %pb = pe.scalar add %b, %kb
      %da = pe.desc %pa[%24, %0]
      %db = pe.desc %pb[%0, %1]
      %dc2 = pe.desc %c[%32, %1]
      pe.vec fma f32 over(%16, %32) to %dc2 of %da, %db, %dc2 : (!pe.desc) !pe.desc, !pe.desc, !pe.desc
    }
  }
  // A pass along a row: everyone sends its block of 16 rows of a 250 x 24 tensor, clipped; the head relays; everyone keeps
  // the window of columns [6x, 6x + 6) and rows of its own block.
  pe.func @pass_x(%src, %dst) {
    %0 = pe.const 0
    %1 = pe.const 1
    %w = pe.const 16
    %last = pe.const 15
    %rows = pe.const 16
    %extent = pe.const 250
    %24 = pe.const 24
    %6 = pe.const 6
    %x = pe.coord x
    %bcast = pe.fabric 5
    %gather = pe.fabric 4
    // own block
    %start = pe.scalar mul %x, %rows
    %left = pe.scalar sub %extent, %start
    %min = pe.scalar min %left, %rows
    %n = pe.scalar max %min, %0
    %ds = pe.desc %src[%24, %1]
    %isLast = pe.scalar seq %x, %last
    pe.if %isLast {
      pe.vec mov f32 over(%n, %24) to %gather of %ds thread 1 control reset : (!pe.fabric) !pe.desc
    } else {
      pe.vec mov f32 over(%n, %24) to %gather of %ds thread 1 control advance : (!pe.fabric) !pe.desc
    }
    // window of columns
    %lo = pe.scalar mul %x, %6
    %cleft = pe.scalar sub %24, %lo
    %cmin = pe.scalar min %cleft, %6
    %cn = pe.scalar max %cmin, %0
    %head = pe.scalar seq %x, %0
    pe.for %s = %0 to %w step %1 {
      %sstart = pe.scalar mul %s, %rows
      %sleft = pe.scalar sub %extent, %sstart
      %smin = pe.scalar min %sleft, %rows
      %sn = pe.scalar max %smin, %0
      pe.if %head {
        %words = pe.scalar mul %sn, %24
        pe.vec mov f32 over(%words) to %bcast of %gather thread 2 : (!pe.fabric) !pe.fabric
        pe.vec mov i32 over(%1) of %gather thread 2 : !pe.fabric
      }
      %off = pe.scalar mul %sstart, %24
      %base = pe.scalar add %dst, %off
      %dd = pe.desc %base[%6, %1]
      pe.recv_window 5 over(%sn, %cn) of (%sn, %24) from (%0, %lo) to %dd
    }
    pe.wait 1
    pe.wait 2
  }
  pe.main {
    %0 = pe.const 0
    %1 = pe.const 1
    %3 = pe.const 3
    %src = pe.const 20000
    %dst = pe.const 30000
    pe.call @elementwise()
    pe.for %i = %0 to %3 step %1 {
      pe.call @gemm()
      pe.call @pass_x(%src, %dst)
    }
  }
}
