// RUN: wafer-opt %s -pass-pipeline='builtin.module(pe.program(pe.func(pe-collapse-nests),canonicalize,cse))' | FileCheck %s

pe.program @r {
// A dimension of extent 1 goes, and one that continues its neighbour in every operand.
// CHECK-LABEL: pe.func @one(
// CHECK-DAG: %[[ONE:.*]] = pe.const 1
// CHECK-DAG: %[[N:.*]] = pe.const 32
// CHECK: %[[D:.*]] = pe.desc %arg0[%[[ONE]]]
// CHECK-NEXT: pe.vec add f32 over(%[[N]]) to %[[D]] of %[[D]], %arg0 : (!pe.desc) !pe.desc, i32
pe.func @one(%a) {
  %1 = pe.const 1
  %4 = pe.const 4
  %8 = pe.const 8
  %9 = pe.const 9
  %d = pe.desc %a[%9, %8, %1]
  pe.vec add f32 over(%1, %4, %8) to %d of %d, %a : (!pe.desc) !pe.desc, i32
}

// A broadcast is no continuation.
// CHECK-LABEL: pe.func @broadcast(
// CHECK: pe.vec add f32 over(%{{.*}}, %{{.*}}) to
pe.func @broadcast(%a) {
  %0 = pe.const 0
  %1 = pe.const 1
  %4 = pe.const 4
  %8 = pe.const 8
  %d = pe.desc %a[%8, %1]
  %e = pe.desc %a[%0, %1]
  pe.vec add f32 over(%4, %8) to %d of %d, %e : (!pe.desc) !pe.desc, !pe.desc
}

// Who shares a nest keeps it, if one of them needs it: two would be more code than one.
// CHECK-LABEL: pe.func @shared(
// CHECK-COUNT-2: pe.vec {{.*}} over(%{{.*}}, %{{.*}}) to
pe.func @shared(%a) {
  %0 = pe.const 0
  %1 = pe.const 1
  %4 = pe.const 4
  %8 = pe.const 8
  %d = pe.desc %a[%8, %1]
  %e = pe.desc %a[%0, %1]
  pe.vec mov f32 over(%4, %8) to %d of %0 : (!pe.desc) i32
  pe.vec add f32 over(%4, %8) to %d of %d, %e : (!pe.desc) !pe.desc, !pe.desc
}

// CHECK-LABEL: pe.func @together(
// CHECK-DAG: %[[N:.*]] = pe.const 32
// CHECK: pe.vec mov f32 over(%[[N]]) to
// CHECK: pe.vec add f32 over(%[[N]]) to
pe.func @together(%a) {
  %0 = pe.const 0
  %1 = pe.const 1
  %4 = pe.const 4
  %8 = pe.const 8
  %d = pe.desc %a[%8, %1]
  pe.vec mov f32 over(%4, %8) to %d of %0 : (!pe.desc) i32
  pe.vec add f32 over(%4, %8) to %d of %d, %0 : (!pe.desc) !pe.desc, i32
}

// A window's descriptor belongs to the block's shape.
// CHECK-LABEL: pe.func @window(
// CHECK: pe.recv_window 3 over(%{{.*}}, %{{.*}}) of(%{{.*}}, %{{.*}}) from
// CHECK: pe.vec add f32 over(%{{.*}}, %{{.*}}) to
pe.func @window(%a) {
  %0 = pe.const 0
  %1 = pe.const 1
  %4 = pe.const 4
  %8 = pe.const 8
  %d = pe.desc %a[%8, %1]
  pe.recv_window 3 over(%4, %8) of (%4, %8) from (%0, %0) to %d
  pe.vec add f32 over(%4, %8) to %d of %d, %0 : (!pe.desc) !pe.desc, i32
}

pe.main {}
}
