// RUN: wafer-opt %s -pass-pipeline='builtin.module(pe.program(pe-inline-calls))' -mlir-print-debuginfo -mlir-print-local-scope | FileCheck %s

// A function with one call stands in its place, with the call's argument, node and step, also in a loop. One that is
// called twice, or with a table, stays.
// CHECK-LABEL: pe.program @once
// CHECK-NOT: pe.func @single
// CHECK: pe.func @twice
// CHECK: pe.func @tabled
// CHECK: pe.main
// CHECK: %[[N:.*]] = pe.const 7
// CHECK: pe.for
// CHECK-NOT: pe.call @single
// CHECK: mov f32 over(%[[N]]) {{.*}} {step = 3 : i64} {{.*}} loc("node")
// CHECK: pe.call @twice()
// CHECK: pe.call @twice()
// CHECK: pe.call @tabled table @t()
pe.program @once {
  pe.table @t [1]
  pe.func @single(%n) {
    %a = pe.const 4096
    %1 = pe.const 1
    %0 = pe.const 0
    %x = pe.desc %a[%1]
    pe.vec mov f32 over(%n) to %x of %0 : (!pe.desc) i32
  } loc("inner")
  pe.func @twice() {
    %a = pe.const 4096
    %1 = pe.const 1
    %x = pe.desc %a[%1]
    pe.vec neg f32 over(%1) to %x of %x : (!pe.desc) !pe.desc
  }
  pe.func @tabled() {
    %a = pe.param 0
    %1 = pe.const 1
    %x = pe.desc %a[%1]
    pe.vec neg f32 over(%1) to %x of %x : (!pe.desc) !pe.desc
  }
  pe.main {
    %0 = pe.const 0
    %1 = pe.const 1
    %7 = pe.const 7
    pe.for %i = %0 to %7 step %1 {
      pe.call @single(%7) {step = 3 : i64} loc("node")
    }
    pe.call @twice()
    pe.call @twice()
    pe.call @tabled table @t()
  }
}
