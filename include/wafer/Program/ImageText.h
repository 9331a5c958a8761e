// A program image as text, for people and tests: wafer-translate --image-to-text.
#ifndef WAFER_PROGRAM_IMAGETEXT_H
#define WAFER_PROGRAM_IMAGETEXT_H

#include "wafer/Program/Image.h"

#include <string>

namespace wafer {

/// The manifest and every region's code, disassembled. Boxes are written as layouts are in the wafer dialect:
/// [2 of 8 at 2 * x1] is two elements of eight from twice the PE's x within its group. The image may be one that the
/// loader would refuse; numbers that point nowhere are written as they are.
std::string imageText(const Image &image);

} // namespace wafer

#endif // WAFER_PROGRAM_IMAGETEXT_H
