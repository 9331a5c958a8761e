// RUN: wafer-opt %s --pass-pipeline='builtin.module(pe.program(pe-simplify))' | FileCheck %s --implicit-check-not=pe.scalar --implicit-check-not=pe.const
// RUN: wafer-opt %s --pass-pipeline='builtin.module(pe.program(pe-simplify))' > %t.ours
// RUN: wafer-opt %s --pass-pipeline='builtin.module(pe.program(cse,canonicalize,cse))' | diff - %t.ours

// Two products are equal after folding; a trap that never is goes.

// CHECK-LABEL: pe.func @f(
pe.program @r {
pe.func @f(%x, %out) {
  // CHECK-DAG: %[[SEVEN:.*]] = pe.const 7
  %3 = pe.const 3
  %4 = pe.const 4
  %a = pe.scalar add %3, %4
  // CHECK-DAG: %[[S:.*]] = pe.scalar mul %arg0, %[[SEVEN]]
  %b = pe.scalar mul %x, %a
  %7 = pe.const 7
  %c = pe.scalar mul %x, %7
  // CHECK: pe.store %[[S]] to %arg1
  // CHECK: pe.store %[[S]] to %arg1
  pe.store %b to %out
  pe.store %c to %out
  // CHECK-NOT: pe.trap
  %0 = pe.const 0
  pe.trap %0, "never"
  // CHECK: }
}
pe.main {
}
}
