// Annealing: moves at random that never leave legality, of which those stay that make the placement cheaper, and at
// first some that do not.
#ifndef WAFER_LIB_PLACE_ANNEALING_H
#define WAFER_LIB_PLACE_ANNEALING_H

#include "PlaceCost.h"

namespace wafer {

/// Moves one item to another free position, or beside another one, or exchanges two of one size.
void anneal(Placement &placement, PlaceCost &cost);

} // namespace wafer

#endif // WAFER_LIB_PLACE_ANNEALING_H
