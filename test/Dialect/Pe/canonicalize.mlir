// RUN: wafer-opt %s -canonicalize -cse | FileCheck %s

pe.program @r {
// CHECK-LABEL: pe.func @constants_gather(
// CHECK-DAG: %[[C:.*]] = pe.const -8
// CHECK-DAG: %[[FOUR:.*]] = pe.const 4
// CHECK: %[[S:.*]] = pe.scalar mul %arg0, %[[FOUR]]
// CHECK: %[[T:.*]] = pe.scalar add %[[S]], %[[C]]
// CHECK: pe.store %[[T]] to %arg1
pe.func @constants_gather(%x, %out) {
  %1 = pe.const 1
  %3 = pe.const 3
  %4 = pe.const 4
  %a = pe.scalar add %1, %x
  %b = pe.scalar sub %a, %3
  %c = pe.scalar mul %4, %b
  pe.store %c to %out
}

// CHECK-LABEL: pe.func @folds(
// CHECK: %[[SEVEN:.*]] = pe.const 7
// CHECK-NEXT: pe.store %[[SEVEN]]
// CHECK-NEXT: pe.store %arg0 to
// CHECK: }
pe.func @folds(%x, %out) {
  %0 = pe.const 0
  %3 = pe.const 3
  %4 = pe.const 4
  %a = pe.scalar add %3, %4
  pe.store %a to %out
  %z = pe.scalar sub %x, %x
  %b = pe.scalar add %x, %z
  %c = pe.scalar min %b, %b
  pe.store %c to %out
}

// A coordinate is no negative number: its quotient is a shift; of the rest nothing is known.
// CHECK-LABEL: pe.func @split(
// CHECK: pe.scalar shr
// CHECK: pe.scalar and
// CHECK: pe.scalar div
pe.func @split(%v, %out) {
  %0 = pe.const 0
  %8 = pe.const 8
  %x = pe.coord x
  %n = pe.scalar max %x, %0
  %a = pe.scalar div %n, %8
  %b = pe.scalar rem %x, %8
  %c = pe.scalar div %v, %8
  pe.store %a to %out
  pe.store %b to %out
  pe.store %c to %out
}

// Division by zero ends the run: it stays.
// CHECK-LABEL: pe.func @division_by_zero(
// CHECK: pe.scalar div
pe.func @division_by_zero(%v, %out) {
  %0 = pe.const 0
  %1 = pe.const 1
  %a = pe.scalar div %1, %0
  pe.store %a to %out
}

// CHECK-LABEL: pe.func @control(
// CHECK-NOT: pe.for
// CHECK-NOT: pe.if
// CHECK-NOT: pe.trap
// CHECK: pe.store %{{.*}} to %{{.*}} plus 4
// CHECK-NEXT: pe.if %{{.*}} {
// CHECK-NEXT: pe.store
// CHECK-NEXT: }
// CHECK-NEXT: }
pe.func @control(%x, %out) {
  %0 = pe.const 0
  %1 = pe.const 1
  pe.for %i = %0 to %0 step %1 {
    pe.store %x to %out
  }
  pe.for %i = %0 to %x step %1 {
    %a = pe.scalar add %i, %x
  }
  pe.if %0 {
    pe.store %x to %out
  }
  pe.trap %0, "never"
  pe.for %i = %0 to %1 step %1 {
    pe.store %i to %out plus 4
  }
  pe.if %x {
    pe.store %x to %out
  } else {
  }
}

// A nest that is known to be empty moves nothing; its control wavelet still goes.
// CHECK-LABEL: pe.func @empty_nests(
// CHECK-NOT: pe.vec add
// CHECK: pe.vec mov {{.*}} control reset
pe.func @empty_nests(%a) {
  %0 = pe.const 0
  %1 = pe.const 1
  %4 = pe.const 4
  %d = pe.desc %a[%4, %1]
  %c = pe.fabric 3
  pe.vec add f32 over(%4, %0) to %d of %d, %a : (!pe.desc) !pe.desc, i32
  pe.vec mov f32 over(%4, %0) to %c of %d control reset : (!pe.fabric) !pe.desc
}

// Loads are kept apart by stores and by asynchronous work.
// CHECK-LABEL: pe.func @loads(
// CHECK: pe.load
// CHECK-NEXT: pe.trap
// CHECK-NEXT: pe.trap
// CHECK: pe.store
// CHECK-NEXT: pe.load
// CHECK: pe.wait
// CHECK-NEXT: pe.load
pe.func @loads(%a) {
  %u = pe.load %a
  %v = pe.load %a
  pe.trap %u, "u"
  pe.trap %v, "v"
  pe.store %v to %a
  %w = pe.load %a
  pe.trap %w, "w"
  pe.wait 1
  %x = pe.load %a
  pe.trap %x, "x"
}

pe.main {}
}
