// RUN: wafer-translate --pe-to-asm %s -split-input-file -verify-diagnostics -pe-target=wse2

// expected-error @below {{[WF3502] region @full needs 84 bytes a PE more than its SRAM has: code 84, tables 0, helpers 0, spills 0, weights 40000, buffers 3952 of 43952; the largest: 'conv' 40080, 'relu' 3952, shared code 4}}
// expected-note @below {{hint: use a larger mesh (--mesh=auto finds the smallest), or more regions}}
pe.program @full {
  pe.buffer @w words 10000 kind "weight" at 0 from @s #pe.box<1 * 1, 1 * 1, [10000, 0, 10000, 0, 0, 0, 0, 0, 0, 1]> loc("conv")
  pe.buffer @a words 988 kind "activation" at 40000 loc("relu")
  pe.func @f(%p) {
    pe.store %p to %p
    pe.store %p to %p plus 4
    pe.store %p to %p plus 8
    pe.store %p to %p plus 12
    pe.store %p to %p plus 16
    pe.store %p to %p plus 20
    pe.store %p to %p plus 24
    pe.store %p to %p plus 28
    pe.store %p to %p plus 32
    pe.store %p to %p plus 36
    pe.store %p to %p plus 40
    pe.store %p to %p plus 44
    pe.store %p to %p plus 48
    pe.store %p to %p plus 52
    pe.store %p to %p plus 56
    pe.store %p to %p plus 60
    pe.store %p to %p plus 64
  } loc("conv")
  pe.main {
    %0 = pe.const 0 loc("conv")
    pe.call @f(%0) loc("conv")
  } loc(unknown)
}

// -----

pe.program @unplaced {
  // expected-error @below {{[WF3503] buffer @a has no address}}
  // expected-note @below {{hint: run pe-allocate-buffers first}}
  pe.buffer @a words 4 kind "scratch"
  pe.main {}
}

// -----

pe.program @unplaced {
  pe.buffer @a words 4 kind "scratch" at 512
  pe.func @f() {
    // expected-error @below {{[WF3503] buffer @a has no address where code needs it}}
    // expected-note @below {{hint: run pe-allocate-buffers first}}
    %a = pe.addr @a
    pe.store %a to %a
  }
  pe.main {
    pe.call @f()
  }
}
