// RUN: wafer-opt %s -split-input-file -verify-diagnostics

// expected-error @below {{must hold exactly one pe.main}}
pe.program @none {
}

// -----

pe.program @stray {
  pe.main {}
  // expected-error @below {{'pe.const' op cannot stand in a pe.program}}
  %c = pe.const 1
}

// -----

pe.program @p {
  // expected-error @below {{kind must be weight, activation or scratch, got "heap"}}
  pe.buffer @a words 4 kind "heap"
  pe.main {}
}

// -----

pe.program @p {
  // expected-error @below {{has a negative size}}
  pe.buffer @a words -4 kind "scratch"
  pe.main {}
}

// -----

pe.program @p {
  // expected-error @below {{a buffer is loaded from a source if and only if it is a weight}}
  pe.buffer @a words 4 kind "weight"
  pe.main {}
}

// -----

pe.program @p {
  // expected-error @below {{address must be a multiple of 4, got 6}}
  pe.buffer @a words 4 kind "scratch" at 6
  pe.main {}
}

// -----

pe.program @p {
  // expected-error @below {{of 4 words, but its box touches words 0 to 7}}
  pe.buffer @a words 4 kind "weight" from @w #pe.box<1 * 1, 1 * 1, [64, 0, 8, 8, 0, 0, 0, 0, 0, 1]>
  pe.main {}
}

// -----

pe.program @p {
  // expected-error @below {{takes at most 3 arguments}}
  pe.func @f(%a, %b, %c, %d) {}
  pe.main {}
}

// -----

pe.program @p {
  // expected-error @below {{starts thread 2 and never waits for it}}
  pe.func @f(%n) {
    %c = pe.fabric 1
    pe.vec mov f32 over(%n) to %c of %n thread 2 : (!pe.fabric) i32
    pe.wait 1
  }
  pe.main {}
}

// -----

pe.program @p {
  pe.func @f(%n) attributes {open} {
    %c = pe.fabric 1
    pe.vec mov f32 over(%n) to %c of %n thread 2 : (!pe.fabric) i32
  }
  pe.main {
    %n = pe.const 1
    // expected-error @below {{calls @f, which leaves a thread open that main never waits for}}
    pe.call @f(%n)
  }
}

// -----

pe.program @p {
  pe.func @f() {
    // expected-error @below {{must stand in pe.main: functions do not call functions}}
    pe.call @g()
  }
  pe.func @g() {}
  pe.main {}
}

// -----

pe.program @p {
  pe.main {
    // expected-error @below {{calls unknown function @g}}
    pe.call @g()
  }
}

// -----

pe.program @p {
  pe.func @f(%n) {}
  pe.main {
    // expected-error @below {{passes 0 arguments to a function of 1}}
    pe.call @f()
  }
}

// -----

pe.program @p {
  pe.func @f() {
    %0 = pe.param 2
    pe.trap %0, "never"
  }
  pe.main {
    // expected-error @below {{calls @f, which reads a table, without one}}
    pe.call @f()
  }
}

// -----

pe.program @p {
  pe.table @t [1, 2]
  pe.func @f() {
    %0 = pe.param 2
    pe.trap %0, "never"
  }
  pe.main {
    // expected-error @below {{calls @f, which reads 3 entries, with a table of 2}}
    pe.call @f table @t()
  }
}

// -----

pe.program @p {
  pe.func @f() {}
  pe.main {
    // expected-error @below {{names unknown table @t}}
    pe.call @f table @t()
  }
}

// -----

pe.program @p {
  pe.main {
    %zero = pe.const 0
    // expected-error @below {{step must be positive, got 0}}
    pe.for %i = %zero to %zero step %zero {}
  }
}

// -----

pe.program @p {
  pe.main {
    // expected-error @below {{names unknown buffer @a}}
    %a = pe.addr @a
  }
}

// -----

pe.program @p {
  pe.buffer @a words 4 kind "scratch"
  pe.main {
    // expected-error @below {{offset -1 lies outside of @a, which has 4 words}}
    %a = pe.addr @a plus -1
  }
}

// -----

pe.program @p {
  pe.buffer @a words 4 kind "scratch"
  pe.main {
    // expected-error @below {{offset 5 lies outside of @a, which has 4 words}}
    %a = pe.addr @a plus 5
  }
}

// -----

pe.program @p {
  pe.main {
    // expected-error @below {{must stand in a function: main has no table}}
    %a = pe.param 0
  }
}

// -----

pe.program @p {
  pe.func @f() {
    // expected-error @below {{index must not be negative, got -1}}
    %a = pe.param -1
  }
  pe.main {}
}

// -----

pe.program @p {
  pe.func @f(%n) {
    // expected-error @below {{offset must be a multiple of 4 of 32 bits, got 2}}
    %a = pe.load %n plus 2
  }
  pe.main {}
}

// -----

pe.program @p {
  pe.func @f(%n) {
    // expected-error @below {{has 0 strides; 1 to 4 are possible}}
    %a = pe.desc %n[]
  }
  pe.main {}
}

// -----

pe.program @p {
  pe.func @f() {
    // expected-error @below {{color must lie in 0..31, got 32}}
    %a = pe.fabric 32
  }
  pe.main {}
}

// -----

pe.program @p {
  pe.func @f(%n) {
    %d = pe.desc %n[%n]
    // expected-error @below {{add reads 2 operands, got 1}}
    pe.vec add f32 over(%n) to %d of %d : (!pe.desc) !pe.desc
  }
  pe.main {}
}

// -----

pe.program @p {
  pe.func @f(%n) {
    %d = pe.desc %n[%n]
    // expected-error @below {{a descriptor of rank 1 in a nest of rank 2}}
    pe.vec mov f32 over(%n, %n) to %d of %d : (!pe.desc) !pe.desc
  }
  pe.main {}
}

// -----

pe.program @p {
  pe.func @f(%n) {
    %d = pe.desc %n[%n]
    // expected-error @below {{has a nest of rank 5; 1 to 4 are possible}}
    pe.vec mov f32 over(%n, %n, %n, %n, %n) to %d of %d : (!pe.desc) !pe.desc
  }
  pe.main {}
}

// -----

pe.program @p {
  pe.func @f(%n) {
    %d = pe.desc %n[%n]
    // expected-error @below {{only a send can be followed by a control wavelet}}
    pe.vec mov f32 over(%n) to %d of %d control reset : (!pe.desc) !pe.desc
  }
  pe.main {}
}

// -----

pe.program @p {
  pe.func @f(%n) {
    %d = pe.desc %n[%n]
    // expected-error @below {{drops its result and receives nothing}}
    pe.vec mov f32 over(%n) of %d : !pe.desc
  }
  pe.main {}
}

// -----

pe.program @p {
  pe.func @f(%n) {
    %d = pe.desc %n[%n]
    // expected-error @below {{iota is not of f32}}
    pe.vec iota f32 over(%n) to %d of %d : (!pe.desc) !pe.desc
  }
  pe.main {}
}

// -----

pe.program @p {
  pe.func @f(%n) {
    %d = pe.desc %n[%n]
    // expected-error @below {{block, box and lower corner must have one rank}}
    pe.recv_window 3 over(%n) of (%n, %n) from (%n) to %d
  }
  pe.main {}
}

// -----

pe.program @p {
  pe.func @f() {
    // expected-error @below {{thread must lie in 1..7, got 0}}
    pe.wait 0
  }
  pe.main {}
}

// -----

pe.program @p {
  pe.func @f(%n) {
    %d = pe.desc %n[%n]
    // expected-error @below {{exp is not of i32}}
    pe.vec exp i32 over(%n) to %d of %d : (!pe.desc) !pe.desc
  }
  pe.main {}
}

// -----

pe.program @p {
  pe.func @f(%n) {
    %d = pe.desc %n[%n]
    // expected-error @below {{shl is not of f32}}
    pe.vec shl f32 over(%n) to %d of %d, %n : (!pe.desc) !pe.desc, i32
  }
  pe.main {}
}

// -----

pe.program @p {
  pe.func @f(%n) {
    %c = pe.fabric 3
    %d = pe.desc %n[%n]
    // expected-error @below {{receives color 3 twice}}
    pe.vec add f32 over(%n) to %d of %c, %c : (!pe.desc) !pe.fabric, !pe.fabric
  }
  pe.main {}
}

// -----

pe.program @p {
  pe.func @f(%n) {
    %c = pe.fabric 3
    // expected-error @below {{thread must lie in 0..7, got 8}}
    pe.vec mov f32 over(%n) to %c of %n thread 8 : (!pe.fabric) i32
  }
  pe.main {}
}

// -----

// Whoever waits for its send first never takes what it waits for.
pe.program @p {
  pe.func @f(%n) attributes {returning} {
    %to = pe.fabric 1
    %from = pe.fabric 2
    // expected-error @below {{sends and waits in a function whose words return: it must be asynchronous}}
    pe.vec mov f32 over(%n) to %to of %n : (!pe.fabric) i32
    pe.vec mov f32 over(%n) of %from : !pe.fabric
  }
  pe.main {}
}
