// From near a good place to it.
#ifndef WAFER_LIB_PLACE_SETTLING_H
#define WAFER_LIB_PLACE_SETTLING_H

#include "PlaceCost.h"

namespace wafer {

/// A walk ends somewhere near a good place, seldom at it: as long as an item is better off beside another one, or at
/// the north-west, or, among dead parts, where lanes go straight, it moves there.
void settle(Placement &placement, PlaceCost &cost);

} // namespace wafer

#endif // WAFER_LIB_PLACE_SETTLING_H
