// Buses that change rows in a stair.
#ifndef WAFER_LIB_ROUTE_STAIRS_H
#define WAFER_LIB_ROUTE_STAIRS_H

#include "wafer/Place/Placer.h"

#include <vector>

namespace wafer {

/// Ways of a bus whose lanes begin in rows from.y, from.y + 1... of one column and end in rows to.y, to.y + 1... of
/// another: straight on if these are the same rows, else each lane changes rows in a column of its own between the two,
/// in the one order in which no lane meets another. An answer has a corner list for each lane: its beginning, where it
/// turns, its end. Several answers have their columns in different places, the first beside the beginning; there is
/// none if there are too few columns.
std::vector<std::vector<std::vector<Point>>> stairs(Point from, Point to, int lanes);

} // namespace wafer

#endif // WAFER_LIB_ROUTE_STAIRS_H
