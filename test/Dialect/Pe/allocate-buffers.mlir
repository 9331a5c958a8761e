// RUN: wafer-opt %s -split-input-file -pass-pipeline='builtin.module(pe.program(pe-allocate-buffers{usable-bytes=1024},canonicalize))' | FileCheck %s


// A weight lives always; c may lie where a was, since b alone is live with both.
// CHECK-LABEL: pe.program @chain
pe.program @chain {
  // CHECK: pe.buffer @w words 40 kind "weight" at 664
  pe.buffer @w words 40 kind "weight" from @source #pe.box<1 * 1, 1 * 1, [40, 0, 40, 0, 0, 0, 0, 0, 0, 1]>
  // CHECK: pe.buffer @a words 50 kind "activation" at 824
  pe.buffer @a words 50 kind "activation"
  // CHECK: pe.buffer @b words 30 kind "activation" at 544
  pe.buffer @b words 30 kind "activation"
  // CHECK: pe.buffer @c words 50 kind "activation" at 824
  pe.buffer @c words 50 kind "activation"
  // CHECK: pe.func @first
  // CHECK: pe.const 824
  // CHECK: pe.const 552
  // CHECK-NOT: pe.addr
  pe.func @first() {
    %a = pe.addr @a
    %b = pe.addr @b plus 2
    %v = pe.load %a
    pe.store %v to %b
  }
  pe.func @second() {
    %b = pe.addr @b
    %c = pe.addr @c
    %w = pe.addr @w
    %v = pe.load %b
    pe.store %v to %c
    %u = pe.load %w
    pe.store %u to %c plus 4
  }
  pe.main {
    pe.call @first()
    pe.call @second()
  }
}

// -----

// What a loop touches lives over all of it, and an address that main passes on is a use.
// CHECK-LABEL: pe.program @loop
pe.program @loop {
  // CHECK: pe.buffer @a words 10 kind "activation" at 984
  pe.buffer @a words 10 kind "activation"
  // CHECK: pe.buffer @b words 10 kind "activation" at 944
  pe.buffer @b words 10 kind "activation"
  // CHECK: pe.buffer @c words 10 kind "activation" at 904
  pe.buffer @c words 10 kind "activation"
  // The first two steps are over.
  // CHECK: pe.buffer @d words 10 kind "scratch" at 984
  pe.buffer @d words 10 kind "scratch"
  pe.func @touch(%address) {
    pe.store %address to %address
  }
  pe.func @onlyB() {
    %b = pe.addr @b
    %0 = pe.const 0
    pe.store %0 to %b
  }
  pe.main {
    %0 = pe.const 0
    %1 = pe.const 1
    %9 = pe.const 9
    %a = pe.addr @a
    %c = pe.addr @c plus 1
    %d = pe.addr @d
    pe.for %i = %0 to %9 step %1 {
      pe.call @touch(%a)
      pe.call @onlyB()
      %ci = pe.scalar add %c, %i
      pe.call @touch(%ci)
    }
    pe.call @touch(%d)
  }
}

// -----

// A buffer with an address keeps it, and others go around it.
// CHECK-LABEL: pe.program @pinned
pe.program @pinned {
  // CHECK: pe.buffer @a words 10 kind "activation" at 960
  pe.buffer @a words 10 kind "activation" at 960
  // CHECK: pe.buffer @b words 10 kind "activation" at 920
  pe.buffer @b words 10 kind "activation"
  // CHECK: pe.buffer @c words 6 kind "activation" at 1000
  pe.buffer @c words 6 kind "activation"
  pe.func @f() {
    %a = pe.addr @a
    %b = pe.addr @b
    %c = pe.addr @c
    pe.store %a to %b
    pe.store %a to %c
  }
  pe.main {
    pe.call @f()
  }
}

// -----

// A thread that @starts leaves at work sends from a: b lies elsewhere, whoever may use the thread meanwhile, and c, when all
// have awaited it, where a was.
// CHECK-LABEL: pe.program @open
pe.program @open {
  // CHECK: pe.buffer @a words 50 kind "activation" at 824
  pe.buffer @a words 50 kind "activation"
  // CHECK: pe.buffer @b words 40 kind "activation" at 664
  pe.buffer @b words 40 kind "activation"
  // CHECK: pe.buffer @c words 50 kind "activation" at 824
  pe.buffer @c words 50 kind "activation"
  pe.func @starts() attributes {open} {
    %1 = pe.const 1
    %50 = pe.const 50
    %color = pe.fabric 1
    %a = pe.addr @a
    %from = pe.desc %a[%1]
    pe.vec mov f32 over(%50) to %color of %from thread 2 : (!pe.fabric) !pe.desc
  }
  pe.func @waits_at_heads() {
    %x = pe.coord x
    pe.if %x {
      pe.wait 2
    }
  }
  pe.func @writes_b() {
    %b = pe.addr @b
    pe.store %b to %b
  }
  pe.func @writes_c() {
    %c = pe.addr @c
    pe.store %c to %c
  }
  pe.main {
    pe.call @starts()
    pe.call @waits_at_heads()
    pe.call @writes_b()
    pe.wait 2
    pe.call @writes_c()
  }
}
