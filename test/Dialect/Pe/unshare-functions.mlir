// RUN: wafer-opt %s -pass-pipeline='builtin.module(pe.program(pe-unshare-functions{usable-bytes=43952}))' -split-input-file | FileCheck %s

// Memory is left: every call has its own function, the entries of its table are constants, and tables go. The last
// call keeps the function. What no table tells apart is copied, too.
// CHECK-LABEL: pe.program @roomy
// CHECK-NOT: pe.table
// CHECK: pe.func @double()
// CHECK-NEXT: pe.const 4100
// CHECK-NOT: pe.param
// CHECK: pe.func @double_{{[0-9]}}()
// CHECK-NEXT: pe.const 4096
// CHECK: pe.func @clear()
// CHECK: pe.func @clear_{{[0-9]}}()
// CHECK: pe.main
// CHECK-DAG: pe.call @double()
// CHECK-DAG: pe.call @double_{{[0-9]}}()
// CHECK-DAG: pe.call @clear()
// CHECK-DAG: pe.call @clear_{{[0-9]}}()
pe.program @roomy {
  pe.table @a [4096]
  pe.table @b [4100]
  pe.buffer @x words 2 kind "activation" at 40000
  pe.func @double() {
    %a = pe.param 0
    %1 = pe.const 1
    %x = pe.desc %a[%1]
    pe.vec add f32 over(%1) to %x of %x, %x : (!pe.desc) !pe.desc, !pe.desc
  }
  pe.func @clear() {
    %a = pe.const 4096
    %0 = pe.const 0
    %1 = pe.const 1
    %x = pe.desc %a[%1]
    pe.vec mov f32 over(%1) to %x of %0 : (!pe.desc) i32
  }
  pe.main {
    pe.call @clear()
    pe.call @double table @a()
    pe.call @double table @b()
    pe.call @clear()
  }
}

// -----

// The lowest buffer lies close behind the code: a function stays shared, and only what one call has alone reads no table.
// CHECK-LABEL: pe.program @full
// CHECK: pe.table @a [4096]
// CHECK: pe.table @b [4100]
// CHECK-NOT: pe.table
// CHECK: pe.func @double()
// CHECK-NEXT: pe.param 0
// CHECK-NOT: pe.func @double_
// CHECK: pe.func @alone()
// CHECK-NEXT: pe.const 4104
// CHECK: pe.call @double table @a()
// CHECK: pe.call @double table @b()
// CHECK: pe.call @alone()
pe.program @full {
  pe.table @a [4096]
  pe.table @b [4100]
  pe.table @c [4104]
  pe.buffer @x words 10000 kind "activation" at 400
  pe.func @double() {
    %a = pe.param 0
    %1 = pe.const 1
    %x = pe.desc %a[%1]
    pe.vec add f32 over(%1) to %x of %x, %x : (!pe.desc) !pe.desc, !pe.desc
  }
  pe.func @alone() {
    %a = pe.param 0
    %1 = pe.const 1
    %x = pe.desc %a[%1]
    pe.vec neg f32 over(%1) to %x of %x : (!pe.desc) !pe.desc
  }
  pe.main {
    pe.call @double table @a()
    pe.call @double table @b()
    pe.call @alone table @c()
  }
}

// -----

// Room for one copy more, and a call that a loop repeats is worth more than one that runs once.
// CHECK-LABEL: pe.program @loops
// CHECK: pe.main
// CHECK: pe.call @double table @a()
// CHECK-NEXT: pe.for
// CHECK-NEXT: pe.call @double_{{[0-9]}}()
// CHECK: pe.call @double table @c()
pe.program @loops {
  pe.table @a [4096]
  pe.table @b [4100]
  pe.table @c [4104]
  pe.buffer @x words 9000 kind "activation" at 4232
  pe.func @double() {
    %a = pe.param 0
    %1 = pe.const 1
    %x = pe.desc %a[%1]
    pe.vec add f32 over(%1) to %x of %x, %x : (!pe.desc) !pe.desc, !pe.desc
  }
  pe.main {
    %0 = pe.const 0
    %1 = pe.const 1
    %7 = pe.const 7
    pe.call @double table @a()
    pe.for %i = %0 to %7 step %1 {
      pe.call @double table @b()
    }
    pe.call @double table @c()
  }
}
