// RUN: wafer-opt %s -pass-pipeline='builtin.module(pe.program(pe-allocate-buffers{usable-bytes=1024}))' -verify-diagnostics
// RUN: not wafer-opt %s -pass-pipeline='builtin.module(pe.program(pe-allocate-buffers{usable-bytes=1024 whole-mesh}))' 2>&1 | FileCheck %s

// No larger mesh is recommended than there is.
// CHECK: hint: let regions be larger (--largest-region), or give another --target

// expected-error @below {{[WF3501] buffers of region @large take 1200 bytes a PE, 176 more than its SRAM has; the largest: @b activation 800, @a activation 400}}
// expected-note @below {{hint: give the region more PEs, or a larger mesh (--mesh)}}
pe.program @large {
  pe.buffer @a words 100 kind "activation"
  pe.buffer @b words 200 kind "activation"
  pe.buffer @c words 200 kind "activation"
  pe.func @f() {
    %a = pe.addr @a
    %b = pe.addr @b
    %v = pe.load %a
    pe.store %v to %b
  }
  pe.func @g() {
    %c = pe.addr @c
    pe.store %c to %c
  }
  pe.main {
    pe.call @f()
    pe.call @g()
  }
}
