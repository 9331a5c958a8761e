// The first legal packing: row by row.
#ifndef WAFER_LIB_PLACE_PACKING_H
#define WAFER_LIB_PLACE_PACKING_H

#include "Placement.h"

namespace wafer {

/// Gives every item the first position, from the north-west corner on, where it touches neither another item nor a dead
/// part: pinned items first, the others in their order, or, if that fails, from the largest to the smallest.
Status pack(Placement &placement);

} // namespace wafer

#endif // WAFER_LIB_PLACE_PACKING_H
