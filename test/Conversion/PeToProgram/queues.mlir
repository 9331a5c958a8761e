// RUN: wafer-translate --pe-to-asm %s -split-input-file -verify-diagnostics -pe-target=wse3

// A core has six queues from its router: seven receives at a time are one too many.
// expected-error @below {{[WF3504] region @ends, node 'sum': code word 16: receives on 7 colors at once, and a core has 6 input queues}}
// expected-note @below {{hint: choose another --target, or correct fabric.input_queues if the machine has more}}
pe.program @ends {
  pe.func @take() {
    %1 = pe.const 1
    %c0 = pe.fabric 0
    %c1 = pe.fabric 1
    %c2 = pe.fabric 2
    %c3 = pe.fabric 3
    %c4 = pe.fabric 4
    %c5 = pe.fabric 5
    %c6 = pe.fabric 6
    pe.vec mov f32 over(%1) of %c0 thread 1 : !pe.fabric
    pe.vec mov f32 over(%1) of %c1 thread 2 : !pe.fabric
    pe.vec mov f32 over(%1) of %c2 thread 3 : !pe.fabric
    pe.vec mov f32 over(%1) of %c3 thread 4 : !pe.fabric
    pe.vec mov f32 over(%1) of %c4 thread 5 : !pe.fabric
    pe.vec mov f32 over(%1) of %c5 thread 6 : !pe.fabric
    pe.vec mov f32 over(%1) of %c6 : !pe.fabric
    pe.wait 1
    pe.wait 2
    pe.wait 3
    pe.wait 4
    pe.wait 5
    pe.wait 6
  } loc("sum")
  pe.main {
    pe.call @take() loc("sum")
  }
}

// -----

// What one thread has ended makes way for the next.
pe.program @in_turn {
  pe.func @take() {
    %0 = pe.const 0
    %1 = pe.const 1
    %9 = pe.const 9
    %c0 = pe.fabric 0
    %c1 = pe.fabric 1
    pe.for %i = %0 to %9 step %1 {
      pe.vec mov f32 over(%1) of %c0 thread 1 : !pe.fabric
      pe.vec mov f32 over(%1) of %c1 thread 1 : !pe.fabric
    }
    pe.wait 1
  }
  pe.main {
    pe.call @take()
  }
}

// -----

// expected-error @below {{[WF3504] region @two: code word 4: one instruction receives on 2 colors, and a core's may on 1}}
// expected-note @below {{hint: choose another --target, or correct core.fabric_inputs if the machine has more}}
pe.program @two {
  pe.func @take() {
    %1 = pe.const 1
    %c0 = pe.fabric 0
    %c1 = pe.fabric 1
    %c2 = pe.fabric 2
    pe.vec add f32 over(%1) to %c2 of %c0, %c1 : (!pe.fabric) !pe.fabric, !pe.fabric
  }
  pe.main {
    pe.call @take()
  }
}
