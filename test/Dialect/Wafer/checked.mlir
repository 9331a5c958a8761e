// RUN: wafer-opt %s --split-input-file --verify-diagnostics | FileCheck %s

// CHECK-LABEL: @checked
func.func @checked(%a: i32, %b: i32, %f: f32) -> i32 {
  // CHECK: wafer.checked add %{{.*}}, %{{.*}} : i32
  %0 = wafer.checked add %a, %b : i32
  // CHECK: wafer.checked non_negative %{{.*}} : i32
  %1 = wafer.checked non_negative %0 : i32
  // CHECK: wafer.checked from_float %{{.*}} : f32
  %2 = wafer.checked from_float %f : f32
  %3 = wafer.checked div %1, %2 : i32
  return %3 : i32
}

// -----

func.func @unary(%a: i32) -> i32 {
  // expected-error @below {{mul takes two operands}}
  %0 = wafer.checked mul %a : i32
  return %0 : i32
}

// -----

func.func @float(%a: f32, %b: i32) -> i32 {
  // expected-error @below {{shl is not of 'f32'}}
  %0 = wafer.checked shl %a, %b : f32
  return %0 : i32
}
