// RUN: wafer-opt %s -split-input-file -pass-pipeline='builtin.module(pe.program(pe-share-functions,canonicalize))' -mlir-print-debuginfo -mlir-print-local-scope | FileCheck %s

// Three kernels of one shape. Addresses and sizes vary; the stride does not. A size that appears twice takes one entry.
// CHECK-LABEL: pe.program @shapes
// CHECK-DAG: pe.table @table0 [4096, 64, 8192]
// CHECK-DAG: pe.table @table1 [4352, 32, 8320]
// CHECK-DAG: pe.table @table2 [5120, 16, 70000]
// CHECK: pe.func @relu0() {
// CHECK-DAG: pe.param 0 loc(unknown)
// CHECK-DAG: pe.param 1
// CHECK-DAG: pe.param 2
// CHECK-DAG: pe.const 1
// CHECK-NOT: pe.func
// CHECK: pe.call @relu0 table @table0() loc("relu_0")
// CHECK: pe.call @relu0 table @table1() loc("relu_1")
// CHECK: pe.call @relu0 table @table2() loc("relu_2")
// CHECK: pe.call @relu0 table @table0() loc("again")
pe.program @shapes {
  pe.func @relu0() {
    %a = pe.const 4096
    %b = pe.const 8192
    %n = pe.const 64
    %m = pe.const 64
    %1 = pe.const 1
    %0 = pe.const 0
    %x = pe.desc %a[%m, %1]
    %y = pe.desc %b[%m, %1]
    pe.vec max f32 over(%n, %m) to %y of %x, %0 : (!pe.desc) !pe.desc, i32
    pe.vec add f32 over(%n, %m) to %y of %x, %y : (!pe.desc) !pe.desc, !pe.desc
  } loc("relu_0")
  pe.func @relu1() {
    %a = pe.const 4352
    %b = pe.const 8320
    %n = pe.const 32
    %1 = pe.const 1
    %0 = pe.const 0
    %x = pe.desc %a[%n, %1]
    %y = pe.desc %b[%n, %1]
    pe.vec max f32 over(%n, %n) to %y of %x, %0 : (!pe.desc) !pe.desc, i32
    pe.vec add f32 over(%n, %n) to %y of %x, %y : (!pe.desc) !pe.desc, !pe.desc
  } loc("relu_1")
  pe.func @relu2() {
    %a = pe.const 5120
    %b = pe.const 70000
    %n = pe.const 16
    %1 = pe.const 1
    %0 = pe.const 0
    %x = pe.desc %a[%n, %1]
    %y = pe.desc %b[%n, %1]
    pe.vec max f32 over(%n, %n) to %y of %x, %0 : (!pe.desc) !pe.desc, i32
    pe.vec add f32 over(%n, %n) to %y of %x, %y : (!pe.desc) !pe.desc, !pe.desc
  } loc("relu_2")
  pe.main {
    pe.call @relu0() loc(unknown)
    pe.call @relu1() loc(unknown)
    pe.call @relu2() loc(unknown)
    pe.call @relu0() loc("again")
  }
}

// -----

// Equal functions merge without a table; arguments stay.
// CHECK-LABEL: pe.program @equal
// CHECK-NOT: pe.table
// CHECK: pe.func @f(
// CHECK-NOT: pe.func
// CHECK: pe.call @f(%{{.*}})
// CHECK: pe.call @f(%{{.*}})
pe.program @equal {
  pe.func @f(%a) {
    %1 = pe.const 1
    %v = pe.load %a
    %w = pe.scalar add %v, %1
    pe.store %w to %a
  }
  pe.func @g(%a) {
    %1 = pe.const 1
    %v = pe.load %a
    %w = pe.scalar add %v, %1
    pe.store %w to %a
  }
  pe.main {
    %0 = pe.const 4000
    %4 = pe.const 4004
    %8 = pe.const 8
    pe.for %i = %0 to %4 step %8 {
      pe.call @f(%i)
    }
    pe.for %i = %0 to %8 step %4 {
    pe.call @g(%4)
    }
    pe.call @g(%8)
  }
}

// -----

// Two small functions that differ in two constants: the table would cost more than the code.
// CHECK-LABEL: pe.program @small
// CHECK: pe.func @f
// CHECK: pe.func @g
pe.program @small {
  pe.func @f() {
    %1 = pe.const 1000
    %2 = pe.const 2000
    pe.store %1 to %2
  }
  pe.func @g() {
    %1 = pe.const 3000
    %2 = pe.const 4000
    pe.store %1 to %2
  }
  pe.main {
    pe.call @f()
    pe.call @g()
  }
}

// -----

// A function with a table keeps its entries; what varies now follows. Entries that nothing reads are dropped. Equal tables
// become one.
// CHECK-LABEL: pe.program @compose
// CHECK-NOT: @unused
// CHECK: pe.table @table0 [7, 100]
// CHECK: pe.table @table1 [8, 200]
// CHECK-NOT: pe.table
// CHECK: pe.func @f() {
// CHECK-DAG: pe.param 0
// CHECK-DAG: pe.param 1
// CHECK-NOT: pe.func
// CHECK: pe.call @f table @table0()
// CHECK: pe.call @f table @table1()
// CHECK: pe.call @f table @table0()
pe.program @compose {
  pe.table @seven [7, 99]
  pe.table @again [7, 99]
  pe.table @eight [8]
  pe.table @unused [9]
  pe.func @f() {
    %p = pe.param 0
    %a = pe.const 100
    %1 = pe.const 1
    %d = pe.desc %a[%1]
    pe.vec add f32 over(%p) to %d of %d, %d : (!pe.desc) !pe.desc, !pe.desc
    pe.vec sub f32 over(%p) to %d of %d, %d : (!pe.desc) !pe.desc, !pe.desc
    pe.vec mul f32 over(%p) to %d of %d, %d : (!pe.desc) !pe.desc, !pe.desc
  }
  pe.func @g() {
    %p = pe.param 0
    %a = pe.const 200
    %1 = pe.const 1
    %d = pe.desc %a[%1]
    pe.vec add f32 over(%p) to %d of %d, %d : (!pe.desc) !pe.desc, !pe.desc
    pe.vec sub f32 over(%p) to %d of %d, %d : (!pe.desc) !pe.desc, !pe.desc
    pe.vec mul f32 over(%p) to %d of %d, %d : (!pe.desc) !pe.desc, !pe.desc
  }
  pe.main {
    pe.call @f table @seven()
    pe.call @g table @eight()
    pe.call @f table @again()
  }
}
