// RUN: wafer-opt %s -split-input-file -verify-diagnostics

// expected-error @+1 {{unknown axis 'z'; axes are x0, xm, x1, y0, ym, y1, t}}
func.func private @axis(tensor<4xf32, #wafer.layout<[4 at 2 * z]>>)

// -----

// expected-error @+1 {{axis x0 shards dimension 0 and cannot be partial or valid_at_0}}
func.func private @both(tensor<4xf32, #wafer.layout<[4 at 2 * x0], valid_at_0 = [x0]>>)

// -----

// expected-error @+1 {{a rectangle needs x, y >= 0 and w, h >= 1}}
func.func private @rect() attributes {r = #wafer.rect<0, 0, 0, 1>}

// -----

wafer.program @main mesh(4 x 4) {
  // expected-error @+1 {{is 2 x 2 but its rectangle is 3 x 2}}
  wafer.region @r0 size(2 x 2) rect <0, 0, 3, 2> {
  }
}

// -----

wafer.program @main mesh(4 x 4) {
  wafer.region @r0 size(2 x 2) {
    %0 = wafer.empty : tensor<4xf32, #wafer.layout<[4 at 0], partial = add[x0]>>
    // expected-error @+1 {{source is partial: reduce it first}}
    %1 = wafer.redistribute %0 along x : (tensor<4xf32, #wafer.layout<[4 at 0], partial = add[x0]>>)
        -> tensor<4xf32, #wafer.layout<[2 at 2 * x0]>>
  }
}

// -----

wafer.program @main mesh(4 x 4) {
  wafer.region @r0 size(2 x 2) {
    %0 = wafer.empty : tensor<4xf32, #wafer.layout<[2 at 2 * x0]>>
    // expected-error @+1 {{source is not partial along y}}
    %1 = wafer.reduce %0 along y by chain : tensor<4xf32, #wafer.layout<[2 at 2 * x0]>>
        to tensor<4xf32, #wafer.layout<[2 at 2 * x0]>>
  }
}

// -----

wafer.program @main mesh(4 x 4) {
  wafer.region @r0 size(2 x 2) {
    %0 = wafer.empty : tensor<4xf32, #wafer.layout<[4 at 0]>>
    // expected-error @+1 {{PEs' boxes of [4] and of [2, 2] are not the same words}}
    %1 = wafer.reshape %0 : tensor<4xf32, #wafer.layout<[4 at 0]>> to tensor<2x2xf32, #wafer.layout<[1 at 0, 2 at 0]>>
  }
}

// -----

wafer.program @main mesh(4 x 4) {
  // expected-error @+1 {{has a producer and consumers, or the host in the place of one}}
  wafer.stream @s to [] of tensor<4xf32> senders 1 lanes 1
}

// -----

wafer.program @main mesh(8 x 8) {
  wafer.region @r0 size(4 x 6) {
    // expected-error @+1 {{has a layout with split [1, 4], which does not divide the sides of a 4 x 6 region}}
    %0 = wafer.empty : tensor<4xf32, #wafer.layout<[1 at 1 * y1], split = [1, 4]>>
  }
}

// -----

wafer.program @main mesh(8 x 8) {
  wafer.region @r0 size(8 x 1) {
    %0 = wafer.empty : tensor<8xf32, #wafer.layout<[2 at 2 * x1], split = [4, 1]>>
    // Groups of two lie within groups of four: it takes three axes to say both, and passes tell senders apart by two.
    // expected-error @+1 {{the layouts divide the line's side in three: a pass tells senders apart by two axes}}
    %1 = wafer.redistribute %0 along x : (tensor<8xf32, #wafer.layout<[2 at 2 * x1], split = [4, 1]>>)
        -> tensor<8xf32, #wafer.layout<[4 at 4 * x1], split = [2, 1]>>
  }
}

// -----

wafer.program @main mesh(12 x 8) {
  wafer.region @r0 size(12 x 1) {
    %0 = wafer.empty : tensor<8xf32, #wafer.layout<[2 at 2 * x1], split = [4, 1]>>
    // expected-error @+1 {{has layouts that divide a side by 4 and by 6}}
    %1 = wafer.redistribute %0 locally : (tensor<8xf32, #wafer.layout<[2 at 2 * x1], split = [4, 1]>>)
        -> tensor<8xf32, #wafer.layout<[2 at 2 * x1], split = [6, 1]>>
  }
}

// -----

wafer.program @main mesh(12 x 8) {
  wafer.region @r0 size(12 x 1) {
    %0 = wafer.empty : tensor<4xf32, #wafer.layout<[2 at 2 * x0], split = [3 * 2, 1], partial = add[xm, x1]>>
    // expected-error @+1 {{neither on all of its axes nor on the minor one alone: their PEs are no neighbors}}
    %1 = wafer.reduce %0 along x by chain : tensor<4xf32, #wafer.layout<[2 at 2 * x0], split = [3 * 2, 1], partial = add[xm, x1]>>
        to tensor<4xf32, #wafer.layout<[2 at 2 * x0], split = [3 * 2, 1], valid_at_0 = [xm, x1]>>
  }
}

// -----

wafer.program @main mesh(8 x 8) {
  wafer.region @r0 size(8 x 1) {
    %0 = wafer.empty : tensor<4xf32, #wafer.layout<[4 at 0], split = [4, 1], partial = add[x0]>>
    // expected-error @+1 {{neither on all of its axes nor on the minor one alone: their PEs are no neighbors}}
    %1 = wafer.reduce %0 along x by chain : tensor<4xf32, #wafer.layout<[4 at 0], split = [4, 1], partial = add[x0]>>
        to tensor<4xf32, #wafer.layout<[4 at 0], split = [4, 1], valid_at_0 = [x0]>>
  }
}

// -----

wafer.program @main mesh(8 x 8) {
  wafer.region @r0 size(8 x 1) {
    %0 = wafer.empty : tensor<4xf32, #wafer.layout<[4 at 0], split = [4, 1], partial = add[x1]>>
    // expected-error @+1 {{star combines whole lines; groups of a divided side are combined by chain}}
    %1 = wafer.reduce %0 along x by star : tensor<4xf32, #wafer.layout<[4 at 0], split = [4, 1], partial = add[x1]>>
        to tensor<4xf32, #wafer.layout<[4 at 0], split = [4, 1], valid_at_0 = [x1]>>
  }
}

// -----

wafer.program @main mesh(8 x 8) {
  wafer.region @r0 size(8 x 1) {
    %0 = wafer.empty : tensor<16xf32, #wafer.layout<[2 at 2 * x0]>>
    // expected-error @+1 {{neighbors do not hold what PEs lack of their windows: move it by pass}}
    %1 = wafer.redistribute %0 along x by neighbors : (tensor<16xf32, #wafer.layout<[2 at 2 * x0]>>)
        -> tensor<16xf32, #wafer.layout<[8 at 2 * x0 - 3]>>
  }
}

// -----

wafer.program @main mesh(8 x 8) {
  wafer.region @r0 size(8 x 1) {
    %0 = wafer.empty : tensor<16xf32, #wafer.layout<[2 at 2 * x0]>>
    // expected-error @+1 {{neighbors are those along x or along y}}
    %1 = wafer.redistribute %0 locally by neighbors : (tensor<16xf32, #wafer.layout<[2 at 2 * x0]>>)
        -> tensor<16xf32, #wafer.layout<[2 at 2 * x0]>>
  }
}

// -----

wafer.program @main mesh(8 x 8) {
  wafer.region @r0 size(8 x 1) {
    %0 = wafer.empty : tensor<4x6xf32, #wafer.layout<[4 at 0, 1 at 1 * x0]>>
    // expected-error @+1 {{shapes differ in more than dimension 0 for two that make it}}
    %1 = wafer.redistribute %0 along x merge 0 : (tensor<4x6xf32, #wafer.layout<[4 at 0, 1 at 1 * x0]>>)
        -> tensor<23xf32, #wafer.layout<[3 at 3 * x0]>>
  }
}

// -----

wafer.program @main mesh(8 x 8) {
  wafer.region @r0 size(8 x 1) {
    %0 = wafer.empty : tensor<24xf32, #wafer.layout<[3 at 3 * x0]>>
    // expected-error @+1 {{merges or splits dimensions by a pass into a tensor of its own, without a shift}}
    %1 = wafer.redistribute %0 locally split 0 : (tensor<24xf32, #wafer.layout<[3 at 3 * x0]>>)
        -> tensor<4x6xf32, #wafer.layout<[4 at 0, 1 at 1 * x0]>>
  }
}

// -----

wafer.program @main mesh(8 x 8) {
  wafer.region @r0 size(8 x 1) {
  }
  // expected-error @+1 {{the host's shape must have as many elements as 'tensor<16x8xf32>'}}
  wafer.stream @in to [@r0] of tensor<16x8xf32> senders 1 lanes 1 host "x" as [127]
}

// -----

wafer.program @main mesh(4 x 4) {
  wafer.region @r0 size(2 x 2) {
    // expected-error @+1 {{a layout of 1 dimensions for a tensor of 2}}
    %0 = wafer.empty : tensor<4x4xf32, #wafer.layout<[2 at 2 * x0]>>
  }
}

// -----

wafer.program @main mesh(8 x 4) {
  wafer.region @r0 size(8 x 2) {
    %0 = wafer.fill 1.0 : f32 : tensor<4xf32, #wafer.layout<[4 at 0]>>
    // expected-error @+1 {{source is not partial along x}}
    %1 = wafer.all_reduce %0 along x on <root 0> : tensor<4xf32, #wafer.layout<[4 at 0]>> to tensor<4xf32, #wafer.layout<[4 at 0]>>
  }
}

// -----

wafer.program @main mesh(8 x 4) {
  wafer.region @r0 size(8 x 2) {
    %0 = wafer.fill 1.0 : f32 : tensor<4xf32, #wafer.layout<[4 at 0], partial = add[x0]>>
    // expected-error @+1 {{result must have the source's layout, combined along x}}
    %1 = wafer.all_reduce %0 along x on <root 0> : tensor<4xf32, #wafer.layout<[4 at 0], partial = add[x0]>> to tensor<4xf32, #wafer.layout<[4 at 0], valid_at_0 = [x0]>>
  }
}

// -----

wafer.program @main mesh(8 x 4) {
  wafer.region @r0 size(8 x 2) {
    %0 = wafer.fill 1.0 : f32 : tensor<4xf32, #wafer.layout<[4 at 0], split = [4, 1], partial = add[x1]>>
    // expected-error @+1 {{combines whole lines, and terms lie on groups of 4}}
    %1 = wafer.all_reduce %0 along x on <root 0>
        : tensor<4xf32, #wafer.layout<[4 at 0], split = [4, 1], partial = add[x1]>> to tensor<4xf32, #wafer.layout<[4 at 0], split = [4, 1]>>
  }
}

// -----

wafer.program @main mesh(8 x 4) {
  wafer.region @r0 size(8 x 2) {
    %0 = wafer.fill 1.0 : f32 : tensor<4xf32, #wafer.layout<[4 at 0], partial = add[x0]>>
    // expected-error @+1 {{has a line with a PE at 9, and lines have 8}}
    %1 = wafer.all_reduce %0 along x on <root 5, leaders [9]> : tensor<4xf32, #wafer.layout<[4 at 0], partial = add[x0]>> to tensor<4xf32, #wafer.layout<[4 at 0]>>
  }
}

// -----

wafer.program @main mesh(8 x 4) {
  wafer.region @r0 size(8 x 2) {
    %0 = wafer.fill 1.0 : f32 : tensor<4xf32, #wafer.layout<[4 at 0], partial = add[x0]>>
    // expected-error @+1 {{leaders stand an even way from the root, and 3 is not so far from 4}}
    %1 = wafer.all_reduce %0 along x on <root 4, leaders [3]> : tensor<4xf32, #wafer.layout<[4 at 0], partial = add[x0]>> to tensor<4xf32, #wafer.layout<[4 at 0]>>
  }
}

// -----

wafer.program @main mesh(8 x 4) {
  wafer.region @r0 size(8 x 2) {
    %0 = wafer.fill 1.0 : f32 : tensor<4xf32, #wafer.layout<[4 at 0], partial = add[x0]>>
    // expected-error @+1 {{leaders must ascend from 0 on}}
    %1 = wafer.all_reduce %0 along x on <root 4, leaders [6, 2]> : tensor<4xf32, #wafer.layout<[4 at 0], partial = add[x0]>> to tensor<4xf32, #wafer.layout<[4 at 0]>>
  }
}

// -----

wafer.program @main mesh(8 x 4) {
  wafer.region @r0 size(8 x 2) {
    %0 = wafer.fill 1.0 : f32 : tensor<4xf32, #wafer.layout<[4 at 0], partial = add[x0]>>
    // expected-error @+1 {{a line's root must not be negative, got -1}}
    %1 = wafer.all_reduce %0 along x on <root -1> : tensor<4xf32, #wafer.layout<[4 at 0], partial = add[x0]>> to tensor<4xf32, #wafer.layout<[4 at 0]>>
  }
}

// A region has one root beside the heads of its lines, as its cast is routed from there, and leaders of one line.

// -----

wafer.program @main mesh(8 x 4) {
  wafer.region @r0 size(8 x 2) {
    %0 = wafer.fill 1.0 : f32 : tensor<4xf32, #wafer.layout<[4 at 0], partial = add[x0]>>
    %1 = wafer.all_reduce %0 along x on <root 4> : tensor<4xf32, #wafer.layout<[4 at 0], partial = add[x0]>> to tensor<4xf32, #wafer.layout<[4 at 0]>>
    %2 = wafer.all_reduce %0 along x on <root 0> : tensor<4xf32, #wafer.layout<[4 at 0], partial = add[x0]>> to tensor<4xf32, #wafer.layout<[4 at 0]>>
    // expected-error @+1 {{has its root at 3, another of its region at 4}}
    %3 = wafer.all_reduce %0 along x on <root 3> : tensor<4xf32, #wafer.layout<[4 at 0], partial = add[x0]>> to tensor<4xf32, #wafer.layout<[4 at 0]>>
  }
}

// -----

wafer.program @main mesh(8 x 4) {
  wafer.region @r0 size(8 x 2) {
    %0 = wafer.fill 1.0 : f32 : tensor<4xf32, #wafer.layout<[4 at 0], partial = add[x0]>>
    %1 = wafer.all_reduce %0 along x on <root 4, leaders [2]> : tensor<4xf32, #wafer.layout<[4 at 0], partial = add[x0]>> to tensor<4xf32, #wafer.layout<[4 at 0]>>
    // expected-error @+1 {{has other leaders than another of its region}}
    %2 = wafer.all_reduce %0 along x on <root 0, leaders [2]> : tensor<4xf32, #wafer.layout<[4 at 0], partial = add[x0]>> to tensor<4xf32, #wafer.layout<[4 at 0]>>
  }
}

// -----

wafer.program @main mesh(8 x 4) {
  wafer.region @r0 size(8 x 2) {
    %0 = wafer.fill 1.0 : f32 : tensor<4xf32, #wafer.layout<[4 at 0], partial = add[x0]>>
    // expected-error @+1 {{combines groups of 4 neighbors, and terms lie on groups of 8}}
    %1 = wafer.all_reduce %0 along x on <root 0 of 4>
        : tensor<4xf32, #wafer.layout<[4 at 0], partial = add[x0]>> to tensor<4xf32, #wafer.layout<[4 at 0]>>
  }
}

// -----

#partial = #wafer.layout<[4 at 0], split = [4, 1], partial = add[x1]>
#all = #wafer.layout<[4 at 0], split = [4, 1]>
wafer.program @main mesh(8 x 4) {
  wafer.region @r0 size(8 x 2) {
    %0 = wafer.fill 1.0 : f32 : tensor<4xf32, #partial>
    %1 = wafer.all_reduce %0 along x on <root 2 of 4> : tensor<4xf32, #partial> to tensor<4xf32, #all>
    %2 = wafer.fill 1.0 : f32 : tensor<4xf32, #partial>
    // expected-error @+1 {{has other groups than another of its region}}
    %3 = wafer.all_reduce %2 along x on <root 1 of 4> : tensor<4xf32, #partial> to tensor<4xf32, #all>
  }
}

// -----

wafer.program @main mesh(8 x 4) {
  wafer.region @r0 size(8 x 2) {
    %0 = wafer.empty : tensor<8xf32, #wafer.layout<[1 at 1 * x0]>>
    // expected-error @+1 {{result must be terms of kind pick or add}}
    %1 = wafer.terms %0 : tensor<8xf32, #wafer.layout<[1 at 1 * x0]>> to tensor<8xf32, #wafer.layout<[8 at 0], partial = max[x0]>>
  }
}

// -----

#terms = #wafer.layout<[4 at 0], partial = add[x0]>
#sums = #wafer.layout<[4 at 0]>
wafer.program @main mesh(8 x 4) {
  wafer.region @r0 size(8 x 2) {
    %0 = wafer.empty : tensor<4xf32, #terms>
    // expected-error @+1 {{combines a tensor twice, and its memory is written over}}
    %1, %2 = wafer.all_reduce %0, %0 along x on <root 0>
        : tensor<4xf32, #terms>, tensor<4xf32, #terms> to tensor<4xf32, #sums>, tensor<4xf32, #sums>
  }
}

// -----

#terms = #wafer.layout<[4 at 0], partial = add[x0]>
#largest = #wafer.layout<[4 at 0], partial = max[x0]>
#all = #wafer.layout<[4 at 0]>
wafer.program @main mesh(8 x 4) {
  wafer.region @r0 size(8 x 2) {
    %0 = wafer.empty : tensor<4xf32, #terms>
    %1 = wafer.empty : tensor<4xf32, #largest>
    // expected-error @+1 {{combines tensors of one element type and one kind}}
    %2, %3 = wafer.all_reduce %0, %1 along x on <root 0>
        : tensor<4xf32, #terms>, tensor<4xf32, #largest> to tensor<4xf32, #all>, tensor<4xf32, #all>
  }
}

// -----

#terms = #wafer.layout<[4 at 0], partial = add[x0]>
#sums = #wafer.layout<[4 at 0]>
wafer.program @main mesh(8 x 4) {
  wafer.region @r0 size(8 x 2) {
    %0 = wafer.empty : tensor<4xf32, #terms>
    %1 = wafer.empty : tensor<4xf32, #terms>
    // expected-error @+1 {{needs a result for each tensor that it combines}}
    %2 = wafer.all_reduce %0, %1 along x on <root 0>
        : tensor<4xf32, #terms>, tensor<4xf32, #terms> to tensor<4xf32, #sums>
  }
}

// -----

// expected-error @+1 {{a group has two PEs or more, its root among them, and no leaders}}
#line = #wafer.line<root 4 of 4>
