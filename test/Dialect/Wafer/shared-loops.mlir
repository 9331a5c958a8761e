// RUN: wafer-opt %s -split-input-file -verify-diagnostics
// Who shares a kernel's loop: PEs of a line, or of groups, that have the same box.

#id = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>]
#rows = #wafer.layout<[2 at 2 * y0, 5 at 0]>
wafer.program @main mesh(8 x 8) {
  wafer.region @r0 size(4 x 2) {
    %a = wafer.empty : tensor<4x5xf32, #rows>
    // Of the five columns' worth the first two PEs of a row take two, the third one.
    %b = wafer.kernel(%a) {extents = array<i64: 4, 5>, iteration = #rows, iterators = ["parallel", "parallel"], shared = 1,
        indexing_maps = #id} : (tensor<4x5xf32, #rows>) -> tensor<4x5xf32, #wafer.layout<[2 at 2 * y0, 5 at 0], partial = pick[x0]>> {
    ^bb0(%u: f32, %old: f32):
      wafer.yield %u : f32
    }
    // expected-error @+1 {{shares a loop along the side on which its result is partial(pick)}}
    %c = wafer.kernel(%a) {extents = array<i64: 4, 5>, iteration = #rows, iterators = ["parallel", "parallel"], shared = 1,
        indexing_maps = #id} : (tensor<4x5xf32, #rows>) -> tensor<4x5xf32, #rows> {
    ^bb0(%u: f32, %old: f32):
      wafer.yield %u : f32
    }
  }
}

// -----

#id = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>]
#rows = #wafer.layout<[2 at 2 * y0, 5 at 0]>
wafer.program @main mesh(8 x 8) {
  wafer.region @r0 size(4 x 2) {
    %a = wafer.empty : tensor<4x5xf32, #rows>
    // expected-error @+1 {{shares a loop among PEs that have different boxes}}
    %b = wafer.kernel(%a) {extents = array<i64: 4, 5>, iteration = #rows, iterators = ["parallel", "parallel"], shared = 1,
        indexing_maps = #id} : (tensor<4x5xf32, #rows>) -> tensor<4x5xf32, #wafer.layout<[4 at 0, 5 at 0], partial = pick[y0]>> {
    ^bb0(%u: f32, %old: f32):
      wafer.yield %u : f32
    }
  }
}

// -----

#rows = #wafer.layout<[2 at 2 * y0, 5 at 0]>
wafer.program @main mesh(8 x 8) {
  wafer.region @r0 size(4 x 2) {
    %a = wafer.empty : tensor<4x5xf32, #rows>
    // expected-error @+1 {{shares a loop of an elementwise kernel with a result of its own}}
    %b = wafer.kernel(%a) {extents = array<i64: 4, 5>, iteration = #rows, iterators = ["parallel", "reduction"], shared = 0,
        identity = 0.0 : f32, indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>]}
        : (tensor<4x5xf32, #rows>) -> tensor<4xf32, #wafer.layout<[2 at 2 * y0], partial = pick[x0]>> {
    ^bb0(%u: f32, %sum: f32):
      %more = arith.addf %sum, %u : f32
      wafer.yield %more : f32
    }
  }
}
