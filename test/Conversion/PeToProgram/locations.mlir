// RUN: wafer-translate --pe-to-asm %s | FileCheck %s

// An op without a name has its function's.
// CHECK-LABEL: main:
// CHECK-NEXT: ; relu_0
// CHECK-NEXT: call f
// CHECK-NEXT: halt
// CHECK-LABEL: f:
// CHECK-NEXT: ; conv
// CHECK-NEXT: coord r1, x
// CHECK-NEXT: trap r1, 0 ; east
// CHECK-NEXT: ; bias
// CHECK-NEXT: trap r1, 1 ; again
// CHECK-NEXT: trap r1, 0 ; east
// CHECK-NEXT: ; conv
// CHECK-NEXT: ret
pe.program @locations {
  pe.func @f() {
    %x = pe.coord x
    pe.trap %x, "east"
    pe.trap %x, "again" loc("bias")
    pe.trap %x, "east" loc("bias")
  } loc("conv")
  pe.main {
    pe.call @f() loc("relu_0")
  } loc("relu_0")
}
