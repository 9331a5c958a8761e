// RUN: wafer-opt %s -split-input-file -verify-diagnostics
// What verifiers prove of every plan: each element is held where it is read.

wafer.program @main mesh(8 x 8) {
  wafer.region @r0 size(4 x 2) {
    %0 = wafer.empty : tensor<16xf32, #wafer.layout<[4 at 4 * x0]>>
    // Rows hold all of it between their PEs, columns do not.
    %1 = wafer.redistribute %0 along x : (tensor<16xf32, #wafer.layout<[4 at 4 * x0]>>)
        -> tensor<16xf32, #wafer.layout<[8 at 8 * y0]>>
    // expected-error @+1 {{the PE at (1, 0) needs element [0] of 16, which no PE of its column holds}}
    %2 = wafer.redistribute %0 along y : (tensor<16xf32, #wafer.layout<[4 at 4 * x0]>>)
        -> tensor<16xf32, #wafer.layout<[8 at 8 * y0]>>
  }
}

// -----

wafer.program @main mesh(8 x 8) {
  wafer.region @r0 size(4 x 2) {
    %0 = wafer.empty : tensor<16xf32, #wafer.layout<[4 at 4 * x0 - 1]>>
    // expected-error @+1 {{needs element [15] of 16, which no PE of its row holds}}
    %1 = wafer.redistribute %0 along x : (tensor<16xf32, #wafer.layout<[4 at 4 * x0 - 1]>>)
        -> tensor<16xf32, #wafer.layout<[16 at 0]>>
  }
}

// -----

wafer.program @main mesh(8 x 8) {
  wafer.region @r0 size(4 x 2) {
    %0 = wafer.empty : tensor<16xf32, #wafer.layout<[3 at 4 * x0]>>
    // expected-error @+1 {{what the line's PEs hold of dimension 0 has gaps}}
    %1 = wafer.redistribute %0 along x : (tensor<16xf32, #wafer.layout<[3 at 4 * x0]>>)
        -> tensor<16xf32, #wafer.layout<[16 at 0]>>
  }
}

// -----

wafer.program @main mesh(8 x 8) {
  wafer.region @r0 size(4 x 2) {
    %0 = wafer.empty : tensor<16x4xf32, #wafer.layout<[4 at 4 * x0, 1 at 1 * x0]>>
    // expected-error @+1 {{the line's PEs hold no box between them: an axis cuts two dimensions of the source}}
    %1 = wafer.redistribute %0 along x : (tensor<16x4xf32, #wafer.layout<[4 at 4 * x0, 1 at 1 * x0]>>)
        -> tensor<16x4xf32, #wafer.layout<[16 at 0, 4 at 0]>>
  }
}

// -----

wafer.program @main mesh(8 x 8) {
  wafer.region @r0 size(4 x 2) {
    %0 = wafer.empty : tensor<16xf32, #wafer.layout<[4 at 4 * x0]>>
    // expected-error @+1 {{the PE at (1, 0) needs element [3] of 16, which it does not hold}}
    %1 = wafer.redistribute %0 locally : (tensor<16xf32, #wafer.layout<[4 at 4 * x0]>>)
        -> tensor<16xf32, #wafer.layout<[2 at 4 * x0 - 1]>>
  }
}

// -----

// Halos of one dimension come from the neighbors, but the other one is shared along y.
wafer.program @main mesh(8 x 8) {
  wafer.region @r0 size(4 x 2) {
    %0 = wafer.empty : tensor<16x8xf32, #wafer.layout<[4 at 4 * x0, 4 at 4 * y0]>>
    // expected-error @+1 {{which neither it nor its neighbors hold}}
    %1 = wafer.redistribute %0 along x by neighbors : (tensor<16x8xf32, #wafer.layout<[4 at 4 * x0, 4 at 4 * y0]>>)
        -> tensor<16x8xf32, #wafer.layout<[6 at 4 * x0 - 1, 8 at 0]>>
  }
}

// -----

wafer.program @main mesh(8 x 8) {
  wafer.region @r0 size(4 x 1) {
    %0 = wafer.empty : tensor<16xf32, #wafer.layout<[4 at 4 * x0]>>
    %1 = wafer.empty : tensor<18xf32, #wafer.layout<[18 at 0]>>
    // The first element stays as it was.
    %2 = wafer.redistribute %0 into %1 along x shift [1] : (tensor<16xf32, #wafer.layout<[4 at 4 * x0]>>,
        tensor<18xf32, #wafer.layout<[18 at 0]>>) -> tensor<18xf32, #wafer.layout<[18 at 0]>>
    // expected-error @+1 {{the PE at (0, 0) needs element [-1] of 16, which no PE of its row holds}}
    %3 = wafer.redistribute %0 along x shift [1] : (tensor<16xf32, #wafer.layout<[4 at 4 * x0]>>)
        -> tensor<18xf32, #wafer.layout<[18 at 0]>>
  }
}

// -----

wafer.program @main mesh(8 x 8) {
  wafer.region @r0 size(4 x 2) {
    %0 = wafer.empty : tensor<16xf32, #wafer.layout<[16 at 0], valid_at_0 = [x0]>>
    %1 = wafer.redistribute %0 along x : (tensor<16xf32, #wafer.layout<[16 at 0], valid_at_0 = [x0]>>)
        -> tensor<16xf32, #wafer.layout<[4 at 4 * x0]>>
    // expected-error @+1 {{result is valid at more PEs than those that the source's valid elements get to}}
    %2 = wafer.redistribute %0 along y : (tensor<16xf32, #wafer.layout<[16 at 0], valid_at_0 = [x0]>>)
        -> tensor<16xf32, #wafer.layout<[4 at 4 * x0]>>
  }
}

// -----

wafer.program @main mesh(8 x 8) {
  wafer.region @r0 size(4 x 2) {
    %0 = wafer.empty : tensor<4xf32, #wafer.layout<[4 at 0]>>
    // expected-error @+1 {{result is partial: no movement makes terms of a sum}}
    %1 = wafer.redistribute %0 along x : (tensor<4xf32, #wafer.layout<[4 at 0]>>)
        -> tensor<4xf32, #wafer.layout<[4 at 0], partial = add[x0]>>
  }
}

// -----

// In a chunk there is no more than the chunk: what other PEs have of it is no part of what these must get.
wafer.program @main mesh(8 x 8) {
  wafer.region @r0 size(1 x 2) {
    %0 = wafer.empty : tensor<8xf32, #wafer.layout<[8 at 0]>>
    %1 = wafer.chunks 4 init (%0) : (tensor<8xf32, #wafer.layout<[8 at 0]>>) -> tensor<8xf32, #wafer.layout<[8 at 0]>> {
    ^bb0(%all: tensor<8xf32, #wafer.layout<[8 at 0]>>):
      %part = wafer.empty : tensor<8xf32, #wafer.layout<[1 at 1 * y0 + 2 * t]>>
      %next = wafer.redistribute %part into %all along y : (tensor<8xf32, #wafer.layout<[1 at 1 * y0 + 2 * t]>>,
          tensor<8xf32, #wafer.layout<[8 at 0]>>) -> tensor<8xf32, #wafer.layout<[8 at 0]>>
      // expected-error @+1 {{in chunk 0 the PE at (0, 1) needs element [0] of 8, which it does not hold}}
      %same = wafer.redistribute %part into %all locally : (tensor<8xf32, #wafer.layout<[1 at 1 * y0 + 2 * t]>>,
          tensor<8xf32, #wafer.layout<[8 at 0]>>) -> tensor<8xf32, #wafer.layout<[8 at 0]>>
      wafer.yield %same : tensor<8xf32, #wafer.layout<[8 at 0]>>
    }
  }
}

// -----

wafer.program @main mesh(8 x 8) {
  wafer.region @r0 size(1 x 2) {
    %0 = wafer.empty : tensor<8xf32, #wafer.layout<[4 at 0]>>
    %1 = wafer.chunks 4 init (%0) : (tensor<8xf32, #wafer.layout<[4 at 0]>>) -> tensor<8xf32, #wafer.layout<[4 at 0]>> {
    ^bb0(%all: tensor<8xf32, #wafer.layout<[4 at 0]>>):
      // expected-error @+1 {{in chunk 3 the PE at (0, 0) needs element [4] of 8, which it does not hold}}
      %part = wafer.redistribute %all locally : (tensor<8xf32, #wafer.layout<[4 at 0]>>)
          -> tensor<8xf32, #wafer.layout<[2 at 1 * t]>>
      wafer.yield %all : tensor<8xf32, #wafer.layout<[4 at 0]>>
    }
  }
}

// -----

// A merge needs all rows of what it merges on the line.
wafer.program @main mesh(8 x 8) {
  wafer.region @r0 size(4 x 2) {
    %0 = wafer.empty : tensor<4x6xf32, #wafer.layout<[2 at 2 * y0, 2 at 2 * x0]>>
    // expected-error @+1 {{the PE at (0, 1) needs element [0, 0] of 4x6, which no PE of its row holds}}
    %1 = wafer.redistribute %0 along x merge 0 : (tensor<4x6xf32, #wafer.layout<[2 at 2 * y0, 2 at 2 * x0]>>)
        -> tensor<24xf32, #wafer.layout<[12 at 12 * x0]>>
  }
}

// -----

wafer.program @main mesh(8 x 8) {
  wafer.region @r0 size(4 x 2) {
    %0 = wafer.empty : tensor<24xf32, #wafer.layout<[8 at 8 * x0 + 1]>>
    // expected-error @+1 {{the PE at (0, 0) needs element [0, 0] of 4x6, which no PE of its row holds}}
    %1 = wafer.redistribute %0 along x split 0 : (tensor<24xf32, #wafer.layout<[8 at 8 * x0 + 1]>>)
        -> tensor<4x6xf32, #wafer.layout<[4 at 0, 6 at 0]>>
  }
}

// -----

wafer.program @main mesh(8 x 8) {
  wafer.region @r0 size(4 x 2) {
    %0 = wafer.empty : tensor<4xf32, #wafer.layout<[4 at 0], partial = add[x0]>>
    // expected-error @+1 {{the result is valid only at coordinate 0 of the axes that had terms}}
    %1 = wafer.reduce %0 along x by chain : tensor<4xf32, #wafer.layout<[4 at 0], partial = add[x0]>>
        to tensor<4xf32, #wafer.layout<[4 at 0]>>
  }
}

// -----

wafer.program @main mesh(8 x 8) {
  wafer.region @r0 size(4 x 2) {
    %0 = wafer.empty : tensor<4xf32, #wafer.layout<[4 at 0], partial = add[x0]>>
    // expected-error @+1 {{combines boxes where they lie: those of the result must be the source's}}
    %1 = wafer.reduce %0 along x by chain : tensor<4xf32, #wafer.layout<[4 at 0], partial = add[x0]>>
        to tensor<4xf32, #wafer.layout<[2 at 0], valid_at_0 = [x0]>>
  }
}

// -----

wafer.program @main mesh(8 x 8) {
  wafer.region @r0 size(4 x 2) {
    %0 = wafer.empty : tensor<4xf32, #wafer.layout<[4 at 0], partial = add[x0, y0]>>
    // expected-error @+1 {{must keep the terms of other axes}}
    %1 = wafer.reduce %0 along x by chain : tensor<4xf32, #wafer.layout<[4 at 0], partial = add[x0, y0]>>
        to tensor<4xf32, #wafer.layout<[4 at 0], valid_at_0 = [x0]>>
  }
}

// -----

wafer.program @main mesh(4 x 4) {
  wafer.region @r0 size(2 x 2) {
    %0 = wafer.empty : tensor<4x6xf32, #wafer.layout<[2 at 2 * x0, 6 at 0]>>
    %1 = wafer.reshape %0 : tensor<4x6xf32, #wafer.layout<[2 at 2 * x0, 6 at 0]>>
        to tensor<24xf32, #wafer.layout<[12 at 12 * x0]>>
    // expected-error @+1 {{PEs' boxes of [4, 6] and of [24] are not the same words}}
    %2 = wafer.reshape %0 : tensor<4x6xf32, #wafer.layout<[2 at 2 * x0, 6 at 0]>>
        to tensor<24xf32, #wafer.layout<[12 at 12 * y0]>>
  }
}

// -----

wafer.program @main mesh(4 x 4) {
  wafer.region @r0 size(2 x 2) {
    %0 = wafer.empty : tensor<4x6xf32, #wafer.layout<[4 at 0, 3 at 3 * x0]>>
    // expected-error @+1 {{PEs' boxes of [4, 6] and of [24] are not the same words}}
    %1 = wafer.reshape %0 : tensor<4x6xf32, #wafer.layout<[4 at 0, 3 at 3 * x0]>>
        to tensor<24xf32, #wafer.layout<[12 at 12 * x0]>>
  }
}

// -----

// A product of a and b on 2 x 2 PEs: rows of a on y, terms on x.
#a = #wafer.layout<[2 at 2 * y0, 3 at 3 * x0]>
#b = #wafer.layout<[3 at 3 * x0, 5 at 0]>
#loops = #wafer.layout<[2 at 2 * y0, 5 at 0, 3 at 3 * x0]>
#terms = #wafer.layout<[2 at 2 * y0, 5 at 0], partial = add[x0]>
#maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>, affine_map<(i, j, k) -> (i, j)>]
wafer.program @main mesh(4 x 4) {
  wafer.region @r0 size(2 x 2) {
    %a = wafer.empty : tensor<4x6xf32, #a>
    %b = wafer.empty : tensor<6x5xf32, #b>
    %c = wafer.kernel(%a, %b) {extents = array<i64: 4, 5, 6>, identity = 0.0 : f32, indexing_maps = #maps, iteration = #loops,
        iterators = ["parallel", "parallel", "reduction"]} : (tensor<4x6xf32, #a>, tensor<6x5xf32, #b>) -> tensor<4x5xf32, #terms> {
    ^bb0(%x: f32, %y: f32, %s: f32):
      %p = arith.mulf %x, %y : f32
      %n = arith.addf %s, %p : f32
      wafer.yield %n : f32
    }
    %less = wafer.empty : tensor<6x5xf32, #wafer.layout<[2 at 3 * x0, 5 at 0]>>
    // expected-error @+1 {{the PE at (0, 0) reads element [2, 0] of 6x5 of input 1, which it does not hold}}
    %d = wafer.kernel(%a, %less) {extents = array<i64: 4, 5, 6>, identity = 0.0 : f32, indexing_maps = #maps, iteration = #loops,
        iterators = ["parallel", "parallel", "reduction"]} : (tensor<4x6xf32, #a>, tensor<6x5xf32, #wafer.layout<[2 at 3 * x0, 5 at 0]>>) -> tensor<4x5xf32, #terms> {
    ^bb0(%x: f32, %y: f32, %s: f32):
      %p = arith.mulf %x, %y : f32
      %n = arith.addf %s, %p : f32
      wafer.yield %n : f32
    }
  }
}

// -----

// Iterations that write beyond the PE's box would write over something else.
#loops = #wafer.layout<[2 at 2 * y0, 6 at 0]>
#result = #wafer.layout<[1 at 2 * y0]>
wafer.program @main mesh(4 x 4) {
  wafer.region @r0 size(2 x 2) {
    %a = wafer.empty : tensor<4x6xf32, #wafer.layout<[4 at 0, 6 at 0]>>
    // expected-error @+1 {{the PE at (0, 0) writes element [1] of 4 of its result, which it does not hold}}
    %c = wafer.kernel(%a) {extents = array<i64: 4, 6>, identity = 0.0 : f32, iteration = #loops,
        indexing_maps = [affine_map<(i, k) -> (i, k)>, affine_map<(i, k) -> (i)>], iterators = ["parallel", "reduction"]}
        : (tensor<4x6xf32, #wafer.layout<[4 at 0, 6 at 0]>>) -> tensor<4xf32, #result> {
    ^bb0(%x: f32, %s: f32):
      %n = arith.addf %s, %x : f32
      wafer.yield %n : f32
    }
  }
}

// -----

// A box is what was computed.
#loops = #wafer.layout<[2 at 2 * y0, 6 at 0]>
#result = #wafer.layout<[4 at 2 * y0]>
wafer.program @main mesh(4 x 4) {
  wafer.region @r0 size(2 x 2) {
    %a = wafer.empty : tensor<4x6xf32, #wafer.layout<[4 at 0, 6 at 0]>>
    // expected-error @+1 {{the PE at (0, 0) does not compute element [2] of 4 of its result}}
    %c = wafer.kernel(%a) {extents = array<i64: 4, 6>, identity = 0.0 : f32, iteration = #loops,
        indexing_maps = [affine_map<(i, k) -> (i, k)>, affine_map<(i, k) -> (i)>], iterators = ["parallel", "reduction"]}
        : (tensor<4x6xf32, #wafer.layout<[4 at 0, 6 at 0]>>) -> tensor<4xf32, #result> {
    ^bb0(%x: f32, %s: f32):
      %n = arith.addf %s, %x : f32
      wafer.yield %n : f32
    }
  }
}

// -----

// Each PE of a row has a part of the terms.
#loops = #wafer.layout<[2 at 2 * y0, 3 at 3 * x0]>
#result = #wafer.layout<[2 at 2 * y0]>
wafer.program @main mesh(4 x 4) {
  wafer.region @r0 size(2 x 2) {
    %a = wafer.empty : tensor<4x6xf32, #wafer.layout<[4 at 0, 6 at 0]>>
    // expected-error @+1 {{the terms of loop 1 lie on PEs or in chunks that the result is not partial on}}
    %c = wafer.kernel(%a) {extents = array<i64: 4, 6>, identity = 0.0 : f32, iteration = #loops,
        indexing_maps = [affine_map<(i, k) -> (i, k)>, affine_map<(i, k) -> (i)>], iterators = ["parallel", "reduction"]}
        : (tensor<4x6xf32, #wafer.layout<[4 at 0, 6 at 0]>>) -> tensor<4xf32, #result> {
    ^bb0(%x: f32, %s: f32):
      %n = arith.addf %s, %x : f32
      wafer.yield %n : f32
    }
  }
}

// -----

// Both PEs of a row have all terms.
#loops = #wafer.layout<[2 at 2 * y0, 6 at 0]>
#result = #wafer.layout<[2 at 2 * y0], partial = add[x0]>
wafer.program @main mesh(4 x 4) {
  wafer.region @r0 size(2 x 2) {
    %a = wafer.empty : tensor<4x6xf32, #wafer.layout<[4 at 0, 6 at 0]>>
    // expected-error @+1 {{every PE has the same terms on an axis that the result is partial on}}
    %c = wafer.kernel(%a) {extents = array<i64: 4, 6>, identity = 0.0 : f32, iteration = #loops,
        indexing_maps = [affine_map<(i, k) -> (i, k)>, affine_map<(i, k) -> (i)>], iterators = ["parallel", "reduction"]}
        : (tensor<4x6xf32, #wafer.layout<[4 at 0, 6 at 0]>>) -> tensor<4xf32, #result> {
    ^bb0(%x: f32, %s: f32):
      %n = arith.addf %s, %x : f32
      wafer.yield %n : f32
    }
  }
}

// -----

// Nobody has the last two.
#loops = #wafer.layout<[2 at 2 * y0, 2 at 2 * x0]>
#result = #wafer.layout<[2 at 2 * y0], partial = add[x0]>
wafer.program @main mesh(4 x 4) {
  wafer.region @r0 size(2 x 2) {
    %a = wafer.empty : tensor<4x6xf32, #wafer.layout<[4 at 0, 6 at 0]>>
    // expected-error @+1 {{the terms of loop 1 are not all there}}
    %c = wafer.kernel(%a) {extents = array<i64: 4, 6>, identity = 0.0 : f32, iteration = #loops,
        indexing_maps = [affine_map<(i, k) -> (i, k)>, affine_map<(i, k) -> (i)>], iterators = ["parallel", "reduction"]}
        : (tensor<4x6xf32, #wafer.layout<[4 at 0, 6 at 0]>>) -> tensor<4xf32, #result> {
    ^bb0(%x: f32, %s: f32):
      %n = arith.addf %s, %x : f32
      wafer.yield %n : f32
    }
  }
}

// -----

// Between the two blocks there is one.
#loops = #wafer.layout<[2 at 2 * y0, 2 at 4 * x0]>
#result = #wafer.layout<[2 at 2 * y0], partial = add[x0]>
wafer.program @main mesh(4 x 4) {
  wafer.region @r0 size(2 x 2) {
    %a = wafer.empty : tensor<4x6xf32, #wafer.layout<[4 at 0, 6 at 0]>>
    // expected-error @+1 {{the terms of loop 1 are not all there}}
    %c = wafer.kernel(%a) {extents = array<i64: 4, 6>, identity = 0.0 : f32, iteration = #loops,
        indexing_maps = [affine_map<(i, k) -> (i, k)>, affine_map<(i, k) -> (i)>], iterators = ["parallel", "reduction"]}
        : (tensor<4x6xf32, #wafer.layout<[4 at 0, 6 at 0]>>) -> tensor<4xf32, #result> {
    ^bb0(%x: f32, %s: f32):
      %n = arith.addf %s, %x : f32
      wafer.yield %n : f32
    }
  }
}

// -----

// Two PEs add the same.
#loops = #wafer.layout<[2 at 2 * y0, 4 at 3 * x0]>
#result = #wafer.layout<[2 at 2 * y0], partial = add[x0]>
wafer.program @main mesh(4 x 4) {
  wafer.region @r0 size(2 x 2) {
    %a = wafer.empty : tensor<4x6xf32, #wafer.layout<[4 at 0, 6 at 0]>>
    // expected-error @+1 {{the terms of loop 1 are there more than once}}
    %c = wafer.kernel(%a) {extents = array<i64: 4, 6>, identity = 0.0 : f32, iteration = #loops,
        indexing_maps = [affine_map<(i, k) -> (i, k)>, affine_map<(i, k) -> (i)>], iterators = ["parallel", "reduction"]}
        : (tensor<4x6xf32, #wafer.layout<[4 at 0, 6 at 0]>>) -> tensor<4xf32, #result> {
    ^bb0(%x: f32, %s: f32):
      %n = arith.addf %s, %x : f32
      wafer.yield %n : f32
    }
  }
}

// -----

// A PE of y looks up what it has an index of.
wafer.program @main mesh(4 x 4) {
  wafer.region @r0 size(2 x 2) {
    %table = wafer.empty : tensor<10x8xf32, #wafer.layout<[5 at 5 * x0, 8 at 0]>>
    %ids = wafer.empty : tensor<4xi32, #wafer.layout<[2 at 2 * y0]>>
    // expected-error @+1 {{the PE at (0, 1) reads element [0] of 4 of input 1, which it does not hold}}
    %rows = wafer.gather %table at %ids : (tensor<10x8xf32, #wafer.layout<[5 at 5 * x0, 8 at 0]>>, tensor<4xi32, #wafer.layout<[2 at 2 * y0]>>)
        -> tensor<4x8xf32, #wafer.layout<[4 at 0, 8 at 0], partial = pick[x0]>>
  }
}

// -----

// Any row may be asked for.
wafer.program @main mesh(4 x 4) {
  wafer.region @r0 size(2 x 2) {
    %table = wafer.empty : tensor<10x8xf32, #wafer.layout<[4 at 4 * x0, 8 at 0]>>
    %ids = wafer.empty : tensor<4xi32, #wafer.layout<[4 at 0]>>
    // expected-error @+1 {{the terms of loop 2 are not all there}}
    %rows = wafer.gather %table at %ids : (tensor<10x8xf32, #wafer.layout<[4 at 4 * x0, 8 at 0]>>, tensor<4xi32, #wafer.layout<[4 at 0]>>)
        -> tensor<4x8xf32, #wafer.layout<[4 at 0, 8 at 0], partial = pick[x0]>>
  }
}

// -----

// Each PE of a row has half of the table.
wafer.program @main mesh(4 x 4) {
  wafer.region @r0 size(2 x 2) {
    %table = wafer.empty : tensor<10x8xf32, #wafer.layout<[5 at 5 * x0, 8 at 0]>>
    %ids = wafer.empty : tensor<4xi32, #wafer.layout<[4 at 0]>>
    // expected-error @+1 {{the terms of loop 2 lie on PEs or in chunks that the result is not partial on}}
    %rows = wafer.gather %table at %ids : (tensor<10x8xf32, #wafer.layout<[5 at 5 * x0, 8 at 0]>>, tensor<4xi32, #wafer.layout<[4 at 0]>>)
        -> tensor<4x8xf32, #wafer.layout<[4 at 0, 8 at 0]>>
  }
}

// -----

// Of a row a PE has what it has.
wafer.program @main mesh(4 x 4) {
  wafer.region @r0 size(2 x 2) {
    %table = wafer.empty : tensor<10x8xf32, #wafer.layout<[5 at 5 * x0, 4 at 4 * y0]>>
    %ids = wafer.empty : tensor<4xi32, #wafer.layout<[4 at 0]>>
    // expected-error @+1 {{the PE at (0, 1) reads element [0, 0] of 10x8 of input 0, which it does not hold}}
    %rows = wafer.gather %table at %ids : (tensor<10x8xf32, #wafer.layout<[5 at 5 * x0, 4 at 4 * y0]>>, tensor<4xi32, #wafer.layout<[4 at 0]>>)
        -> tensor<4x8xf32, #wafer.layout<[4 at 0, 8 at 0], partial = pick[x0]>>
  }
}

// -----

#part = #wafer.layout<[4 at 4 * x0]>
wafer.program @main mesh(8 x 8) {
  wafer.region @r0 size(4 x 2) {
    %0 = wafer.empty : tensor<16xf32, #part>
    // Rows hold all of it between their PEs, and each PE a term of it.
    %1 = wafer.terms %0 : tensor<16xf32, #part> to tensor<16xf32, #wafer.layout<[16 at 0], partial = pick[x0]>>
    // expected-error @+1 {{the PE at (1, 0) has a term of element [0] of 16, which no PE that it is combined with holds}}
    %2 = wafer.terms %0 : tensor<16xf32, #part> to tensor<16xf32, #wafer.layout<[16 at 0], partial = pick[y0]>>
  }
}

// -----

#once = #wafer.layout<[4 at 4 * x0]>
#twice = #wafer.layout<[4 at 3 * x0]>
wafer.program @main mesh(8 x 8) {
  wafer.region @r0 size(4 x 2) {
    %0 = wafer.empty : tensor<13xf32, #once>
    %1 = wafer.terms %0 : tensor<13xf32, #once> to tensor<13xf32, #wafer.layout<[13 at 0], partial = add[x0]>>
    %2 = wafer.empty : tensor<13xf32, #twice>
    %3 = wafer.terms %2 : tensor<13xf32, #twice> to tensor<13xf32, #wafer.layout<[13 at 0], partial = pick[x0]>>
    // expected-error @+1 {{PEs whose terms are added hold the same elements}}
    %4 = wafer.terms %2 : tensor<13xf32, #twice> to tensor<13xf32, #wafer.layout<[13 at 0], partial = add[x0]>>
  }
}

// -----

#part = #wafer.layout<[4 at 6 * x0]>
wafer.program @main mesh(8 x 8) {
  wafer.region @r0 size(4 x 2) {
    %0 = wafer.empty : tensor<16xf32, #part>
    // expected-error @+1 {{what PEs have of dimension 0 between them has gaps}}
    %1 = wafer.terms %0 : tensor<16xf32, #part> to tensor<16xf32, #wafer.layout<[16 at 0], partial = pick[x0]>>
  }
}

// -----

#part = #wafer.layout<[4 at 4 * x0, 1 at 1 * x0]>
wafer.program @main mesh(8 x 8) {
  wafer.region @r0 size(4 x 2) {
    %0 = wafer.empty : tensor<16x4xf32, #part>
    // expected-error @+1 {{PEs hold no box between them: an axis cuts two dimensions of the source}}
    %1 = wafer.terms %0 : tensor<16x4xf32, #part> to tensor<16x4xf32, #wafer.layout<[16 at 0, 4 at 0], partial = pick[x0]>>
  }
}

// -----

#part = #wafer.layout<[2 at 2 * x1], split = [2, 1]>
wafer.program @main mesh(8 x 8) {
  wafer.region @r0 size(4 x 2) {
    %0 = wafer.empty : tensor<4xf32, #part>
    // Each group of two has all of it between its PEs.
    %1 = wafer.terms %0 : tensor<4xf32, #part> to tensor<4xf32, #wafer.layout<[4 at 0], split = [2, 1], partial = pick[x1]>>
    // expected-error @+1 {{has a term of element [0] of 4, which no PE that it is combined with holds}}
    %2 = wafer.terms %0 : tensor<4xf32, #part> to tensor<4xf32, #wafer.layout<[4 at 0], split = [2, 1], partial = pick[x0]>>
  }
}

// -----

#copies = #wafer.layout<[4 at 4 * x0, 1 at 1 * x1], split = [3 * 2, 1]>
#windows = #wafer.layout<[4 at 4 * x0, 2 at 1 * xm], split = [3 * 2, 1]>
#terms = #wafer.layout<[8 at 0, 4 at 0], partial = add[x0]>
wafer.program @main mesh(12 x 8) {
  wafer.region @r0 size(12 x 1) {
    %0 = wafer.empty : tensor<8x2xf32, #copies>
    // Of three copies one is a term.
    %1 = wafer.terms %0 : tensor<8x2xf32, #copies> to tensor<8x2xf32, #wafer.layout<[8 at 0, 2 at 0], partial = add[x0]>>
    %2 = wafer.empty : tensor<8x4xf32, #windows>
    // expected-error @+1 {{PEs whose terms are added hold the same elements}}
    %3 = wafer.terms %2 : tensor<8x4xf32, #windows> to tensor<8x4xf32, #terms>
  }
}

// -----

// The blocks beside a PE's are four PEs away.
#blocks = #wafer.layout<[2 at 2 * y0], split = [1, 4]>
#windows = #wafer.layout<[4 at 2 * y0 - 1], split = [1, 4]>
wafer.program @main mesh(8 x 8) {
  wafer.region @r0 size(2 x 8) {
    %0 = wafer.empty : tensor<4xf32, #blocks>
    %1 = wafer.redistribute %0 along y : (tensor<4xf32, #blocks>) -> tensor<4xf32, #windows>
    // expected-error @+1 {{neighbors do not hold what PEs lack of their windows: move it by pass}}
    %2 = wafer.redistribute %0 along y by neighbors : (tensor<4xf32, #blocks>) -> tensor<4xf32, #windows>
  }
}
