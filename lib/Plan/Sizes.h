// Which sizes of regions are worth planning for on a mesh.
//
// A region's side costs: a pass along a line takes a cycle per word and hop and some 80 cycles for every run of
// senders, while arithmetic shrinks with the PEs. So the best size lies between, and the planner tries a ladder of
// sizes. On a mesh that is given small every division of it into equal regions is among them; around dead parts, what
// the free rectangles leave room for.
#ifndef WAFER_LIB_PLAN_SIZES_H
#define WAFER_LIB_PLAN_SIZES_H

#include "Graph.h"

#include "wafer/Place/Placer.h"
#include "wafer/Support/Diagnostic.h"
#include "wafer/Target/Profile.h"

namespace wafer::wfr {

/// A size of regions on some mesh.
struct Size {
  RegionShape shape;
  int64_t room;         // regions of this shape that the mesh has room for
  int64_t lanes;        // of a stream with the host
  int64_t lanesOfTwo;   // the same, if several regions have one
  int64_t lanesBetween; // of a stream between regions
  int64_t pes() const { return shape.width * shape.height; }
};

/// What sizes are asked for; 0: chosen here.
struct SizeRequest {
  int64_t meshWidth, meshHeight;
  int64_t largestSide; // no region is wider or higher
  int64_t width = 0, height = 0;
  Split splitX = 0, splitY = 0;
  int64_t lanes = 0; // of a stream, at most
};

/// Sizes worth trying, at least one; or why there is none.
Result<llvm::SmallVector<Size>> sizesToTry(const Profile &profile, const FreeSpace &space, const SizeRequest &request);

/// Lanes that a stream between regions of this width may have on a mesh without dead parts.
int64_t lanesBetween(int64_t meshWidth, int64_t width);

/// A size with a side divided, as far as some kernel would use that.
llvm::SmallVector<Size> divisionsOf(const Graph &graph, const Size &size, Side side);
/// Of a side that is divided in two: with an axis between the two that some loop just fills, as far as some kernel
/// would use all three.
llvm::SmallVector<RegionShape> divisionsInThree(const Graph &graph, const RegionShape &shape, Side side);

} // namespace wafer::wfr

#endif // WAFER_LIB_PLAN_SIZES_H
